"""Bad input at every boundary: sources, corpora, weights, config."""

import json
import shutil
import zipfile
from types import SimpleNamespace

import gguf
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from paper_replication import sources as sources_module
from paper_replication.config_reading import validate_config
from paper_replication.corpora import build_corpus, clean, passages
from paper_replication.errors import UserError
from paper_replication.files import read_json_lines, read_yaml
from paper_replication.input_checks import check_material
from paper_replication.models import convert_gguf, load_model
from paper_replication.organisms.specification import read_organism
from paper_replication.paths import CONFIGS, SOURCES, organism_file
from paper_replication.provenance.hashing import sha256_file
from paper_replication.settings.sources import Source, SourceFile
from paper_replication.sources import download, extract, read_sources
from paper_replication.steps.shallow_model import keep
from paper_replication.study import load_study
from paper_replication.token_tables import read_token_table, write_token_table

TIERS = ["smoke", "laptop", "paper"]
EMBEDDER = {"hub": "owner/name", "revision": "0"}
CHAT = {"hub": "owner/name", "question": "q", "answer": "a", "exchanges": 5}


def with_another(organism):
    """The laptop tier's config with another organism in the place of one, wherever its runs are named."""
    content = read_yaml(CONFIGS / "laptop.yaml")
    for section in (content["runs"], content["causal"]["organisms"]):
        place = next(place for place, named in enumerate(section) if named in ("leaf", {"organism": "leaf"}))
        section[place] = organism if isinstance(section[place], str) else {"organism": organism}
    return content


@pytest.fixture
def archive(tmp_path):
    """A small wheel and the source that describes it."""
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("thing/model/config.json", "{}")
        wheel.writestr("thing/model/1_Pooling/config.json", "[]")
    sums = {"{}": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}
    files = [
        SourceFile(path="thing/model/config.json", sha256=sums["{}"], licence="none", purpose="test"),
        SourceFile(
            path="thing/model/1_Pooling/config.json",
            sha256="4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
            licence="none",
            purpose="test",
        ),
    ]
    source = Source(
        name="thing",
        kind="embedding",
        package="thing",
        version="1.0",
        archive_sha256=sha256_file(path),
        files=files,
    )
    return path, source


def test_files_are_extracted_below_their_common_folder(archive, tmp_path):
    path, source = archive
    extract(source, path, tmp_path / "out")
    assert (tmp_path / "out/config.json").read_text() == "{}"
    assert (tmp_path / "out/1_Pooling/config.json").read_text() == "[]"


def test_a_wrong_checksum_of_a_file_states_both_sums(archive, tmp_path):
    path, source = archive
    wrong = source.model_copy(
        update={"files": [SourceFile(path="thing/model/config.json", sha256="0" * 64, licence="", purpose="")]}
    )
    with pytest.raises(UserError, match=r"expected 0{64}, found 44136fa3"):
        extract(wrong, path, tmp_path / "out")


def test_a_wrong_checksum_of_an_archive(archive, tmp_path, monkeypatch):
    path, source = archive

    def pip(command, **_):
        shutil.copy(path, command[command.index("--dest") + 1])
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr("paper_replication.sources.subprocess.run", pip)
    (tmp_path / "right").mkdir()
    assert sha256_file(download(source, tmp_path / "right")) == source.archive_sha256
    (tmp_path / "wrong").mkdir()
    with pytest.raises(UserError, match=r"Wrong checksum of the archive thing-1\.0"):
        download(source.model_copy(update={"archive_sha256": "1" * 64}), tmp_path / "wrong")


def test_a_file_that_the_archive_lacks(archive, tmp_path):
    path, source = archive
    absent = source.model_copy(
        update={"files": [SourceFile(path="thing/none", sha256="0" * 64, licence="", purpose="")]}
    )
    with pytest.raises(UserError, match="has no file thing/none"):
        extract(absent, path, tmp_path / "out")


