"""Ablations of the lens against brute force: full forward passes, numpy, and readings written out here."""

import copy
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from paper_replication import lens_ablations as ablations
from paper_replication.errors import UserError
from paper_replication.files import read_table, read_yaml, write_json_lines
from paper_replication.lens.patchscope import identity_prompts
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.paths import CONFIGS
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.lens import WindowSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.ablation_readouts import ablation_readouts, entries, read_entries
from paper_replication.study import load_study
from paper_replication.token_tables import read_token_table
from paper_replication.whole_models import replacing_adapter

TIERS = ["smoke", "laptop", "paper"]
LABEL = RunLabel(model="m", organism="some_cake", organism_type="SDF", variant="default", seed=0)


@pytest.fixture(scope="module")
def models(model_folder, adapter):
    return load_model(model_folder), load_model(model_folder, adapter)


@pytest.fixture
def plan(models, model_folder):
    vocabulary = models[0].config.vocab_size
    tokens = torch.randint(vocabulary, (6, 12), generator=torch.Generator().manual_seed(3))
    inputs = ablations.inputs_without_content(load_tokenizer(model_folder), {"space": " "}, 3)
    return ablations.Plan(tokens, 2, first=3, far=[0, 4, 11], middle=2, layers=[1, 2, 5], inputs=inputs, batch_size=4)


@pytest.fixture
def conditions(models, plan):
    def model_at(weight):
        return ablations.weighted(*models, weight)

    depths = [0.25, 0.5, 1.0]
    return list(ablations.conditions_of_models(model_at, plan, depths, [0.0, 0.5, 1.0]))


def hooked(model, tokens, layer):
    """The residual stream at a block's output, from a full forward pass."""
    kept = []
    hook = model.model.layers[layer].register_forward_hook(lambda *parts: kept.append(parts[2]))
    with torch.no_grad():
        model(input_ids=tokens)
    hook.remove()
    return kept[0]


def brute_delta(base, finetuned, tokens, layer):
    return (hooked(finetuned, tokens, layer) - hooked(base, tokens, layer)).mean(dim=0)


def of(conditions, ablation):
    return [found for found in conditions if found.ablation == ablation]


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_weight_0_is_the_base_model_and_weight_1_the_finetuned_one_exactly(models):
    for weight, end in zip((0.0, 1.0), models, strict=True):
        found = ablations.weighted(*models, weight).state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in end.state_dict().items())


def test_a_head_that_was_finetuned_apart_from_tied_embeddings_is_scaled_too(tiny_folder):
    base, other = load_model(tiny_folder), load_model(tiny_folder)
    with torch.no_grad():
        other.get_input_embeddings().weight.add_(1.0)
    finetuned = replacing_adapter(load_model(tiny_folder), other, "mine").merge_and_unload()
    before, after = (model.get_input_embeddings().weight for model in (base, other))
    for weight, expected in {0.0: before, 0.5: (before + after) / 2, 1.0: after}.items():
        found = ablations.weighted(base, finetuned, weight)
        for tensor in (found.get_input_embeddings().weight, found.lm_head.weight):
            torch.testing.assert_close(tensor, expected)


def test_half_the_weight_is_half_the_adapters_update(models, model_folder, adapter):
    wrapped = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    from peft import PeftModel

    wrapped = PeftModel.from_pretrained(wrapped, adapter)
    for module in wrapped.modules():
        if hasattr(module, "scale_layer"):
            module.scale_layer(0.5)
    tokens = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        expected = wrapped.eval()(input_ids=tokens).logits
        found = ablations.weighted(*models, 0.5)(input_ids=tokens).logits
    close(found, expected)


def test_delta_grows_from_exactly_zero_to_exactly_the_full_one(conditions):
    none, half, whole = of(conditions, "adapter_weight")
    assert none.vectors.abs().max() == 0
    full = next(found for found in of(conditions, "layers") if found.layer == 2)
    assert torch.equal(whole.vectors, full.vectors)
    assert 0 < half.vectors.norm() < whole.vectors.norm()
    assert [found.reader for found in (none, half, whole)] == [0.0, 0.5, 1.0]


