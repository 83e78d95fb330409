# LLM judges of what the offline judges have graded, and how far both agree; and tokens judged by LLMs alone, as in the
# paper.


rule llm_scales:
    input:
        tokens=at.lens("{model}", RUN, study.main_corpus, "tokens.csv"),
        selection=at.lens("{model}", RUN, study.main_corpus, "selection.csv"),
        prompt=paths.prompt_file("scale"),
        code=closure("paper_replication.steps.llm_scales"),
    output:
        chosen=at.of_run("{model}", RUN, "llm_judges/scales.csv"),
        chosen_tokens=at.of_run("{model}", RUN, "llm_judges/selection.csv"),
        answers=at.of_run("{model}", RUN, "llm_judges/scales.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "llm_judges/scales.csv")),
    log:
        at.log("llm_scales", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/agent.yaml"
    threads: study.resources("default").threads
    resources:
        mem_mb=study.resources("llm_judges").mem_mb,
        runtime=study.resources("llm_judges").runtime,
        gpu=study.resources("default").gpu,
        llm=1,
    params:
        # Snakemake does not track a function of the input: to repeat requests more or less often reruns nothing.
        settings=lambda wildcards, input: study.config.llm_judges.model_dump_json(),
        tracked=study.config.llm_judges.tracked(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        corpus_name=study.main_corpus,
        graded_tokens=study.config.readouts.graded_tokens,
        cache=at.cache("llm_judges"),
    shell:
        "python -m paper_replication.steps.llm_scales --settings {params.settings:q} --label {params.label:q}"
        " --corpus-name {params.corpus_name} --graded-tokens {params.graded_tokens} --cache {params.cache:q}"
        " --tokens {input.tokens:q} --selection {input.selection:q} --prompt {input.prompt:q}"
        " --chosen {output.chosen:q} --chosen-tokens {output.chosen_tokens:q} --answers {output.answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule llm_relevance:
    input:
        graded=at.lens("{model}", RUN, study.main_corpus, "graded.csv"),
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        prompt=paths.prompt_file("relevance"),
        code=closure("paper_replication.steps.llm_relevance"),
    output:
        judged=at.of_run("{model}", RUN, "llm_judges/graded.csv"),
        answers=at.of_run("{model}", RUN, "llm_judges/graded.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "llm_judges/graded.csv")),
    log:
        at.log("llm_relevance", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/agent.yaml"
    threads: study.resources("default").threads
    resources:
        mem_mb=study.resources("llm_judges").mem_mb,
        runtime=study.resources("llm_judges").runtime,
        gpu=study.resources("default").gpu,
        llm=1,
    params:
        settings=lambda wildcards, input: study.config.llm_judges.model_dump_json(),
        tracked=study.config.llm_judges.tracked(),
        words=study.config.relevance.model_dump_json(),
        cache=at.cache("llm_judges"),
    shell:
        "python -m paper_replication.steps.llm_relevance --settings {params.settings:q} --words {params.words:q}"
        " --cache {params.cache:q} --graded {input.graded:q} --organism {input.organism:q} --dataset {input.dataset:q}"
        " --corpus {input.corpus:q} --prompt {input.prompt:q}"
        " --judged {output.judged:q} --answers {output.answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule llm_graded:
    input:
        selection=at.of_run("{model}", RUN, "llm_judges/selection.csv"),
        null_selection=lambda wildcards: study.null(wildcards, "llm_judges/selection.csv"),
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        dataset=at.of_run("{model}", RUN, "dataset.jsonl"),
        corpus=at.corpus(study.main_corpus),
        prompt=paths.prompt_file("relevance"),
        code=closure("paper_replication.steps.llm_graded"),
    output:
        graded=at.of_run("{model}", RUN, "llm_judges/relevance.csv"),
        answers=at.of_run("{model}", RUN, "llm_judges/relevance.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "llm_judges/relevance.csv")),
    log:
        at.log("llm_graded", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/agent.yaml"
    threads: study.resources("default").threads
    resources:
        mem_mb=study.resources("llm_judges").mem_mb,
        runtime=study.resources("llm_judges").runtime,
        gpu=study.resources("default").gpu,
        llm=1,
    params:
        settings=lambda wildcards, input: study.config.llm_judges.model_dump_json(),
        tracked=study.config.llm_judges.tracked(),
        words=study.config.relevance.model_dump_json(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        corpus_name=study.main_corpus,
        cache=at.cache("llm_judges"),
        null=lambda wildcards, input: (f"--null-selection {input.null_selection}" if input.null_selection else ""),
    shell:
        "python -m paper_replication.steps.llm_graded --settings {params.settings:q} --words {params.words:q}"
        " --label {params.label:q} --corpus-name {params.corpus_name} --cache {params.cache:q}"
        " --selection {input.selection:q} {params.null} --organism {input.organism:q} --dataset {input.dataset:q}"
        " --corpus {input.corpus:q} --prompt {input.prompt:q} --graded {output.graded:q} --answers {output.answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_relevance_llm_table:
    input:
        graded=lambda wildcards: llm_judged(study, "relevance.csv"),
        code=closure("paper_replication.steps.token_relevance_table"),
    output:
        positions=at.table("token_relevance_llm"),
        summary=at.table("token_relevance_llm_summary"),
        seeds=at.table("token_relevance_llm_seeds"),
        record=at.record(at.table("token_relevance_llm")),
    log:
        at.log("token_relevance_llm_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_relevance_table").threads
    resources:
        **study.job_resources("token_relevance_table"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.token_relevance_table --graded-tokens {params.graded_tokens} --graded {input.graded:q}"
        " --positions {output.positions:q} --summary {output.summary:q} --seeds {output.seeds:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_relevance_llm_types:
    input:
        summary=at.table("token_relevance_llm_summary"),
        code=closure("paper_replication.steps.token_relevance_types"),
    output:
        table=at.table("token_relevance_llm_types"),
        record=at.record(at.table("token_relevance_llm_types")),
    log:
        at.log("token_relevance_llm_types"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_relevance_types").threads
    resources:
        **study.job_resources("token_relevance_types"),
    shell:
        "python -m paper_replication.steps.token_relevance_types --summary {input.summary:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_relevance_llm_figure:
    input:
        summary=at.table("token_relevance_llm_summary"),
        seeds=at.table("token_relevance_llm_seeds"),
        behaviour=at.table("behaviour"),
        code=closure("paper_replication.steps.token_relevance_figure"),
    output:
        pdf=at.figure("token_relevance_llm", "pdf"),
        png=report(
            at.figure("token_relevance_llm", "png"), caption="../report/token_relevance_llm.rst", category="Traces"
        ),
        record=at.record(at.figure("token_relevance_llm", "pdf")),
    log:
        at.log("token_relevance_llm_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_relevance_figure").threads
    resources:
        **study.job_resources("token_relevance_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_relevance_figure --corpus-name {params.corpus} --summary {input.summary:q} --seeds {input.seeds:q} --behaviour {input.behaviour:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule llm_coherence:
    input:
        texts=at.steering("{model}", RUN, "texts.jsonl"),
        coherence=at.of_run("{model}", "base", "coherence.csv"),
        model=at.model("{model}"),
        prompt=paths.prompt_file("coherence"),
        code=closure("paper_replication.steps.llm_coherence"),
    output:
        judged=at.of_run("{model}", RUN, "llm_judges/coherence.csv"),
        answers=at.of_run("{model}", RUN, "llm_judges/coherence.jsonl"),
        record=at.record(at.of_run("{model}", RUN, "llm_judges/coherence.csv")),
    log:
        at.log("llm_coherence", "{model}", "{organism}", "{variant}", "{seed}"),
    conda:
        "../../envs/agent.yaml"
    threads: study.resources("llm_judges").threads
    resources:
        **study.job_resources("llm_judges"),
        llm=1,
    params:
        settings=lambda wildcards, input: study.config.llm_judges.model_dump_json(),
        tracked=study.config.llm_judges.tracked(),
        label=lambda wildcards: study.label(wildcards).model_dump_json(),
        cache=at.cache("llm_judges"),
    shell:
        "python -m paper_replication.steps.llm_coherence --settings {params.settings:q} --label {params.label:q}"
        " --cache {params.cache:q} --texts {input.texts:q} --coherence {input.coherence:q} --model {input.model:q}"
        " --prompt {input.prompt:q} --judged {output.judged:q} --answers {output.answers:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule judge_agreement_table:
    input:
        scales=lambda wildcards: llm_judged(study, "scales.csv"),
        graded=lambda wildcards: llm_judged(study, "graded.csv"),
        coherence=lambda wildcards: llm_judged(study, "coherence.csv"),
        code=closure("paper_replication.steps.judge_agreement_table"),
    output:
        table=at.table("judge_agreement"),
        summary=at.table("judge_agreement_summary"),
        record=at.record(at.table("judge_agreement")),
    log:
        at.log("judge_agreement_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("judge_agreement_table").threads
    resources:
        **study.job_resources("judge_agreement_table"),
    params:
        settings=lambda wildcards, input: study.config.llm_judges.model_dump_json(),
        tracked=study.config.llm_judges.tracked(),
    shell:
        "python -m paper_replication.steps.judge_agreement_table --settings {params.settings:q}"
        " --scales {input.scales:q} --graded {input.graded:q} --coherence {input.coherence:q} --table {output.table:q}"
        " --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
