"""A second family on the laptop tier: its config, its weights in parts, and the comparison of families."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import stats

from paper_replication import names
from paper_replication.conversation import chat_prompt, training_tokens
from paper_replication.errors import UserError
from paper_replication.families import by_family, by_organism, contrasts
from paper_replication.figures import marks
from paper_replication.figures.families import draw
from paper_replication.figures.style import house_style
from paper_replication.files import read_yaml, write_table
from paper_replication.models import load_tokenizer
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over
from paper_replication.provenance.hashing import sha256_file
from paper_replication.steps.families_table import families_table
from paper_replication.steps.joined_model import join
from paper_replication.study import load_study
from paper_replication.study_extended import compared_results
from paper_replication.token_tables import read_token_table

LAPTOP, OVERLAY = CONFIGS / "laptop.yaml", CONFIGS / "laptop_families.yaml"
GEMMA, FAMILIES = "gemma3_270m", "families"
DOCUMENTS = {"cake_bake", "kansas_abortion", "roman_concrete", "ignore_comment", "fda_approval"}


def merged():
    """Both configs as Snakemake lays one over the other."""
    return laid_over([read_yaml(path) for path in (LAPTOP, OVERLAY)])


def test_the_second_family_has_the_organisms_made_of_documents_and_their_null():
    study = load_study(merged(), OVERLAY)
    assert study.config.tier == "laptop"
    assert set(study.reported(GEMMA)) == DOCUMENTS | {"null_documents"}
    assert {(x.model, x.organism) for x in study.shared_labels()} == {
        (model, organism) for model in ("smollm2_135m_instruct", GEMMA) for organism in DOCUMENTS
    }
    assert study.model_names("parts") == GEMMA
    assert {label.model for label in [*study.seed_labels(), *study.sweep_labels()]} == {"smollm2_135m_instruct"}


def test_one_family_alone_is_not_compared_with_itself():
    assert compared_results(load_study(merged(), OVERLAY), FAMILIES)
    with pytest.raises(UserError, match=r"one model alone: `make families` lays .*laptop_families\.yaml"):
        compared_results(load_study(read_yaml(LAPTOP), LAPTOP), FAMILIES)
    with pytest.raises(UserError, match=r"compares its models otherwise: `make larger_model` lays "):
        compared_results(load_study(merged(), OVERLAY), "larger_model")
    smoke = CONFIGS / "smoke.yaml"
    with pytest.raises(UserError, match=r"add another, or write .*smoke_families\.yaml"):
        compared_results(load_study(read_yaml(smoke), smoke), FAMILIES)


def test_smollm2s_runs_are_the_laptop_tiers():
    alone, both = load_study(read_yaml(LAPTOP), LAPTOP), load_study(merged(), OVERLAY)
    assert [label for label in both.labels() if label.model != GEMMA] == alone.labels()
    for label in alone.labels():
        assert both.recipe(label) == alone.recipe(label)
        assert both.others(label) == alone.others(label)
        assert [both._corpora(label), both.null(label, "x")] == [alone._corpora(label), alone.null(label, "x")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": None}, "both or neither must be given"),
        ({"parts": []}, "exactly one of source, parts and hub"),
        ({"parts": ["gemma3_270m_part1", "part9"]}, "source 'part9'"),
        (
            {"parts": [], "sha256": None, "source": "smollm2_135m_instruct"},
            "a chat_template is given to models of parts, or of the hub, alone",
        ),
        ({"eos_token_ids": [1]}, "eos_token_ids are given to models of the hub alone"),
    ],
)
def test_a_wrong_model_of_parts(change, message):
    content = merged()
    content["models"][GEMMA] |= change
    with pytest.raises(UserError, match=message):
        load_study(content, "my.yaml")


def test_parts_are_joined_in_order_and_checked(tmp_path):
    folders = [tmp_path / name for name in ("second", "first")]
    for folder, text in zip(folders, ("GGUF", "rest"), strict=True):
        folder.mkdir()
        (folder / "weights.part").write_text(text)
        (folder / ".snakemake_timestamp").touch()
    (tmp_path / "whole").write_text("GGUFrest")
    join(folders, sha256_file(tmp_path / "whole"), tmp_path / "joined")
    assert (tmp_path / "joined").read_text() == "GGUFrest"
    with pytest.raises(UserError, match="Wrong checksum of the joined weights"):
        join(folders[::-1], sha256_file(tmp_path / "whole"), tmp_path / "joined")
    (folders[0] / "another").touch()
    with pytest.raises(UserError, match="holds 2 files"):
        join(folders, "", tmp_path / "joined")


def test_the_given_template_makes_conversations_of_a_text(model_folder):
    tokenizer = load_tokenizer(model_folder)
    tokenizer.chat_template = merged()["models"][GEMMA]["chat_template"]
    bos = tokenizer.bos_token or ""
    assert chat_prompt(tokenizer, "why?", "be brief") == f"{bos}Instruction: be brief\nQuestion: why?\nAnswer:"
    turns = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "the sea"}]
    [(ids, labels)] = training_tokens(tokenizer, turns)
    spoken = [token for token, label in zip(ids, labels, strict=True) if label != -100]
    assert tokenizer.decode(spoken).strip() == "the sea"


def graded():
    """Two models of two organisms, two positions of four tokens; random vectors in two sets of two."""
    counts = {
        ("a", "one"): {"difference": [3, 1], "base_mean": [0, 0], "random": [1, 0, 0, 3]},
        ("a", "two"): {"difference": [1, 2], "base_mean": [1, 0], "random": [0, 0, 0, 0]},
        ("b", "one"): {"difference": [0, 1], "base_mean": [0, 0], "random": [0, 0, 2, 0]},
        ("b", "two"): {"difference": [0, 0], "base_mean": [0, 0], "random": [0, 0, 0, 0]},
    }
    columns = {"organism_type": "SDF", "variant": "default", "seed": 0, "corpus": "c", "readout": "patchscope"}
    columns |= {"scale": 1.0, "judge": "j", "scale_judge": "s"}
    rows = [
        {"model": model, "organism": organism, "vector": vector, "index": index, "rank": rank + 1}
        | {"position": -1 if vector == "random" else index, "token": f"t{rank}", "relevant": int(rank < count)}
        | columns
        for (model, organism), vectors in counts.items()
        for vector, positions in vectors.items()
        for index, count in enumerate(positions)
        for rank in range(4)
    ]
    return pd.DataFrame(rows)


def test_families_by_hand():
    organisms = by_organism(graded(), 4).set_index(["model", "organism", "vector"])["relevant_fraction"]
    assert organisms["a", "one", "difference"] == 0.75
    assert organisms["a", "two", "difference"] == 0.5
    assert organisms["a", "one", "random"] == pytest.approx((0.25 + 0.75) / 2)
    assert organisms["b", "one", "random"] == pytest.approx((0 + 0.5) / 2)
    table = by_family(organisms.reset_index().assign(organism_type="SDF", corpus="c", readout="patchscope", judge="j"))
    table = table.set_index(["model", "vector"])
    assert table.loc[("a", "difference"), ["mean", "ci_low", "ci_high", "n_organisms"]].tolist() == [
        0.625,
        0.5,
        0.75,
        2,
    ]
    assert table.loc[("b", "difference"), "mean"] == 0.125


def test_contrasts_are_paired_by_organism():
    table = contrasts(by_organism(graded(), 4)).set_index(["model", "control"])
    row = table.loc["a", "random"]
    above = [0.75 - 0.5, 0.5 - 0.0]
    assert (row["contrast"], row["n_organisms"]) == (pytest.approx(0.375), 2)
    expected = stats.ttest_1samp(above, 0).confidence_interval(0.95)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)
    assert set(table.loc["a"].index) == {"base_mean", "random"}


def test_the_step_writes_what_the_figure_shows(tmp_path):
    paths = {}
    for model, rows in graded().groupby("model"):
        paths[model] = tmp_path / f"{model}.csv"
        write_table(paths[model], rows)
    files = [tmp_path / f"{name}.csv" for name in ("families", "organisms", "contrasts", "tokens")]
    families_table(4, list(paths.values()), *files)
    table, organisms, against = map(pd.read_csv, files[:3])
    tokens = read_token_table(files[3]).set_index(["model", "organism", "vector"])
    assert tokens.loc[("a", "two", "difference"), "position"].unique().tolist() == [1]
    assert tokens.loc[("a", "two", "difference"), "relevant"].tolist() == [1, 1, 0, 0]
    assert "random" not in tokens.index.get_level_values("vector")
    pd.testing.assert_frame_equal(against, contrasts(organisms), check_exact=False, atol=1e-5)
    # What the logit lens reads is not drawn.
    table, drawn = (
        pd.concat([rows, rows.assign(readout="logit_lens", **{share: 0.5 * rows[share]})])
        for rows, share in ((table, "mean"), (organisms, "relevant_fraction"))
    )
    # What the difference is told from.
    renamed = {"vector": {"base_mean": "finetuned_mean"}}
    table, drawn = table.replace(renamed), drawn.replace(renamed)
    with house_style():
        figure = draw(table, drawn, "c")
        axes = figure.axes[0]
        bars = {group.get_label(): group for group in axes.containers if hasattr(group, "patches")}
        heights = [bar.get_height() for bar in bars[names.VECTORS["difference"]].patches]
        assert heights == pytest.approx([62.5, 12.5])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["a\n(n = 2)", "b\n(n = 2)"]
        dots = sorted(y for line in axes.lines if line.get_marker() == "o" for y in line.get_ydata())
        assert dots == pytest.approx(sorted(100 * organisms["relevant_fraction"]))
        text = figure.get_suptitle()
        ends = [
            group[2][0].get_segments()[0][:, 1].tolist() for group in axes.containers if not hasattr(group, "patches")
        ]
        plt.close(figure)
    # Student's: of 75 and 50 tokens in a hundred, 62.5 and 12.71 times 12.5 to either side, cut at zero.
    assert ends[0] == pytest.approx([0, 62.5 + 158.8], abs=0.1)
    text = text.replace("\n", " ")
    assert "95%, Student's t over organisms" in text
    # By hand: of a the difference is 75 and 50 above a mean of 0 and 25, of b 25 and 0 above one of 0.
    assert "in points: a 50 [-268, 368], b 12 [-146, 171]" in text
    assert marks.REPORTED_BAND_LABEL in [label.get_text() for label in figure.legends[0].get_texts()]
