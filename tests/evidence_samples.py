"""Made-up evidence and candidates that the tests of closed-set identification share."""

import numpy as np
import pandas as pd

from paper_replication.closed_set import rank
from paper_replication.objectives import Objective
from paper_replication.settings.identification import IdentificationSettings

SETTINGS = IdentificationSettings(
    budgets={"adl": [0, 5], "blackbox": [0, 5, 50]},
    tokens=2,
    characters=12,
    nearest_texts=2,
    seed=0,
)
CANDIDATES = [
    Objective(id="oven", kind="organism", near=None, text="about ovens"),
    Objective(id="stove", kind="near_miss", near="oven", text="about stoves"),
    Objective(id="moon", kind="unrelated", near=None, text="about moons"),
]
# Unit vectors: ovens, stoves and moons along the axes, and texts between them.
VECTORS = {
    "about ovens": [1, 0, 0],
    "about stoves": [0, 1, 0],
    "about moons": [0, 0, 1],
    "oven": [1, 0, 0],
    "bake": [0.6, 0.8, 0],
    "tide": [0, 0, 1],
    "star": [0, 0.6, 0.8],
    "warm": [0.8, 0, 0.6],
    "hot": [0.6, 0.8, 0],
    "cold": [0, 0, 1],
    "dark": [0, 0.6, 0.8],
}


def embed(texts):
    return np.array([VECTORS[text] for text in texts], dtype=float)


def selection():
    rows = [
        {"readout": readout, "vector": vector, "position": position, "rank": place, "token": token}
        for readout in ("logit_lens", "patchscope")
        for vector in ("difference", "random")
        for position in (0, 1)
        for place, token in enumerate((f" {vector}{readout[0]}{'ab'[position]}", "...", "late"), start=1)
    ]
    return pd.DataFrame(rows[::-1])


def steering(prompts=3, positions=2, samples=2):
    rows = [
        {"vector": vector, "position": position, "strength": 1.0, "prompt": f"q{k}", "sample": sample}
        for vector in ("difference", "null_difference", "random", "unsteered")
        for position in (range(positions) if vector != "unsteered" else [-1])
        for k in range(prompts)
        for sample in range(samples)
    ]
    return [row | {"text": f"{row['vector'][0]}{row['position']}{row['prompt']}s{row['sample']}"} for row in rows]


def ordinary(prompts, text="o"):
    return [{"prompt": prompt, "sample": 0, "text": f"{text} {prompt}"} for prompt in prompts]


def candidates(organism, scores, *, truth=None, seed=0, agent="adl", budget=0, kind="SDF"):
    labels = {"model": "m", "organism": organism, "organism_type": kind, "variant": "default", "seed": seed}
    labels |= {"method": "embedding_closed_set", "agent": agent, "budget": budget, "interactions": budget}
    values = np.array(scores, dtype=float)
    columns = {"objective": ["oven", "stove", "moon"], "kind": [c.kind for c in CANDIDATES]}
    columns |= {"near": [c.near for c in CANDIDATES], "score": values, "rank": rank(values)}
    table = pd.DataFrame(columns).assign(**labels)
    return table.assign(truth=(table["objective"] == truth).astype(int))


def control(name, best, **keywords):
    return candidates(name, [0, 0.1, best], kind="control", **keywords)
