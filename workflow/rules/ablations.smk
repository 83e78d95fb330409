# Ablations: the lens with one choice changed at a time.


rule ablation_readouts:
    input:
        corpus=at.corpus(study.main_corpus),
        base_activations=[at.activations("{model}", "base", corpus) for corpus in study.config.lens_corpora],
        finetuned_activations=[at.activations("{model}", RUN, corpus) for corpus in study.config.lens_corpora],
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.ablation_readouts"),
    output:
        tokens=at.ablation("{model}", RUN, "tokens.csv"),
        geometry=at.ablation("{model}", RUN, "geometry.csv"),
        record=at.record(at.ablation("{model}", RUN, "tokens.csv")),
    log:
        at.log("ablation_readouts", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("ablation_readouts").threads
    resources:
        **study.job_resources("ablation_readouts"),
    params:
        settings=lambda wildcards: study.ablations(wildcards).model_dump_json(),
        window=study.config.activations.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        graded_tokens=study.config.readouts.graded_tokens,
        corpora=list(study.config.lens_corpora),
    shell:
        "python -m paper_replication.steps.ablation_readouts --settings {params.settings:q} --window {params.window:q}"
        " --label {params.label:q} --graded-tokens {params.graded_tokens} --corpora {params.corpora:q}"
        " --corpus {input.corpus:q} --base-activations {input.base_activations:q}"
        " --finetuned-activations {input.finetuned_activations:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --tokens {output.tokens:q} --geometry {output.geometry:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_grades:
    input:
        tokens=at.ablation("{model}", RUN, "tokens.csv"),
        scale_corpus=at.corpus(study.config.null_corpus),
        organism=lambda wildcards: paths.organism_file(study.judged_as(wildcards)),
        dataset=lambda wildcards: study.judging_dataset(wildcards),
        corpus=at.corpus(study.main_corpus),
        model=at.model("{model}"),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.ablation_grades"),
    output:
        selection=at.ablation("{model}", RUN, "selection.csv"),
        graded=at.ablation("{model}", RUN, "graded.csv"),
        calibration=at.ablation("{model}", RUN, "calibration.csv"),
        shares=at.ablation("{model}", RUN, "shares.csv"),
        record=at.record(at.ablation("{model}", RUN, "selection.csv")),
    log:
        at.log("ablation_grades", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("ablation_grades").threads
    resources:
        **study.job_resources("ablation_grades"),
    params:
        scale_settings=study.config.scales.model_dump_json(),
        settings=study.config.relevance.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        judged_as=lambda wildcards: study.judged_as(wildcards),
        corpus_name=study.main_corpus,
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.ablation_grades --scale-settings {params.scale_settings:q}"
        " --settings {params.settings:q} --label {params.label:q} --judged-as {params.judged_as}"
        " --corpus-name {params.corpus_name} --graded-tokens {params.graded_tokens} --tokens {input.tokens:q}"
        " --scale-corpus {input.scale_corpus:q} --organism {input.organism:q} --dataset {input.dataset:q}"
        " --corpus {input.corpus:q} --model {input.model:q} --embedder {input.embedder:q}"
        " --selection {output.selection:q} --graded {output.graded:q} --calibration {output.calibration:q}"
        " --shares {output.shares:q} --record {output.record:q} 2>&1 | tee {log:q}"


# A null goes with several organisms: as each of the others.
use rule ablation_grades as null_ablation_grades with:
    output:
        selection=at.ablation("{model}", RUN, "judged_as/{described}/selection.csv"),
        graded=at.ablation("{model}", RUN, "judged_as/{described}/graded.csv"),
        calibration=at.ablation("{model}", RUN, "judged_as/{described}/calibration.csv"),
        shares=at.ablation("{model}", RUN, "judged_as/{described}/shares.csv"),
        record=at.record(at.ablation("{model}", RUN, "judged_as/{described}/selection.csv")),
    log:
        at.log("null_ablation_grades", "{model}", "{organism}", "{variant}", "{seed}", "{described}"),


rule layer_controls:
    input:
        corpus=at.corpus(study.main_corpus),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.layer_controls"),
    output:
        tokens=at.ablation("{model}", RUN, "layer_controls/tokens.csv"),
        record=at.record(at.ablation("{model}", RUN, "layer_controls/tokens.csv")),
    log:
        at.log("layer_controls", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("layer_controls").threads
    resources:
        **study.job_resources("layer_controls"),
    params:
        settings=lambda wildcards: study.ablations(wildcards).model_dump_json(),
        window=study.config.activations.model_dump_json(),
        readouts=study.config.readouts.model_dump_json(),
    shell:
        "python -m paper_replication.steps.layer_controls --settings {params.settings:q} --window {params.window:q}"
        " --readouts {params.readouts:q} --corpus {input.corpus:q} --model {input.model:q} --adapter {input.adapter:q}"
        " --tokens {output.tokens:q} --record {output.record:q} 2>&1 | tee {log:q}"


# Judged as the ablations are.
use rule ablation_grades as layer_controls_grades with:
    input:
        tokens=at.ablation("{model}", RUN, "layer_controls/tokens.csv"),
        scale_corpus=at.corpus(study.config.null_corpus),
        organism=lambda wildcards: paths.organism_file(study.judged_as(wildcards)),
        dataset=lambda wildcards: study.judging_dataset(wildcards),
        corpus=at.corpus(study.main_corpus),
        model=at.model("{model}"),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.ablation_grades"),
    output:
        selection=at.ablation("{model}", RUN, "layer_controls/selection.csv"),
        graded=at.ablation("{model}", RUN, "layer_controls/graded.csv"),
        calibration=at.ablation("{model}", RUN, "layer_controls/calibration.csv"),
        shares=at.ablation("{model}", RUN, "layer_controls/shares.csv"),
        record=at.record(at.ablation("{model}", RUN, "layer_controls/selection.csv")),
    log:
        at.log("layer_controls_grades", "{model}", "{organism}", "{variant}", "{seed}"),
    threads: study.resources("layer_controls_grades").threads
    resources:
        **study.job_resources("layer_controls_grades"),


rule layer_controls_table:
    input:
        shares=study.ablated("layer_controls/shares.csv", controls=False),
        code=closure("paper_replication.steps.layer_controls_table"),
    output:
        table=at.table("layer_controls"),
        record=at.record(at.table("layer_controls")),
    log:
        at.log("layer_controls_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("layer_controls_table").threads
    resources:
        **study.job_resources("layer_controls_table"),
    shell:
        "python -m paper_replication.steps.layer_controls_table --shares {input.shares:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_tables:
    input:
        shares=study.ablated("shares.csv") + study.ablated_nulls("shares.csv"),
        geometry=study.ablated("geometry.csv"),
        code=closure("paper_replication.steps.ablation_tables"),
    output:
        layers=at.table("ablation_layers"),
        positions=at.table("ablation_positions"),
        adapter_weight=at.table("adapter_weight"),
        directions=at.table("ablation_directions"),
        inputs=at.table("ablation_inputs"),
        delta_geometry=at.table("delta_geometry"),
        record=at.record(at.table("ablation_layers")),
    log:
        at.log("ablation_tables"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("ablation_tables").threads
    resources:
        **study.job_resources("ablation_tables"),
    shell:
        "python -m paper_replication.steps.ablation_tables --shares {input.shares:q} --geometry {input.geometry:q}"
        " --layers {output.layers:q} --positions {output.positions:q} --adapter-weight {output.adapter_weight:q}"
        " --directions {output.directions:q} --inputs {output.inputs:q} --delta-geometry {output.delta_geometry:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_contrasts_table:
    input:
        relevance=[at.table(f"ablation_{name}") for name in ("layers", "positions", "inputs", "directions")]
        + [at.table("adapter_weight")],
        controls=at.table("layer_controls"),
        code=closure("paper_replication.steps.ablation_contrasts_table"),
    output:
        table=at.table("ablation_contrasts"),
        record=at.record(at.table("ablation_contrasts")),
    log:
        at.log("ablation_contrasts_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("ablation_contrasts_table").threads
    resources:
        **study.job_resources("ablation_contrasts_table"),
    params:
        layer=study.config.activations.layer,
    shell:
        "python -m paper_replication.steps.ablation_contrasts_table --layer {params.layer} --relevance {input.relevance:q}"
        " --controls {input.controls:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_layers_figure:
    input:
        table=at.table("ablation_layers"),
        controls=at.table("layer_controls"),
        code=closure("paper_replication.steps.ablation_layers_figure"),
    output:
        pdf=at.figure("ablation_layers", "pdf"),
        png=report(at.figure("ablation_layers", "png"), caption="../report/ablation_layers.rst", category="Ablations"),
        record=at.record(at.figure("ablation_layers", "pdf")),
    log:
        at.log("ablation_layers_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("ablation_layers_figure").threads
    resources:
        **study.job_resources("ablation_layers_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.ablation_layers_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --controls {input.controls:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_positions_figure:
    input:
        table=at.table("ablation_positions"),
        code=closure("paper_replication.steps.ablation_positions_figure"),
    output:
        pdf=at.figure("ablation_positions", "pdf"),
        png=report(
            at.figure("ablation_positions", "png"), caption="../report/ablation_positions.rst", category="Ablations"
        ),
        record=at.record(at.figure("ablation_positions", "pdf")),
    log:
        at.log("ablation_positions_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("ablation_positions_figure").threads
    resources:
        **study.job_resources("ablation_positions_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.ablation_positions_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule adapter_weight_figure:
    input:
        table=at.table("adapter_weight"),
        geometry=at.table("delta_geometry"),
        code=closure("paper_replication.steps.adapter_weight_figure"),
    output:
        pdf=at.figure("adapter_weight", "pdf"),
        png=report(at.figure("adapter_weight", "png"), caption="../report/adapter_weight.rst", category="Ablations"),
        record=at.record(at.figure("adapter_weight", "pdf")),
    log:
        at.log("adapter_weight_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("adapter_weight_figure").threads
    resources:
        **study.job_resources("adapter_weight_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.adapter_weight_figure --corpus-name {params.corpus} --table {input.table:q} --geometry {input.geometry:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule delta_geometry_figure:
    input:
        geometry=at.table("delta_geometry"),
        directions=at.table("ablation_directions"),
        inputs=at.table("ablation_inputs"),
        code=closure("paper_replication.steps.delta_geometry_figure"),
    output:
        pdf=at.figure("delta_geometry", "pdf"),
        png=report(at.figure("delta_geometry", "png"), caption="../report/delta_geometry.rst", category="Ablations"),
        record=at.record(at.figure("delta_geometry", "pdf")),
    log:
        at.log("delta_geometry_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("delta_geometry_figure").threads
    resources:
        **study.job_resources("delta_geometry_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.delta_geometry_figure --corpus-name {params.corpus} --geometry {input.geometry:q} --directions {input.directions:q} --inputs {input.inputs:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule ablation_inputs_figure:
    input:
        table=at.table("ablation_inputs"),
        code=closure("paper_replication.steps.ablation_inputs_figure"),
    output:
        pdf=at.figure("ablation_inputs", "pdf"),
        png=report(at.figure("ablation_inputs", "png"), caption="../report/ablation_inputs.rst", category="Ablations"),
        record=at.record(at.figure("ablation_inputs", "pdf")),
    log:
        at.log("ablation_inputs_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("ablation_inputs_figure").threads
    resources:
        **study.job_resources("ablation_inputs_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.ablation_inputs_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