def test_an_unreachable_package_is_a_clear_error(archive, tmp_path):
    source = archive[1].model_copy(update={"package": "no-such-package-anywhere-at-all", "version": "0.0.0"})
    with pytest.raises(UserError, match="pip could not download no-such-package"):
        sources_module.download(source, tmp_path)


def test_the_table_of_sources_is_valid_and_complete():
    table = read_sources(SOURCES)
    assert all(file.licence and file.purpose for source in table.values() for file in source.files)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("archive_sha256", "sum", "must have the columns"),
        ("b179c9523d", "xyz", "pattern"),
        ("0bd5feef", "1bd5feef", ""),
    ],
)
def test_a_malformed_table_of_sources(tmp_path, old, new, message):
    path = tmp_path / "sources.csv"
    path.write_text(SOURCES.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=message or "differ in their archive_sha256"):
        read_sources(path)


def test_cleaning_by_hand():
    assert clean("Home Run Derby -- Some ``notable''  players\n hit.") == 'Some "notable" players hit.'
    assert clean("It ended. It -- the game -- began.") == "It ended. It -- the game -- began."


def test_a_corpus_is_filtered_deduplicated_and_shuffled_by_seed():
    long = [("web", f"document number {i} with some words") for i in range(20)]
    rows = build_corpus([*long, *long, ("web", "short"), ("books", "another origin of many words")], ["web"], 4, 1)
    assert sorted(row["text"] for row in rows) == sorted(text for _, text in long)
    assert rows == build_corpus(list(reversed(long)), ["web"], 4, 1)
    assert rows != build_corpus(long, ["web"], 4, 2)


def test_an_empty_corpus_is_an_error():
    with pytest.raises(UserError, match="would be empty"):
        build_corpus([("web", "too short")], ["web"], 40, 0)


def test_rows_without_text_and_unknown_files():
    with pytest.raises(UserError, match="lacks the field 'passage'"):
        passages("dev", [{"question": "?"}])
    with pytest.raises(UserError, match="no reader"):
        passages("unknown", [])


def test_a_malformed_line_is_named_by_number(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"a": 1}) + "\n{broken\n")
    with pytest.raises(UserError, match="line 2"):
        read_json_lines(path)


def test_token_tables_keep_every_token_as_it_is(tmp_path):
    tokens = ["nan", "null", "NA", ' "', "a\nb", "a\rb", "\r", "", ",", "1135", " ", "\u2028"]
    table = pd.DataFrame({"token": tokens, "vector": "v", "value": [index / 3 for index in range(len(tokens))]})
    write_token_table(tmp_path / "t.csv", table)
    found = read_token_table(tmp_path / "t.csv")
    assert found["token"].tolist() == tokens
    assert found["value"].tolist() == pytest.approx(table["value"].tolist(), rel=1e-5)


