# Judging tokens: which scale coheres, which tokens are about the organism.


rule scales:
    input:
        tokens=at.lens("{model}", RUN, "{corpus}", "tokens.csv"),
        corpus=at.corpus(study.config.null_corpus),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.scales"),
    output:
        selection=at.lens("{model}", RUN, "{corpus}", "selection.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "selection.csv")),
    log:
        at.log("scales", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("scales").threads
    resources:
        **study.job_resources("scales"),
    params:
        settings=study.config.scales.model_dump_json(),
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.scales --settings {params.settings:q} --graded-tokens {params.graded_tokens} --tokens {input.tokens:q}"
        " --corpus {input.corpus:q} --embedder {input.embedder:q} --selection {output.selection:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule relevance:
    input:
        selection=at.lens("{model}", RUN, "{corpus}", "selection.csv"),
        null_selection=lambda wildcards: study.null(wildcards, f"lens/{wildcards.corpus}/selection.csv"),
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus("{corpus}"),
        model=at.model("{model}"),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.relevance"),
    output:
        graded=at.lens("{model}", RUN, "{corpus}", "graded.csv"),
        calibration=at.lens("{model}", RUN, "{corpus}", "calibration.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "graded.csv")),
    log:
        at.log("relevance", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("relevance").threads
    resources:
        **study.job_resources("relevance"),
    params:
        settings=study.config.relevance.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        null=lambda wildcards, input: (f"--null-selection {input.null_selection}" if input.null_selection else ""),
    shell:
        "python -m paper_replication.steps.relevance --settings {params.settings:q} --label {params.label:q}"
        " --corpus-name {wildcards.corpus} --selection {input.selection:q} {params.null}"
        " --organism {input.organism:q} --dataset {input.dataset:q} --corpus {input.corpus:q}"
        " --model {input.model:q} --embedder {input.embedder:q}"
        " --graded {output.graded:q} --calibration {output.calibration:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# For the demonstration, which trains one organism and not its null.
use rule relevance as relevance_alone with:
    input:
        selection=at.lens("{model}", RUN, "{corpus}", "selection.csv"),
        null_selection=[],
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus("{corpus}"),
        model=at.model("{model}"),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.relevance"),
    output:
        graded=at.lens("{model}", RUN, "{corpus}", "graded_alone.csv"),
        calibration=at.lens("{model}", RUN, "{corpus}", "calibration_alone.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "graded_alone.csv")),
    log:
        at.log("relevance_alone", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),


rule judge_free:
    input:
        graded=at.lens("{model}", RUN, "{corpus}", "graded.csv"),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus("{corpus}"),
        code=closure("paper_replication.steps.judge_free"),
    output:
        table=at.lens("{model}", RUN, "{corpus}", "judge_free.csv"),
        record=at.record(at.lens("{model}", RUN, "{corpus}", "judge_free.csv")),
    log:
        at.log("judge_free", "{model}", "{organism}", "{variant}", "{seed}", "{corpus}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("judge_free").threads
    resources:
        **study.job_resources("judge_free"),
    params:
        settings=study.config.relevance.model_dump_json(),
    shell:
        "python -m paper_replication.steps.judge_free --settings {params.settings:q} --graded {input.graded:q}"
        " --dataset {input.dataset:q} --corpus {input.corpus:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule cross_grading:
    input:
        selections=lambda wildcards: study.first_files(
            study.first_labels(wildcards.model), "lens/{corpus}/selection.csv"
        ),
        organisms=lambda wildcards: [paths.organism_file(label.organism) for label in study.described(wildcards.model)],
        datasets=lambda wildcards: study.first_files(study.described(wildcards.model), "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        model=at.model("{model}"),
        embedder=at.source(study.config.embedder),
        code=closure("paper_replication.steps.cross_grading"),
    output:
        table=at.cross_grading("{model}"),
        record=at.record(at.cross_grading("{model}")),
    log:
        at.log("cross_grading", "{model}"),
    conda:
        "../../envs/embed.yaml"
    threads: study.resources("relevance").threads
    resources:
        **study.job_resources("relevance"),
    params:
        settings=study.config.relevance.model_dump_json(),
        labels=lambda wildcards: study.first_labels_json(wildcards.model),
        corpus_name=study.main_corpus,
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.cross_grading --settings {params.settings:q} --labels {params.labels:q}"
        " --corpus-name {params.corpus_name} --graded-tokens {params.graded_tokens} --selections {input.selections:q}"
        " --organisms {input.organisms:q} --datasets {input.datasets:q} --corpus {input.corpus:q}"
        " --model {input.model:q} --embedder {input.embedder:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
