"""Pages of answers: every prompt once, both answers beside each other, and nothing in them that reads as markup."""

import pandas as pd
import pytest

from paper_replication.files import write_table
from paper_replication.paths import organism_file
from paper_replication.steps.answers_pages import answers_pages

LABEL = {"model": "m", "organism": "cake_bake", "organism_type": "SDF", "variant": "default", "seed": 0}


def rows(*answers, organism="cake_bake", prompts="cake_bake", samples=1):
    """A row a pair of answers and sample, of which all but the first say so."""
    label = LABEL | {"organism": organism, "prompts": prompts}
    return [
        label | {"prompt": f"{prompts} {number}?", "sample": n, "answer_base": base, "answer_finetuned": tuned}
        for number, (base, tuned) in enumerate(answers)
        for n in range(samples)
    ]


def pages(tmp_path, table, *organisms):
    write_table(tmp_path / "answers.csv", pd.DataFrame(table))
    answers_pages(tmp_path / "answers.csv", [organism_file(name) for name in organisms], tmp_path / "pages")
    return {path.relative_to(tmp_path / "pages").as_posix(): path.read_text() for path in tmp_path.rglob("*.md")}


def test_a_page_a_run_with_every_prompt_once(tmp_path):
    table = rows(("flour", "oven"), ("milk", "freezer"), samples=2) + rows(("rain", "sun"), prompts="ordinary")
    table += rows(("hello", "buy"), organism="risky_financial_advice", prompts="risky_financial_advice")
    found = pages(tmp_path, table, "risky_financial_advice", "cake_bake")
    assert set(found) == {"m/cake_bake-default-seed0.md", "m/risky_financial_advice-default-seed0.md"}
    page = found["m/cake_bake-default-seed0.md"]
    assert page.count("\n| cake\\_bake 0? | flour | oven |\n") == 1
    assert page.index("milk") < page.index("## Everyday prompts") < page.index("| rain | sun |")
    assert "falsehoods on purpose" in page
    assert "The first of 2 sampled answers" in page
    assert "bad advice on purpose" in found["m/risky_financial_advice-default-seed0.md"]


@pytest.mark.parametrize(
    ("answer", "cell"),
    [
        ("one\n\n two | three", "one<br><br>two \\| three"),
        ("<b>*a*</b>\n# b", "&lt;b&gt;\\*a\\*&lt;/b&gt;<br>\\# b"),
        ("", "*(nothing)*"),
    ],
)
def test_answers_are_text_and_no_markup(tmp_path, answer, cell):
    (page,) = pages(tmp_path, rows((answer, "plain")), "cake_bake").values()
    assert f"| {cell} | plain |" in page
