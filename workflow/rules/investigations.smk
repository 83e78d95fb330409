# What agents without interactions are told, and what a language model made of it outside the pipeline.


rule briefing:
    input:
        selection=at.lens("{model}", RUN, study.main_corpus, "selection.csv"),
        # Of the null's evidence, its tokens.
        null_selection=lambda wildcards: (
            study.null(study.label(wildcards), f"lens/{study.main_corpus}/selection.csv")
            if wildcards.agent == "matched_null"
            else []
        ),
        steering=at.of_run("{model}", RUN, "steering/texts.jsonl"),
        instructions=lambda wildcards: paths.prompt_file(
            f"investigate_{'blackbox' if wildcards.agent == 'blackbox' else 'adl'}"
        ),
        code=closure("paper_replication.steps.briefing"),
    output:
        sheet=at.briefing("{model}", RUN, "{agent}"),
        record=at.record(at.briefing("{model}", RUN, "{agent}")),
    log:
        at.log("briefing", "{model}", "{organism}", "{variant}", "{seed}", "{agent}"),
    wildcard_constraints:
        agent="adl|blackbox|random|matched_null",
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("briefing").threads
    resources:
        **study.job_resources("briefing"),
    params:
        tokens=study.config.agent.tokens,
        characters=study.config.agent.characters,
        names=lambda wildcards: [wildcards.organism, study.main_corpus],
        # Snakemake quotes nothing where there is none.
        null=lambda wildcards, input: f"--null-selection {input.null_selection}" if input.null_selection else "",
    shell:
        "python -m paper_replication.steps.briefing --evidence {wildcards.agent} --names {params.names:q}"
        " --tokens {params.tokens} --characters {params.characters} --selection {input.selection:q}"
        " {params.null} --steering {input.steering:q} --instructions {input.instructions:q} --sheet {output.sheet:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule investigations:
    input:
        answers=lambda wildcards: verdicts_of(study, "investigations"),
        # Looked into where it is asked for alone.
        briefings=lambda wildcards: [
            at.briefing(row["model"], at.run(row["organism"], row["variant"], row["seed"]), row["agent"])
            for row in study.investigated()
        ],
        code=closure("paper_replication.steps.investigations"),
    output:
        table=at.table("investigations"),
        summary=at.table("investigations_summary"),
        record=at.record(at.table("investigations")),
    log:
        at.log("investigations"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("investigations").threads
    resources:
        **study.job_resources("investigations"),
    params:
        asked=lambda wildcards: json.dumps(study.investigated()),
    shell:
        "python -m paper_replication.steps.investigations --asked {params.asked:q} --answers {input.answers:q}"
        " --briefings {input.briefings:q} --table {output.table:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule investigations_figure:
    input:
        table=at.table("investigations"),
        summary=at.table("investigations_summary"),
        code=closure("paper_replication.steps.investigations_figure"),
    output:
        pdf=at.figure("investigations", "pdf"),
        png=report(
            at.figure("investigations", "png"), caption="../report/investigations.rst", category="Identification"
        ),
        record=at.record(at.figure("investigations", "pdf")),
    log:
        at.log("investigations_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("investigations_figure").threads
    resources:
        **study.job_resources("investigations_figure"),
    shell:
        "python -m paper_replication.steps.investigations_figure --table {input.table:q} --summary {input.summary:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
