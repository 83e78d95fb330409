"""How far what was read blind depends on the rule by which readings are joined, on the sheet, and on what is counted.

An answer or a word counts where all readings agree. One reader who sees less than the others then decides alone.
"""

import pandas as pd

from paper_replication.blind_answers import SUM, judged, summary_of
from paper_replication.blind_reading import READ, WORD, of_each_and_all, reading_pairs, readings_of
from paper_replication.llm_judges.agreement import relevance_pairs

# Beside each reading alone.
MOST, ALL_AGREE = "most readings", "all readings"
MIDDLE = "patchscope"
EVERY_LIST, MIDDLE_LISTS = "all lists", "Patchscope at the middle layer"
CELLS, WORDS = "places in lists", "distinct words"


def by_rule(verdicts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each reading alone, of most and of all: verdicts of one reading, as `read_verdicts` gives them.

    Args:
        verdicts: of `read_verdicts`.
    """
    readings = readings_of(verdicts)
    votes, items = verdicts[readings], verdicts.drop(columns=readings)
    rules = {name: votes[name] for name in readings}
    rules |= {MOST: votes.mean(axis=1) > 0.5, ALL_AGREE: votes.all(axis=1)}
    return {rule: items.assign(**{readings[0]: counted.astype(int)}) for rule, counted in rules.items()}


def shares_by_rule(said: dict[str, pd.DataFrame], verdicts: pd.DataFrame) -> pd.DataFrame:
    """`blind_answers.summary_of` by each rule, which stands in the place of the judge.

    Args:
        said: the answers of each sheet, by the readout that they are.
        verdicts: of `read_verdicts`, by the answers' sums.
    """
    found = [
        summary_of(judged(answers, counted).assign(judge=rule), readout)
        for rule, counted in by_rule(verdicts).items()
        for readout, answers in said.items()
    ]
    return pd.concat(found, ignore_index=True)


def agreement_by_sheet(said: dict[str, pd.DataFrame], verdicts: pd.DataFrame, seed: int, rounds: int) -> pd.DataFrame:
    """How far any two readings agree on the answers of one sheet; sheets had other readers.

    Args:
        said: see `shares_by_rule`.
        verdicts: see `shares_by_rule`.
        seed: of the bootstrap.
        rounds: of the bootstrap.

    Returns:
        `blind_reading.of_each_and_all`, with the sheet as `readout`.
    """
    found = []
    for readout, answers in said.items():
        there = verdicts.merge(answers[[*READ, SUM]].drop_duplicates())
        found.append(of_each_and_all(reading_pairs(there, SUM), seed, rounds).assign(readout=readout))
    return pd.concat(found, ignore_index=True)


def agreement_by_word(rows: pd.DataFrame, seed: int, rounds: int) -> pd.DataFrame:
    """How far the offline judge and the readings agree, by what is counted: places in lists, or each word once.

    Both judges say the same of a word wherever it stands, so that a frequent one counts as often as it was read out.

    Args:
        rows: of `blind_reading.judged`.
        seed: of the bootstrap.
        rounds: of the bootstrap.

    Returns:
        `blind_reading.of_each_and_all` of each choice of `lists` and of what is `counted`, n being their number.
    """
    both = rows.dropna(subset=["offline_relevant"])
    found = []
    for lists, chosen in {EVERY_LIST: both, MIDDLE_LISTS: both[both["readout"] == MIDDLE]}.items():
        once = chosen.drop_duplicates([*READ, WORD])
        pairs = {CELLS: relevance_pairs(chosen), WORDS: relevance_pairs(once).assign(cluster=once[WORD])}
        for counted, those in pairs.items():
            found.append(of_each_and_all(those, seed, rounds).assign(lists=lists, counted=counted))
    return pd.concat(found, ignore_index=True)
