# Tokens and steered answers that a language model read outside the pipeline, where the config names its readings, and the
# sheets that it was given.


rule reading_sheet:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        cards=at.table("token_cards"),
        layers=at.table("layer_tokens"),
        calibration=at.table("judge_calibration"),
        prompt=paths.prompt_file("relevance"),
        code=closure("paper_replication.steps.reading_sheet"),
    output:
        sheet=at.sheet("{model}", "{organism}", "{reading}"),
        record=at.record(at.sheet("{model}", "{organism}", "{reading}")),
    log:
        at.log("reading_sheet", "{model}", "{organism}", "{reading}"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("reading_sheet").threads
    resources:
        **study.job_resources("reading_sheet"),
    params:
        corpus=study.main_corpus,
    shell:
        "python -m paper_replication.steps.reading_sheet --reading {wildcards.reading} --model {wildcards.model}"
        " --corpus-name {params.corpus} --organism {input.organism:q} --cards {input.cards:q} --layers {input.layers:q}"
        " --calibration {input.calibration:q} --prompt {input.prompt:q} --sheet-file {output.sheet:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule blind_reading:
    input:
        cards=at.table("token_cards"),
        layers=at.table("layer_tokens"),
        readings=lambda wildcards: verdicts_of(study, "tokens"),
        code=closure("paper_replication.steps.blind_reading"),
    output:
        positions=at.table("blind_reading"),
        summary=at.table("blind_reading_summary"),
        contrasts=at.table("blind_reading_contrasts"),
        agreement=at.table("blind_reading_agreement"),
        record=at.record(at.table("blind_reading")),
    log:
        at.log("blind_reading"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_reading").threads
    resources:
        **study.job_resources("blind_reading"),
    params:
        corpus=study.main_corpus,
        graded_tokens=study.config.readouts.graded_tokens,
        nulls=study.nulls_json(),
        seed=study.config.llm_judges.seed,
        rounds=study.config.llm_judges.rounds,
    shell:
        "python -m paper_replication.steps.blind_reading --corpus-name {params.corpus} --graded-tokens {params.graded_tokens}"
        " --nulls {params.nulls:q} --seed {params.seed} --rounds {params.rounds} --cards {input.cards:q}"
        " --layers {input.layers:q} --readings {input.readings:q} --positions {output.positions:q}"
        " --summary {output.summary:q} --contrasts {output.contrasts:q} --agreement {output.agreement:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of the same tokens, each word once beside each place in a list.
rule blind_reading_words:
    input:
        cards=at.table("token_cards"),
        layers=at.table("layer_tokens"),
        readings=lambda wildcards: verdicts_of(study, "tokens"),
        code=closure("paper_replication.steps.blind_reading_words"),
    output:
        agreement=at.table("blind_reading_words"),
        record=at.record(at.table("blind_reading_words")),
    log:
        at.log("blind_reading_words"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_reading_words").threads
    resources:
        **study.job_resources("blind_reading_words"),
    params:
        corpus=study.main_corpus,
        nulls=study.nulls_json(),
        seed=study.config.llm_judges.seed,
        rounds=study.config.llm_judges.rounds,
    shell:
        "python -m paper_replication.steps.blind_reading_words --corpus-name {params.corpus} --nulls {params.nulls:q}"
        " --seed {params.seed} --rounds {params.rounds} --cards {input.cards:q} --layers {input.layers:q}"
        " --readings {input.readings:q} --agreement {output.agreement:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule blind_reading_figure:
    input:
        summary=at.table("blind_reading_summary"),
        agreement=at.table("blind_reading_agreement"),
        code=closure("paper_replication.steps.blind_reading_figure"),
    output:
        pdf=at.figure("blind_reading", "pdf"),
        png=report(at.figure("blind_reading", "png"), caption="../report/blind_reading.rst", category="Traces"),
        record=at.record(at.figure("blind_reading", "pdf")),
    log:
        at.log("blind_reading_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_reading_figure").threads
    resources:
        **study.job_resources("blind_reading_figure"),
    params:
        layer=study.config.activations.layer,
        organisms=study.reported(),
    shell:
        "python -m paper_replication.steps.blind_reading_figure --layer {params.layer} --organisms {params.organisms:q}"
        " --summary {input.summary:q}"
        " --agreement {input.agreement:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


SHEETS = {"answer_sheets": "steered_answers", "base_sheets": "base_steered_answers"}


# Of the organism's own model, or by the same vectors of the base model alone or of it and the matched null.
rule answer_sheet:
    input:
        organism=lambda wildcards: paths.organism_file(wildcards.organism),
        answers=lambda wildcards: (
            at.table("cross_steered_answers")
            if wildcards.told == "cross_sheets"
            else study.answers_to_read(SHEETS[wildcards.told])
        ),
        prompt=paths.prompt_file("answers"),
        code=closure("paper_replication.steps.answer_sheet"),
    output:
        sheet=at.answer_sheet("{model}", "{told}", "{organism}", "{reading}"),
        record=at.record(at.answer_sheet("{model}", "{told}", "{organism}", "{reading}")),
    log:
        at.log("answer_sheet", "{model}", "{told}", "{organism}", "{reading}"),
    wildcard_constraints:
        told="answer_sheets|base_sheets|cross_sheets",
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("answer_sheet").threads
    resources:
        **study.job_resources("answer_sheet"),
    params:
        kind=lambda wildcards: wildcards.told.removesuffix("_sheets").replace("answer", "answers"),
        controls=study.controls_json(),
    shell:
        "python -m paper_replication.steps.answer_sheet --reading {wildcards.reading} --model {wildcards.model}"
        " --organism {input.organism:q} --{params.kind} {input.answers:q} --controls {params.controls:q} --prompt {input.prompt:q}"
        " --sheet-file {output.sheet:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule blind_answers:
    input:
        answers=at.table("steered_answers"),
        cross=at.table("cross_steered_answers"),
        readings=lambda wildcards: verdicts_of(study, "answers"),
        organisms=[paths.organism_file(label.organism) for label in study.steered_labels()],
        code=closure("paper_replication.steps.blind_answers"),
    output:
        verdicts=at.table("blind_answers"),
        summary=at.table("blind_answers_summary"),
        contrasts=at.table("blind_answers_contrasts"),
        agreement=at.table("blind_answers_agreement"),
        record=at.record(at.table("blind_answers")),
    log:
        at.log("blind_answers"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_answers").threads
    resources:
        **study.job_resources("blind_answers"),
    params:
        seed=study.config.llm_judges.seed,
        rounds=study.config.llm_judges.rounds,
        controls=study.controls_json(),
    shell:
        "python -m paper_replication.steps.blind_answers --seed {params.seed} --rounds {params.rounds}"
        " --answers {input.answers:q} --cross {input.cross:q} --controls {params.controls:q} --readings {input.readings:q}"
        " --organisms {input.organisms:q} --verdicts {output.verdicts:q}"
        " --summary {output.summary:q} --contrasts {output.contrasts:q} --agreement {output.agreement:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of the same answers, by each reading alone and by most, where the first rule asks all to agree.
rule blind_answers_rules:
    input:
        answers=at.table("steered_answers"),
        cross=at.table("cross_steered_answers"),
        readings=lambda wildcards: verdicts_of(study, "answers"),
        code=closure("paper_replication.steps.blind_answers_rules"),
    output:
        summary=at.table("blind_answers_rules"),
        contrasts=at.table("blind_answers_rules_contrasts"),
        agreement=at.table("blind_answers_rules_agreement"),
        record=at.record(at.table("blind_answers_rules")),
    log:
        at.log("blind_answers_rules"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_answers_rules").threads
    resources:
        **study.job_resources("blind_answers_rules"),
    params:
        seed=study.config.llm_judges.seed,
        rounds=study.config.llm_judges.rounds,
        controls=study.controls_json(),
    shell:
        "python -m paper_replication.steps.blind_answers_rules --seed {params.seed} --rounds {params.rounds}"
        " --answers {input.answers:q} --cross {input.cross:q} --controls {params.controls:q} --readings {input.readings:q}"
        " --summary {output.summary:q} --contrasts {output.contrasts:q} --agreement {output.agreement:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


rule blind_answers_figure:
    input:
        summary=at.table("blind_answers_summary"),
        agreement=at.table("blind_answers_agreement"),
        sheets=at.table("blind_answers_rules_agreement"),
        code=closure("paper_replication.steps.blind_answers_figure"),
    output:
        pdf=at.figure("blind_answers", "pdf"),
        png=report(at.figure("blind_answers", "png"), caption="../report/blind_answers.rst", category="Traces"),
        record=at.record(at.figure("blind_answers", "pdf")),
    log:
        at.log("blind_answers_figure"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("blind_answers_figure").threads
    resources:
        **study.job_resources("blind_answers_figure"),
    shell:
        "python -m paper_replication.steps.blind_answers_figure --summary {input.summary:q}"
        " --agreement {input.agreement:q} --sheets {input.sheets:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --record {output.record:q} 2>&1 | tee {log:q}"


# Of a tier that is compared with another: own models' answers, and the base model's by their vectors.
rule answers_read:
    input:
        answers=study.answers_to_read("steered_answers"),
        base=study.answers_to_read("base_steered_answers"),
        readings=lambda wildcards: verdicts_of(study, "answers"),
        organisms=[paths.organism_file(label.organism) for label in study.steered_labels()],
        code=closure("paper_replication.steps.answers_read"),
    output:
        verdicts=at.table("answers_read"),
        summary=at.table("answers_read_summary"),
        contrasts=at.table("answers_read_contrasts"),
        agreement=at.table("answers_read_agreement"),
        record=at.record(at.table("answers_read")),
    log:
        at.log("answers_read"),
    conda:
        "../../envs/plot.yaml"
    threads: study.resources("answers_read").threads
    resources:
        **study.job_resources("answers_read"),
    params:
        seed=study.config.llm_judges.seed,
        rounds=study.config.llm_judges.rounds,
    shell:
        "python -m paper_replication.steps.answers_read --seed {params.seed} --rounds {params.rounds}"
        " --answers {input.answers:q} --base {input.base:q} --readings {input.readings:q}"
        " --organisms {input.organisms:q} --verdicts {output.verdicts:q} --summary {output.summary:q}"
        " --contrasts {output.contrasts:q} --agreement {output.agreement:q} --record {output.record:q} 2>&1 | tee {log:q}"