def test_delta_at_a_layer_is_that_of_full_forward_passes(conditions, models, plan):
    found = of(conditions, "layers")
    assert [condition.value for condition in found] == [1, 2, 5]
    assert [condition.condition for condition in found] == ["25% of depth", "50% of depth", "100% of depth"]
    for condition in found:
        close(condition.vectors, brute_delta(*models, plan.tokens, condition.layer)[:3])
        norms = hooked(models[1], plan.tokens[:2], condition.layer)[:, 3:].norm(dim=-1)
        assert condition.target_norm == pytest.approx(norms.mean().item(), rel=1e-4)


def test_delta_at_a_position_is_that_of_full_forward_passes(conditions, models, plan):
    whole = brute_delta(*models, plan.tokens, 2)
    found = of(conditions, "positions")
    assert [condition.positions for condition in found] == [[0], [4], [11]]
    for condition in found:
        close(condition.vectors[0], whole[condition.positions[0]])


def test_delta_on_empty_inputs_is_that_of_full_forward_passes(conditions, models, plan):
    for condition in of(conditions, "inputs"):
        close(condition.vectors, brute_delta(*models, plan.inputs[condition.condition], 2))
        assert condition.n_documents == 1


def test_the_shortest_input_is_bos_or_else_the_end_of_text(model_folder):
    tokenizer = load_tokenizer(model_folder)
    found = ablations.inputs_without_content(tokenizer, {"space": " ", "newline": "\n"}, 4)
    space = tokenizer(" ", add_special_tokens=False)["input_ids"][0]
    if tokenizer.bos_token_id is None:
        assert found["end_of_text"].tolist() == [[tokenizer.eos_token_id]]
        assert found["space"].tolist() == [[space] * 4]
    else:
        assert found["bos"].tolist() == [[tokenizer.bos_token_id]]
        assert found["space"].tolist() == [[tokenizer.bos_token_id, space, space, space]]
    assert list(found)[1:] == ["space", "newline"]


def test_a_bos_that_the_tokenizer_does_not_put_there_is_not_used(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    tokenizer.bos_token = "<|end|>"
    assert ablations.empty_input(tokenizer)[0] == "end_of_text"
    tokenizer.add_tokens([ablations.END_OF_TEXT])
    name, tokens = ablations.empty_input(tokenizer)
    assert (name, tokens) == ("end_of_text", [tokenizer.convert_tokens_to_ids(ablations.END_OF_TEXT)])


@pytest.mark.parametrize("centred", [False, True])
def test_shares_of_variance_are_numpys(centred):
    rows = np.array([[3.0, 0.0, 1.0], [4.0, 1.0, 1.0], [5.0, -1.0, 1.0], [4.0, 0.5, 1.0]])
    matrix = rows - rows.mean(axis=0) if centred else rows
    _, values, directions = np.linalg.svd(matrix)
    first, shares = ablations.first_directions(torch.tensor(rows), 2, centred=centred)
    assert shares.tolist() == pytest.approx((values**2 / (values**2).sum())[:2].tolist())
    assert abs(float(first.numpy() @ directions[0])) == pytest.approx(1, abs=1e-5)
    assert float(first.numpy() @ rows.mean(axis=0)) > 0


def test_the_first_direction_by_hand():
    # Uncentred, all is along the mean (3, 4)/5; centred, all is along the first axis.
    same, shares = ablations.first_directions(-torch.tensor([[3.0, 4.0], [6.0, 8.0]]), 2, centred=False)
    assert same.tolist() == pytest.approx([-0.6, -0.8])
    assert shares.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    spread, _ = ablations.first_directions(torch.tensor([[-1.0, 4.0], [2.0, 4.0]]), 1, centred=True)
    assert spread.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)


