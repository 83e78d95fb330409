# The causal effect of the difference on the loss, and of random directions: two measurements a run, one table; and one
# position's difference beside others' and as much at random directions.


rule causal_effect:
    input:
        vectors=at.lens("{model}", RUN, study.causal_corpus, "delta.safetensors"),
        activations=at.activations("{model}", "base", study.causal_corpus),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        chat=at.source(study.config.chat_corpus),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.causal_effect"),
    output:
        effects=at.of_run("{model}", RUN, "causal.csv"),
        record=at.record(at.of_run("{model}", RUN, "causal.csv")),
    log:
        at.log("causal_effect", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("causal_effect").threads
    resources:
        **study.job_resources("causal_effect"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        settings=lambda wildcards: study.causal_settings(wildcards).model_dump_json(),
        layer=study.config.activations.layer,
        lens_documents=study.config.lens_corpora[study.main_corpus],
        window=study.config.activations.window,
    shell:
        "python -m paper_replication.steps.causal_effect --label {params.label:q} --settings {params.settings:q}"
        " --layer {params.layer} --lens-documents {params.lens_documents} --window {params.window}"
        " --vectors {input.vectors:q} --activations {input.activations:q} --dataset {input.dataset:q}"
        " --corpus {input.corpus:q} --chat {input.chat:q} --model {input.model:q} --adapter {input.adapter:q}"
        " --effects {output.effects:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_controls:
    input:
        vectors=at.lens("{model}", RUN, study.causal_corpus, "delta.safetensors"),
        activations=at.activations("{model}", "base", study.causal_corpus),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        chat=at.source(study.config.chat_corpus),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.causal_controls"),
    output:
        effects=at.of_run("{model}", RUN, "causal_controls.csv"),
        record=at.record(at.of_run("{model}", RUN, "causal_controls.csv")),
    log:
        at.log("causal_controls", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("causal_effect").threads
    resources:
        **study.job_resources("causal_effect"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        settings=lambda wildcards: study.causal_settings(wildcards).model_dump_json(),
        layer=study.config.activations.layer,
        lens_documents=study.config.lens_corpora[study.main_corpus],
        window=study.config.activations.window,
    shell:
        "python -m paper_replication.steps.causal_controls --label {params.label:q} --settings {params.settings:q}"
        " --layer {params.layer} --lens-documents {params.lens_documents} --window {params.window}"
        " --vectors {input.vectors:q} --activations {input.activations:q} --dataset {input.dataset:q}"
        " --corpus {input.corpus:q} --chat {input.chat:q} --model {input.model:q} --adapter {input.adapter:q}"
        " --effects {output.effects:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_matched:
    input:
        vectors=lambda wildcards: study.matched_vectors(wildcards),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        chat=at.source(study.config.chat_corpus),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.causal_matched"),
    output:
        effects=at.of_run("{model}", RUN, "causal_matched.csv"),
        record=at.record(at.of_run("{model}", RUN, "causal_matched.csv")),
    log:
        at.log("causal_matched", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("causal_effect").threads
    resources:
        **study.job_resources("causal_effect"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        settings=lambda wildcards: study.causal_settings(wildcards).model_dump_json(),
        matched=study.config.causal_matched.model_dump_json(),
        labels=lambda wildcards: study.first_labels_json(wildcards.model),
        layer=study.config.activations.layer,
        lens_documents=study.config.lens_corpora[study.main_corpus],
        window=study.config.activations.window,
    shell:
        "python -m paper_replication.steps.causal_matched --label {params.label:q} --settings {params.settings:q}"
        " --matched {params.matched:q} --labels {params.labels:q} --layer {params.layer}"
        " --lens-documents {params.lens_documents} --window {params.window} --vectors {input.vectors:q}"
        " --dataset {input.dataset:q} --corpus {input.corpus:q} --chat {input.chat:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --effects {output.effects:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_matched_table:
    input:
        parts=study.causal_matched(),
        code=closure("paper_replication.steps.causal_matched_table"),
    output:
        table=at.table("causal_matched"),
        by_type=at.table("causal_matched_contrasts"),
        record=at.record(at.table("causal_matched")),
    log:
        at.log("causal_matched_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_matched_table").threads
    resources:
        **study.job_resources("causal_matched_table"),
    params:
        controls=study.controls_json(),
    shell:
        "python -m paper_replication.steps.causal_matched_table --parts {input.parts:q} --controls {params.controls:q}"
        " --table {output.table:q} --by-type {output.by_type:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_matched_figure:
    input:
        table=at.table("causal_matched"),
        code=closure("paper_replication.steps.causal_matched_figure"),
    output:
        pdf=at.figure("causal_matched", "pdf"),
        png=report(
            at.figure("causal_matched", "png"), caption="../report/causal_matched.rst", category="Cause and cure"
        ),
        record=at.record(at.figure("causal_matched", "pdf")),
    log:
        at.log("causal_matched_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_matched_figure").threads
    resources:
        **study.job_resources("causal_matched_figure"),
    shell:
        "python -m paper_replication.steps.causal_matched_figure --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_effect_figure:
    input:
        effects=at.table("causal_effect"),
        code=closure("paper_replication.steps.causal_effect_figure"),
    output:
        pdf=at.figure("causal_effect", "pdf"),
        png=report(at.figure("causal_effect", "png"), caption="../report/causal_effect.rst", category="Cause and cure"),
        record=at.record(at.figure("causal_effect", "pdf")),
    log:
        at.log("causal_effect_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_effect_figure").threads
    resources:
        **study.job_resources("causal_effect_figure"),
    shell:
        "python -m paper_replication.steps.causal_effect_figure --effects {input.effects:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_zero_figure:
    input:
        effects=at.table("causal_effect"),
        code=closure("paper_replication.steps.causal_zero_figure"),
    output:
        pdf=at.figure("causal_zero", "pdf"),
        png=report(at.figure("causal_zero", "png"), caption="../report/causal_zero.rst", category="Cause and cure"),
        record=at.record(at.figure("causal_zero", "pdf")),
    log:
        at.log("causal_zero_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_zero_figure").threads
    resources:
        **study.job_resources("causal_zero_figure"),
    shell:
        "python -m paper_replication.steps.causal_zero_figure --effects {input.effects:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_harm_table:
    input:
        effects=at.table("causal_effect"),
        code=closure("paper_replication.steps.causal_harm_table"),
    output:
        table=at.table("causal_harm"),
        record=at.record(at.table("causal_harm")),
    log:
        at.log("causal_harm_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_harm_table").threads
    resources:
        **study.job_resources("causal_harm_table"),
    shell:
        "python -m paper_replication.steps.causal_harm_table --effects {input.effects:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule causal_harm_figure:
    input:
        table=at.table("causal_harm"),
        code=closure("paper_replication.steps.causal_harm_figure"),
    output:
        pdf=at.figure("causal_harm", "pdf"),
        png=report(at.figure("causal_harm", "png"), caption="../report/causal_harm.rst", category="Cause and cure"),
        record=at.record(at.figure("causal_harm", "pdf")),
    log:
        at.log("causal_harm_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("causal_harm_figure").threads
    resources:
        **study.job_resources("causal_harm_figure"),
    shell:
        "python -m paper_replication.steps.causal_harm_figure --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
