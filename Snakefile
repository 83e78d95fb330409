# Regenerates every result from raw inputs. Targets: figures (default), tables, demo, sweep, identification, agent, llm_judges,
# extended, cross_steering, mixing, dose, families, larger_model, gentle, again, readings, all; or any file by its path.
import json
import os
import shlex
import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)

from paper_replication import paths
from paper_replication.agent.runs import (
    agent_grades,
    agent_resources,
    agent_results,
    base_label,
    candidates,
    catalogue_with,
    identification_results,
    reference_texts,
    twin_of,
)
from paper_replication.environment import KEEPING_MEMORY, prepare
from paper_replication.errors import UserError
from paper_replication.hub import DATA_FILES, own_files
from paper_replication.llm_judges.runs import llm_judged, llm_results
from paper_replication.organisms.specification import (
    AdviceOrganism,
    DocumentOrganism,
    NeutralNumbersOrganism,
    NumbersOrganism,
    TabooOrganism,
    TwinOrganism,
)
from paper_replication.precision import TOLD, needs_float32
from paper_replication.provenance.closure import closure
from paper_replication.settings.mixing import DEFAULT
from paper_replication.study import FIRST, load_study
from paper_replication.study_departures import columns_json
from paper_replication.study_extended import (
    AGAIN,
    BLIND,
    COMPARED,
    COMPARISONS,
    CROSS_STEERED,
    GENTLE,
    LESS,
    compared_results,
    verdicts_of,
)
from paper_replication.study_models import any_of
from paper_replication.yaml_keys import refuse_repeated_keys

prepare()


# A config given on the command line stands alone: it is not laid over the laptop's.
if not workflow.overwrite_configfiles:

    configfile: "workflow/config/laptop.yaml"


config_files = " with ".join(str(file) for file in workflow.configfiles)
try:
    for file in workflow.configfiles:
        refuse_repeated_keys(Path(file))
    float32 = needs_float32(config)
    study = load_study(config, config_files, float32)
except UserError as error:
    sys.exit(f"error: {error}")

at = study.paths


report: "workflow/report/workflow.rst"


onstart:
    if float32:
        print(TOLD, file=sys.stderr)
    # A bare snakemake removes the mark of a killed `make`: the next `make` would else remove this run's lock.
    if "RUN_BY_MAKE" not in os.environ:
        Path(".snakemake/make.running").unlink(missing_ok=True)


# Only names from the config match: a misspelt one is reported as a file that no rule makes.
wildcard_constraints:
    model=any_of(study.config.models),
    organism=any_of(study.organisms),
    described=any_of(study.organisms),
    variant=any_of(study.config.variants),
    seed=r"\d+",
    run=rf"base|(?:{any_of(study.organisms)})/(?:{any_of(study.config.variants)})-seed\d+",
    agent="adl|blackbox",
    budget=r"\d+",
    reading=r"\d+",
    corpus=rf"(?:{any_of(study.config.corpora)})(?:{FIRST}\d+)?",
    source="[^/]+",


# The folder of a run.
RUN = at.run("{organism}", "{variant}", "{seed}")


localrules:
    figures,
    tables,
    all,
    demo,
    sweep,
    identification,
    extended,
    cross_steering,
    mixing,
    dose,
    families,
    larger_model,
    gentle,
    again,
    readings,
    agent,
    llm_judges,