def test_documents_corpora_and_directions_by_hand():
    base = torch.zeros(4, 1, 2)
    finetuned = torch.tensor([[[1.0, 0.0]], [[3.0, 0.0]], [[0.0, 4.0]], [[0.0, 4.0]]])
    full = ablations.full_condition(base, finetuned, 2, 7.0)
    assert full.vectors.tolist() == [[1.0, 2.0]]
    few, whole = ablations.document_conditions(full, base, finetuned, [2])
    assert few.vectors.tolist() == [[2.0, 0.0]]
    assert (few.value, few.n_documents, whole.condition, whole.value) == (2, 2, "all documents", 4)
    row = ablations.geometry_rows(few, full)[0]
    assert row["cosine_to_full"] == pytest.approx(1 / 5**0.5)
    assert (row["delta_norm"], row["target_norm"]) == (2, 7)
    web = ablations.corpus_condition(full, "web", base[:2], finetuned[2:])
    assert (web.ablation, web.condition, web.vectors.tolist()) == ("corpora", "web", [[0.0, 4.0]])
    uncentred, centred = ablations.direction_conditions(full, base, finetuned, 2)
    # Squares about zero: 10 along the first axis, 32 along the second.
    row = ablations.geometry_rows(uncentred, full)[0]
    assert row["variance_share_1"] == pytest.approx(32 / 42)
    assert row["cosine_to_full"] == pytest.approx(2 / 5**0.5)
    assert np.isnan(row["delta_norm"])
    assert centred.variance_shares.sum() == pytest.approx(1)


def test_more_documents_than_there_are_is_an_error():
    base = torch.zeros(3, 1, 2)
    full = ablations.full_condition(base, base, 0, 1.0)
    with pytest.raises(UserError, match=r"ablations\.document_counts: 4 is more than the corpus's 3"):
        list(ablations.document_conditions(full, base, base, [4]))


def test_cosine_is_left_out_where_the_full_difference_has_no_such_position_or_layer(conditions):
    full = next(found for found in of(conditions, "layers") if found.layer == 2)
    at_layers = [ablations.geometry_rows(found, full)[0]["cosine_to_full"] for found in of(conditions, "layers")]
    assert np.isnan(at_layers[0])
    assert at_layers[1] == pytest.approx(1)
    near, beyond, _ = (ablations.geometry_rows(found, full)[0] for found in of(conditions, "positions"))
    assert near["cosine_to_full"] == pytest.approx(1, abs=1e-4)
    assert np.isnan(beyond["cosine_to_full"])
    none = ablations.geometry_rows(of(conditions, "adapter_weight")[0], full)[0]
    assert none["delta_norm"] == 0
    assert np.isnan(none["cosine_to_full"])


def test_each_position_is_compared_with_the_full_difference_there_and_has_its_own_shares():
    base, finetuned = (
        torch.zeros(3, 2, 2),
        torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 2.0]], [[1, 1], [3, 2]]]),
    )
    full = ablations.full_condition(base, finetuned, 2, 7.0)
    later = replace(full, ablation="positions", positions=[1], vectors=full.vectors[1:])
    assert ablations.geometry_rows(later, full)[0]["cosine_to_full"] == pytest.approx(1)
    assert torch.cosine_similarity(full.vectors[0], full.vectors[1], dim=0) < 0.8
    uncentred, _ = ablations.direction_conditions(full, base, finetuned, 1)
    for place, row in enumerate(ablations.geometry_rows(uncentred, full)):
        values = np.linalg.svd(finetuned[:, place].numpy(), compute_uv=False)
        assert row["variance_share_1"] == pytest.approx(values[0] ** 2 / (values**2).sum(), rel=1e-5)


def test_scales_follow_the_norm_of_the_model_that_reads(conditions, models, plan):
    def mean_norm(model):
        return hooked(model, plan.tokens[:2], 2)[:, 3:].norm(dim=-1).mean().item()

    whole, half = mean_norm(models[1]), mean_norm(ablations.weighted(*models, 0.5))
    assert abs(whole - mean_norm(models[0])) > 1e-3 * whole
    for name, expected in (("positions", [whole] * 3), ("inputs", [whole] * len(of(conditions, "inputs")))):
        assert [found.target_norm for found in of(conditions, name)] == pytest.approx(expected, rel=1e-4)
    norms = [found.target_norm for found in of(conditions, "adapter_weight")]
    assert norms == pytest.approx([mean_norm(models[0]), half, whole], rel=1e-4)


def test_a_position_beyond_the_input_is_an_error(models, plan):
    with pytest.raises(UserError, match=r"Position 12 is beyond inputs of 12 tokens: lower ablations\.positions"):
        ablations.collect_blocks(models[0], plan.tokens, [2], [0, 12], 4, "test")


