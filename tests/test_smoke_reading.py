"""Tokens and answers read blind on the smoke tier: from sheets to figures, by a reading that is made up."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from smoke_project import AT, CONFIG, DEMO, STUDY, audit, environment

from paper_replication.blind_answers import answers_of, with_sums
from paper_replication.cross_steering import READ, READOUT, answers_to_read
from paper_replication.files import read_table, write_table
from paper_replication.investigations import sum_of
from paper_replication.paths import READINGS
from paper_replication.token_tables import read_token_table

DEMO_RUN = AT.run(DEMO.organism, DEMO.variant, DEMO.seed)
pytestmark = [pytest.mark.slow, pytest.mark.workflow]


def run(project, *targets, configs):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *targets, "--configfile", *map(str, configs)]
    done = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done


def test_what_is_read_by_hand_is_judged_by_its_verdicts(project):
    """A reading of all sheets, by which words with an e are relevant, named in a config: its tables and figures."""
    sheets = [AT.sheet(DEMO.model, DEMO.organism, reading) for reading in (0, 1)]
    kinds = ("answer_sheets", "base_sheets", "cross_sheets")
    told = [AT.answer_sheet(DEMO.model, kind, DEMO.organism, 0) for kind in kinds]
    briefings = {
        name: AT.briefing(DEMO.model, DEMO_RUN, name) for name in ("adl", "matched_null", "random", "blackbox")
    }
    run(project, *sheets, *told, *briefings.values(), configs=[CONFIG])
    assert len({(project / briefing).read_text() for briefing in briefings.values()}) == len(briefings)
    orders = [re.findall(r'\d+ (".*?")(?:  |\n)', (project / sheet).read_text()) for sheet in sheets]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    words = [json.loads(word) for word in orders[0]]
    votes = {f"reading_{n}": ["e" in word for word in words] for n in (0, 1)}
    table = pd.DataFrame({"model": DEMO.model, "organism": DEMO.organism, "word": words} | votes)
    write_table(project / READINGS / "some_tokens.csv", table.astype(dict.fromkeys(votes, int)))
    said = answers_of(read_token_table(project / AT.table("steered_answers")))
    cross = read_token_table(project / AT.table("cross_steered_answers"))
    elsewhere = answers_to_read(cross, json.loads(STUDY.controls_json()))
    assert set(elsewhere["vector"]) == set(READ.values())
    base = with_sums(read_token_table(project / AT.table("base_steered_answers")))
    for sheet, shown in zip(told, (said, base, elsewhere), strict=True):
        texts = (project / sheet).read_text()
        own = shown[shown["organism"] == DEMO.organism]
        assert all(json.dumps(text, ensure_ascii=False) in texts for text in own["text"])
    own = pd.concat([said, elsewhere.assign(vector=READOUT)]).query("organism == @DEMO.organism")
    steered = (own["vector"] == "difference").astype(int)
    votes = (
        own.assign(reading_0=steered, reading_1=steered).sort_values("reading_0").drop_duplicates("sum", keep="last")
    )
    write_table(project / READINGS / "some_answers.csv", votes[["model", "organism", "sum", "reading_0", "reading_1"]])
    answered = [
        {"model": DEMO.model, "organism": DEMO.organism, "seed": DEMO.seed, "agent": agent, "answer": "A cake."}
        | {"sum": sum_of((project / briefing).read_text()), "grade_0": grade, "grade_1": grade}
        for grade, (agent, briefing) in enumerate(briefings.items(), start=1)
    ]
    write_table(project / READINGS / "some_investigations.csv", pd.DataFrame(answered))
    config = project / "read.yaml"
    readings = {kind: (READINGS / f"some_{kind}.csv").as_posix() for kind in ("tokens", "answers", "investigations")}
    config.write_text(yaml.safe_dump({"readings": readings}))
    figures = [AT.figure(name, "png") for name in ("blind_reading", "blind_answers", "investigations")]
    done = run(project, *figures, configs=[CONFIG, config])
    assert "train" not in done.stderr.split("Job stats:")[1].split("total")[0]
    cards = read_token_table(project / AT.table("token_cards"))
    own = cards[(cards["organism"] == DEMO.organism) & (cards["vector"] == "difference")]
    counted = own[own["readout"] == "patchscope"].groupby("position")["token"].agg(lambda t: t.str.contains("e").mean())
    summary = read_table(project / AT.table("blind_reading_summary"))
    judged = summary.query("judge == 'language_model_blind' and readout == 'patchscope' and vector == 'difference'")
    assert judged["relevant_fraction"].tolist() == [pytest.approx(counted.max())]
    agreement = read_table(project / AT.table("blind_reading_agreement")).set_index("llm_judge")
    assert agreement.loc["reading_1", "kappa"].eq(1).all()
    shares = read_table(project / AT.table("blind_answers_summary"))
    shares = shares.set_index(["readout", "vector"])["relevant_fraction"]
    assert shares["answers", "difference"] == 1
    assert set(shares[READOUT].index) == set(READ.values())
    grades = read_table(project / AT.table("investigations")).set_index("agent")["grade"]
    assert grades.to_dict() == {"adl": 1, "matched_null": 2, "random": 3, "blackbox": 4}
    assert [audit(project, figure).returncode for figure in figures] == [0, 0, 0]
