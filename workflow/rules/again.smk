# A study made a second time, with other seeds: its results beside those of the first, which are another tier's.


rule again_table:
    input:
        first=lambda wildcards: study.first_tables(*COMPARED),
        again=[at.table(name) for name in COMPARED],
        mixing=lambda wildcards: study.first_tables("mixing"),
        code=closure("paper_replication.steps.again_table"),
    output:
        table=at.table("again"),
        types=at.table("again_types"),
        record=at.record(at.table("again")),
    log:
        at.log("again_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("again_table").threads
    resources:
        **study.job_resources("again_table"),
    shell:
        "python -m paper_replication.steps.again_table --first {input.first:q} --again {input.again:q}"
        " --mixing {input.mixing:q} --table {output.table:q} --types {output.types:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule again_figure:
    input:
        table=at.table("again"),
        types=at.table("again_types"),
        code=closure("paper_replication.steps.again_figure"),
    output:
        pdf=at.figure("again", "pdf"),
        png=report(at.figure("again", "png"), caption="../report/again.rst", category="Traces"),
        record=at.record(at.figure("again", "pdf")),
    log:
        at.log("again_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("again_figure").threads
    resources:
        **study.job_resources("again_figure"),
    params:
        precision=study.config.recipe.precision,
    shell:
        "python -m paper_replication.steps.again_figure --precision {params.precision} --table {input.table:q}"
        " --types {input.types:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of its steered answers, read outside the pipeline.
rule again_answers:
    input:
        first=lambda wildcards: study.first_tables("blind_answers_summary"),
        again=at.table("answers_read_summary"),
        code=closure("paper_replication.steps.again_answers"),
    output:
        table=at.table("again_answers"),
        types=at.table("again_answers_types"),
        record=at.record(at.table("again_answers")),
    log:
        at.log("again_answers"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("again_answers").threads
    resources:
        **study.job_resources("again_answers"),
    shell:
        "python -m paper_replication.steps.again_answers --first {input.first:q} --again {input.again:q}"
        " --table {output.table:q} --types {output.types:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule again_answers_figure:
    input:
        table=at.table("again_answers"),
        types=at.table("again_answers_types"),
        code=closure("paper_replication.steps.again_answers_figure"),
    output:
        pdf=at.figure("again_answers", "pdf"),
        png=report(at.figure("again_answers", "png"), caption="../report/again_answers.rst", category="Traces"),
        record=at.record(at.figure("again_answers", "pdf")),
    log:
        at.log("again_answers_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("again_answers_figure").threads
    resources:
        **study.job_resources("again_answers_figure"),
    params:
        precision=study.config.recipe.precision,
    shell:
        "python -m paper_replication.steps.again_answers_figure --precision {params.precision} --table {input.table:q}"
        " --types {input.types:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
