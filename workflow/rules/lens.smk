# The Activation Difference Lens: activations, delta, readouts.


rule activations:
    input:
        corpus=lambda wildcards: study.corpus_read(wildcards),
        model=at.model("{model}"),
        adapter=lambda wildcards: study.adapter(wildcards),
        code=closure("paper_replication.steps.activations"),
    output:
        tensors=at.activations("{model}", "{run}", "{corpus}"),
        record=at.record(at.activations("{model}", "{run}", "{corpus}")),
    log:
        at.log("activations", "{model}", "{run}", "{corpus}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("activations").threads
    resources:
        **study.job_resources("activations"),
    params:
        settings=lambda wildcards: study.activations(wildcards).model_dump_json(),
        adapter=lambda wildcards, input: (f"--adapter {input.adapter}" if input.adapter else ""),
    shell:
        "python -m paper_replication.steps.activations --settings {params.settings:q} --corpus {input.corpus:q}"
        " --model {input.model:q} {params.adapter} --tensors {output.tensors:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule delta:
    input:
        base=at.activations("{model}", "base", "{corpus}"),
        finetuned=at.activations("{model}", RUN, "{corpus}"),
        code=closure("paper_replication.steps.delta"),
    output:
        vectors=at.lens("{model}", RUN, "{corpus}", "delta.safetensors"),
        summary=at.lens("{model}", RUN, "{corpus}", "delta.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "delta.safetensors")),
    log:
        at.log("delta", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("delta").threads
    resources:
        **study.job_resources("delta"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.delta --label {params.label:q} --corpus-name {wildcards.corpus} --base {input.base:q}"
        " --finetuned {input.finetuned:q} --vectors {output.vectors:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule readouts:
    input:
        vectors=at.lens("{model}", RUN, "{corpus}", "delta.safetensors"),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.readouts"),
    output:
        tokens=at.lens("{model}", RUN, "{corpus}", "tokens.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "tokens.csv")),
    log:
        at.log("readouts", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("readouts").threads
    resources:
        **study.job_resources("readouts"),
    params:
        settings=study.config.readouts.model_dump_json(),
        layer=study.config.activations.layer,
    shell:
        "python -m paper_replication.steps.readouts --settings {params.settings:q} --layer {params.layer} --vectors {input.vectors:q}"
        " --model {input.model:q} --adapter {input.adapter:q} --tokens {output.tokens:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