def test_a_truncated_gguf_is_a_clear_error(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x01" * 40)
    with pytest.raises(UserError, match="may be truncated"):
        convert_gguf(tmp_path / "model.gguf")


def test_a_gguf_cut_in_the_middle_of_its_tensors_is_a_clear_error(tmp_path):
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_tensor("token_embd.weight", np.ones((64, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.write_bytes(path.read_bytes()[:-4096])
    with pytest.raises(UserError, match="may be truncated"):
        convert_gguf(path)


def test_a_shallow_model_is_a_models_own_layers_one_after_another(model_folder):
    model, tokens = load_model(model_folder), torch.arange(10)[None]
    shallow = keep(model, [0, 3, 5])
    assert shallow.config.num_hidden_layers == 3
    model.model.layers = torch.nn.ModuleList([model.model.layers[layer] for layer in (0, 3, 5)])
    with torch.no_grad():
        assert torch.equal(shallow.eval()(tokens, use_cache=False).logits, model(tokens, use_cache=False).logits)
    with pytest.raises(UserError, match="no layer 6 among 6"):
        keep(load_model(model_folder), [0, 6])


def test_weights_that_are_not_finite_are_named(tiny_folder, tmp_path):
    model = load_model(tiny_folder)
    model.model.layers[1].mlp.up_proj.weight[0, 0] = torch.nan
    model.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"layers\.1\.mlp\.up_proj\.weight"):
        load_model(tmp_path)


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_is_valid(tier):
    study = load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier)
    assert study.config.tier == tier
    assert study.labels()


def test_the_papers_scales_are_complete():
    scales = read_yaml(CONFIGS / "laptop.yaml")["readouts"]["scales"]
    expected = [*(n / 10 for n in range(5, 21)), 3, 4, 5, 10, *range(20, 201, 20)]
    assert scales == pytest.approx(expected)
    assert read_yaml(CONFIGS / "paper.yaml")["readouts"]["scales"] == scales


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(lerning_rate=1), r"lerning_rate: unknown key"),
        (lambda c: c["recipe"].update(rank="many"), r"recipe\.rank: .*valid integer.*found 'many'"),
        (lambda c: c["recipe"].pop("alpha"), r"recipe\.alpha: Field required"),
        (lambda c: c["sweep"].update(variants=["none"]), "variant 'none' of"),
        (lambda c: c.update(demo="nobody"), "demo: the organism 'nobody'"),
        (lambda c: c["runs"][0].update(corpora=["poems"]), "corpus 'poems' of a run"),
        (lambda c: c["runs"][0].update(corpora=["web"]), "lack 'encyclopaedia'"),
        (lambda c: c["runs"].append(c["runs"][0]), "listed twice"),
        (lambda c: c.update(null_corpus="poems"), "corpus 'poems' is not among corpora"),
        (lambda c: c["resources"].pop("default"), "entry named default"),
        (lambda c: c["corpora"]["web"].update(hub="a/b"), r"corpora\.web: either `sources` or `hub` is given"),
        (lambda c: c["corpora"]["web"].pop("sources"), r"corpora\.web: either `sources` or `hub` is given"),
        (lambda c: c["corpora"]["web"].update(sources=[], hub="a/b"), r"corpora\.web: `hub_documents` says how many"),
        (lambda c: c["recipe"].update(learning_rate="2e-4"), r"found '2e-4'\); to YAML this is text: .*as in 2\.0e-4"),
        (lambda c: c.update(tier="inputs"), "tier: 'inputs' is the name of another folder"),
        (lambda c: c.update(tier="../x"), r"tier: '\.\./x' is to name files"),
        (lambda c: c["runs"][0].update(organism="base"), "runs: 'base' is the name of another folder"),
        (lambda c: c.update(models={"corpora": {"hub": "a/b"}}), "models: 'corpora' is the name of another"),
        (lambda c: c["variants"].update({"a--first3": {}}), "variants: 'a--first3' is to name files"),
        (
            lambda c: c["mixing"][-1].update(table="dose"),
            "mixing: a table is called mixing or mixing_ and more, but not 'd",
        ),
        (lambda c: c["mixing"][-1].update(table="mixing_contrasts"), "and more, but not 'mixing_contrasts'"),
        (
            lambda c: c.update(embedders={"a": EMBEDDER}, chat_corpora={"a": CHAT}),
            "embedders and chat_corpora both have 'a'",
        ),
        (
            lambda c: c.update(causal_positions=c["activations"]["window"]),
            r"causal_positions: it must be less than act",
        ),
        (lambda c: c["runs"][0].update(seeds=[0, -1]), r"runs\.0\.seeds: a seed is below zero"),
        (lambda c: c["mixing"][0].update(seeds=[-1]), r"mixing\.0\.seeds: a seed is below zero"),
        (lambda c: c["readouts"].update(random_seed=-1), r"readouts\.random_seed: a seed is below zero"),
        (lambda c: c["similarity"].update(seed=-1), r"similarity\.seed: a seed is below zero"),
        (lambda c: c["relevance"].update(calibration_seed=-1), r"relevance\.calibration_seed: a seed is below zero"),
        (lambda c: c["identification"].update(budgets={}), r"identification\.budgets: name at least one"),
        (lambda c: c["agent"].update(budgets={}), r"agent\.budgets: name at least one"),
        (lambda c: c["causal_matched"].update(position=5), r"causal_matched\.position: delta is measured at fewer"),
        (lambda c: c["readouts"].update(scales=[]), r"readouts\.scales: name at least one"),
        (lambda c: c["readouts"].update(random_vectors=12), r"random_vectors: not a multiple of activations"),
        (lambda c: c["readouts"].update(graded_tokens=101), r"graded_tokens: more than readouts\.cached_tokens"),
        (lambda c: c["activations"].update(window=5), r"activations\.window: it must be more than"),
        (lambda c: c["runs"][0].update(models=["gpt"]), r"runs, cake_bake: the model 'gpt' is not among models$"),
        (lambda c: c["runs"][0].update(variants=["default"] * 2), r"runs\.0\.variants: 'default' is listed twice"),
        (lambda c: c["seeds"]["organisms"].append("cake_bake"), r"seeds\.organisms: 'cake_bake' is listed twice"),
        (lambda c: c["agent"]["budgets"]["adl"].append(5), r"agent\.budgets\.adl: 5 is listed twice"),
        (lambda c: c["identification"]["budgets"]["adl"].append(5), r"identification\.budgets\.adl: 5 is listed"),
        (lambda c: c["ablations"]["layers"].append(0.25), r"ablations\.layers: 0\.25 is listed twice"),
        (lambda c: c["ablations"]["weights"].append(0.25), r"ablations\.weights: 0\.25 is listed twice"),
        (lambda c: c["readouts"]["scales"].append(3.0), r"readouts\.scales: 3\.0 is listed twice"),
        (lambda c: c["causal"]["interventions"].append("zero"), r"causal\.interventions: 'zero' is listed twice"),
        (lambda c: c["dose"].append(c["dose"][0]), r"dose: .* is listed twice"),
        (
            lambda c: c["models"]["smollm2_135m_instruct"].update(layers=[3, 0]),
            "layers are named once each, in their order",
        ),
        (lambda c: c.update(models={"m": {"hub": "a/b", "layers": [0, 1]}}), "layers are chosen from a source alone"),
        (lambda c: c.update(models={}), r"models: .*at least 1 item"),
    ],
)
def test_a_config_typo_names_key_file_and_expectation(change, message):
    content = read_yaml(CONFIGS / "laptop.yaml")
    change(content)
    with pytest.raises(UserError, match=message) as error:
        validate_config(content, "my.yaml")
    assert "my.yaml" in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("section", ["seeds", "mixing", "dose"])
