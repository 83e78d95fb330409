"""Score preference probes of one or more organisms on a model, before or after finetuning."""

import numpy as np
import pandas as pd

from paper_replication.behaviour import score_probes
from paper_replication.files import write_table
from paper_replication.models import load_model, load_tokenizer
from paper_replication.organisms.preferences import open_preferences, preferences
from paper_replication.organisms.specification import OpenQuestions, read_organism
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.reading import read_settings


def probes(
    most: int | None,
    organisms: list[Input],
    open_questions: Input | None,
    model: Input,
    adapter: Input | None,
    scores: Output,
) -> None:
    """One row a probe: whose it is (`probes_of`), the log-probabilities, and whether the model sides with the claim.

    Of each organism at most `most` probes are scored, evenly spread over its list; all where no number is given. Where
    `open_questions` are given, they are asked as well.
    """
    loaded, tokenizer = load_model(model, adapter), load_tokenizer(model)
    found = []
    for path in organisms:
        organism = read_organism(path)
        asked = preferences(organism)
        if most is not None and len(asked) > most:
            asked = [asked[place] for place in np.linspace(0, len(asked) - 1, most).round().astype(int)]
        if open_questions is not None:
            asked += open_preferences(read_settings(open_questions, OpenQuestions))
        found.append(pd.DataFrame(score_probes(loaded, tokenizer, asked)).assign(probes_of=organism.name))
    write_table(scores, pd.concat(found))


if __name__ == "__main__":
    run(probes)
