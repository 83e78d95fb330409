# Finetuning.


rule train:
    input:
        model=at.model("{model}"),
        dataset=lambda wildcards: study.training_data(wildcards),
        code=closure("paper_replication.steps.train"),
    output:
        adapter=directory(at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "adapter")),
        losses=at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "losses.csv"),
        record=at.record(at.of_run("{model}", at.run("{organism}", "{variant}", "{seed}"), "adapter")),
    log:
        at.log("train", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/train.yaml"
    threads: study.resources("train").threads
    resources:
        mem_mb=study.resources("train").mem_mb,
        runtime=study.resources("train").runtime,
        gpu=study.resources("train").gpu,
    params:
        recipe=lambda wildcards: study.recipe(wildcards).model_dump_json(),
    shell:
        "python -m paper_replication.steps.train --recipe {params.recipe:q} --seed {wildcards.seed} --model {input.model:q}"
        " --dataset {input.dataset:q} --adapter {output.adapter:q} --losses {output.losses:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
