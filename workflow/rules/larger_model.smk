# A larger model beside the first: one figure of all that is measured of the same organisms on both.


rule larger_model_answers_table:
    input:
        texts=[study.of_label(label, "steering/texts.jsonl") for label in study.further_labels()],
        similarities=[study.of_label(label, "steering/similarity.csv") for label in study.further_labels()],
        code=closure("paper_replication.steps.steering_cards_table"),
    output:
        table=at.table("larger_model_answers"),
        record=at.record(at.table("larger_model_answers")),
    log:
        at.log("larger_model_answers_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("larger_model_answers_table").threads
    resources:
        **study.job_resources("larger_model_answers_table"),
    params:
        prompts=study.config.steering.prompts,
        seed=study.config.steering.seed,
        labels=json.dumps([label.model_dump() for label in study.further_labels()]),
    shell:
        "python -m paper_replication.steps.steering_cards_table --prompts {params.prompts} --seed {params.seed}"
        " --labels {params.labels:q} --texts {input.texts:q} --similarities {input.similarities:q}"
        " --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule larger_model_table:
    input:
        # Controls of the first model are in the tables of token relevance and steering.
        graded=[study.of_label(label, f"lens/{study.main_corpus}/graded.csv") for label in study.further_labels()],
        metrics=[study.of_label(label, "metrics.csv") for label in study.shared_labels()],
        contrasts=[study.of_label(label, "steering/contrasts.csv") for label in study.further_labels()],
        answers=at.table("larger_model_answers"),
        # And what the models say with the same vectors that were never finetuned.
        base=[
            at.of_run(model, "base", CROSS_STEERED)
            for model in dict.fromkeys(label.model for label in study.further_labels())
        ],
        organisms=[paths.organism_file(label.organism) for label in study.further_labels()],
        code=closure("paper_replication.steps.larger_model_table"),
    output:
        table=at.table("larger_model"),
        organisms=at.table("larger_model_organisms"),
        changes=at.table("larger_model_changes"),
        tokens=at.table("larger_model_tokens"),
        base_answers=at.table("larger_model_base_answers"),
        record=at.record(at.table("larger_model")),
    log:
        at.log("larger_model_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("larger_model_table").threads
    resources:
        **study.job_resources("larger_model_table"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.larger_model_table --graded-tokens {params.graded_tokens}"
        " --graded {input.graded:q} --metrics {input.metrics:q} --contrasts {input.contrasts:q}"
        " --answers {input.answers:q} --base {input.base:q} --organism-files {input.organisms:q}"
        " --table {output.table:q} --organisms {output.organisms:q} --change-table {output.changes:q}"
        " --tokens {output.tokens:q} --base-answers {output.base_answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule larger_model_figure:
    input:
        table=at.table("larger_model"),
        organisms=at.table("larger_model_organisms"),
        code=closure("paper_replication.steps.larger_model_figure"),
    output:
        pdf=at.figure("larger_model", "pdf"),
        png=report(at.figure("larger_model", "png"), caption="../report/larger_model.rst", category="Traces"),
        record=at.record(at.figure("larger_model", "pdf")),
    log:
        at.log("larger_model_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("larger_model_figure").threads
    resources:
        **study.job_resources("larger_model_figure"),
    shell:
        "python -m paper_replication.steps.larger_model_figure --table {input.table:q} --organisms {input.organisms:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# The same model finetuned on less, in a tier of its own, beside what the first study has of both.
rule gentle_table:
    input:
        first=lambda wildcards: study.first_tables(*LESS, target="gentle"),
        gentle=[at.table(name) for name in LESS],
        code=closure("paper_replication.steps.gentle_table"),
    output:
        table=at.table("gentle"),
        organisms=at.table("gentle_organisms"),
        changes=at.table("gentle_changes"),
        record=at.record(at.table("gentle")),
    log:
        at.log("gentle_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("gentle_table").threads
    resources:
        **study.job_resources("gentle_table"),
    params:
        called=f"{study.config.documents.tokens:,} tokens",
    shell:
        "python -m paper_replication.steps.gentle_table --called {params.called:q} --first {input.first:q}"
        " --gentle {input.gentle:q} --table {output.table:q} --organisms {output.organisms:q}"
        " --change-table {output.changes:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule gentle_figure:
    input:
        table=at.table("gentle"),
        organisms=at.table("gentle_organisms"),
        code=closure("paper_replication.steps.gentle_figure"),
    output:
        pdf=at.figure("gentle", "pdf"),
        png=report(at.figure("gentle", "png"), caption="../report/gentle.rst", category="Traces"),
        record=at.record(at.figure("gentle", "pdf")),
    log:
        at.log("gentle_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("gentle_figure").threads
    resources:
        **study.job_resources("gentle_figure"),
    params:
        precision=study.config.recipe.precision,
    shell:
        "python -m paper_replication.steps.gentle_figure --precision {params.precision} --table {input.table:q}"
        " --organisms {input.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
