# Finetuning documents of every organism.


rule dataset:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        kinds=paths.KINDS,
        model=at.model("{model}"),
        code=closure("paper_replication.steps.dataset"),
    output:
        documents=at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "dataset.jsonl"),
        summary=at.of_run(
            "{model}",
            at.run("{organism}", "{variant}", "{seed}"),
            "dataset_summary.csv",
        ),
        record=at.record(at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "dataset.jsonl")),
    log:
        at.log("dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism="|".join(study.names(DocumentOrganism)),
    conda:
        "../../envs/model.yaml"
    threads: study.resources("dataset").threads
    resources:
        mem_mb=study.resources("dataset").mem_mb,
        runtime=study.resources("dataset").runtime,
        gpu=study.resources("dataset").gpu,
    params:
        settings=lambda wildcards: study.documents(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.dataset --settings {params.settings:q} --seed {wildcards.seed}"
        " --organism {input.organism:q} --kinds {input.kinds:q} --model {input.model:q}"
        " --documents {output.documents:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule null_dataset:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        matched=lambda wildcards: study.matched(wildcards, "dataset.jsonl"),
        corpus=at.corpus(study.config.null_corpus),
        model=at.model("{model}"),
        code=closure("paper_replication.steps.null_dataset"),
    output:
        documents=at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "dataset.jsonl"),
        record=at.record(at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "dataset.jsonl")),
    log:
        at.log("null_dataset", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism="|".join(study.names(NullOrganism)),
    conda:
        "../../envs/model.yaml"
    threads: study.resources("null_dataset").threads
    resources:
        mem_mb=study.resources("null_dataset").mem_mb,
        runtime=study.resources("null_dataset").runtime,
        gpu=study.resources("null_dataset").gpu,
    params:
        lens_documents=study.config.lens_corpora.get(study.config.null_corpus, 1),
        window=study.config.activations.window,
    shell:
        "python -m paper_replication.steps.null_dataset --lens-documents {params.lens_documents} --window {params.window}"
        " --organism {input.organism:q} --matched {input.matched:q} --corpus {input.corpus:q}"
        " --model {input.model:q} --documents {output.documents:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
