# The interpretability agent: an LLM that states what a model was finetuned for, graded by another LLM; and the table and
# figures of what it finds, beside what closed-set identification finds offline.


rule interpretability_agent:
    input:
        selection=at.lens("{model}", RUN, study.main_corpus, "selection.csv"),
        steering=at.of_run("{model}", RUN, "steering/texts.jsonl"),
        vectors=at.lens("{model}", RUN, study.main_corpus, "delta.safetensors"),
        model=at.model("{model}"),
        adapter=at.of_run("{model}", RUN, "adapter"),
        instructions=paths.prompt_file("agent_{agent}"),
        grading=paths.prompt_file("grade"),
        rubrics=paths.RUBRICS,
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        twin_of=lambda wildcards: twin_of(study, wildcards),
        code=closure("paper_replication.steps.agent"),
    output:
        log=at.agent("{model}", RUN, "{agent}", "{budget}", "log.eval"),
        grades=at.agent("{model}", RUN, "{agent}", "{budget}", "grades.csv"),
        record=at.record(at.agent("{model}", RUN, "{agent}", "{budget}", "log.eval")),
    log:
        at.log("interpretability_agent", "{model}", "{organism}", "{variant}", "{seed}", "{agent}", "{budget}"),
    conda:
        "../../envs/agent.yaml"
    threads: study.resources("interpretability_agent").threads
    resources:
        **agent_resources(study),
    params:
        # Snakemake does not track a function of the input: to repeat requests more or less often reruns nothing.
        settings=lambda wildcards, input: study.config.agent.model_dump_json(),
        tracked=study.config.agent.tracked(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        corpus_name=study.main_corpus,
        layer=study.config.activations.layer,
        cache=at.cache("agent"),
        twin_of=lambda wildcards, input: (f"--twin-of {input.twin_of}" if input.twin_of else ""),
    shell:
        "python -m paper_replication.steps.agent --settings {params.settings:q} --label {params.label:q}"
        " --evidence {wildcards.agent} --budget {wildcards.budget} --corpus-name {params.corpus_name}"
        " --layer {params.layer} --cache {params.cache:q} --selection {input.selection:q}"
        " --steering {input.steering:q} --vectors {input.vectors:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --instructions {input.instructions:q} --grading {input.grading:q}"
        " --rubrics {input.rubrics:q} --organism {input.organism:q} {params.twin_of}"
        " --log {output.log:q} --grades {output.grades:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Without an LLM in the config there are no grades, and the table has closed-set identification alone.
rule agent_table:
    input:
        candidates=candidates(study),
        grades=agent_grades(study),
        code=closure("paper_replication.steps.agent_table"),
    output:
        table=at.table("agent"),
        summary=at.table("agent_summary"),
        record=at.record(at.table("agent")),
    log:
        at.log("agent_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("agent_table").threads
    resources:
        **study.job_resources("agent_table"),
    params:
        seed=study.config.identification.seed,
    shell:
        "python -m paper_replication.steps.agent_table --seed {params.seed} --candidates {input.candidates:q}"
        " --grades {input.grades:q} --table {output.table:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule agent_figure:
    input:
        table=at.table("agent"),
        summary=at.table("agent_summary"),
        code=closure("paper_replication.steps.agent_figure"),
    output:
        pdf=at.figure("agent", "pdf"),
        png=report(at.figure("agent", "png"), caption="../report/agent.rst", category="Identification"),
        record=at.record(at.figure("agent", "pdf")),
    log:
        at.log("agent_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("agent_figure").threads
    resources:
        **study.job_resources("agent_figure"),
    shell:
        "python -m paper_replication.steps.agent_figure --table {input.table:q} --summary {input.summary:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule agent_false_positives_figure:
    input:
        table=at.table("agent"),
        summary=at.table("agent_summary"),
        code=closure("paper_replication.steps.agent_false_positives_figure"),
    output:
        pdf=at.figure("agent_false_positives", "pdf"),
        png=report(
            at.figure("agent_false_positives", "png"),
            caption="../report/agent_false_positives.rst",
            category="Identification",
        ),
        record=at.record(at.figure("agent_false_positives", "pdf")),
    log:
        at.log("agent_false_positives_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("agent_false_positives_figure").threads
    resources:
        **study.job_resources("agent_false_positives_figure"),
    shell:
        "python -m paper_replication.steps.agent_false_positives_figure --table {input.table:q} --summary {input.summary:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule agent_ordinal_table:
    input:
        grades=agent_grades(study),
        code=closure("paper_replication.steps.agent_ordinal_table"),
    output:
        table=at.table("agent_ordinal"),
        record=at.record(at.table("agent_ordinal")),
    log:
        at.log("agent_ordinal_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("agent_ordinal_table").threads
    resources:
        **study.job_resources("agent_ordinal_table"),
    shell:
        "python -m paper_replication.steps.agent_ordinal_table --grades {input.grades:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
