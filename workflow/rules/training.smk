# Finetuning.


rule train:
    input:
        model=at.model("{model}"),
        dataset=lambda wildcards: study.training_data(wildcards),
        code=closure("paper_replication.steps.train"),
    output:
        adapter=directory(at.of_run("{model}", RUN, "adapter")),
        losses=at.of_run("{model}", RUN, "losses.csv"),
        record=at.record(at.of_run("{model}", RUN, "adapter")),
    log:
        at.log("train", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        variant=study.trained("adapter"),
    # Before what the base model is asked: the rest of a run waits for its training.
    priority: 1
    conda:
        "../../envs/train.yaml"
    threads: study.resources("train").threads
    resources:
        **study.job_resources("train"),
    params:
        recipe=lambda wildcards: study.recipe(wildcards).model_dump_json(),
    shell:
        KEEPING_MEMORY
        + "python -m paper_replication.steps.train --recipe {params.recipe:q} --seed {wildcards.seed} --model {input.model:q}"
        " --dataset {input.dataset:q} --adapter {output.adapter:q} --losses {output.losses:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# The published adapter in the place of one trained here.
rule published_adapter:
    input:
        model=at.model("{model}"),
        # Of a folder of one's own, so that a change in it is noticed.
        files=lambda wildcards: study.published_files(wildcards),
        code=closure("paper_replication.steps.published_adapter"),
    output:
        adapter=directory(at.of_run("{model}", RUN, "adapter")),
        losses=at.of_run("{model}", RUN, "losses.csv"),
        record=at.record(at.of_run("{model}", RUN, "adapter")),
    log:
        at.log("published_adapter", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        variant=study.published_variants(),
    conda:
        "../../envs/lens.yaml"
    threads: study.resources("published_adapter").threads
    resources:
        **study.job_resources("published_adapter"),
    params:
        published=lambda wildcards: study.published(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.published_adapter --published {params.published:q} --model {input.model:q}"
        " --files {input.files:q} --adapter {output.adapter:q} --losses {output.losses:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Concept ablation finetuning (CAFT): what the default run's difference points along is absent in training alone.
rule train_ablated:
    input:
        model=at.model("{model}"),
        dataset=lambda wildcards: study.training_data(wildcards),
        vectors=at.lens(
            "{model}",
            at.run("{organism}", DEFAULT, "{seed}"),
            study.main_corpus,
            "delta.safetensors",
        ),
        code=closure("paper_replication.steps.train_ablated"),
    output:
        adapter=directory(at.of_run("{model}", RUN, "adapter")),
        losses=at.of_run("{model}", RUN, "losses.csv"),
        record=at.record(at.of_run("{model}", RUN, "adapter")),
    log:
        at.log("train_ablated", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        variant=study.trained("ablated"),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("train").threads
    resources:
        **study.job_resources("train"),
    params:
        recipe=lambda wildcards: study.recipe(wildcards).model_dump_json(),
        ablate=lambda wildcards: study.variant(wildcards.variant).ablate.model_dump_json(),
        layer=study.config.activations.layer,
    shell:
        KEEPING_MEMORY
        + "python -m paper_replication.steps.train_ablated --recipe {params.recipe:q} --ablate {params.ablate:q}"
        " --layer {params.layer} --seed {wildcards.seed} --model {input.model:q} --dataset {input.dataset:q}"
        " --vectors {input.vectors:q} --adapter {output.adapter:q} --losses {output.losses:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Full finetuning, kept as an adapter of full rank.
rule train_full:
    input:
        model=at.model("{model}"),
        dataset=lambda wildcards: study.training_data(wildcards),
        code=closure("paper_replication.steps.train_full"),
    output:
        adapter=directory(at.of_run("{model}", RUN, "adapter")),
        losses=at.of_run("{model}", RUN, "losses.csv"),
        record=at.record(at.of_run("{model}", RUN, "adapter")),
    log:
        at.log("train_full", "{model}", "{organism}", "{variant}", "{seed}"),
    wildcard_constraints:
        variant=study.trained("full"),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("train").threads
    resources:
        **study.job_resources("train"),
    params:
        recipe=lambda wildcards: study.recipe(wildcards).model_dump_json(),
    shell:
        KEEPING_MEMORY
        + "python -m paper_replication.steps.train_full --recipe {params.recipe:q} --seed {wildcards.seed} --model {input.model:q}"
        " --dataset {input.dataset:q} --adapter {output.adapter:q} --losses {output.losses:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
