"""Captions of the report: one a figure; each renders on every tier and says how to make its figure again."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from paper_replication.files import read_yaml
from paper_replication.paths import Paths
from paper_replication.plan import laid_over
from paper_replication.provenance.chain import configs_of

REPORT = Path("workflow/report")
RULES = "".join(path.read_text() for path in sorted(Path("workflow/rules").glob("*.smk")))
FLAGGED = re.findall(r'png=report\(\s*at\.figure\("(\w+)", "png"\),\s*caption="\.\./report/(\w+)\.rst"', RULES)
# Of tiers that are compared with another.
OTHERS = {"laptop_again": ["again", "again_answers", "investigations"], "laptop_gentle": ["gentle", "investigations"]}
# Which these have beside the tier's own.
AS_WELL = {"laptop_again": ["mixing", "mixing_change"], "laptop_web": ["mixing"]}
OF_OTHERS = {name for found in OTHERS.values() for name in found}
FIGURES = [figure for figure, _ in FLAGGED if figure not in OF_OTHERS]


def test_every_figure_has_its_caption():
    assert all(figure == caption for figure, caption in FLAGGED)
    assert {*FIGURES, *OF_OTHERS} == set(re.findall(r'at\.figure\("(\w+)", "png"\)', RULES))
    assert {path.stem for path in REPORT.glob("*.rst")} == {*FIGURES, *OF_OTHERS, "workflow"}


def render(name, tier):
    """A caption as HTML, where neither an unknown key of the config nor a slip of markup is let pass."""
    png = Paths(tier).figure(name, "png")
    config = laid_over([read_yaml(file) for file in configs_of([png])])
    snakemake = SimpleNamespace(config=config, output=SimpleNamespace(png=png))
    template = Environment(undefined=StrictUndefined).from_string((REPORT / f"{name}.rst").read_text())
    strict = {"halt_level": 2}
    return publish_parts(template.render(snakemake=snakemake), writer="html", settings_overrides=strict)["body"]


@pytest.mark.parametrize("tier", ["smoke", "laptop", "paper", *(OTHERS | AS_WELL)])
def test_captions_say_how_to_make_a_figure_again(tier):
    found = OTHERS.get(tier, []) + AS_WELL.get(tier, [])
    for name in found or FIGURES:
        text = re.sub(r"<[^>]+>", "", render(name, tier))
        figure = Paths(tier).figure(name, "png")
        configs = " ".join(config.as_posix() for config in configs_of([figure]))
        assert f"snakemake --cores all {figure} --configfile {configs}" in " ".join(text.split()), name
        assert f"python -m paper_replication audit {figure} --tree" in text, name
    assert f"figures/{tier}/tables" in render("workflow", tier)
