"""Judge the tokens that were read under every condition of the ablations."""

from paper_replication.ablation_summary import relevance_of
from paper_replication.files import write_table
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings, ScaleSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.relevance import relevance
from paper_replication.steps.scales import scales
from paper_replication.token_tables import read_token_table


def ablation_grades(
    scale_settings: ScaleSettings,
    settings: RelevanceSettings,
    label: RunLabel,
    judged_as: str,
    corpus_name: str,
    graded_tokens: int,
    tokens: Input,
    scale_corpus: Input,
    organism: Input,
    dataset: Input,
    corpus: Input,
    model: Input,
    embedder: Input,
    selection: Output,
    graded: Output,
    calibration: Output,
    shares: Output,
) -> None:
    """Choose scales and judge relevance as the lens's own steps do, then take shares.

    `judged_as` is the organism whose description and data the judge has: the run's own, or for a matched null the one
    that it is matched to.
    """
    scales(scale_settings, graded_tokens, tokens, scale_corpus, embedder, selection)
    relevance(
        settings, label, corpus_name, selection, None, organism, dataset, corpus, model, embedder, graded, calibration
    )
    table = relevance_of(read_token_table(graded), graded_tokens)
    table.insert(table.columns.get_loc("corpus") + 1, "judged_as", judged_as)
    write_table(shares, table)


if __name__ == "__main__":
    run(ablation_grades)
