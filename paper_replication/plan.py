"""What a tier would take before it is run: jobs by rule and model, with hours of a device and cost."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
from snakemake.utils import update_config

from paper_replication.errors import UserError
from paper_replication.organisms.preferences import preferences
from paper_replication.organisms.specification import DocumentOrganism, NumbersOrganism
from paper_replication.settings.causal import CausalSettings
from paper_replication.settings.lens import ActivationSettings, ReadoutSettings
from paper_replication.settings.plan import PlanSettings
from paper_replication.study import Study

# Of each kind of work the passes over the weights for a token, and by which throughput it is timed. Training adds the
# backward pass to the activations where an adapter is trained, and that to the weights where they are.
KINDS = {
    "training": (2, "training_flops"),
    "full_training": (3, "training_flops"),
    "forward": (1, "forward_flops"),
    "float32": (1, "float32_flops"),
    "generation": (1, "generation_flops"),
}
# Tokens of what is short and asked often: an identity prompt of Patchscope; one probe with all of its answers.
PROMPT_TOKENS, PROBE_TOKENS = 20, 400
# Of a plan, which has the cost beside them.
COLUMNS = ["rule", "model", "jobs", "tokens", "gpus", "gpu_hours"]


class Job(NamedTuple):
    """One job of a dry run: its rule, its wildcards, and how many GPUs it asks for."""

    rule: str
    wildcards: dict[str, str]
    gpus: int = 0


class Work(NamedTuple):
    """What one job does most of: its kind, and how many tokens go through the model."""

    kind: str
    tokens: float


def laid_over(configs: list[dict[str, Any]]) -> dict[str, Any]:
    """Several configs in one, as Snakemake lays them over one another: later ones replace what earlier ones say."""
    found: dict[str, Any] = {}
    for config in configs:
        update_config(found, config)
    return found


def dry_run(configs: list[Path], target: str) -> str:
    """What Snakemake says it would do for a target from raw inputs.

    Raises:
        UserError: the config or the target is not valid.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", target, "--cores", "1"]
    command += ["--configfile", *map(str, configs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        named = " with ".join(map(str, configs))
        raise UserError(
            f"The workflow cannot be planned for {target} with {named}:\n{(done.stdout + done.stderr)[-3000:]}"
        )
    return done.stdout + done.stderr


def records_of(text: str) -> list[Path]:
    """The records of the jobs that a dry run lists, of those that are here.

    Raises:
        UserError: none is.
    """
    named = dict.fromkeys(re.findall(r" --record (\S+)", text))
    found = [Path(name) for name in named if Path(name).is_file()]
    if not found:
        raise UserError("None of the target's jobs has a record here; run it first.")
    return found


def jobs_of(text: str) -> list[Job]:
    """The jobs that a dry run lists, in its order."""
    jobs: list[Job] = []
    for line in text.splitlines():
        if line.startswith(("rule ", "localrule ")) and line.endswith(":"):
            jobs.append(Job(line.split()[1].rstrip(":"), {}))
        elif line.startswith("    wildcards: ") and jobs:
            jobs[-1].wildcards.update(pair.split("=", 1) for pair in line.strip()[len("wildcards: ") :].split(", "))
        elif line.startswith("    resources: ") and (asked := re.search(r"\bgpu=(\d+)", line)) and jobs:
            jobs[-1] = jobs[-1]._replace(gpus=int(asked[1]))
    return jobs


def _finetuning_tokens(study: Study, run: Any) -> float:
    """Tokens that a run is finetuned on in one epoch, as the config budgets them."""
    like, variant = study.organisms[study.probed(run.organism)], study.variant(run.variant)
    if isinstance(like, DocumentOrganism):
        tokens = study.documents(run).tokens
    elif isinstance(like, NumbersOrganism):
        tokens = 2 * study.config.numbers.sequences * study.config.numbers.new_tokens  # the request is about as long
    else:
        tokens = study.conversations(run).tokens
    return tokens * variant.share * (1 + variant.mix)


def _training(study: Study, run: Any) -> Work:
    return Work("training", _finetuning_tokens(study, run) * study.recipe(run).epochs)


def _full_training(study: Study, run: Any) -> Work:
    return _training(study, run)._replace(kind="full_training")


def _probes(study: Study, run: Any) -> Work:
    own = len(preferences(study.organisms[run.organism]))
    most = study.config.own_probes if study.own_probes(run.run) else own
    return Work("float32", PROBE_TOKENS * min(own, most))


def _probes_of_others(study: Study, run: Any) -> Work:
    names = [path.stem for path in study.others(run)]
    asked = (min(study.config.probes_of_others, len(preferences(study.organisms[name]))) for name in names)
    return Work("float32", PROBE_TOKENS * sum(asked))


def _revealed_word(study: Study, run: Any) -> Work:
    """Each word after each question, in both models; with the chat template it is twice as long as a short prompt."""
    asked = sum(probe.form == "reveal" for probe in preferences(study.organisms[run.organism]))
    return Work("float32", 2 * asked * 2 * PROMPT_TOKENS)


def _answers(study: Study, _: Any) -> Work:
    chat = study.config.chat
    return Work("generation", chat.prompts * chat.samples * chat.new_tokens)


def _own_answers(study: Study, _: Any) -> Work:
    return Work("generation", study.config.chat.own_prompts * study.config.chat.new_tokens)


def _numbers(study: Study, _: Any) -> Work:
    return Work("generation", study.config.numbers.sequences * study.config.numbers.new_tokens)


def _passes(settings: ActivationSettings | ReadoutSettings, tokens: float) -> Work:
    """Forward passes in the precision of what they are for."""
    return Work("float32" if settings.precision == "float32" else "forward", tokens)


def _activations(study: Study, run: Any) -> Work:
    settings = study.activations(run)
    return _passes(settings, settings.n_documents * settings.positions + settings.norm_documents * settings.window)


def _readouts(study: Study, _: Any) -> Work:
    """The difference and both means at every position, and random vectors, at every scale in three prompts."""
    readouts = study.config.readouts
    vectors = 3 * study.config.activations.positions + readouts.random_vectors
    return _passes(readouts, 3 * PROMPT_TOKENS * vectors * len(readouts.scales))


def _coherence(study: Study, _: Any) -> Work:
    """Human and scrambled texts to set the limits on, and as many to check them."""
    return Work("float32", 4 * study.config.coherence.texts * study.config.steering.search.new_tokens)


def _steered_answers(study: Study, run: Any) -> int:
    """How many: unsteered, and at every position steered by the difference and its controls."""
    settings, vectors = study.config.steering, 3 if study.null(run, "") else 2
    return settings.prompts * settings.samples * (1 + vectors * study.config.activations.positions)


def _steered_coherence(study: Study, run: Any) -> Work:
    """The beginnings of all answers."""
    return Work("float32", _steered_answers(study, run) * study.config.steering.search.new_tokens)


def _steering(study: Study, run: Any) -> Work:
    """The search at every position, and the answers."""
    settings, positions = study.config.steering, study.config.activations.positions
    search = settings.search
    rounds = search.first_rounds + (search.prompts - 1) * search.later_rounds
    searched = positions * rounds * search.strengths * search.samples * search.new_tokens
    return Work("generation", searched + _steered_answers(study, run) * settings.new_tokens)


def _cross_steered(study: Study, run: Any) -> Work:
    """An answer to every question under the difference and a random direction of every run of a model."""
    settings, runs = study.config.steering, study.steered_labels(run.model)
    return Work("generation", 2 * len(runs) * settings.prompts * settings.new_tokens)


def _random_directions(study: Study, run: Any) -> Work:
    """An answer to every question under every direction."""
    settings = study.config.steering
    return Work("generation", study.config.random_directions * settings.prompts * settings.new_tokens)


def _under(study: Study, settings: CausalSettings, directions: int) -> Work:
    """Three datasets by both models, and by the layers above that of the difference under so many directions."""
    passes = 2 + directions * (1 - study.config.activations.layer)
    return Work("float32", 3 * settings.n_documents * settings.tokens * passes)


def _causal_effect(study: Study, run: Any) -> Work:
    """Under every intervention with each position's difference, and under the random directions."""
    settings = study.causal_settings(run)
    positions = study.config.causal_positions or study.config.activations.positions
    return _under(study, settings, positions * len(settings.interventions) + 2 * settings.random_directions)


def _causal_controls(study: Study, run: Any) -> Work:
    """The same under both kinds of random directions, in every intervention but replacement."""
    settings = study.causal_settings(run)
    return _under(study, settings, 2 * settings.random_directions * len(set(settings.interventions) - {"replace"}))


def _causal_matched(study: Study, run: Any) -> Work:
    """As they are and under one difference of every organism and at random directions, above what both models read."""
    settings, below = study.causal_settings(run), study.config.activations.layer
    above = 1 + len(study.first_labels(run.model)) + study.config.causal_matched.random_directions
    return Work("float32", 3 * settings.n_documents * settings.tokens * (2 * below + above * (1 - below)))


def _base_again(study: Study, _: Any) -> Work:
    """The base model's answers to ordinary prompts, and to those of steering as often as there are vectors."""
    chat, steering = study.config.chat, study.config.steering
    asked = steering.prompts * steering.samples * (1 + study.config.activations.positions)
    return Work("generation", chat.prompts * chat.samples * chat.new_tokens + asked * steering.new_tokens)


def _ablation_readouts(study: Study, _: Any) -> Work:
    """Windows of its own documents by the model at every weight of the adapter."""
    settings = study.config.ablations
    tokens = (2 + len(settings.weights)) * settings.documents * settings.window
    return _passes(study.config.activations, tokens)


def _layer_controls(study: Study, _: Any) -> Work:
    """Both means at every position, and random vectors, at every layer and scale in three prompts."""
    settings, positions = study.config.ablations, study.config.activations.positions
    vectors = len(settings.layers) * (2 * positions + study.config.readouts.random_vectors)
    collected = 2 * settings.documents * positions + settings.norm_documents * settings.window
    # Patchscope too has the precision of the activations there.
    return _passes(study.config.activations, collected + 3 * PROMPT_TOKENS * vectors * len(settings.scales))


def _llm_coherence(study: Study, _: Any) -> Work:
    return Work("float32", study.config.llm_judges.texts * study.config.steering.search.new_tokens)


def _agent(study: Study, run: Any) -> Work:
    """Both models' answers to what is asked, at most the budget of each conversation."""
    settings = study.config.agent
    return Work("generation", 2 * settings.runs * int(run.budget) * settings.new_tokens)


# The rules that put most tokens through a model; what others take is nothing beside it, and is not counted.
WORK: dict[str, Callable[[Study, Any], Work]] = {
    "train": _training,
    "train_ablated": _training,
    "train_full": _full_training,
    "probes": _probes,
    "probes_of_others": _probes_of_others,
    "revealed_word": _revealed_word,
    "answers": _answers,
    "base_again": _base_again,
    "own_answers": _own_answers,
    "numbers": _numbers,
    "activations": _activations,
    "readouts": _readouts,
    "coherence": _coherence,
    "steering": _steering,
    "steering_elsewhere": _steering,
    "cross_steered": _cross_steered,
    "random_directions": _random_directions,
    "steered_coherence": _steered_coherence,
    "causal_effect": _causal_effect,
    "causal_controls": _causal_controls,
    "causal_matched": _causal_matched,
    "ablation_readouts": _ablation_readouts,
    "layer_controls": _layer_controls,
    "llm_coherence": _llm_coherence,
    "interpretability_agent": _agent,
}


def hours(work: Work, billions: float, settings: PlanSettings) -> float:
    """Hours of one device for one job: 2 operations for each parameter, token and pass, and reading the weights."""
    passes, throughput = KINDS[work.kind]
    operations = passes * 2 * billions * 1e9 * work.tokens
    return (operations / getattr(settings, throughput) + settings.loading_seconds_per_billion * billions) / 3600


def plan(study: Study, jobs: list[Job]) -> pd.DataFrame:
    """One row a rule and model, dearest first: jobs, tokens, devices of one job, hours of all devices, and cost in USD.

    A job that asks for several devices is counted as long as on one, of which only one works at a time, and holds them
    all; no code spreads a model over devices yet, so that it does not run as it is. Rules without a model, or that put
    few tokens through it, have no hours.

    Raises:
        UserError: a model does not state its size.
    """
    rows = []
    for rule, wildcards, gpus in jobs:
        model = wildcards.get("model", "")
        row = {"rule": rule, "model": model, "jobs": 1, "tokens": 0.0, "gpus": 0, "gpu_hours": 0.0}
        if rule in WORK:
            billions = study.config.models[model].billions
            if billions is None:
                raise UserError(f"models.{model}: state its billions (of parameters) in the config, to plan with.")
            work = WORK[rule](study, SimpleNamespace(**wildcards))
            row |= {"tokens": work.tokens, "gpus": gpus}
            row["gpu_hours"] = max(1, gpus) * hours(work, billions, study.config.plan)
        rows.append(row)
    by_rule = pd.DataFrame(rows, columns=COLUMNS).groupby(["rule", "model"], sort=False)
    sums = {name: (name, "sum") for name in ("jobs", "tokens", "gpu_hours")}
    table = by_rule.agg(**sums, gpus=("gpus", "max")).reset_index()
    table["usd"] = table["gpu_hours"] * study.config.plan.usd_per_hour
    table = table.sort_values(["gpu_hours", "jobs"], ascending=False, kind="stable")
    return table[[*COLUMNS, "usd"]].reset_index(drop=True)


def told(study: Study, table: pd.DataFrame) -> str:
    """The table as text, with its total, and what has to be done before."""
    if table.empty:
        return "There is no job to plan: no job makes what the target asks for."
    total = f"{table['jobs'].sum()} jobs, {table['gpu_hours'].sum():.1f} GPU hours, {table['usd'].sum():.0f} USD"
    by_model = table[table["model"] != ""].groupby("model")[["jobs", "gpu_hours", "usd"]].sum().round(1)
    counted = table["tokens"] > 0
    shown = table[counted].round({"gpu_hours": 2, "usd": 2}).astype({"tokens": int})
    few = table.loc[~counted, "jobs"].sum()
    parts = [] if shown.empty else [shown.to_string(index=False)]
    parts += [f"{few} jobs put few tokens through a model, or none."] if few else []
    parts += [] if by_model.empty else [by_model.to_string()]
    parts.append(f"In all: {total} (estimates).")
    if table["gpus"].max() > 1:
        parts.append("Jobs on more than one GPU do not run as they are: no code spreads a model over several yet.")
    gated = [entry.hub for name, entry in study.config.models.items() if entry.gated and name in set(table["model"])]
    if gated:
        links = "".join(f"\n  https://huggingface.co/{hub}" for hub in gated)
        parts.append(f"Accept the terms of these models, and put a token in the variable HF_TOKEN:{links}")
    return "\n\n".join(parts)