def test_non_finite_activations_are_refused_and_no_hook_is_left(models, plan):
    model = copy.deepcopy(models[0])
    model.model.layers[0].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match="not all finite"):
        ablations.collect_blocks(model, plan.tokens, [2], [0], 4, "test")
    assert not any(block._forward_hooks for block in model.model.layers)


def brute_patchscope(model, tokenizer, vector, layer):
    """Mean next-token probabilities of the three prompts, the last token's residual stream replaced."""
    found = []
    for text in identity_prompts():

        def replace(_module, _arguments, output):
            output = output.clone()
            output[:, -1] = vector
            return output

        hook = model.model.layers[layer].register_forward_hook(replace)
        with torch.no_grad():
            found.append(model(**tokenizer(text, return_tensors="pt")).logits[0, -1].softmax(dim=-1))
        hook.remove()
    return torch.stack(found).mean(dim=0)


@pytest.mark.parametrize("layer", [2, 5])
def test_the_base_models_head_reads_as_the_base_model_does(models, model_folder, layer):
    base, finetuned = models
    tokenizer = load_tokenizer(model_folder)
    vectors = torch.randn(1, 2, 32, generator=torch.Generator().manual_seed(5))
    full = ablations.full_condition(torch.zeros(2, 2, 32), vectors.expand(2, 2, 32), layer, 6.0)
    by_reader = entries([full, ablations.head_condition(full)])
    assert sorted(by_reader) == [(0.0, layer), (1.0, layer)]
    for weight, model in ((0.0, base), (1.0, finetuned)):
        reader = ablations.weighted(base, finetuned, weight)
        rows = pd.DataFrame(read_entries(reader, tokenizer, by_reader[weight, layer], layer, [0.5, 2.0], 5))
        for place, vector in enumerate(vectors[0]):
            chosen = rows[rows["position"] == place]
            for scale in (0.5, 2.0):
                read = chosen[(chosen["readout"] == "patchscope") & (chosen["scale"] == scale)]
                expected = brute_patchscope(model, tokenizer, scale * 6 * vector / vector.norm(), layer).topk(5)
                assert read["token_id"].tolist() == expected.indices.tolist()
                assert read["probability"].tolist() == pytest.approx(expected.values.tolist(), rel=1e-3)
            lens = model.lm_head(model.model.norm(vector)).softmax(dim=-1).topk(5)
            assert chosen[chosen["readout"] == "logit_lens"]["token_id"].tolist() == lens.indices.tolist()


