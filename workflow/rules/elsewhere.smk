# Whether a trace that is gone where delta is measured on the corpus that is mixed in is gone on another corpus as well.


use rule steering as steering_elsewhere with:
    input:
        prompts=paths.STEERING_PROMPTS,
        vectors=at.lens("{model}", RUN, "{corpus}", "delta.safetensors"),
        null_vectors=lambda wildcards: study.null(wildcards, f"lens/{wildcards.corpus}/delta.safetensors"),
        coherence=at.of_run("{model}", "base", "coherence.csv"),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.steering"),
    output:
        strengths=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "strengths.csv")),
        texts=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "texts.jsonl")),
        record=at.record(at.of_run("{model}", RUN, at.elsewhere("{corpus}", "strengths.csv"))),
    log:
        at.log("steering_elsewhere", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),


use rule similarity as similarity_elsewhere with:
    input:
        texts=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "texts.jsonl")),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        chat=at.source(study.config.chat_corpus),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.similarity"),
    output:
        table=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "similarity.csv")),
        contrasts=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "contrasts.csv")),
        record=at.record(at.of_run("{model}", RUN, at.elsewhere("{corpus}", "similarity.csv"))),
    log:
        at.log("similarity_elsewhere", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),


# What hangs on the corpus: the causal effect, which is measured by the main one's difference, is left out.
use rule run_metrics as metrics_elsewhere with:
    input:
        graded=at.lens("{model}", RUN, "{corpus}", "graded.csv"),
        similarity=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "similarity.csv")),
        contrasts=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "contrasts.csv")),
        delta=at.lens("{model}", RUN, "{corpus}", "delta.csv"),
        behaviour=at.of_run("{model}", RUN, "behaviour.csv"),
        causal=[],
        code=closure("paper_replication.steps.run_metrics"),
    output:
        metrics=at.of_run("{model}", RUN, at.elsewhere("{corpus}", "metrics.csv")),
        record=at.record(at.of_run("{model}", RUN, at.elsewhere("{corpus}", "metrics.csv"))),
    log:
        at.log("metrics_elsewhere", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),


rule mixing_elsewhere_table:
    input:
        metrics=study.elsewhere_files("metrics.csv"),
        contrasts=study.elsewhere_files("contrasts.csv"),
        code=closure("paper_replication.steps.mixing_elsewhere_table"),
    output:
        table=at.table("mixing_elsewhere"),
        seeds=at.table("mixing_elsewhere_seeds"),
        record=at.record(at.table("mixing_elsewhere")),
    log:
        at.log("mixing_elsewhere_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_elsewhere_table").threads
    resources:
        **study.job_resources("mixing_elsewhere_table"),
    params:
        columns=study.elsewhere_columns(),
    shell:
        "python -m paper_replication.steps.mixing_elsewhere_table --columns {params.columns:q}"
        " --metrics {input.metrics:q} --contrasts {input.contrasts:q} --table {output.table:q} --seeds {output.seeds:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule mixing_elsewhere_figure:
    input:
        table=at.table("mixing_elsewhere"),
        seeds=at.table("mixing_elsewhere_seeds"),
        code=closure("paper_replication.steps.mixing_elsewhere_figure"),
    output:
        pdf=at.figure("mixing_elsewhere", "pdf"),
        png=report(
            at.figure("mixing_elsewhere", "png"), caption="../report/mixing_elsewhere.rst", category="Cause and cure"
        ),
        record=at.record(at.figure("mixing_elsewhere", "pdf")),
    log:
        at.log("mixing_elsewhere_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_elsewhere_figure").threads
    resources:
        **study.job_resources("mixing_elsewhere_figure"),
    shell:
        "python -m paper_replication.steps.mixing_elsewhere_figure --table {input.table:q} --seeds {input.seeds:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