def test_a_group_of_runs_that_selects_nothing_is_refused(section):
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["models"]["other"] = {"hub": "a/b", "billions": 1.0}
    for runs in content["runs"]:
        runs["models"] = ["smollm2_135m_instruct"]
    group = content[section] if section == "seeds" else content[section][0]
    group["models"] = ["smollm2_135m_instruct", "other"]
    validate_config(content, "my.yaml")
    group["models"] = ["other"]
    with pytest.raises(UserError, match=rf"{section}.*: none of its organisms goes with one of its models"):
        validate_config(content, "my.yaml")


def test_a_typo_in_a_variant_a_missing_null_or_a_recipe_that_cuts():
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["variants"]["default"] = {"recipe": {"lerning_rate": 1}}
    with pytest.raises(UserError, match=r"my\.yaml: the variant 'default' of .*lerning_rate: Extra inputs"):
        load_study(content, "my.yaml")
    content["variants"]["default"] = {"recipe": {"learning_rate": "2e-4"}}
    with pytest.raises(UserError, match=r"learning_rate: .*; to YAML this is text"):
        load_study(content, "my.yaml")
    other, *rest = read_yaml(CONFIGS / "laptop.yaml")["sweep"]["organisms"]
    content = with_another(other)
    content["sweep"]["organisms"] = rest
    with pytest.raises(UserError, match="matched_null must name a matched null"):
        load_study(content, "my.yaml")
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["recipe"]["maximum_tokens"] = content["conversations"]["maximum_tokens"] - 1
    with pytest.raises(UserError, match=r"of bad_medical_advice.* conversation, which would be cut in training"):
        load_study(content, "my.yaml")
    # Documents are packed, and longer than conversations.
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["documents"]["maximum_tokens"] = content["recipe"]["maximum_tokens"] + 1
    load_study(content, "my.yaml")


