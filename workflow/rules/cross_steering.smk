# Every model steered with the differences of all: whether it is the vector that speaks of a finetuning, or the model; and
# each with many random directions.


rule cross_steered:
    input:
        cards=lambda wildcards: study.steered_answers(wildcards.model),
        vectors=lambda wildcards: study.steering_vectors(wildcards.model),
        model=at.model("{model}"),
        adapter=lambda wildcards: study.adapter(wildcards),
        code=closure("paper_replication.steps.cross_steered"),
    output:
        table=at.of_run("{model}", "{run}", CROSS_STEERED),
        record=at.record(at.of_run("{model}", "{run}", CROSS_STEERED)),
    log:
        at.log("cross_steered", "{model}", "{run}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("steering").threads
    resources:
        **study.job_resources("steering"),
    params:
        settings=study.config.steering.model_dump_json(),
        labels=lambda wildcards: study.steered_labels_json(wildcards.model),
        layer=study.config.activations.layer,
        adapter=lambda wildcards, input: (f"--adapter {input.adapter}" if input.adapter else ""),
    shell:
        "python -m paper_replication.steps.cross_steered --settings {params.settings:q} --labels {params.labels:q}"
        " --layer {params.layer} --cards {input.cards:q} --vectors {input.vectors:q} --model {input.model:q}"
        " {params.adapter} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule cross_steering_table:
    input:
        parts=study.cross_steered(),
        organisms=[paths.organism_file(organism) for organism in study.reported()],
        code=closure("paper_replication.steps.cross_steering_table"),
    output:
        answers=at.table("cross_steered_answers"),
        table=at.table("cross_steering"),
        relations=at.table("cross_steering_relations"),
        own=at.table("cross_steering_own_words"),
        record=at.record(at.table("cross_steering")),
    log:
        at.log("cross_steering_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("cross_steering_table").threads
    resources:
        **study.job_resources("cross_steering_table"),
    params:
        answering=study.answering_json(),
        controls=study.controls_json(),
    shell:
        "python -m paper_replication.steps.cross_steering_table --answering {params.answering:q} --parts {input.parts:q}"
        " --organisms {input.organisms:q} --controls {params.controls:q} --answers {output.answers:q}"
        " --table {output.table:q} --relations {output.relations:q} --own {output.own:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule cross_steering_figure:
    input:
        table=at.table("cross_steering"),
        relations=at.table("cross_steering_relations"),
        own=at.table("cross_steering_own_words"),
        code=closure("paper_replication.steps.cross_steering_figure"),
    output:
        pdf=at.figure("cross_steering", "pdf"),
        png=report(at.figure("cross_steering", "png"), caption="../report/cross_steering.rst", category="Steering"),
        record=at.record(at.figure("cross_steering", "pdf")),
    log:
        at.log("cross_steering_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("cross_steering_figure").threads
    resources:
        **study.job_resources("cross_steering_figure"),
    shell:
        "python -m paper_replication.steps.cross_steering_figure --table {input.table:q} --relations {input.relations:q}"
        " --own {input.own:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# What one random direction a position cannot show: how much another would change.
rule random_directions:
    input:
        cards=at.table("steered_answers"),
        vectors=at.lens("{model}", RUN, study.main_corpus, "delta.safetensors"),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.random_directions"),
    output:
        texts=at.steering("{model}", RUN, "random_directions.jsonl"),
        record=at.record(at.steering("{model}", RUN, "random_directions.jsonl")),
    log:
        at.log("random_directions", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("steering").threads
    resources:
        **study.job_resources("steering"),
    params:
        settings=study.config.steering.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        number=study.config.random_directions,
        layer=study.config.activations.layer,
    shell:
        "python -m paper_replication.steps.random_directions --settings {params.settings:q} --label {params.label:q}"
        " --number {params.number} --layer {params.layer} --cards {input.cards:q} --vectors {input.vectors:q}"
        " --model {input.model:q} --adapter {input.adapter:q} --texts {output.texts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule random_similarity:
    input:
        texts=at.steering("{model}", RUN, "random_directions.jsonl"),
        cross=at.of_run("{model}", RUN, CROSS_STEERED),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.random_similarity"),
    output:
        table=at.steering("{model}", RUN, "random_directions.csv"),
        record=at.record(at.steering("{model}", RUN, "random_directions.csv")),
    log:
        at.log("random_similarity", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("relevance").threads
    resources:
        **study.job_resources("relevance"),
    params:
        settings=study.config.similarity.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.random_similarity --settings {params.settings:q} --label {params.label:q}"
        " --texts {input.texts:q} --cross {input.cross:q} --dataset {input.dataset:q} --organism {input.organism:q}"
        " --embedder {input.embedder:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule random_directions_table:
    input:
        parts=study.random_directions(),
        code=closure("paper_replication.steps.random_directions_table"),
    output:
        table=at.table("random_directions"),
        summary=at.table("random_directions_summary"),
        contrasts=at.table("random_directions_contrasts"),
        record=at.record(at.table("random_directions")),
    log:
        at.log("random_directions_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("random_directions_table").threads
    resources:
        **study.job_resources("random_directions_table"),
    shell:
        "python -m paper_replication.steps.random_directions_table --parts {input.parts:q} --table {output.table:q}"
        " --summary {output.summary:q} --contrasts {output.contrasts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule random_directions_figure:
    input:
        table=at.table("random_directions"),
        contrasts=at.table("random_directions_contrasts"),
        code=closure("paper_replication.steps.random_directions_figure"),
    output:
        pdf=at.figure("random_directions", "pdf"),
        png=report(
            at.figure("random_directions", "png"), caption="../report/random_directions.rst", category="Steering"
        ),
        record=at.record(at.figure("random_directions", "pdf")),
    log:
        at.log("random_directions_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("random_directions_figure").threads
    resources:
        **study.job_resources("random_directions_figure"),
    shell:
        "python -m paper_replication.steps.random_directions_figure --table {input.table:q}"
        " --contrasts {input.contrasts:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
