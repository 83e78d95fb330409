# External inputs, base models and corpora of unrelated text.


rule fetch:
    input:
        code=closure("paper_replication.steps.fetch"),
    output:
        folder=directory(at.source("{source}")),
        record=at.record(at.source("{source}")),
    log:
        at.log("fetch", "{source}"),
    conda:
        "../../envs/fetch.yaml"
    threads: study.resources("fetch").threads
    resources:
        mem_mb=study.resources("fetch").mem_mb,
        runtime=study.resources("fetch").runtime,
        gpu=study.resources("fetch").gpu,
    params:
        source=lambda wildcards: study.sources[wildcards.source].model_dump_json(),
    shell:
        "python -m paper_replication.steps.fetch --source {params.source:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule model:
    input:
        source=lambda wildcards: [
            at.source(source) for source in [study.config.models[wildcards.model].source] if source
        ],
        code=closure("paper_replication.steps.model"),
    output:
        folder=directory(at.model("{model}")),
        record=at.record(at.model("{model}")),
    log:
        at.log("model", "{model}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("model").threads
    resources:
        mem_mb=study.resources("model").mem_mb,
        runtime=study.resources("model").runtime,
        gpu=study.resources("model").gpu,
    params:
        settings=lambda wildcards: study.config.models[wildcards.model].model_dump_json(),
        source=lambda wildcards, input: (f"--source {input.source}" if input.source else ""),
    shell:
        "python -m paper_replication.steps.model --settings {params.settings:q} {params.source}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule corpus:
    input:
        folders=lambda wildcards: [at.source(name) for name in study.config.corpora[wildcards.corpus].sources],
        code=closure("paper_replication.steps.corpus"),
    output:
        documents=at.corpus("{corpus}"),
        record=at.record(at.corpus("{corpus}")),
    log:
        at.log("corpus", "{corpus}"),
    conda:
        "../../envs/fetch.yaml"
    threads: study.resources("corpus").threads
    resources:
        mem_mb=study.resources("corpus").mem_mb,
        runtime=study.resources("corpus").runtime,
        gpu=study.resources("corpus").gpu,
    params:
        settings=lambda wildcards: study.config.corpora[wildcards.corpus].model_dump_json(),
    shell:
        "python -m paper_replication.steps.corpus --settings {params.settings:q} --folders {input.folders:q}"
        " --documents {output.documents:q} --record {output.record:q} 2>&1 | tee {log:q}"