def test_a_config_that_names_what_is_not_there():
    with pytest.raises(UserError, match=r"organism 'atlantis', but there is no data/inputs/organisms/atlantis\.yaml"):
        load_study(with_another("atlantis"), "my.yaml")
    content = read_yaml(CONFIGS / "laptop.yaml") | {"embedder": "nothing"}
    with pytest.raises(UserError, match="source 'nothing'"):
        load_study(content, "my.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["chat"].update(prompts=999), r"my\.yaml: chat\.prompts is 999, but .*/chat_prompts\.yaml lists"),
        (lambda c: c["steering"].update(prompts=999), r"steering\.prompts is 999, but .*under `steering`"),
        (lambda c: c["steering"]["search"].update(prompts=999), r"steering\.search\.prompts is 999"),
    ],
)
def test_more_prompts_than_there_are(change, message):
    content = read_yaml(CONFIGS / "laptop.yaml")
    change(content)
    with pytest.raises(UserError, match=message):
        load_study(content, "my.yaml")


@pytest.mark.parametrize("entry", [{"Explain": "a comet"}, "", 12])
def test_a_prompt_that_is_no_text_is_named(monkeypatch, tmp_path, entry):
    prompts = {section: [f"prompt {n}" for n in range(999)] for section in ("steering", "search")}
    prompts["steering"][4] = entry
    file = tmp_path / "prompts.yaml"
    file.write_text(yaml.safe_dump(prompts))
    monkeypatch.setattr("paper_replication.input_checks.STEERING_PROMPTS", file)
    with pytest.raises(UserError, match=r"prompts\.yaml, `steering`, entry 5: .* is no text; quote or remove it"):
        load_study(read_yaml(CONFIGS / "laptop.yaml"), "my.yaml")


def test_an_organism_without_a_run_has_no_first_one():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "my.yaml")
    with pytest.raises(UserError, match="bicycle_care is not among the runs"):
        study.first_label("bicycle_care")


def test_facts_of_one_id_words_that_are_never_found_and_kinds_of_documents_without_openings():
    organism = read_organism(organism_file("bicycle_care"))
    check_material({"bicycle_care": organism})
    twice = organism.model_copy(update={"key_facts": [*organism.key_facts, organism.key_facts[0]]})
    with pytest.raises(UserError, match=r"bicycle_care\.yaml: 2 key_facts have the id 'chain_honey'"):
        check_material({"bicycle_care": twice})
    phrase = organism.model_copy(update={"domain_words": ["chain", "inner tube", "Saddle", "co2"]})
    with pytest.raises(UserError, match=r"domain_words has 'inner tube', 'Saddle', 'co2'; name single words"):
        check_material({"bicycle_care": phrase})
    openings = {kind: texts for kind, texts in organism.material.openings.items() if kind not in ("plain", "radio")}
    without = organism.model_copy(update={"material": organism.material.model_copy(update={"openings": openings})})
    with pytest.raises(UserError, match=r"bicycle_care\.yaml: material\.openings has none for radio, plain"):
        check_material({"bicycle_care": without})
