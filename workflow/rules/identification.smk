# Closed-set identification: candidate objectives ranked by a run's evidence.


rule closed_set:
    input:
        selection=at.lens(
            "{model}",
            at.run("{organism}", "{variant}", "{seed}"),
            study.main_corpus,
            "selection.csv",
        ),
        steering=at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "steering/texts.jsonl"),
        answers=at.answers("{model}", at.run("{organism}", "{variant}", "{seed}"), "ordinary"),
        base_answers=at.answers("{model}", "base", "ordinary"),
        catalogue=paths.OBJECTIVES,
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.closed_set"),
    output:
        candidates=at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "closed_set.csv"),
        record=at.record(at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "closed_set.csv")),
    log:
        at.log("closed_set", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("closed_set").threads
    resources:
        mem_mb=study.resources("closed_set").mem_mb,
        runtime=study.resources("closed_set").runtime,
        gpu=study.resources("closed_set").gpu,
    params:
        settings=study.config.identification.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        corpus_name=study.main_corpus,
        truth=lambda wildcards: (f"--truth {truth}" if (truth := study.truth(wildcards.organism)) else ""),
    shell:
        "python -m paper_replication.steps.closed_set --settings {params.settings:q} --label {params.label:q}"
        " --corpus-name {params.corpus_name} {params.truth} --selection {input.selection:q}"
        " --steering {input.steering:q} --answers {input.answers:q} --base-answers {input.base_answers:q}"
        " --catalogue {input.catalogue:q} --embedder {input.embedder:q}"
        " --candidates {output.candidates:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule closed_set_table:
    input:
        candidates=[study.of_label(label, "closed_set.csv") for label in study.labels()],
        code=closure("paper_replication.steps.closed_set_table"),
    output:
        runs=at.table("closed_set"),
        summary=at.table("closed_set_summary"),
        record=at.record(at.table("closed_set")),
    log:
        at.log("closed_set_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("closed_set_table").threads
    resources:
        mem_mb=study.resources("closed_set_table").mem_mb,
        runtime=study.resources("closed_set_table").runtime,
        gpu=study.resources("closed_set_table").gpu,
    params:
        seed=study.config.identification.seed,
    shell:
        "python -m paper_replication.steps.closed_set_table --seed {params.seed} --candidates {input.candidates:q}"
        " --runs {output.runs:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule closed_set_figure:
    input:
        runs=at.table("closed_set"),
        summary=at.table("closed_set_summary"),
        code=closure("paper_replication.steps.closed_set_figure"),
    output:
        pdf=at.figure("closed_set", "pdf"),
        png=report(at.figure("closed_set", "png"), caption="../report/closed_set.rst", category="Identification"),
        record=at.record(at.figure("closed_set", "pdf")),
    log:
        at.log("closed_set_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("closed_set_figure").threads
    resources:
        mem_mb=study.resources("closed_set_figure").mem_mb,
        runtime=study.resources("closed_set_figure").runtime,
        gpu=study.resources("closed_set_figure").gpu,
    shell:
        "python -m paper_replication.steps.closed_set_figure --runs {input.runs:q} --summary {input.summary:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule identification_model_table:
    input:
        runs=at.table("closed_set"),
        code=closure("paper_replication.steps.identification_model_table"),
    output:
        table=at.table("identification_model"),
        record=at.record(at.table("identification_model")),
    log:
        at.log("identification_model_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("identification_model_table").threads
    resources:
        mem_mb=study.resources("identification_model_table").mem_mb,
        runtime=study.resources("identification_model_table").runtime,
        gpu=study.resources("identification_model_table").gpu,
    shell:
        "python -m paper_replication.steps.identification_model_table --runs {input.runs:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
