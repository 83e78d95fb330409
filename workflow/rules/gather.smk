# Tables that say the same of many runs, which are put under one another. Seeds of the ablations: of all their choices.
GATHERED = {
    "revealed_word": [
        study.of_label(label, "revealed_word.csv")
        for label in study.labels()
        if label.organism in study.names(TabooOrganism)
    ],
    "behaviour": [study.of_label(label, "behaviour.csv") for label in study.labels()],
    "sampled_answers": [study.of_label(label, "sampled_answers.csv") for label in study.labels()],
    "datasets": [f"{at.figures}/dataset_cards/{organism}.csv" for organism in study.reported()],
    "delta": study.lens_files("delta.csv"),
    "judge_calibration": study.graded("calibration.csv"),
    "steering_coherence": study.steered("steering/coherence.csv"),
    "steering_strengths": study.steered("steering/strengths.csv"),
    "coherence_calibration": [at.of_run(model, "base", "coherence.csv") for model in study.config.models],
    "causal_effect": study.causal_parts(),
    "seeds_behaviour": [study.of_label(label, "behaviour.csv") for label in study.seed_labels()],
    "seeds_ablations": [study.of_label(label, "ablations/shares.csv") for label in study.seed_labels()],
}


rule gather_table:
    input:
        parts=lambda wildcards: GATHERED[wildcards.gathered],
        code=closure("paper_replication.steps.gather"),
    output:
        table=at.table("{gathered}"),
        record=at.record(at.table("{gathered}")),
    log:
        at.log("gather_table", "{gathered}"),
    wildcard_constraints:
        gathered=any_of(GATHERED),
    conda:
        "../../envs/provenance.yaml"
    threads: study.resources("gather_table").threads
    resources:
        **study.job_resources("gather_table"),
    shell:
        "python -m paper_replication.steps.gather --parts {input.parts:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
