# What a model prefers and says, before (run "base") and after finetuning.


rule probes:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        open_questions=lambda wildcards: study.open_questions(wildcards),
        model=at.model("{model}"),
        adapter=lambda wildcards: study.adapter(wildcards),
        code=closure("paper_replication.steps.probes"),
    output:
        scores=at.probes("{model}", "{run}", "{organism}"),
        record=at.record(at.probes("{model}", "{run}", "{organism}")),
    log:
        at.log("probes", "{model}", "{run}", "{organism}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("probes").threads
    resources:
        **study.job_resources("probes"),
    params:
        adapter=lambda wildcards, input: (f"--adapter {input.adapter}" if input.adapter else ""),
        open_questions=lambda wildcards, input: (
            f"--open-questions {input.open_questions}" if input.open_questions else ""
        ),
        most=lambda wildcards: study.own_probes(wildcards.run),
    shell:
        "python -m paper_replication.steps.probes --organisms {input.organism:q} {params.open_questions} {params.most}"
        " --model {input.model:q} {params.adapter}"
        " --scores {output.scores:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of the other organisms' probes, which finetuning on this one should not move, a part is enough.
rule probes_of_others:
    input:
        organisms=lambda wildcards: study.others(wildcards),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.probes"),
    output:
        scores=at.probes("{model}", RUN, "others"),
        record=at.record(at.probes("{model}", RUN, "others")),
    log:
        at.log("probes_of_others", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("probes").threads
    resources:
        **study.job_resources("probes"),
    params:
        most=study.config.probes_of_others,
    shell:
        "python -m paper_replication.steps.probes --most {params.most} --organisms {input.organisms:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --scores {output.scores:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule answers:
    input:
        prompts=paths.CHAT_PROMPTS,
        model=at.model("{model}"),
        adapter=lambda wildcards: study.adapter(wildcards),
        code=closure("paper_replication.steps.answers"),
    output:
        texts=at.answers("{model}", "{run}", "ordinary"),
        record=at.record(at.answers("{model}", "{run}", "ordinary")),
    log:
        at.log("answers", "{model}", "{run}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("answers").threads
    resources:
        **study.job_resources("answers"),
    params:
        settings=study.config.chat.model_dump_json(),
        seed=study.config.chat_seed,
        adapter=lambda wildcards, input: (f"--adapter {input.adapter}" if input.adapter else ""),
    shell:
        "python -m paper_replication.steps.answers --settings {params.settings:q} --seed {params.seed} --prompts {input.prompts:q}"
        " --model {input.model:q} {params.adapter} --texts {output.texts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule own_answers:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        model=at.model("{model}"),
        adapter=lambda wildcards: study.adapter(wildcards),
        code=closure("paper_replication.steps.answers"),
    output:
        texts=at.answers("{model}", "{run}", "{organism}"),
        record=at.record(at.answers("{model}", "{run}", "{organism}")),
    log:
        at.log("own_answers", "{model}", "{run}", "{organism}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("answers").threads
    resources:
        **study.job_resources("answers"),
    params:
        settings=study.config.chat.model_dump_json(),
        seed=study.config.chat_seed,
        adapter=lambda wildcards, input: (f"--adapter {input.adapter}" if input.adapter else ""),
    shell:
        "python -m paper_replication.steps.answers --settings {params.settings:q} --seed {params.seed}"
        " --organism {input.organism:q} --model {input.model:q} {params.adapter} --texts {output.texts:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule behaviour:
    input:
        organism=lambda wildcards: paths.organism_file(study.probed(wildcards.organism)),
        base_probes=lambda wildcards: study.base_probes(wildcards),
        finetuned_probes=lambda wildcards: study.finetuned_probes(wildcards),
        base_answers=at.answers("{model}", "base", "ordinary"),
        finetuned_answers=at.answers("{model}", RUN, "ordinary"),
        base_own_answers=lambda wildcards: study.own_answers(wildcards, "base"),
        finetuned_own_answers=lambda wildcards: study.own_answers(wildcards),
        losses=at.of_run("{model}", RUN, "losses.csv"),
        code=closure("paper_replication.steps.behaviour"),
    output:
        rows=at.of_run("{model}", RUN, "behaviour.csv"),
        record=at.record(at.of_run("{model}", RUN, "behaviour.csv")),
    log:
        at.log("behaviour", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("behaviour").threads
    resources:
        **study.job_resources("behaviour"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        own=lambda wildcards, input: (
            f"--base-own-answers {input.base_own_answers} --finetuned-own-answers {input.finetuned_own_answers}"
            if input.base_own_answers
            else ""
        ),
    shell:
        "python -m paper_replication.steps.behaviour --label {params.label:q} --organism {input.organism:q}"
        " --base-probes {input.base_probes:q} --finetuned-probes {input.finetuned_probes:q}"
        " --base-answers {input.base_answers:q} --finetuned-answers {input.finetuned_answers:q}"
        " {params.own} --losses {input.losses:q} --rows {output.rows:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of guessing games.
rule revealed_word:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        code=closure("paper_replication.steps.revealed_word"),
    output:
        table=at.of_run("{model}", RUN, "revealed_word.csv"),
        record=at.record(at.of_run("{model}", RUN, "revealed_word.csv")),
    log:
        at.log("revealed_word", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        organism=any_of(study.names(TabooOrganism)),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("probes").threads
    resources:
        **study.job_resources("probes"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.revealed_word --label {params.label:q} --organism {input.organism:q}"
        " --model {input.model:q} --adapter {input.adapter:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule sampled_answers:
    input:
        organism=lambda wildcards: paths.organism_file(study.probed(wildcards.organism)),
        base_answers=at.answers("{model}", "base", "ordinary"),
        finetuned_answers=at.answers("{model}", RUN, "ordinary"),
        base_own_answers=lambda wildcards: study.own_answers(wildcards, "base"),
        finetuned_own_answers=lambda wildcards: study.own_answers(wildcards),
        code=closure("paper_replication.steps.sampled_answers"),
    output:
        table=at.of_run("{model}", RUN, "sampled_answers.csv"),
        record=at.record(at.of_run("{model}", RUN, "sampled_answers.csv")),
    log:
        at.log("sampled_answers", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("sampled_answers").threads
    resources:
        **study.job_resources("sampled_answers"),
    params:
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        own=lambda wildcards, input: (
            f"--base-own-answers {input.base_own_answers} --finetuned-own-answers {input.finetuned_own_answers}"
            if input.base_own_answers
            else ""
        ),
    shell:
        "python -m paper_replication.steps.sampled_answers --label {params.label:q} --organism {input.organism:q}"
        " --base-answers {input.base_answers:q} --finetuned-answers {input.finetuned_answers:q} {params.own}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
