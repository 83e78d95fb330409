"""Tabulate what steered answers that were read blind say by other rules, and how far readings agree on each sheet."""

import json

from paper_replication.blind_answers import SUM, answers_of
from paper_replication.blind_reading import read_verdicts, type_contrasts
from paper_replication.cross_steering import READOUT, answers_to_read
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.reading_rules import agreement_by_sheet, shares_by_rule
from paper_replication.token_tables import read_token_table


def blind_answers_rules(
    seed: int,
    rounds: int,
    answers: Input,
    cross: Input,
    controls: str,
    readings: Input,
    summary: Output,
    contrasts: Output,
    agreement: Output,
) -> None:
    """Shares by organism and by type, by each reading, by most and by all; agreement by sheet. `controls` is JSON."""
    said = {
        "answers": answers_of(read_token_table(answers)),
        READOUT: answers_to_read(read_token_table(cross), json.loads(controls)),
    }
    verdicts = read_verdicts(readings, SUM)
    found = shares_by_rule(said, verdicts)
    write_table(summary, found)
    write_table(contrasts, type_contrasts(found))
    write_table(agreement, agreement_by_sheet(said, verdicts, seed, rounds))


if __name__ == "__main__":
    run(blind_answers_rules)
