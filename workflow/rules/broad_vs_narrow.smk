# Broad finetuning beside narrow finetuning and nulls: one table, one figure.


rule broad_vs_narrow_table:
    input:
        relevance=at.table("token_relevance_seeds"),
        contrasts=[study.of_label(label, "steering/contrasts.csv") for label in study.compared_labels()],
        delta=at.table("delta"),
        code=closure("paper_replication.steps.broad_vs_narrow_table"),
    output:
        table=at.table("broad_vs_narrow"),
        record=at.record(at.table("broad_vs_narrow")),
    log:
        at.log("broad_vs_narrow_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("broad_vs_narrow_table").threads
    resources:
        **study.job_resources("broad_vs_narrow_table"),
    params:
        runs=study.compared_json(),
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.broad_vs_narrow_table --runs {params.runs:q} --corpus-name {params.corpus}"
        " --relevance {input.relevance:q} --contrasts {input.contrasts:q} --delta {input.delta:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule broad_vs_narrow_figure:
    input:
        table=at.table("broad_vs_narrow"),
        code=closure("paper_replication.steps.broad_vs_narrow_figure"),
    output:
        pdf=at.figure("broad_vs_narrow", "pdf"),
        png=report(at.figure("broad_vs_narrow", "png"), caption="../report/broad_vs_narrow.rst", category="Traces"),
        record=at.record(at.figure("broad_vs_narrow", "pdf")),
    log:
        at.log("broad_vs_narrow_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("broad_vs_narrow_figure").threads
    resources:
        **study.job_resources("broad_vs_narrow_figure"),
    shell:
        "python -m paper_replication.steps.broad_vs_narrow_figure --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
