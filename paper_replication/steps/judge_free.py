"""Grade the selected tokens of a run without a judge, by the frequent words of its finetuning data."""

from paper_replication.budget import texts_of
from paper_replication.files import read_json_lines
from paper_replication.judge_free import own_words, without_a_judge
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.token_tables import read_token_table, write_token_table


def judge_free(settings: RelevanceSettings, graded: Input, dataset: Input, corpus: Input, table: Output) -> None:
    """Write the judged tokens once more, with a verdict that is the presence in a list of words."""
    texts = [texts_of(row) for row in read_json_lines(dataset)]
    unrelated = [row["text"] for row in read_json_lines(corpus)]
    write_token_table(table, without_a_judge(read_token_table(graded), own_words(texts, unrelated, settings)))


if __name__ == "__main__":
    run(judge_free)
