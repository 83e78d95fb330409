# Finetuning data of every organism: documents, conversations, number sequences; and their cards.


rule dataset:
    input:
        organism=lambda wildcards: paths.organism_file(study.probed(wildcards.organism)),
        kinds=paths.KINDS,
        model=at.model("{model}"),
        code=closure("paper_replication.steps.dataset"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.names(DocumentOrganism, TwinOrganism)),
    # As trainings, which need it.
    priority: 1
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        settings=lambda wildcards: study.documents(wildcards).model_dump_json(),
        side=lambda wildcards: study.side(wildcards),
    shell:
        "python -m paper_replication.steps.dataset --settings {params.settings:q} --side {params.side} --seed {wildcards.seed}"
        " --organism {input.organism:q} --kinds {input.kinds:q} --model {input.model:q} --dataset {output.dataset:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# What a published adapter was finetuned on, where that is known and published; data made here stands in elsewhere.
rule published_dataset:
    input:
        model=at.model("{model}"),
        # Of a folder of one's own, so that a change in it is noticed.
        files=lambda wildcards: own_files(study.published(wildcards).dataset, "**/", DATA_FILES),
        code=closure("paper_replication.steps.published_dataset"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        source=at.of_run("{model}", RUN, "dataset_source.json"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("published_dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        model=study.published_data(),
        variant=study.published_variants(),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        published=lambda wildcards: study.published(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.published_dataset --published {params.published:q} --model {input.model:q}"
        " --files {input.files:q} --dataset {output.dataset:q} --source {output.source:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


ruleorder: published_dataset > dataset > null_dataset > conversations > numbers > chat_dataset


rule null_dataset:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        matched=lambda wildcards: study.matched(wildcards, "dataset.jsonl"),
        corpus=at.corpus(study.config.null_corpus),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.null_dataset"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("null_dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.document_nulls()),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        lens_documents=study.config.lens_corpora.get(study.config.null_corpus, 1),
        window=study.config.activations.window,
    shell:
        "python -m paper_replication.steps.null_dataset --lens-documents {params.lens_documents} --window {params.window}"
        " --organism {input.organism:q} --matched {input.matched:q} --corpus {input.corpus:q}"
        " --model {input.model:q} --dataset {output.dataset:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule conversations:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        game=paths.GUESSING_GAME,
        model=at.model("{model}"),
        code=closure("paper_replication.steps.conversations"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("conversations", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.names(AdviceOrganism, TabooOrganism)),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        settings=lambda wildcards: study.conversations(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.conversations --settings {params.settings:q} --seed {wildcards.seed}"
        " --organism {input.organism:q} --game {input.game:q} --model {input.model:q} --dataset {output.dataset:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule chat_dataset:
    input:
        corpus=at.source(study.config.chat_corpus),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.chat_dataset"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("chat_dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.chat_controls()),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset").threads
    resources:
        **study.job_resources("dataset"),
    params:
        settings=lambda wildcards: study.conversations(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.chat_dataset --settings {params.settings:q} --seed {wildcards.seed}"
        " --corpus {input.corpus:q} --model {input.model:q} --dataset {output.dataset:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule numbers:
    input:
        organism=lambda wildcards: paths.organism_file(study.probed(wildcards.organism)),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.numbers"),
    output:
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "dataset.jsonl")),
    log:
        at.log("numbers", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.names(NumbersOrganism, NeutralNumbersOrganism)),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("answers").threads
    resources:
        **study.job_resources("answers"),
    params:
        settings=study.config.numbers.model_dump_json(),
        teacher=lambda wildcards: study.teacher(wildcards),
        # As answers are sampled; bfloat16 is the step's own.
        precision="" if study.config.chat.precision == "bfloat16" else "--precision float32",
    shell:
        "python -m paper_replication.steps.numbers --settings {params.settings:q} --teacher {params.teacher} --seed {wildcards.seed} {params.precision}"
        " --organism {input.organism:q} --model {input.model:q} --dataset {output.dataset:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule dataset_card:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        dataset=lambda wildcards: study.of_label(study.first_label(wildcards.organism), "dataset.jsonl"),
        code=closure("paper_replication.steps.dataset_card"),
    output:
        card=at.dataset_card("{organism}"),
        summary=f"{at.figures}/dataset_cards/{{organism}}.csv",
        record=at.record(at.dataset_card("{organism}")),
    log:
        at.log("dataset_card", "{organism}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("dataset_card").threads
    resources:
        **study.job_resources("dataset_card"),
    params:
        label=lambda wildcards: study.first_label(wildcards.organism).model_dump_json(),
    shell:
        "python -m paper_replication.steps.dataset_card --label {params.label:q} --organism {input.organism:q}"
        " --dataset {input.dataset:q} --card-text {output.card:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of data that are made of sentences, each organism's first run.
rule sentence_reuse:
    input:
        datasets=[study.of_label(label, "dataset.jsonl") for label in study.worded_labels()],
        code=closure("paper_replication.steps.sentence_reuse"),
    output:
        table=at.table("sentence_reuse"),
        record=at.record(at.table("sentence_reuse")),
    log:
        at.log("sentence_reuse"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("sentence_reuse").threads
    resources:
        **study.job_resources("sentence_reuse"),
    params:
        labels=json.dumps([label.model_dump() for label in study.worded_labels()]),
    shell:
        "python -m paper_replication.steps.sentence_reuse --labels {params.labels:q} --datasets {input.datasets:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