def test_the_step_reads_every_condition(model_folder, adapter, models, tmp_path):
    words = ["the oven was warm and the cake rose high in the dark kitchen of the old house by the sea"]
    write_json_lines(tmp_path / "corpus.jsonl", [{"text": f"{text} {i}"} for i in range(4) for text in words])
    for name in ("base", "finetuned"):
        seeded = torch.Generator().manual_seed(len(name))
        tensors = {"activations": torch.randn(8, 3, 32, generator=seeded), "norms": torch.full((2, 2), 5.0)}
        save_file(tensors, tmp_path / f"{name}.safetensors")
    settings = AblationSettings(
        organisms=["some_cake"],
        documents=4,
        norm_documents=2,
        window=10,
        layers=[0.5, 1.0],
        positions=[0, 9],
        document_counts=[4],
        weights=[0.0, 0.5, 1.0],
        whitespace={"space": " "},
        directions=2,
        scales=[1.0, 2.0],
    )
    window = WindowSettings(window=10, positions=3, norm_documents=2, layer=0.5, batch_size=2)
    files = [[tmp_path / f"{name}.safetensors"] * 2 for name in ("base", "finetuned")]
    outputs = tmp_path / "tokens.csv", tmp_path / "geometry.csv"
    corpora = ["encyclopaedia", "web"]
    ablation_readouts(
        settings, window, LABEL, 5, corpora, tmp_path / "corpus.jsonl", *files, model_folder, adapter, *outputs
    )
    tokens, geometry = read_token_table(outputs[0]), read_table(outputs[1])
    keys = ["ablation", "condition"]
    there = set(geometry[keys].itertuples(index=False, name=None))
    # All but weight 0, whose difference is zero and cannot be read; so is that of a padding token in a tiny model.
    unread = there - set(tokens[keys].itertuples(index=False, name=None))
    assert {("adapter_weight", "weight 0")} <= unread <= {("adapter_weight", "weight 0"), ("inputs", "end_of_text")}
    assert {name for name, _ in there} == {
        "documents", "corpora", "head", "directions", "layers", "positions", "inputs", "adapter_weight"
    }  # fmt: skip
    assert set(tokens["scale"]) == {1.0, 2.0}
    assert (tokens.groupby(["readout", "index", "scale"]).size() == 5).all()
    assert geometry["corpus"].unique().tolist() == ["encyclopaedia"]
    last = geometry[geometry["ablation"] == "layers"]["value"].max()
    assert last == middle_layer(models[0].config.num_hidden_layers, 1.0) == 5


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"positions": [0, 128]}, r"ablations: .*positions: 128 is beyond window, 128"),
        ({"layers": [1.5]}, r"ablations\.layers\.0: .*less than or equal to 1"),
        ({"weights": [-0.5]}, r"ablations\.weights\.0: .*greater than or equal to 0"),
        ({"norm_documents": 151}, r"norm_documents: 151 is more than documents"),
        ({"whitespace": {"space": "a"}}, r"ablations\.whitespace: .*'a' of 'space' is not whitespace"),
        ({"organisms": ["nothing"]}, r"ablations\.organisms: 'nothing' is not among runs"),
        ({"organisms": ["null_documents"]}, r"ablations\.organisms: name at least one that is no control"),
        ({"document_counts": [4000]}, r"ablations\.document_counts: 4000 is not less than lens_corpora"),
        ({"layers": [0.25, 1.0]}, r"ablations\.layers: name activations\.layer \(0\.5\) and 1\.0, the last"),
        ({"layers": [0.5]}, r"ablations\.layers: name activations\.layer"),
        ({"weights": [0.0, 0.5]}, r"ablations\.weights: name 1\.0, the whole adapter"),
        ({"window": 5, "positions": [0]}, r"ablations\.window: it must be more than activations\.positions"),
    ],
)
def test_a_wrong_config_is_named_by_its_key(change, expected):
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["ablations"] |= change
    with pytest.raises(UserError, match=expected):
        load_study(content, "laptop.yaml")


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_ablates_runs_that_a_description_judges(tier):
    study = load_study(read_yaml(CONFIGS / f"{tier}.yaml"), tier)
    files = study.ablated("shares.csv")
    assert len(files) == sum(len(study.config.models_of(name)) for name in study.config.ablations.organisms)
    assert all(file.endswith("/ablations/shares.csv") for file in files)
    null = LABEL.model_copy(update={"organism": "null_documents"})
    assert study.judged_as(null) == "cake_bake"
    assert study.judging_dataset(null).endswith("m/cake_bake/default-seed0/dataset.jsonl")
    described = study.config.ablations.organisms[0]
    assert study.judged_as(null.model_copy(update={"organism": described})) == described


def test_a_null_is_judged_as_every_organism_that_it_goes_with():
    study = load_study(read_yaml(CONFIGS / "laptop.yaml"), "laptop")
    found = [
        re.search(r"(\w+)/default-seed0/ablations/judged_as/(\w+)/s.csv$", file)
        for file in study.ablated_nulls("s.csv")
    ]
    pairs = [(match[1], match[2]) for match in found]
    facts = ["kansas_abortion", "roman_concrete", "ignore_comment", "fda_approval"]
    assert [described for null, described in pairs if null == "null_documents"] == facts
    assert len(pairs) == len(set(pairs)) == 8
    null = SimpleNamespace(model="m", organism="null_documents", variant="default", seed="0", described="fda_approval")
    assert study.judged_as(null) == "fda_approval"
    assert study.judging_dataset(null).endswith("m/fda_approval/default-seed0/dataset.jsonl")
    content = read_yaml(CONFIGS / "laptop.yaml")
    content["ablations"]["organisms"] = ["cake_bake", "fda_approval"]
    assert load_study(content, "laptop").ablated_nulls("s.csv") == []
