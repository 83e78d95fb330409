# Every model steered with the differences of all: whether it is the vector that speaks of a finetuning, or the model.


rule cross_steered:
    input:
        cards=at.table("steered_answers"),
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
