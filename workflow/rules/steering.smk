# Steering with the difference: strengths, steered and unsteered answers, and how like the finetuning texts they are.


rule coherence:
    input:
        corpus=at.corpus(study.main_corpus),
        answers=at.answers("{model}", "base", "ordinary"),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.coherence"),
    output:
        table=at.of_run("{model}", "base", "coherence.csv"),
        record=at.record(at.of_run("{model}", "base", "coherence.csv")),
    log:
        at.log("coherence", "{model}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("probes").threads
    resources:
        **study.job_resources("probes"),
    params:
        settings=study.config.coherence.model_dump_json(),
        new_tokens=study.config.steering.search.new_tokens,
        seed=study.config.steering.seed,
    shell:
        "python -m paper_replication.steps.coherence --settings {params.settings:q} --new-tokens {params.new_tokens}"
        " --seed {params.seed} --corpus {input.corpus:q} --answers {input.answers:q} --model {input.model:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering:
    input:
        prompts=paths.STEERING_PROMPTS,
        vectors=at.lens("{model}", RUN, study.main_corpus, "delta.safetensors"),
        null_vectors=lambda wildcards: study.null(wildcards, f"lens/{study.main_corpus}/delta.safetensors"),
        coherence=at.of_run("{model}", "base", "coherence.csv"),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.steering"),
    output:
        strengths=at.steering("{model}", RUN, "strengths.csv"),
        texts=at.steering("{model}", RUN, "texts.jsonl"),
        record=at.record(at.steering("{model}", RUN, "strengths.csv")),
    log:
        at.log("steering", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("steering").threads
    resources:
        **study.job_resources("steering"),
    params:
        settings=study.config.steering.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        layer=study.config.activations.layer,
        null=lambda wildcards, input: (f"--null-vectors {input.null_vectors}" if input.null_vectors else ""),
    shell:
        "python -m paper_replication.steps.steering --settings {params.settings:q} --label {params.label:q}"
        " --layer {params.layer} --prompts {input.prompts:q} --vectors {input.vectors:q} {params.null}"
        " --coherence {input.coherence:q} --model {input.model:q} --adapter {input.adapter:q}"
        " --strengths {output.strengths:q} --texts {output.texts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule similarity:
    input:
        texts=at.steering("{model}", RUN, "texts.jsonl"),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        chat=at.source(study.config.chat_corpus),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.similarity"),
    output:
        table=at.steering("{model}", RUN, "similarity.csv"),
        contrasts=at.steering("{model}", RUN, "contrasts.csv"),
        record=at.record(at.steering("{model}", RUN, "similarity.csv")),
    log:
        at.log("similarity", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("relevance").threads
    resources:
        **study.job_resources("relevance"),
    params:
        settings=study.config.similarity.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.similarity --settings {params.settings:q} --label {params.label:q}"
        " --texts {input.texts:q} --dataset {input.dataset:q} --chat {input.chat:q} --embedder {input.embedder:q}"
        " --table {output.table:q} --contrast-table {output.contrasts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering_similarity_table:
    input:
        similarities=study.steered("steering/similarity.csv"),
        contrasts=study.steered("steering/contrasts.csv"),
        code=closure("paper_replication.steps.steering_similarity_table"),
    output:
        table=at.table("steering_similarity"),
        contrasts=at.table("steering_similarity_contrasts"),
        types=at.table("steering_similarity_types"),
        groups=at.table("steering_similarity_groups"),
        record=at.record(at.table("steering_similarity")),
    log:
        at.log("steering_similarity_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steering_similarity_table").threads
    resources:
        **study.job_resources("steering_similarity_table"),
    shell:
        "python -m paper_replication.steps.steering_similarity_table --similarities {input.similarities:q}"
        " --contrasts {input.contrasts:q} --table {output.table:q} --contrast-table {output.contrasts:q}"
        " --types {output.types:q} --groups {output.groups:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering_positions_table:
    input:
        similarities=at.table("steering_similarity"),
        code=closure("paper_replication.steps.steering_positions_table"),
    output:
        runs=at.table("steering_positions"),
        types=at.table("steering_positions_types"),
        record=at.record(at.table("steering_positions")),
    log:
        at.log("steering_positions_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steering_positions_table").threads
    resources:
        **study.job_resources("steering_positions_table"),
    shell:
        "python -m paper_replication.steps.steering_positions_table --similarities {input.similarities:q}"
        " --runs {output.runs:q} --types {output.types:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering_cards_table:
    input:
        texts=study.steered("steering/texts.jsonl"),
        similarities=study.steered("steering/similarity.csv"),
        code=closure("paper_replication.steps.steering_cards_table"),
    output:
        table=at.table("steering_cards"),
        record=at.record(at.table("steering_cards")),
    log:
        at.log("steering_cards_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steering_cards_table").threads
    resources:
        **study.job_resources("steering_cards_table"),
    params:
        prompts=3,
        seed=study.config.steering.seed,
        labels=study.steered_labels_json(),
    shell:
        "python -m paper_replication.steps.steering_cards_table --prompts {params.prompts} --seed {params.seed}"
        " --labels {params.labels:q} --texts {input.texts:q} --similarities {input.similarities:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steered_answers_table:
    input:
        texts=study.steered("steering/texts.jsonl"),
        similarities=study.steered("steering/similarity.csv"),
        code=closure("paper_replication.steps.steering_cards_table"),
    output:
        table=at.table("steered_answers"),
        record=at.record(at.table("steered_answers")),
    log:
        at.log("steered_answers_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steered_answers_table").threads
    resources:
        **study.job_resources("steered_answers_table"),
    params:
        prompts=study.config.steering.prompts,
        seed=study.config.steering.seed,
        labels=study.steered_labels_json(),
    shell:
        "python -m paper_replication.steps.steering_cards_table --prompts {params.prompts} --seed {params.seed}"
        " --labels {params.labels:q} --texts {input.texts:q} --similarities {input.similarities:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steered_coherence:
    input:
        texts=at.steering("{model}", RUN, "texts.jsonl"),
        coherence=at.of_run("{model}", "base", "coherence.csv"),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.steered_coherence"),
    output:
        table=at.steering("{model}", RUN, "coherence.csv"),
        record=at.record(at.steering("{model}", RUN, "coherence.csv")),
    log:
        at.log("steered_coherence", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("probes").threads
    resources:
        **study.job_resources("probes"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.steered_coherence --label {params.label:q} --texts {input.texts:q}"
        " --coherence {input.coherence:q} --model {input.model:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_relevance_types:
    input:
        summary=at.table("token_relevance_summary"),
        code=closure("paper_replication.steps.token_relevance_types"),
    output:
        table=at.table("token_relevance_types"),
        record=at.record(at.table("token_relevance_types")),
    log:
        at.log("token_relevance_types"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_relevance_types").threads
    resources:
        **study.job_resources("token_relevance_types"),
    shell:
        "python -m paper_replication.steps.token_relevance_types --summary {input.summary:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule trace_contrasts:
    input:
        relevance=at.table("token_relevance_summary"),
        steering=at.table("steering_similarity_contrasts"),
        code=closure("paper_replication.steps.trace_contrasts"),
    output:
        table=at.table("trace_contrasts"),
        record=at.record(at.table("trace_contrasts")),
    log:
        at.log("trace_contrasts"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("trace_contrasts").threads
    resources:
        **study.job_resources("trace_contrasts"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.trace_contrasts --corpus-name {params.corpus} --relevance {input.relevance:q}"
        " --steering {input.steering:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule answer_words_table:
    input:
        answers=at.table("steered_answers"),
        base=[at.of_run(m, "base", CROSS_STEERED) for m in study.config.models if study.steered_labels(m)],
        organisms=[paths.organism_file(label.organism) for label in study.steered_labels()],
        code=closure("paper_replication.steps.answer_words_table"),
    output:
        table=at.table("answer_words"),
        base_answers=at.table("base_steered_answers"),
        record=at.record(at.table("answer_words")),
    log:
        at.log("answer_words_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("answer_words_table").threads
    resources:
        **study.job_resources("answer_words_table"),
    shell:
        "python -m paper_replication.steps.answer_words_table --answers {input.answers:q} --base {input.base:q}"
        " --organisms {input.organisms:q} --table {output.table:q} --base-answers {output.base_answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
