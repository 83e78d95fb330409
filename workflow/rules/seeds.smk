# How far results vary with the training seed: one organism of each type, with its null, several times.


rule seeds_table:
    input:
        graded=[study.of_label(label, f"lens/{study.main_corpus}/graded.csv") for label in study.seed_labels()],
        code=closure("paper_replication.steps.token_relevance_table"),
    output:
        positions=at.table("seeds_positions"),
        summary=at.table("seeds_summary"),
        seeds=at.table("seeds"),
        record=at.record(at.table("seeds_positions")),
    log:
        at.log("seeds_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("seeds_table").threads
    resources:
        **study.job_resources("seeds_table"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.token_relevance_table --graded-tokens {params.graded_tokens} --graded {input.graded:q}"
        " --positions {output.positions:q} --summary {output.summary:q} --seeds {output.seeds:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule seeds_figure:
    input:
        summary=at.table("seeds_summary"),
        seeds=at.table("seeds"),
        behaviour=at.table("seeds_behaviour"),
        code=closure("paper_replication.steps.token_relevance_figure"),
    output:
        pdf=at.figure("seeds", "pdf"),
        png=report(at.figure("seeds", "png"), caption="../report/seeds.rst", category="Traces"),
        record=at.record(at.figure("seeds", "pdf")),
    log:
        at.log("seeds_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("seeds_figure").threads
    resources:
        **study.job_resources("seeds_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_relevance_figure --corpus-name {params.corpus} --summary {input.summary:q} --seeds {input.seeds:q} --behaviour {input.behaviour:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