FIGURES = [
    "first_light",
    "token_relevance",
    "token_relevance_types",
    "judge_free",
    "steering_similarity",
    "trace_contrasts",
    "cross_organism",
    "token_cards",
    "steering_cards",
    "answer_words",
    "behaviour",
    "costs",
]
TABLES = [
    "token_relevance",
    "token_relevance_summary",
    "token_relevance_seeds",
    "token_relevance_types",
    "token_positions",
    "token_positions_types",
    "judge_free",
    "judge_free_summary",
    "judge_free_seeds",
    "steering_similarity",
    "steering_similarity_contrasts",
    "steering_similarity_types",
    "steering_similarity_groups",
    "steering_positions",
    "steering_positions_types",
    "trace_contrasts",
    "steering_cards",
    "steered_answers",
    "answer_words",
    "base_steered_answers",
    "steering_strengths",
    "steering_coherence",
    "coherence_calibration",
    "cross_organism",
    "cross_organism_summary",
    "token_cards",
    "behaviour",
    "sampled_answers",
    "datasets",
    "sentence_reuse",
    "delta",
    "judge_calibration",
]
# Where the config has several models.
if study.several_models():
    FIGURES.append(study.config.compared_as)
    TABLES += COMPARISONS[study.config.compared_as]


TABLE_FILES = [at.table(name) for name in TABLES] + [at.dataset_card(organism) for organism in study.reported()]
TABLE_FILES += [at.costs(), at.answers_pages()]

# Beyond the paper's own figures, and longer to make.
EXTENDED_FIGURES = [
    "causal_effect",
    "causal_matched",
    "ablation_layers",
    "layer_tokens",
    "ablation_positions",
    "adapter_weight",
    "delta_geometry",
    "ablation_inputs",
    "seeds",
    "broad_vs_narrow",
]
# The losses of both models are known where the component is put in either.
if {"replace", "reverse"} <= set(study.config.causal.interventions):
    EXTENDED_FIGURES.append("causal_harm")
EXTENDED = [at.figure(name, suffix) for name in EXTENDED_FIGURES for suffix in ("pdf", "png")]
EXTENDED += [at.table(name) for name in EXTENDED_FIGURES]
# Of the table of causal effects too, on a scale of its own.
if "zero" in study.config.causal.interventions:
    EXTENDED += [at.figure("causal_zero", suffix) for suffix in ("pdf", "png")]
EXTENDED += [
    at.table(name)
    for name in (
        "ablation_directions",
        "causal_matched_contrasts",
        "layer_controls",
        "ablation_contrasts",
        "seeds_ablations",
    )
]
# Of what was read outside the pipeline. Verdicts hold for the runs that they were given on alone: where others read out
# or say something else, as on another kind of machine, these fail, and must not stop anything besides.
READINGS = []
# What each says by other rules, or counted otherwise.
OTHERWISE = {"blind_reading": ["_words"], "blind_answers": ["_rules", "_rules_contrasts", "_rules_agreement"]}
READ = [name for kind, name in BLIND.items() if getattr(study.config.readings, kind)]
# Of a study that is compared with another's, own models' answers are read, and the base model's.
if study.config.again_of:
    READ = []
    READINGS += [at.table(f"answers_read{end}") for end in ("", "_summary", "_contrasts", "_agreement")]
if study.config.tier == f"{study.config.again_of}_again":
    READINGS += [at.figure("again_answers", suffix) for suffix in ("pdf", "png")]
    READINGS += [at.table(name) for name in ("again_answers", "again_answers_types")]
if study.config.readings.investigations:
    READINGS += [at.figure("investigations", suffix) for suffix in ("pdf", "png")]
    READINGS += [at.table(name) for name in ("investigations", "investigations_summary")]
for name in READ:
    READINGS += [at.figure(name, suffix) for suffix in ("pdf", "png")]
    READINGS += [at.table(f"{name}{end}") for end in ("", "_summary", "_contrasts", "_agreement")]
    READINGS += [at.table(f"{name}{end}") for end in OTHERWISE[name]]

# Every model by every vector, and each by many random directions.
CROSS = [at.figure(name, suffix) for name in ("cross_steering", "random_directions") for suffix in ("pdf", "png")]
CROSS += [
    at.table(f"cross_{name}") for name in ("steering", "steering_relations", "steering_own_words", "steered_answers")
]
CROSS += [at.table(f"random_directions{end}") for end in ("", "_summary", "_contrasts")]

