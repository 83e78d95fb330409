"""Whether what the lens reads changes with each of its choices, and under which of them it exceeds its controls."""

import pandas as pd

from paper_replication.trace_contrasts import ALL, paired_contrasts

# What the conditions of an ablation are compared with: (ablation, condition). Positions have no such condition.
FULL = ("documents", "all documents")
REFERENCES = {"adapter_weight": ("adapter_weight", "weight 1")}
REFERENCES |= dict.fromkeys(("documents", "corpora", "inputs", "head", "directions"), FULL)
KEYS = ["model", "organism_type", "ablation", "condition", "value", "readout", "against"]


def against_null(own: pd.DataFrame, nulls: pd.DataFrame) -> pd.DataFrame:
    """Relevance of every organism minus that of its null, judged as it is, under the same condition, as `contrast`."""
    shared = ["model", "judged_as", "ablation", "condition", "readout"]
    others = nulls[[*shared, "relevant_fraction"]].rename(columns={"relevant_fraction": "of_null"})
    both = own.merge(others, on=shared, validate="one_to_one")
    return both.assign(against="null_difference", contrast=both["relevant_fraction"] - both["of_null"])


def against_reference(own: pd.DataFrame, layer: float) -> pd.DataFrame:
    """Relevance of every organism minus its own under the condition that all other results have, as `contrast`."""
    references = REFERENCES | {"layers": ("layers", f"{100 * layer:.0f}% of depth")}
    shared = ["model", "organism", "readout"]
    parts = []
    for ablation, rows in own.groupby("ablation", sort=False):
        if ablation not in references:
            continue
        where, condition = references[ablation]
        reference = own[(own["ablation"] == where) & (own["condition"] == condition)]
        reference = reference.rename(columns={"relevant_fraction": "of_reference"})
        rows = rows.merge(reference[[*shared, "of_reference"]], on=shared, validate="many_to_one")
        rows = rows[(rows["ablation"] != where) | (rows["condition"] != condition)]
        parts.append(rows.assign(against=condition, contrast=rows["relevant_fraction"] - rows["of_reference"]))
    return pd.concat(parts)


def against_controls(own: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """Relevance of every organism at every layer minus that of each other vector there, as `contrast`."""
    shared = ["model", "organism", "condition", "readout"]
    others = controls[[*shared, "vector", "relevant_fraction"]]
    others = others.rename(columns={"vector": "against", "relevant_fraction": "of_control"})
    both = own[own["ablation"] == "layers"].merge(others, on=shared, validate="one_to_many")
    return both.assign(contrast=both["relevant_fraction"] - both["of_control"])


def ablation_contrasts(relevance: pd.DataFrame, controls: pd.DataFrame, layer: float) -> pd.DataFrame:
    """Relevance under each condition, and how far it lies above every control's and above that of the main choice.

    Args:
        relevance: the tables of `ablation_summary.TABLES` together, of which the largest over positions are taken.
        controls: `layer_controls`, which the difference at other layers is compared with besides.
        layer: the share of depth at which all other results are measured.

    Returns:
        One row a model, type of organism (and all that are no controls), condition, readout and `against` ("nothing":
        relevance itself; a control vector, as "null_difference"; or the name of the main choice): the mean `contrast`
        of shares over organisms with Student's 95% interval (nan of one organism) and `n_organisms`.
    """
    rows = relevance[relevance["over"] == "largest"]
    own, nulls = rows[rows["organism_type"] != "control"], rows[rows["organism"] != rows["judged_as"]]
    itself = own.assign(against="nothing", contrast=own["relevant_fraction"])
    found = [itself, against_null(own, nulls), against_controls(own, controls), against_reference(own, layer)]
    found = pd.concat(found)
    return paired_contrasts(pd.concat([found.assign(organism_type=ALL), found]), KEYS)
