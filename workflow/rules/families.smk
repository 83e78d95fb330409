# Families of models beside one another: one table, one figure.


rule families_table:
    input:
        graded=[study.of_label(label, f"lens/{study.main_corpus}/graded.csv") for label in study.shared_labels()],
        code=closure("paper_replication.steps.families_table"),
    output:
        table=at.table("families"),
        organisms=at.table("families_organisms"),
        contrasts=at.table("families_contrasts"),
        tokens=at.table("families_tokens"),
        record=at.record(at.table("families")),
    log:
        at.log("families_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("families_table").threads
    resources:
        **study.job_resources("families_table"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.families_table --graded-tokens {params.graded_tokens}"
        " --graded {input.graded:q} --table {output.table:q} --organisms {output.organisms:q}"
        " --contrast-table {output.contrasts:q} --tokens {output.tokens:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule families_figure:
    input:
        table=at.table("families"),
        organisms=at.table("families_organisms"),
        code=closure("paper_replication.steps.families_figure"),
    output:
        pdf=at.figure("families", "pdf"),
        png=report(at.figure("families", "png"), caption="../report/families.rst", category="Traces"),
        record=at.record(at.figure("families", "pdf")),
    log:
        at.log("families_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("families_figure").threads
    resources:
        **study.job_resources("families_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.families_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --organisms {input.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