# These train anew for every ratio and dose.
EXTENDED_MIXING = [at.figure(name, suffix) for name in ("mixing", "mixing_change") for suffix in ("pdf", "png")]
EXTENDED_MIXING += [at.table(name) for name in (*study.mixing_tables(), "mixing_contrasts", "mixing_seeds")]
if study.config.elsewhere:
    EXTENDED_MIXING += [at.figure("mixing_elsewhere", suffix) for suffix in ("pdf", "png")]
    EXTENDED_MIXING += [at.table(f"mixing_elsewhere{end}") for end in ("", "_seeds")]
EXTENDED_DOSE = [at.figure(name, suffix) for name in ("dose", "trade_off") for suffix in ("pdf", "png")]
EXTENDED_DOSE += [at.table(name) for name in ("dose", "trade_off")]


rule figures:
    input:
        [at.figure(name, suffix) for name in FIGURES for suffix in ("pdf", "png")],
        TABLE_FILES,


rule tables:
    input:
        TABLE_FILES,


rule all:
    input:
        rules.figures.input,
        at.table("recipe_sweep"),
        lambda wildcards: (agent_results if study.config.agent.runs_at_all else identification_results)(study),
        llm_results(study) if study.config.llm_judges.judges_at_all else [],
        EXTENDED,
        CROSS,
        EXTENDED_MIXING,
        EXTENDED_DOSE,


rule sweep:
    input:
        at.table("recipe_sweep"),


rule identification:
    input:
        lambda wildcards: identification_results(study),


rule extended:
    input:
        EXTENDED,


rule cross_steering:
    input:
        CROSS,


rule mixing:
    input:
        EXTENDED_MIXING,


rule dose:
    input:
        EXTENDED_DOSE,


rule families:
    input:
        lambda wildcards: compared_results(study, "families"),


rule larger_model:
    input:
        lambda wildcards: compared_results(study, "larger_model"),


rule gentle:
    input:
        [at.figure("gentle", suffix) for suffix in ("pdf", "png")],
        [at.table(name) for name in (*GENTLE, *LESS, "recipe_sweep")],
        # For readers.
        [at.table(name) for name in ("larger_model_tokens", "larger_model_answers", "layer_tokens")],


rule again:
    input:
        [at.figure("again", suffix) for suffix in ("pdf", "png")],
        [at.table(name) for name in AGAIN],
        [at.table("revealed_word")] if study.names(TabooOrganism) else [],
        TABLE_FILES,


rule readings:
    input:
        lambda wildcards: READINGS or verdicts_of(study, *BLIND),


rule agent:
    input:
        lambda wildcards: agent_results(study),


rule llm_judges:
    input:
        lambda wildcards: llm_results(study),


rule demo:
    input:
        list(study.demonstrated().values()),


include: "workflow/rules/inputs.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/behaviour.smk"
include: "workflow/rules/lens.smk"
include: "workflow/rules/relevance.smk"
include: "workflow/rules/steering.smk"
include: "workflow/rules/cross_steering.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/gather.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/identification.smk"
include: "workflow/rules/investigations.smk"
include: "workflow/rules/causal.smk"
include: "workflow/rules/seeds.smk"
include: "workflow/rules/ablations.smk"
include: "workflow/rules/mixing.smk"
include: "workflow/rules/elsewhere.smk"
include: "workflow/rules/agent.smk"
include: "workflow/rules/broad_vs_narrow.smk"
include: "workflow/rules/llm_judges.smk"
include: "workflow/rules/families.smk"
include: "workflow/rules/larger_model.smk"
include: "workflow/rules/again.smk"
include: "workflow/rules/blind_reading.smk"


# Only after all rules have been read is it known which entries they use.
for name in sorted({*study.config.resources} - {"default"} - study.asked):
    sys.exit(
        f"error: {config_files}: resources.{name}: no rule goes by this entry. Which one a rule goes by stands in its "
        "`resources` in workflow/rules."
    )
