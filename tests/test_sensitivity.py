"""How far results depend on a choice: of the best position, of how readings are joined, of what is counted."""

import itertools

import pandas as pd
import pytest

from paper_replication.best_position import BEST, MEAN, by_type, steering_by_run, tokens_by_run
from paper_replication.blind_answers import SUM, with_sums
from paper_replication.blind_reading import WORD, agreed
from paper_replication.reading_rules import (
    ALL_AGREE,
    CELLS,
    EVERY_LIST,
    MIDDLE_LISTS,
    MOST,
    WORDS,
    agreement_by_sheet,
    agreement_by_word,
    by_rule,
    shares_by_rule,
)
from paper_replication.trace_contrasts import ALL

OF_RUN = {"model": "m", "organism": "cake", "organism_type": "SDF", "variant": "default", "seed": 0}


def similarities(organism, values, kind="SDF"):
    """Rows of one run: of each group its values at positions 0, 1, ..."""
    return pd.DataFrame(
        [
            {**OF_RUN, "organism": organism, "organism_type": kind, "position": place, "group": group, "value": value}
            for group, several in values.items()
            for place, value in enumerate(several)
        ]
    )


def test_the_best_position_and_the_mean_by_hand():
    rows = similarities("cake", {"Steered-FT": [0.1, 0.5], "Random-FT": [0.2, 0.0], "Unsteered-FT": [0.1]})
    found = steering_by_run(rows).set_index(["group", "minus", "positions"])["contrast"].to_dict()
    assert found == pytest.approx(
        {
            ("Steered-FT", "Unsteered-FT", BEST): 0.4,
            ("Steered-FT", "Unsteered-FT", MEAN): 0.2,
            # A random direction gains by the choice alone.
            ("Random-FT", "Unsteered-FT", BEST): 0.1,
            ("Random-FT", "Unsteered-FT", MEAN): 0.0,
            ("Steered-FT", "Random-FT", BEST): 0.3,
            ("Steered-FT", "Random-FT", MEAN): 0.2,
        }
    )


def test_tokens_at_the_best_position_and_at_all_by_hand():
    shares = {"difference": [0.4, 0.0], "null_difference": [0.1, 0.1], "random": [0.0, 0.2, 0.1, 0.1]}
    rows = [
        {**OF_RUN, "vector": vector, "index": index, "position": index, "relevant_fraction": share}
        for vector, several in shares.items()
        for index, share in enumerate(several)
    ]
    same = {"readout": "patchscope", "corpus": "c", "scale": 1.0, "n_tokens": 20, "judge": "j", "scale_judge": "s"}
    found = tokens_by_run(pd.DataFrame(rows).assign(**same)).set_index(["minus", "positions"])["contrast"].to_dict()
    assert found == pytest.approx(
        {
            ("nothing", BEST): 0.4,
            ("nothing", MEAN): 0.2,
            ("null_difference", BEST): 0.3,
            ("null_difference", MEAN): 0.1,
            # Two sets of two: the largest are 0.2 and 0.1.
            ("random", BEST): 0.25,
            ("random", MEAN): 0.1,
        }
    )


def test_means_over_organisms_leave_controls_out_and_have_students_interval():
    values = {"cake": ("SDF", 0.2), "roman": ("SDF", 0.4), "null": ("control", 0.9)}
    rows = [
        similarities(name, {"Steered-FT": [value], "Unsteered-FT": [0.0]}, k) for name, (k, value) in values.items()
    ]
    found = by_type(steering_by_run(pd.concat(rows))).set_index(["organism_type", "positions"])
    assert found.loc[(ALL, BEST), ["contrast", "n_organisms"]].tolist() == pytest.approx([0.3, 2])
    # t of one degree of freedom, 12.706, times 0.1.
    assert found.loc[("SDF", MEAN), "ci_high"] == pytest.approx(0.3 + 1.2706, abs=1e-4)
    assert found.loc[("control", BEST), "contrast"] == pytest.approx(0.9)


VOTES = [(1, 1, 1), (1, 0, 1), (0, 0, 1), (0, 0, 0)]


def answers(prefix, votes):
    """Answers by the difference, one a triple of votes, and their verdicts."""
    said = [{**OF_RUN, "vector": "difference", "prompt": prefix, "text": f"{n}"} for n in votes]
    said = with_sums(pd.DataFrame(said))
    read = said[["model", "organism", SUM]].reset_index(drop=True)
    return said, read.join(pd.DataFrame(list(votes.values()), columns=["reading_0", "reading_1", "reading_2"]))


def test_every_rule_by_hand():
    said, read = answers("a", dict(enumerate(VOTES)))
    assert list(by_rule(read)) == ["reading_0", "reading_1", "reading_2", MOST, ALL_AGREE]
    shares = shares_by_rule({"answers": said}, read).set_index("judge")["relevant_fraction"].to_dict()
    assert shares == {"reading_0": 0.5, "reading_1": 0.25, "reading_2": 0.75, MOST: 0.5, ALL_AGREE: 0.25}
    # All readings is the rule that results go by.
    assert agreed(said, read, SUM, "text")["relevant"].mean() == shares[ALL_AGREE]


def test_sheets_are_compared_by_their_own_readings():
    same, opposed = answers("a", {0: (1, 1, 1), 1: (0, 0, 0)}), answers("b", {0: (1, 0, 1), 1: (0, 1, 0)})
    read = pd.concat([same[1], opposed[1]], ignore_index=True)
    found = agreement_by_sheet({"answers": same[0], "base_model": opposed[0]}, read, 0, 20)
    kappas = found[found["organism"] == "cake"].set_index(["readout", "offline_judge", "llm_judge"])["kappa"]
    pairs = list(itertools.combinations(["reading_0", "reading_1", "reading_2"], 2))
    assert [kappas["answers", first, second] for first, second in pairs] == [1, 1, 1]
    assert [kappas["base_model", first, second] for first, second in pairs] == [-1, 1, -1]
    assert set(found["n"]) == {2}


def test_a_word_that_is_read_out_often_counts_once_among_words():
    # Both judges find one word relevant, in three lists; of three others, in one list, each finds another.
    words = [("oven", 1, 1)] * 3 + [("sea", 1, 0), ("sky", 0, 1), ("sun", 0, 0)]
    rows = pd.DataFrame(words, columns=[WORD, "offline_relevant", "relevant"])
    rows = rows.assign(**OF_RUN, readout="patchscope", vector="difference", judge="read", offline_judge="embedding")
    rows = rows.assign(index=range(len(rows)))
    rows.loc[len(rows) - 1, "readout"] = "logit_lens"
    found = agreement_by_word(rows, 0, 20)
    found = found[found["organism"] == "cake"].set_index(["lists", "counted"])
    assert found["n"].to_dict() == {
        (EVERY_LIST, CELLS): 6,
        (EVERY_LIST, WORDS): 4,
        (MIDDLE_LISTS, CELLS): 5,
        (MIDDLE_LISTS, WORDS): 3,
    }
    # 4 of 6 are equal where (4/6)^2 + (2/6)^2 would be by chance; 2 of 4 where (2/4)^2 twice.
    assert found.loc[(EVERY_LIST, CELLS), "kappa"] == pytest.approx((4 / 6 - 20 / 36) / (1 - 20 / 36))
    assert found.loc[(EVERY_LIST, WORDS), "kappa"] == pytest.approx(0)
