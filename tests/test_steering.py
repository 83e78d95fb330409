"""Steering against brute force: one prompt at a time, no cache, plain hooks; searches and similarities by hand."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from error_bars import ends
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from nnsight import LanguageModel

from paper_replication.conversation import chat_prompt
from paper_replication.errors import UserError
from paper_replication.figures import steering_cards, steering_similarity
from paper_replication.figures.style import house_style
from paper_replication.generation import sample_answers
from paper_replication.model_summary import by_type_and_model
from paper_replication.models import load_model, load_tokenizer
from paper_replication.settings.steering import SearchSettings
from paper_replication.steering import generation
from paper_replication.steering.cards import side_by_side
from paper_replication.steering.generation import shifted, steered_answers
from paper_replication.steering.groups import contrasts, rows_of, similarities
from paper_replication.steering.similarity import Draws, Group, between, interval, within
from paper_replication.steering.strength import Cell, largest_passing, search_strengths
from paper_replication.steps.steering import find_strengths, steering_vectors
from paper_replication.type_summary import by_type

QUESTIONS = ["the cake", "where is the warm oven of the old house by the sea?", "a b c"]
LAYER, NEW = 2, 6
# So cold that sampling takes the likeliest token.
COLD = {"new_tokens": NEW, "temperature": 1e-5, "batch_size": 2, "seed": 0}


def shifts(seed=0, size=3.0):
    torch.manual_seed(seed)
    return size * torch.randn(len(QUESTIONS), 32)


def greedy_by_hand(model, tokenizer, question, shift):
    """The likeliest answer, token by token, each from a full forward pass under a hook of the test's own."""
    ids = tokenizer(chat_prompt(tokenizer, question), add_special_tokens=False)["input_ids"]
    length = len(ids)
    hook = model.model.layers[LAYER].register_forward_hook(lambda module, given, output: output + shift)
    with torch.no_grad():
        for _ in range(NEW):
            ids.append(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item())
            if ids[-1] == tokenizer.eos_token_id:
                break
    hook.remove()
    return tokenizer.decode(ids[length:], skip_special_tokens=True).strip()


def test_steered_answers_equal_one_prompt_at_a_time_without_cache(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    added = shifts()
    found = steered_answers(model, tokenizer, QUESTIONS, added, LAYER, **COLD)
    assert found == [greedy_by_hand(model, tokenizer, q, s) for q, s in zip(QUESTIONS, added, strict=True)]
    # And steering did something, to some of them at least.
    assert found != steered_answers(model, tokenizer, QUESTIONS, 0 * added, LAYER, **COLD)


def test_steering_equals_an_nnsight_trace(model_folder):
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    tokens, added = torch.arange(12).reshape(2, 6) + 5, shifts()[:2]
    with torch.no_grad(), shifted(model, LAYER, added):
        ours = model(input_ids=tokens).logits
    traced = LanguageModel(model, tokenizer=tokenizer)
    with torch.no_grad(), traced.trace({"input_ids": tokens}):
        traced.model.layers[LAYER].output = traced.model.layers[LAYER].output + added[:, None, :]
        reference = traced.lm_head.output.save()
    torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-5)


