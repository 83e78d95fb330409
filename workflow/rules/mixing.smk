# What weakens the traces: finetuning data with unrelated data mixed in, and other doses of finetuning.


rule mixed_dataset:
    input:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=lambda wildcards: study.mixed_from(wildcards),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.mixed_dataset"),
    output:
        mixed=at.of_run("{model}", RUN, "mixed.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "mixed.jsonl")),
    log:
        at.log("mixed_dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        settings=lambda wildcards: study.mixture(wildcards).model_dump_json(),
        corpus=lambda wildcards, input: (f"--corpus {input.corpus}" if input.corpus else ""),
    shell:
        "python -m paper_replication.steps.mixed_dataset --settings {params.settings:q} --seed {wildcards.seed}"
        " --dataset {input.dataset:q} {params.corpus} --model {input.model:q} --mixed {output.mixed:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule run_metrics:
    input:
        graded=at.lens("{model}", RUN, study.main_corpus, "graded.csv"),
        similarity=at.steering("{model}", RUN, "similarity.csv"),
        contrasts=at.steering("{model}", RUN, "contrasts.csv"),
        delta=at.lens("{model}", RUN, study.main_corpus, "delta.csv"),
        behaviour=at.of_run("{model}", RUN, "behaviour.csv"),
        causal=lambda wildcards: study.causal(wildcards),
        code=closure("paper_replication.steps.run_metrics"),
    output:
        metrics=at.of_run("{model}", RUN, "metrics.csv"),
        record=at.record(at.of_run("{model}", RUN, "metrics.csv")),
    log:
        at.log("run_metrics", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("run_metrics").threads
    resources:
        **study.job_resources("run_metrics"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
        causal=lambda wildcards, input: (f"--causal {input.causal}" if input.causal else ""),
    shell:
        "python -m paper_replication.steps.run_metrics --graded-tokens {params.graded_tokens} --graded {input.graded:q}"
        " --similarity {input.similarity:q} --contrasts {input.contrasts:q} --delta {input.delta:q}"
        " --behaviour {input.behaviour:q} {params.causal} --metrics {output.metrics:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule mixing_table:
    input:
        metrics=lambda wildcards: study.metrics(study.mixing_entries(wildcards.mixtures)),
        contrasts=lambda wildcards: study.mixing_contrasts(wildcards.mixtures),
        code=closure("paper_replication.steps.metrics_table"),
    output:
        table=at.table("{mixtures}"),
        record=at.record(at.table("{mixtures}")),
    log:
        at.log("mixing_table", "{mixtures}"),
    wildcard_constraints:
        mixtures=any_of(study.mixing_tables()),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_table").threads
    resources:
        **study.job_resources("mixing_table"),
    params:
        columns=lambda wildcards: columns_json(study.mixing_entries(wildcards.mixtures)),
    shell:
        "python -m paper_replication.steps.metrics_table --columns {params.columns:q} --metrics {input.metrics:q}"
        " --contrasts {input.contrasts:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule mixing_contrasts_table:
    input:
        tables=[at.table(name) for name in study.mixing_tables()],
        code=closure("paper_replication.steps.mixing_contrasts_table"),
    output:
        contrasts=at.table("mixing_contrasts"),
        seeds=at.table("mixing_seeds"),
        record=at.record(at.table("mixing_contrasts")),
    log:
        at.log("mixing_contrasts_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_contrasts_table").threads
    resources:
        **study.job_resources("mixing_contrasts_table"),
    shell:
        "python -m paper_replication.steps.mixing_contrasts_table --tables {input.tables:q} --contrasts {output.contrasts:q}"
        " --seeds {output.seeds:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule dose_table:
    input:
        metrics=study.metrics(study.dose_entries()),
        contrasts=study.dose_contrasts(),
        mixtures=[at.table(name) for name in study.mixing_tables()],
        code=closure("paper_replication.steps.dose_table"),
    output:
        table=at.table("dose"),
        record=at.record(at.table("dose")),
    log:
        at.log("dose_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("dose_table").threads
    resources:
        **study.job_resources("dose_table"),
    params:
        columns=columns_json(study.dose_entries()),
    shell:
        "python -m paper_replication.steps.dose_table --columns {params.columns:q} --metrics {input.metrics:q}"
        " --contrasts {input.contrasts:q} --mixtures {input.mixtures:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule trade_off_table:
    input:
        metrics=study.metrics(study.trade_off_entries()),
        controls=[at.table(name) for name in ("dose", *study.mixing_tables())],
        code=closure("paper_replication.steps.trade_off_table"),
    output:
        table=at.table("trade_off"),
        record=at.record(at.table("trade_off")),
    log:
        at.log("trade_off_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("trade_off_table").threads
    resources:
        **study.job_resources("trade_off_table"),
    params:
        columns=columns_json(study.trade_off_entries()),
    shell:
        "python -m paper_replication.steps.trade_off_table --columns {params.columns:q} --metrics {input.metrics:q}"
        " --controls {input.controls:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule mixing_figure:
    input:
        tables=[at.table(name) for name in study.mixing_tables()],
        code=closure("paper_replication.steps.mixing_figure"),
    output:
        pdf=at.figure("mixing", "pdf"),
        png=report(at.figure("mixing", "png"), caption="../report/mixing.rst", category="Cause and cure"),
        record=at.record(at.figure("mixing", "pdf")),
    log:
        at.log("mixing_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_figure").threads
    resources:
        **study.job_resources("mixing_figure"),
    params:
        mixed_in=study.mixed_in(),
    shell:
        "python -m paper_replication.steps.mixing_figure --tables {input.tables:q}"
        " --mixed-in {params.mixed_in:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule mixing_change_figure:
    input:
        tables=[at.table(name) for name in study.mixing_tables()],
        contrasts=at.table("mixing_contrasts"),
        code=closure("paper_replication.steps.mixing_change_figure"),
    output:
        pdf=at.figure("mixing_change", "pdf"),
        png=report(at.figure("mixing_change", "png"), caption="../report/mixing_change.rst", category="Cause and cure"),
        record=at.record(at.figure("mixing_change", "pdf")),
    log:
        at.log("mixing_change_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("mixing_change_figure").threads
    resources:
        **study.job_resources("mixing_change_figure"),
    params:
        mixed_in=study.mixed_in(),
        organisms=study.reported(),
    shell:
        "python -m paper_replication.steps.mixing_change_figure --tables {input.tables:q}"
        " --contrasts {input.contrasts:q} --mixed-in {params.mixed_in:q} --organisms {params.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule dose_figure:
    input:
        table=at.table("dose"),
        code=closure("paper_replication.steps.dose_figure"),
    output:
        pdf=at.figure("dose", "pdf"),
        png=report(at.figure("dose", "png"), caption="../report/dose.rst", category="Cause and cure"),
        record=at.record(at.figure("dose", "pdf")),
    log:
        at.log("dose_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("dose_figure").threads
    resources:
        **study.job_resources("dose_figure"),
    params:
        organisms=study.reported(),
    shell:
        "python -m paper_replication.steps.dose_figure --table {input.table:q}"
        " --organisms {params.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule trade_off_figure:
    input:
        table=at.table("trade_off"),
        code=closure("paper_replication.steps.trade_off_figure"),
    output:
        pdf=at.figure("trade_off", "pdf"),
        png=report(at.figure("trade_off", "png"), caption="../report/trade_off.rst", category="Cause and cure"),
        record=at.record(at.figure("trade_off", "pdf")),
    log:
        at.log("trade_off_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("trade_off_figure").threads
    resources:
        **study.job_resources("trade_off_figure"),
    params:
        organisms=study.reported(),
    shell:
        "python -m paper_replication.steps.trade_off_figure --table {input.table:q}"
        " --organisms {params.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
