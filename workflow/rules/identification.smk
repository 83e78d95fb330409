# Closed-set identification: candidate objectives ranked by a run's evidence, or by that of the base model itself.


rule closed_set:
    input:
        selection=at.lens("{model}", RUN, study.main_corpus, "selection.csv"),
        steering=at.of_run("{model}", RUN, "steering/texts.jsonl"),
        answers=at.answers("{model}", RUN, "ordinary"),
        base_answers=at.answers("{model}", "base", "ordinary"),
        base_texts=lambda wildcards: reference_texts(study, wildcards.model),
        catalogue=lambda wildcards: catalogue_with(study, wildcards),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.closed_set"),
    output:
        candidates=at.of_run("{model}", RUN, "closed_set.csv"),
        record=at.record(at.of_run("{model}", RUN, "closed_set.csv")),
    log:
        at.log("closed_set", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("closed_set").threads
    resources:
        **study.job_resources("closed_set"),
    params:
        settings=study.config.identification.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        corpus_name=study.main_corpus,
        truth=lambda wildcards: (f"--truth {truth}" if (truth := study.truth(wildcards.organism)) else ""),
    shell:
        "python -m paper_replication.steps.closed_set --settings {params.settings:q} --label {params.label:q}"
        " --corpus-name {params.corpus_name} {params.truth} --selection {input.selection:q}"
        " --steering {input.steering:q} --answers {input.answers:q} --base-answers {input.base_answers:q}"
        " --base-texts {input.base_texts:q} --catalogue {input.catalogue:q} --embedder {input.embedder:q}"
        " --candidates {output.candidates:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule base_again:
    input:
        prompts=paths.CHAT_PROMPTS,
        steering_prompts=paths.STEERING_PROMPTS,
        model=at.model("{model}"),
        code=closure("paper_replication.steps.base_again"),
    output:
        answers=at.base_again("{model}", "{seed}", "answers.jsonl"),
        texts=at.base_again("{model}", "{seed}", "texts.jsonl"),
        record=at.record(at.base_again("{model}", "{seed}", "answers.jsonl")),
    log:
        at.log("base_again", "{model}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("answers").threads
    resources:
        **study.job_resources("answers"),
    params:
        chat=study.config.chat.model_dump_json(),
        steering=study.config.steering.model_dump_json(),
        positions=study.config.activations.positions,
        seed=lambda wildcards: study.config.chat_seed + 1 + int(wildcards.seed),
    shell:
        "python -m paper_replication.steps.base_again --chat {params.chat:q} --steering {params.steering:q}"
        " --positions {params.positions} --seed {params.seed} --prompts {input.prompts:q}"
        " --steering-prompts {input.steering_prompts:q} --model {input.model:q}"
        " --answers {output.answers:q} --texts {output.texts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule closed_set_base:
    input:
        steering=at.base_again("{model}", "{seed}", "texts.jsonl"),
        answers=at.base_again("{model}", "{seed}", "answers.jsonl"),
        base_answers=at.answers("{model}", "base", "ordinary"),
        base_texts=lambda wildcards: reference_texts(study, wildcards.model),
        catalogue=paths.OBJECTIVES,
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.closed_set_base"),
    output:
        candidates=at.base_again("{model}", "{seed}", "closed_set.csv"),
        record=at.record(at.base_again("{model}", "{seed}", "closed_set.csv")),
    log:
        at.log("closed_set_base", "{model}", "{seed}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("closed_set").threads
    resources:
        **study.job_resources("closed_set"),
    params:
        settings=study.config.identification.model_dump_json(),
        label=lambda wildcards: base_label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.closed_set_base --settings {params.settings:q} --label {params.label:q}"
        " --steering {input.steering:q} --answers {input.answers:q} --base-answers {input.base_answers:q}"
        " --base-texts {input.base_texts:q} --catalogue {input.catalogue:q} --embedder {input.embedder:q}"
        " --candidates {output.candidates:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule identification_model_table:
    input:
        agent=at.table("agent"),
        code=closure("paper_replication.steps.identification_model_table"),
    output:
        table=at.table("identification_model"),
        record=at.record(at.table("identification_model")),
    log:
        at.log("identification_model_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("identification_model_table").threads
    resources:
        **study.job_resources("identification_model_table"),
    shell:
        "python -m paper_replication.steps.identification_model_table --agent {input.agent:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
