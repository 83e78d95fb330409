"""Read the difference as tokens with one choice of the lens changed at a time."""

from itertools import count

import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from paper_replication import lens_ablations as ablations
from paper_replication.files import read_json_lines, write_table
from paper_replication.lens.activations import windows
from paper_replication.lens.logit_lens import logit_lens
from paper_replication.lens.patchscope import patchscope
from paper_replication.lens_ablations import Condition
from paper_replication.models import load_model, load_tokenizer, middle_layer
from paper_replication.provenance.step import Input, Output, run
from paper_replication.settings.ablations import AblationSettings
from paper_replication.settings.lens import WindowSettings
from paper_replication.settings.run import RunLabel
from paper_replication.steps.readouts import Labels, rows_of
from paper_replication.token_tables import write_token_table

# A vector's labels, the vector, shape (d_model,), and its target norm.
Entry = tuple[dict[str, object], torch.Tensor, float]


def plan_of(
    settings: AblationSettings, window: WindowSettings, tokenizer: PreTrainedTokenizerBase, texts: list[str], depth: int
) -> ablations.Plan:
    """What is read from every model of `depth` blocks."""
    return ablations.Plan(
        tokens=windows(tokenizer, texts, settings.documents, settings.window),
        norm_documents=settings.norm_documents,
        first=window.positions,
        far=settings.positions,
        middle=middle_layer(depth, window.layer),
        layers=[middle_layer(depth, fraction) for fraction in settings.layers],
        inputs=ablations.inputs_without_content(tokenizer, settings.whitespace, window.positions),
        batch_size=window.batch_size,
    )


def conditions_of_files(
    settings: AblationSettings, corpora: list[str], base: list[Input], finetuned: list[Input], layer: int
) -> list[Condition]:
    """Conditions made of the lens's own activations, the main corpus's first; the very first is the full difference."""
    before, after = load_file(base[0]), load_file(finetuned[0])
    pair = before["activations"], after["activations"]
    full = ablations.full_condition(*pair, layer, after["norms"].mean().item())
    found = [*ablations.document_conditions(full, *pair, settings.document_counts)]
    for name, before_path, after_path in zip(corpora[1:], base[1:], finetuned[1:], strict=True):
        others = (load_file(path)["activations"] for path in (before_path, after_path))
        found.append(ablations.corpus_condition(full, name, *others))
    found.append(ablations.head_condition(full))
    return [full, *found, *ablations.direction_conditions(full, *pair, settings.directions)]


def entries(conditions: list[Condition]) -> dict[tuple[float, int], list[Entry]]:
    """Labelled vectors by the adapter's weight in their reader and by layer; a zero vector cannot be read."""
    found: dict[tuple[float, int], list[Entry]] = {}
    numbers = count()
    for condition in conditions:
        labels = {"ablation": condition.ablation, "condition": condition.condition, "value": condition.value}
        for position, vector in zip(condition.positions, condition.vectors, strict=True):
            label = labels | {"vector": condition.vector, "index": next(numbers), "position": position}
            if vector.norm() > 0:
                entry = label, vector, condition.target_norm
                found.setdefault((condition.reader, condition.layer), []).append(entry)
    return found


def read_entries(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    group: list[Entry],
    layer: int,
    scales: list[float],
    top: int,
) -> Labels:
    """Rows of tokens of each vector, by the logit lens and by Patchscope at every scale."""
    labels, vectors = [label for label, _, _ in group], torch.stack([vector for _, vector, _ in group])
    lens = logit_lens(model, vectors, top)
    rows = rows_of(lens, [label | {"readout": "logit_lens", "scale": 1.0} for label in labels], tokenizer)
    norms = torch.tensor([norm for _, _, norm in group])[:, None]
    unit = vectors / vectors.norm(dim=-1, keepdim=True) * norms
    read = patchscope(model, tokenizer, torch.cat([scale * unit for scale in scales]), layer, top)
    named = [label | {"readout": "patchscope", "scale": scale} for scale in scales for label in labels]
    return rows + rows_of(read, named, tokenizer)


def ablation_readouts(
    settings: AblationSettings,
    window: WindowSettings,
    label: RunLabel,
    graded_tokens: int,
    corpora: list[str],
    corpus: Input,
    base_activations: list[Input],
    finetuned_activations: list[Input],
    model: Input,
    adapter: Input,
    tokens: Output,
    geometry: Output,
) -> None:
    """Save the tokens and the geometry of the difference under every condition.

    The lens's own activations, a file a corpus, give the conditions about documents, corpora, the head and directions;
    the others are collected here on documents of the main corpus.
    """
    tokenizer, dtype = load_tokenizer(model), getattr(torch, window.precision)
    base, finetuned = load_model(model), load_model(model, adapter)

    def model_at(weight: float) -> PreTrainedModel:
        # Interpolated in float32, and rounded afterwards.
        return ablations.weighted(base, finetuned, weight).to(dtype)

    texts = [row["text"] for row in read_json_lines(corpus)]
    plan = plan_of(settings, window, tokenizer, texts, base.config.get_text_config().num_hidden_layers)
    full, *conditions = conditions_of_files(settings, corpora, base_activations, finetuned_activations, plan.middle)
    conditions += ablations.conditions_of_models(model_at, plan, settings.layers, settings.weights)
    rows: Labels = []
    by_reader = entries(conditions)
    for weight in sorted({weight for weight, _ in by_reader}):
        reader = model_at(weight)
        for layer in sorted(layer for other, layer in by_reader if other == weight):
            rows += read_entries(reader, tokenizer, by_reader[weight, layer], layer, settings.scales, graded_tokens)
    write_token_table(tokens, pd.DataFrame(rows))
    table = pd.DataFrame([row for condition in conditions for row in ablations.geometry_rows(condition, full)])
    for column, value in reversed((label.model_dump() | {"corpus": corpora[0]}).items()):
        table.insert(0, column, value)
    write_table(geometry, table)


if __name__ == "__main__":
    run(ablation_readouts)
