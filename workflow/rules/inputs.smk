# External inputs, base models and corpora of unrelated text.


rule fetch:
    input:
        code=closure("paper_replication.steps.fetch"),
    output:
        folder=directory(at.source("{source}")),
        record=at.record(at.source("{source}")),
    log:
        at.log("fetch", "{source}"),
    wildcard_constraints:
        source=any_of(study.sources),
    conda:
        "../../envs/fetch.yaml"
    threads: study.resources("fetch").threads
    resources:
        **study.job_resources("fetch"),
    params:
        source=lambda wildcards: study.sources[wildcards.source].model_dump_json(),
    shell:
        "python -m paper_replication.steps.fetch --source {params.source:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule hub_chat:
    input:
        code=closure("paper_replication.steps.hub_chat"),
    output:
        folder=directory(at.source("{chat}")),
        record=at.record(at.source("{chat}")),
    log:
        at.log("hub_chat", "{chat}"),
    wildcard_constraints:
        chat=any_of(study.config.chat_corpora),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("hub_chat").threads
    resources:
        **study.job_resources("hub_chat"),
    params:
        settings=lambda wildcards: study.config.chat_corpora[wildcards.chat].model_dump_json(),
    shell:
        "python -m paper_replication.steps.hub_chat --settings {params.settings:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule hub_embedder:
    input:
        # Of a folder of one's own, so that a change in it is noticed.
        files=lambda wildcards: own_files(study.config.embedders[wildcards.embedder].hub, within="**/"),
        code=closure("paper_replication.steps.hub_embedder"),
    output:
        folder=directory(at.source("{embedder}")),
        record=at.record(at.source("{embedder}")),
    log:
        at.log("hub_embedder", "{embedder}"),
    wildcard_constraints:
        embedder=any_of(study.config.embedders),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("hub_embedder").threads
    resources:
        **study.job_resources("hub_embedder"),
    params:
        settings=lambda wildcards: study.config.embedders[wildcards.embedder].model_dump_json(),
    shell:
        "python -m paper_replication.steps.hub_embedder --settings {params.settings:q} --files {input.files:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule model:
    input:
        source=lambda wildcards: [at.source(name) for name in study.config.models[wildcards.model].sources],
        code=closure("paper_replication.steps.model"),
    output:
        folder=directory(at.model("{model}")),
        record=at.record(at.model("{model}")),
    log:
        at.log("model", "{model}"),
    wildcard_constraints:
        model=study.model_names("source"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("model").threads
    resources:
        **study.job_resources("model"),
    params:
        settings=lambda wildcards: study.config.models[wildcards.model].place.model_dump_json(),
    shell:
        "python -m paper_replication.steps.model --settings {params.settings:q} --source {input.source:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule shallow_model:
    input:
        source=lambda wildcards: [at.source(name) for name in study.config.models[wildcards.model].sources],
        code=closure("paper_replication.steps.shallow_model"),
    output:
        folder=directory(at.model("{model}")),
        record=at.record(at.model("{model}")),
    log:
        at.log("shallow_model", "{model}"),
    wildcard_constraints:
        model=study.model_names("shallow"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("model").threads
    resources:
        **study.job_resources("model"),
    params:
        layers=lambda wildcards: study.config.models[wildcards.model].layers,
    shell:
        "python -m paper_replication.steps.shallow_model --layers {params.layers:q} --source {input.source:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule hub_model:
    input:
        # Of a folder of one's own, so that a change in it is noticed.
        files=lambda wildcards: own_files(study.config.models[wildcards.model].hub),
        code=closure("paper_replication.steps.hub_model"),
    output:
        folder=directory(at.model("{model}")),
        record=at.record(at.model("{model}")),
    log:
        at.log("hub_model", "{model}"),
    wildcard_constraints:
        model=study.model_names("hub"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("model").threads
    resources:
        **study.job_resources("model"),
    params:
        settings=lambda wildcards: study.config.models[wildcards.model].place.model_dump_json(),
    shell:
        "python -m paper_replication.steps.hub_model --settings {params.settings:q} --files {input.files:q}"
        " --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule joined_model:
    input:
        parts=lambda wildcards: [at.source(part) for part in study.config.models[wildcards.model].parts],
        code=closure("paper_replication.steps.joined_model"),
    output:
        folder=directory(at.model("{model}")),
        record=at.record(at.model("{model}")),
    log:
        at.log("joined_model", "{model}"),
    wildcard_constraints:
        model=study.model_names("parts"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("model").threads
    resources:
        **study.job_resources("model"),
    params:
        sha256=lambda wildcards: study.config.models[wildcards.model].sha256,
        # Snakemake quotes nothing where it is empty.
        template=lambda wildcards: shlex.quote(study.config.models[wildcards.model].chat_template),
    shell:
        "python -m paper_replication.steps.joined_model --sha256 {params.sha256} --chat-template {params.template}"
        " --parts {input.parts:q} --folder {output.folder:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule corpus:
    input:
        folders=lambda wildcards: [at.source(name) for name in study.config.corpora[wildcards.corpus].sources],
        code=closure("paper_replication.steps.corpus"),
    output:
        documents=at.corpus("{corpus}"),
        record=at.record(at.corpus("{corpus}")),
    log:
        at.log("corpus", "{corpus}"),
    wildcard_constraints:
        corpus=study.corpora_names(hub=False),
    conda:
        "../../envs/fetch.yaml"
    threads: study.resources("corpus").threads
    resources:
        **study.job_resources("corpus"),
    params:
        settings=lambda wildcards: study.config.corpora[wildcards.corpus].model_dump_json(),
    shell:
        "python -m paper_replication.steps.corpus --settings {params.settings:q} --folders {input.folders:q}"
        " --documents {output.documents:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule hub_corpus:
    input:
        # Of a folder of one's own, so that a change in it is noticed.
        files=lambda wildcards: own_files(study.config.corpora[wildcards.corpus].hub, "**/", DATA_FILES),
        code=closure("paper_replication.steps.hub_corpus"),
    output:
        documents=at.corpus("{corpus}"),
        source=at.corpus_source("{corpus}"),
        record=at.record(at.corpus("{corpus}")),
    log:
        at.log("hub_corpus", "{corpus}"),
    wildcard_constraints:
        corpus=study.corpora_names(hub=True),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("corpus").threads
    resources:
        **study.job_resources("corpus"),
    params:
        settings=lambda wildcards: study.config.corpora[wildcards.corpus].model_dump_json(),
    shell:
        "python -m paper_replication.steps.hub_corpus --settings {params.settings:q} --files {input.files:q}"
        " --documents {output.documents:q} --source {output.source:q} --record {output.record:q} 2>&1 | tee {log:q}"
