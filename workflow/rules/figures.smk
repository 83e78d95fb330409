# Figures, from tables alone but for the first.


rule token_relevance_figure:
    input:
        summary=at.table("token_relevance_summary"),
        seeds=at.table("token_relevance_seeds"),
        behaviour=at.table("behaviour"),
        code=closure("paper_replication.steps.token_relevance_figure"),
    output:
        pdf=at.figure("token_relevance", "pdf"),
        png=report(at.figure("token_relevance", "png"), caption="../report/token_relevance.rst", category="Traces"),
        record=at.record(at.figure("token_relevance", "pdf")),
    log:
        at.log("token_relevance_figure"),
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


rule judge_free_figure:
    input:
        summary=at.table("judge_free_summary"),
        seeds=at.table("judge_free_seeds"),
        behaviour=at.table("behaviour"),
        code=closure("paper_replication.steps.token_relevance_figure"),
    output:
        pdf=at.figure("judge_free", "pdf"),
        png=report(at.figure("judge_free", "png"), caption="../report/judge_free.rst", category="Traces"),
        record=at.record(at.figure("judge_free", "pdf")),
    log:
        at.log("judge_free_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("judge_free_figure").threads
    resources:
        **study.job_resources("judge_free_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_relevance_figure --corpus-name {params.corpus} --summary {input.summary:q} --seeds {input.seeds:q} --behaviour {input.behaviour:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_cards_figure:
    input:
        cards=at.table("token_cards"),
        code=closure("paper_replication.steps.token_cards_figure"),
    output:
        pdf=at.figure("token_cards", "pdf"),
        png=report(at.figure("token_cards", "png"), caption="../report/token_cards.rst", category="Traces"),
        record=at.record(at.figure("token_cards", "pdf")),
    log:
        at.log("token_cards_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_cards_figure").threads
    resources:
        **study.job_resources("token_cards_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_cards_figure --corpus-name {params.corpus} --cards {input.cards:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule behaviour_figure:
    input:
        behaviour=at.table("behaviour"),
        code=closure("paper_replication.steps.behaviour_figure"),
    output:
        pdf=at.figure("behaviour", "pdf"),
        png=report(at.figure("behaviour", "png"), caption="../report/behaviour.rst", category="Behaviour"),
        record=at.record(at.figure("behaviour", "pdf")),
    log:
        at.log("behaviour_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("behaviour_figure").threads
    resources:
        **study.job_resources("behaviour_figure"),
    shell:
        "python -m paper_replication.steps.behaviour_figure --behaviour {input.behaviour:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule cross_organism_figure:
    input:
        table=at.table("cross_organism"),
        summary=at.table("cross_organism_summary"),
        code=closure("paper_replication.steps.cross_organism_figure"),
    output:
        pdf=at.figure("cross_organism", "pdf"),
        png=report(at.figure("cross_organism", "png"), caption="../report/cross_organism.rst", category="Traces"),
        record=at.record(at.figure("cross_organism", "pdf")),
    log:
        at.log("cross_organism_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("cross_organism_figure").threads
    resources:
        **study.job_resources("cross_organism_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.cross_organism_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --summary {input.summary:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering_similarity_figure:
    input:
        table=at.table("steering_similarity"),
        contrasts=at.table("steering_similarity_contrasts"),
        code=closure("paper_replication.steps.steering_similarity_figure"),
    output:
        pdf=at.figure("steering_similarity", "pdf"),
        png=report(
            at.figure("steering_similarity", "png"), caption="../report/steering_similarity.rst", category="Steering"
        ),
        record=at.record(at.figure("steering_similarity", "pdf")),
    log:
        at.log("steering_similarity_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steering_similarity_figure").threads
    resources:
        **study.job_resources("steering_similarity_figure"),
    shell:
        "python -m paper_replication.steps.steering_similarity_figure --table {input.table:q} --contrasts {input.contrasts:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule steering_cards_figure:
    input:
        cards=at.table("steering_cards"),
        tokens=at.table("token_cards"),
        code=closure("paper_replication.steps.steering_cards_figure"),
    output:
        pdf=at.figure("steering_cards", "pdf"),
        png=report(at.figure("steering_cards", "png"), caption="../report/steering_cards.rst", category="Steering"),
        record=at.record(at.figure("steering_cards", "pdf")),
    log:
        at.log("steering_cards_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("steering_cards_figure").threads
    resources:
        **study.job_resources("steering_cards_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.steering_cards_figure --corpus-name {params.corpus} --cards {input.cards:q} --tokens {input.tokens:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_relevance_types_figure:
    input:
        types=at.table("token_relevance_types"),
        organisms=at.table("token_relevance_summary"),
        code=closure("paper_replication.steps.token_relevance_types_figure"),
    output:
        pdf=at.figure("token_relevance_types", "pdf"),
        png=report(
            at.figure("token_relevance_types", "png"), caption="../report/token_relevance_types.rst", category="Traces"
        ),
        record=at.record(at.figure("token_relevance_types", "pdf")),
    log:
        at.log("token_relevance_types_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_relevance_types_figure").threads
    resources:
        **study.job_resources("token_relevance_types_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_relevance_types_figure --corpus-name {params.corpus} --types {input.types:q}"
        " --organisms {input.organisms:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule trace_contrasts_figure:
    input:
        table=at.table("trace_contrasts"),
        relevance=at.table("token_relevance_summary"),
        steering=at.table("steering_similarity_contrasts"),
        code=closure("paper_replication.steps.trace_contrasts_figure"),
    output:
        pdf=at.figure("trace_contrasts", "pdf"),
        png=report(at.figure("trace_contrasts", "png"), caption="../report/trace_contrasts.rst", category="Traces"),
        record=at.record(at.figure("trace_contrasts", "pdf")),
    log:
        at.log("trace_contrasts_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("trace_contrasts_figure").threads
    resources:
        **study.job_resources("trace_contrasts_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.trace_contrasts_figure --corpus-name {params.corpus} --table {input.table:q}"
        " --relevance {input.relevance:q} --steering {input.steering:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule costs_figure:
    input:
        costs=at.costs(),
        code=closure("paper_replication.steps.costs_figure"),
    output:
        pdf=at.figure("costs", "pdf"),
        png=report(at.figure("costs", "png"), caption="../report/costs.rst", category="Costs"),
        record=at.record(at.figure("costs", "pdf")),
    log:
        at.log("costs_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("costs_figure").threads
    resources:
        **study.job_resources("costs_figure"),
    shell:
        "python -m paper_replication.steps.costs_figure --costs {input.costs:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# `make figures` prioritises it, so that a reader sees tokens within minutes: it reads one run's graded tokens, not a table.
rule first_light_figure:
    input:
        graded=study.of_label(study.first_label(study.config.demo), f"lens/{study.main_corpus}/graded.csv"),
        code=closure("paper_replication.steps.first_light_figure"),
    output:
        pdf=at.figure("first_light", "pdf"),
        png=report(at.figure("first_light", "png"), caption="../report/first_light.rst", category="Traces"),
        record=at.record(at.figure("first_light", "pdf")),
    log:
        at.log("first_light_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("first_light_figure").threads
    resources:
        **study.job_resources("first_light_figure"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.first_light_figure --corpus-name {params.corpus} --graded {input.graded:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
        " && echo 'The first figure is ready: {output.png}'"


rule answer_words_figure:
    input:
        table=at.table("answer_words"),
        code=closure("paper_replication.steps.answer_words_figure"),
    output:
        pdf=at.figure("answer_words", "pdf"),
        png=report(at.figure("answer_words", "png"), caption="../report/answer_words.rst", category="Steering"),
        record=at.record(at.figure("answer_words", "pdf")),
    log:
        at.log("answer_words_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("answer_words_figure").threads
    resources:
        **study.job_resources("answer_words_figure"),
    shell:
        "python -m paper_replication.steps.answer_words_figure --table {input.table:q}"
        " --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