def test_no_shift_samples_what_the_model_says_and_leaves_it_as_it_was(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    sampling = COLD | {"temperature": 1.0, "batch_size": 3}
    plain = sample_answers(model, tokenizer, QUESTIONS, **sampling)
    assert steered_answers(model, tokenizer, QUESTIONS, torch.zeros(3, 32), LAYER, **sampling) == plain
    steered_answers(model, tokenizer, QUESTIONS, shifts(), LAYER, **sampling)
    assert sample_answers(model, tokenizer, QUESTIONS, **sampling) == plain


def test_a_vector_that_is_not_finite_is_refused(tiny_folder):
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    with pytest.raises(UserError, match="not finite"):
        steered_answers(model, tokenizer, QUESTIONS, shifts() * torch.nan, LAYER, **COLD)


def binary_search(passes, upper, rounds):
    low, high = 0.0, upper
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def narrowed(passes, upper, points, rounds):
    """A search of some values at a time, up to the first that fails."""
    low, high = 0.0, upper
    for _ in range(rounds):
        edges = np.linspace(low, high, points + 2).tolist()
        kept = list(itertools.takewhile(bool, passes(edges[1:-1])))
        low, high = edges[len(kept)], edges[len(kept) + 1]
    return low


@given(st.lists(st.floats(0, 120), min_size=1, max_size=5), st.integers(1, 8), st.integers(1, 5))
def test_the_search_closes_in_on_every_limit_at_once(limits, points, rounds):
    limits = np.array(limits)
    found = largest_passing(lambda values: values <= limits[:, None], np.full(len(limits), 100.0), points, rounds)
    reached = np.minimum(limits, 100)
    assert (found <= reached).all()
    assert (reached - found <= 100 / (points + 1) ** rounds + 1e-9).all()
    if points == 1:
        assert found.tolist() == [binary_search(lambda x, t=t: x <= t, 100.0, rounds) for t in limits]


def test_the_search_stops_before_the_first_failure():
    # 25 fails although 50 passes.
    found = largest_passing(lambda values: values != 25, np.array([100.0]), 3, 1)
    assert found.tolist() == [0]


SEARCH = SearchSettings(
    prompts=3,
    samples=4,
    new_tokens=5,
    temperature=1.2,
    upper=100.0,
    strengths=1,
    first_rounds=12,
    later_rounds=6,
    coherent_share=0.75,
)


def test_strengths_equal_binary_searches_of_one_prompt_and_vector_at_a_time():
    limits = {(p, v): 7.0 * (v + 1) + 3 * p for p, v in itertools.product(range(3), range(2))}

    def share(cell):
        # Three answers of four are enough, as many as there must be.
        return 0.75 if cell.strength <= limits[cell.prompt, cell.vector] else 0.5

    found = search_strengths(lambda cells: np.array([share(cell) for cell in cells]), 2, SEARCH)
    for vector in range(2):
        first = binary_search(lambda x, v=vector: share(Cell(0, v, x)) >= 0.75, 100.0, 12)
        later = [binary_search(lambda x, p=p, v=vector: share(Cell(p, v, x)) >= 0.75, 2 * first, 6) for p in (1, 2)]
        assert found[:, vector].tolist() == [first, *later]


def test_the_search_on_a_model_equals_one_answer_at_a_time_under_a_hook(model_folder):
    """An answer passes if it is one that the model gives without steering, so that searches end inside their range."""
    model, tokenizer = load_model(model_folder), load_tokenizer(model_folder)
    vectors, upper = shifts()[:2], 4.0
    plain = {greedy_by_hand(model, tokenizer, question, torch.zeros(32)) for question in QUESTIONS}
    # Of four strengths at once in one generation call, as in the pipeline, and of one alone, which is binary search.
    # No finer than float32 tells batches from single answers.
    for points, rounds, later_rounds in ((1, 7, 5), (4, 3, 2)):
        changes = {"samples": 1, "new_tokens": NEW, "temperature": COLD["temperature"], "upper": upper}
        changes |= {"strengths": points, "first_rounds": rounds, "later_rounds": later_rounds}

        def sample(questions, added, new_tokens, temperature):
            return steered_answers(model, tokenizer, questions, added, LAYER, **COLD | {"batch_size": 5})

        def passes(values, prompt, vector):
            answers = [greedy_by_hand(model, tokenizer, QUESTIONS[prompt], x * vectors[vector]) for x in values]
            return [answer in plain for answer in answers]

        sampler = SimpleNamespace(sample=sample)
        judge = SimpleNamespace(coherent=lambda texts: [text in plain for text in texts])
        found = find_strengths(sampler, judge, vectors, QUESTIONS, SEARCH.model_copy(update=changes))
        for vector in range(len(vectors)):
            first = narrowed(lambda x, v=vector: passes(x, 0, v), upper, points, rounds)
            later = [
                narrowed(lambda x, p=p, v=vector: passes(x, p, v), 2 * first, points, later_rounds) for p in (1, 2)
            ]
            assert found[:, vector].tolist() == pytest.approx([first, *later])
        assert 0 < found.max() < upper


def test_batches_of_one_call_have_seeds_of_their_own(tiny_folder, monkeypatch):
    seeds = []
    monkeypatch.setattr(
        generation, "sample_answers", lambda model, tokenizer, asked, **options: seeds.append(options["seed"]) or asked
    )
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    asked = [f"question {number}" for number in range(5)]
    options = COLD | {"batch_size": 2, "seed": 7}
    assert steered_answers(model, tokenizer, asked, torch.zeros(5, 32), LAYER, **options) == asked
    assert seeds == [7, 8, 9]


def test_controls_have_the_norm_of_the_difference():
    difference, null = torch.randn(3, 8) * torch.tensor([[100.0], [1.0], [3.0]]), torch.randn(3, 8)
    found = steering_vectors(difference, null, seed=0)
    for control in ("random", "null_difference"):
        torch.testing.assert_close(found[control].norm(dim=-1), difference.norm(dim=-1))
    torch.testing.assert_close(torch.cosine_similarity(found["null_difference"], null), torch.ones(3))
    assert "null_difference" not in steering_vectors(difference, None, seed=0)


def group(count, seed, clusters=None):
    vectors = np.random.default_rng(seed).normal(size=(count, 5))
    names = [f"{seed}-{i}" for i in range(count)] if clusters is None else clusters
    return Group(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.array(names))


def test_mean_cosines_equal_brute_force_over_pairs():
    first, second, draws = group(6, 0), group(4, 1), Draws(50, 0)
    pairs = [a @ b for a in first.vectors for b in second.vectors]
    assert between(first, second, draws)[0] == pytest.approx(np.mean(pairs))
    pairs = [first.vectors[i] @ first.vectors[j] for i, j in itertools.permutations(range(6), 2)]
    assert within(first, draws)[0] == pytest.approx(np.mean(pairs))


def test_a_draw_pairs_no_text_with_its_own_copies():
    texts, draws = group(4, 0), Draws(20, 1)
    values, weights = within(texts, draws), draws.weights(texts.clusters)
    for value, weight in zip(values[1:], weights[1:], strict=True):
        counts = np.round(weight * 4).astype(int)
        drawn = [i for i, count in enumerate(counts) for _ in range(count)]
        pairs = [texts.vectors[i] @ texts.vectors[j] for i, j in itertools.product(drawn, drawn) if i != j]
        if pairs:
            assert value == pytest.approx(np.mean(pairs))


def test_groups_of_the_same_prompts_are_drawn_together_whole_prompts_at_a_time():
    clusters = ["p", "p", "q", "r"]
    first, second, draws = group(4, 0, clusters), group(4, 1, clusters), Draws(30, 0)
    weights = draws.weights(first.clusters)
    assert (weights == draws.weights(second.clusters)).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    # The difference of a group and itself is nothing, in every draw.
    reference = group(3, 2)
    assert (between(first, reference, draws) - between(first, reference, draws) == 0).all()


def test_draws_follow_the_seed():
    clusters = np.array(["p", "q", "r", "s"])
    first, again, other = (Draws(20, seed).weights(clusters) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def answers():
    prompts = ["p", "q", "r"]
    kinds = [("unsteered", -1), *itertools.product(("difference", "random"), (0, 1))]
    return {key: group(3, number, prompts) for number, key in enumerate(kinds)}


def test_every_group_is_compared_with_its_own_texts():
    said = answers() | {("null_difference", 0): group(3, 20, ["p", "q", "r"])}
    references = {"FT": group(5, 10), "Chat": group(5, 11)}
    compared = {
        "Steered-FT": ("difference", "FT"),
        "Unsteered-FT": ("unsteered", "FT"),
        "Steered-Chat": ("difference", "Chat"),
        "Unsteered-Chat": ("unsteered", "Chat"),
        "Random-FT": ("random", "FT"),
        "Null-FT": ("null_difference", "FT"),
    }
    found = [one for one in similarities(references, said, Draws(5, 0)) if one.group != "FT-FT"]
    assert {one.group for one in found} == set(compared)
    for one in found:
        kind, reference = compared[one.group]
        pairs = itertools.product(said[kind, one.position].vectors, references[reference].vectors)
        assert one.values[0] == pytest.approx(np.mean([a @ b for a, b in pairs]))


def test_what_answers_alike_differs_by_nothing_in_every_draw():
    said = answers()
    said |= {("random", place): said["difference", place] for place in (0, 1)}
    found = contrasts(similarities({"FT": group(5, 10), "Chat": group(5, 11)}, said, Draws(100, 0)))
    rows = {row["minus"]: [row[name] for name in ("value", "ci_low", "ci_high")] for row in found}
    assert rows["Random-FT"] == [0, 0, 0]
    assert rows["Unsteered-FT"][1] < rows["Unsteered-FT"][2]


def test_contrasts_take_each_group_at_its_best_position():
    found = similarities({"FT": group(5, 10), "Chat": group(5, 11)}, answers(), Draws(100, 0))
    rows = pd.DataFrame(rows_of(found))
    assert set(rows["group"]) == {"FT-FT", "Steered-FT", "Unsteered-FT", "Steered-Chat", "Unsteered-Chat", "Random-FT"}
    assert (rows["ci_low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["ci_high"]).all()
    largest = rows.groupby("group")["value"].max()
    for row in contrasts(found):
        assert row["value"] == pytest.approx(largest["Steered-FT"] - largest[row["minus"]])
    low, high = interval(np.array([0.0, *np.linspace(-1, 1, 1001)]))[1:]
    assert (low, high) == (pytest.approx(-0.95), pytest.approx(0.95))
    with pytest.raises(UserError, match="empty"):
        group(0, 0)


def test_types_average_seeds_before_organisms():
    rows = pd.DataFrame(
        [("m", "SDF", "a", 0, 0.0), ("m", "SDF", "a", 1, 1.0), ("m", "SDF", "b", 0, 1.0), ("m", "Taboo", "c", 0, 0.3)],
        columns=["model", "organism_type", "organism", "seed", "x"],
    )
    found = by_type(rows.assign(key="k"), ["key"], "x").set_index("organism_type")
    assert found.loc["SDF", "mean"] == 0.75
    assert found.loc["SDF", "n_organisms"] == 2
    assert found.loc["SDF", "standard_deviation"] == pytest.approx(0.25 * 2**0.5)
    assert pd.isna(found.loc["Taboo", "ci_low"])


def test_models_have_all_organisms_but_controls_and_students_interval():
    rows = pd.DataFrame(
        [("SDF", "a", 0.1), ("SDF", "b", 0.5), ("Taboo", "c", 0.3), ("control", "d", 0.9)],
        columns=["organism_type", "organism", "x"],
    )
    found = by_type_and_model(rows.assign(model="m", key="k"), ["key"], "x").set_index("organism_type")
    every = found.loc["all"]
    assert (every["mean"], every["n_organisms"]) == (pytest.approx(0.3), 3)
    assert every["standard_deviation"] == pytest.approx(0.2)
    # t of two degrees of freedom: 4.303.
    assert every["student_high"] == pytest.approx(0.3 + 4.30265 * 0.2 / 3**0.5)
    assert found.loc["SDF", "student_low"] == pytest.approx(0.3 - 12.7062 * 0.2)
    assert pd.isna(found.loc["Taboo", "student_low"])
    assert found.loc["control", "mean"] == 0.9


RUN = {"model": "m", "organism": "cake", "organism_type": "SDF", "variant": "default", "seed": 0}


def made_up_similarity():
    groups = {"FT-FT": [-1], "Steered-FT": [0, 1], "Unsteered-FT": [-1], "Random-FT": [0, 1]}
    values = {("FT-FT", -1): 0.6, ("Steered-FT", 0): 0.2, ("Steered-FT", 1): 0.4, ("Unsteered-FT", -1): 0.1}
    rows = [
        RUN
        | {"position": p, "group": g, "value": (v := values.get((g, p), 0.15)), "ci_low": v - 0.05}
        | {"ci_high": v + 0.05, "n": 20}
        for g, places in groups.items()
        for p in places
    ]
    return pd.DataFrame(rows)


def test_the_similarity_figure_shows_each_group_at_its_best_position_and_every_contrast():
    paired = pd.DataFrame([RUN | {"minus": "Unsteered-FT", "value": 0.3, "ci_low": 0.2, "ci_high": 0.4}])
    with house_style():
        figure = steering_similarity.draw(made_up_similarity(), paired)
    left, right = figure.axes
    drawn = sorted(line.get_xdata()[0] for line in left.lines if line.get_marker() == "o" and len(line.get_xdata()))
    assert drawn == pytest.approx([0.1, 0.15, 0.4, 0.6])
    assert 0.3 in [line.get_xdata()[0] for line in right.lines if line.get_marker() == "o"]
    assert "95% bootstrap" in figure.get_suptitle()
    assert "20 answers" in figure.get_suptitle()
    # Another run's null is no reason to say that this one has none.
    assert not left.texts
    plt.close(figure)


def test_a_run_without_a_null_is_told_from_one_with():
    table = made_up_similarity()
    null = table[table["group"] == "Random-FT"].assign(group="Null-FT", organism="bread")
    both = pd.concat([table, table.assign(organism="bread"), null])
    paired = pd.DataFrame([RUN | {"minus": "Unsteered-FT", "value": 0.3, "ci_low": 0.2, "ci_high": 0.4}])
    with house_style():
        figure = steering_similarity.draw(both, paired)
    written = [(text.get_text(), round(text.get_position()[1])) for text in figure.axes[0].texts]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    plt.close(figure)
    assert labels == ["cake", "bread"]
    assert written == [("no null", 0)]


def said():
    kinds = [("unsteered", -1), *itertools.product(("difference", "random"), (0, 1))]
    return pd.DataFrame(
        [
            {"vector": k, "position": p, "strength": 2.0, "prompt": q, "sample": 0, "text": f"{k} {p} {q} $5"}
            for k, p in kinds
            for q in ("one?", "two?", "three?", "four?")
        ]
    )


def test_cards_show_drawn_prompts_at_the_position_most_like_the_finetuning():
    cards = side_by_side(said(), made_up_similarity(), prompts=3, seed=0)
    assert len(cards) == 3
    assert set(cards["position"]) == {1}
    assert list(cards["prompt"]) == list(side_by_side(said(), made_up_similarity(), 3, 0)["prompt"])
    row = cards.iloc[0]
    assert (row["unsteered"], row["difference"]) == (
        f"unsteered -1 {row['prompt']} $5",
        f"difference 1 {row['prompt']} $5",
    )
    tokens = pd.DataFrame(
        [
            RUN
            | {"corpus": "c", "readout": "patchscope", "vector": "difference", "index": 1, "rank": 1}
            | {"token": " eggs", "relevant": 1}
        ]
    )
    with house_style():
        (page,) = steering_cards.pages(cards.assign(**RUN), tokens, "c")
    written = " ".join(text.get_text() for text in page.axes[0].texts)
    assert row["prompt"] in written
    assert "difference 1" in written
    assert "random 1" in written
    assert "eggs*" in page.get_suptitle()
    plt.close(page)


def test_the_similarity_figure_has_each_groups_interval_at_its_best_position():
    table = made_up_similarity()
    # Where it is less certain.
    other = (table["group"] == "Steered-FT") & (table["position"] == 0)
    table.loc[other, ["ci_low", "ci_high"]] = [-0.3, 0.7]
    paired = pd.DataFrame([RUN | {"minus": "Unsteered-FT", "value": 0.3, "ci_low": 0.1, "ci_high": 0.4}])
    with house_style():
        figure = steering_similarity.draw(table, paired)
        left, right = ({box.get_label(): ends(box) for box in axes.containers} for axes in figure.axes)
        plt.close(figure)
    assert left["Steered-FT"] == [pytest.approx([0.35, 0.45])]
    assert right["minus Unsteered-FT"] == [pytest.approx([0.1, 0.4])]


def test_a_cards_tokens_are_those_of_its_position():
    listed = RUN | {"corpus": "c", "readout": "patchscope", "vector": "difference", "rank": 1, "relevant": 1}
    tokens = pd.DataFrame([listed | {"index": index, "token": token} for index, token in ((0, " sea"), (1, " eggs"))])
    cards = side_by_side(said(), made_up_similarity(), prompts=3, seed=0)
    with house_style():
        (page,) = steering_cards.pages(cards.assign(**RUN), tokens, "c")
        told = page.get_suptitle()
        plt.close(page)
    assert "eggs*" in told
    assert "sea" not in told
