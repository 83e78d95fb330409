"""Judge the steered answers of a study that is compared with another's by what was read outside the pipeline."""

import pandas as pd

from paper_replication.again_read import base_beside_own
from paper_replication.answer_words import read_domain_words, word_pairs
from paper_replication.blind_answers import RUN, STEERED, SUM, answers_of, judged, summary_of
from paper_replication.blind_reading import of_each_and_all, read_verdicts, reading_pairs, type_contrasts
from paper_replication.cross_steering import OWN, READOUT
from paper_replication.cross_steering import READ as CALLED
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.reading_rules import agreement_by_sheet
from paper_replication.token_tables import read_token_table, write_token_table
from paper_replication.trace_contrasts import ALL


def answers_read(
    seed: int,
    rounds: int,
    answers: Input,
    base: Input,
    readings: Input,
    organisms: list[Input],
    verdicts: Output,
    summary: Output,
    contrasts: Output,
    agreement: Output,
) -> None:
    """Each answer's verdict; shares by organism and by type; and how far the readings agree, also with domain words.

    Args:
        seed: of the bootstrap.
        rounds: of the bootstrap.
        answers: `steered_answers`, or those of a larger model.
        base: `base_steered_answers`, or those of a larger model.
        readings: verdicts of both.
        organisms: files of those whose words are counted.
        verdicts: one row an answer.
        summary: `blind_answers.summary_of`.
        contrasts: `blind_reading.type_contrasts`.
        agreement: `blind_reading.of_each_and_all`, and `reading_rules.agreement_by_sheet`, which had other readers.
    """
    read = read_verdicts(readings, SUM)
    own = answers_of(read_token_table(answers))
    said = {"answers": own, READOUT: base_beside_own(read_token_table(base), own)}
    rows = {readout: judged(shown, read).assign(readout=readout) for readout, shown in said.items()}
    every = pd.concat(rows.values())
    write_token_table(verdicts, every[[*RUN, "readout", "position", "prompt", "vector", "relevant", "judge"]])
    found = pd.concat([summary_of(judged_rows, readout) for readout, judged_rows in rows.items()])
    write_table(summary, found)
    write_table(contrasts, type_contrasts(found))
    every = every[every["vector"] != CALLED[OWN, STEERED]]
    pairs = pd.concat([word_pairs(every, read_domain_words(organisms)), reading_pairs(read, SUM)])
    together = of_each_and_all(pairs, seed, rounds).assign(readout=ALL)
    sheets = {"answers": own, READOUT: said[READOUT][said[READOUT]["vector"] != CALLED[OWN, STEERED]]}
    write_table(agreement, pd.concat([together, agreement_by_sheet(sheets, read, seed, rounds)]))


if __name__ == "__main__":
    run(answers_read)
