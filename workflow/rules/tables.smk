# Tables that are published with the figures.


rule token_relevance_table:
    input:
        graded=study.graded("graded.csv"),
        code=closure("paper_replication.steps.token_relevance_table"),
    output:
        positions=at.table("token_relevance"),
        summary=at.table("token_relevance_summary"),
        seeds=at.table("token_relevance_seeds"),
        record=at.record(at.table("token_relevance")),
    log:
        at.log("token_relevance_table"),
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


rule token_positions_table:
    input:
        relevance=at.table("token_relevance"),
        code=closure("paper_replication.steps.token_positions_table"),
    output:
        runs=at.table("token_positions"),
        types=at.table("token_positions_types"),
        record=at.record(at.table("token_positions")),
    log:
        at.log("token_positions_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("token_positions_table").threads
    resources:
        **study.job_resources("token_positions_table"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.token_positions_table --corpus-name {params.corpus}"
        " --relevance {input.relevance:q} --runs {output.runs:q} --types {output.types:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule judge_free_table:
    input:
        graded=study.graded("judge_free.csv"),
        code=closure("paper_replication.steps.token_relevance_table"),
    output:
        positions=at.table("judge_free"),
        summary=at.table("judge_free_summary"),
        seeds=at.table("judge_free_seeds"),
        record=at.record(at.table("judge_free")),
    log:
        at.log("judge_free_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("judge_free_table").threads
    resources:
        **study.job_resources("judge_free_table"),
    params:
        graded_tokens=study.config.readouts.graded_tokens,
    shell:
        "python -m paper_replication.steps.token_relevance_table --graded-tokens {params.graded_tokens} --graded {input.graded:q}"
        " --positions {output.positions:q} --summary {output.summary:q} --seeds {output.seeds:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule token_cards_table:
    input:
        graded=study.graded("graded.csv"),
        code=closure("paper_replication.steps.token_cards_table"),
    output:
        cards=at.table("token_cards"),
        record=at.record(at.table("token_cards")),
    log:
        at.log("token_cards_table"),
    conda:
        "../../envs/provenance.yaml"
    threads: study.resources("token_cards_table").threads
    resources:
        **study.job_resources("token_cards_table"),
    shell:
        "python -m paper_replication.steps.token_cards_table --graded {input.graded:q} --cards {output.cards:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule recipe_sweep_table:
    input:
        behaviour=[study.of_label(label, "behaviour.csv") for label in study.sweep_labels()],
        code=closure("paper_replication.steps.recipe_sweep_table"),
    output:
        table=at.table("recipe_sweep"),
        record=at.record(at.table("recipe_sweep")),
    log:
        at.log("recipe_sweep_table"),
    conda:
        "../../envs/provenance.yaml"
    threads: study.resources("recipe_sweep_table").threads
    resources:
        **study.job_resources("recipe_sweep_table"),
    params:
        recipes=study.sweep_recipes(),
        maximum_leak=study.config.sweep.maximum_leak,
    shell:
        "python -m paper_replication.steps.recipe_sweep_table --recipes {params.recipes:q} --maximum-leak {params.maximum_leak}"
        " --behaviour {input.behaviour:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule answers_pages:
    input:
        answers=at.table("sampled_answers"),
        organisms=[paths.organism_file(name) for name in study.reported()],
        code=closure("paper_replication.steps.answers_pages"),
    output:
        pages=directory(at.answers_pages()),
        record=at.record(at.answers_pages()),
    log:
        at.log("answers_pages"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("answers_pages").threads
    resources:
        **study.job_resources("answers_pages"),
    shell:
        "python -m paper_replication.steps.answers_pages --answers {input.answers:q} --organisms {input.organisms:q}"
        " --pages {output.pages:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule costs_table:
    input:
        results=study.costly(),
        code=closure("paper_replication.steps.costs_table"),
    output:
        table=at.costs(),
        record=at.record(at.costs()),
    log:
        at.log("costs_table"),
    conda:
        "../../envs/provenance.yaml"
    threads: study.resources("costs_table").threads
    resources:
        **study.job_resources("costs_table"),
    shell:
        "python -m paper_replication.steps.costs_table --results {input.results:q} --table {output.table:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule cross_organism_table:
    input:
        parts=[at.cross_grading(model) for model in study.config.models],
        code=closure("paper_replication.steps.cross_organism_table"),
    output:
        table=at.table("cross_organism"),
        summary=at.table("cross_organism_summary"),
        record=at.record(at.table("cross_organism")),
    log:
        at.log("cross_organism_table"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("cross_organism_table").threads
    resources:
        **study.job_resources("cross_organism_table"),
    params:
        seed=study.config.relevance.calibration_seed,
    shell:
        "python -m paper_replication.steps.cross_organism_table --seed {params.seed} --parts {input.parts:q}"
        " --table {output.table:q} --summary {output.summary:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"
