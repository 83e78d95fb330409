"""Files of what was read outside the pipeline: mistakes in them are named, and stop what reads them alone."""

import pandas as pd
import pytest

from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.paths import CONFIGS
from paper_replication.plan import laid_over
from paper_replication.reading_checks import AGENTS, read_readings
from paper_replication.study import load_study
from paper_replication.study_extended import verdicts_of

ROWS = pd.DataFrame({"model": ["m"] * 2, "organism": ["gold", "leaf"], "reading_0": [1, 0], "reading_1": [1, 1]})
ANSWERS = ROWS.assign(agent=["adl", "random"], seed="1")


def written(folder, rows):
    path = folder / "readings.csv"
    rows.to_csv(path, index=False)
    return path


def test_a_file_without_mistakes_is_read(tmp_path):
    assert len(read_readings(written(tmp_path, ROWS), "answers", ["m"])) == 2
    assert set(AGENTS) == {"adl", "blackbox", "random", "matched_null"}
    assert list(read_readings(written(tmp_path, ANSWERS), "investigations", ["m"])["agent"]) == ["adl", "random"]


@pytest.mark.parametrize(
    ("rows", "kind", "message"),
    [
        (ROWS.replace("leaf", "leav"), "answers", "there is no organism 'leav'"),
        (ROWS.replace("m", ""), "answers", "the model '' is none of m"),
        (ROWS.drop(columns="reading_1"), "answers", "has one reading alone"),
        (ROWS.drop(columns="organism"), "answers", "lacks the column organism"),
        (ROWS.iloc[:0], "tokens", "has no rows"),
        (ANSWERS.drop(columns="agent"), "investigations", "lacks the column agent"),
        (ANSWERS.drop(columns="seed"), "investigations", "lacks the column seed"),
        (ANSWERS.replace("adl", "adll"), "investigations", "the agent 'adll' is none of adl, blackbox"),
    ],
)
def test_mistakes_are_named(tmp_path, rows, kind, message):
    with pytest.raises(UserError, match=message):
        read_readings(written(tmp_path, rows), kind, ["m"])


@pytest.mark.parametrize(
    "content", [b"", b"model,organism\nm,gold\nm,gold,1\n", "model\nM\u00fcller".encode("latin-1")]
)
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "readings.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"readings\.csv (cannot be read; save it as CSV in UTF-8|lacks the column)"):
        read_readings(path, "answers", ["m"])


def test_what_a_config_names_is_looked_into_where_it_is_asked_for(tmp_path):
    overlay = CONFIGS / "laptop_again.yaml"
    study = load_study(laid_over([read_yaml(CONFIGS / "laptop.yaml"), read_yaml(overlay)]), overlay)
    path = written(tmp_path, ANSWERS.assign(model="smollm2_135m_instruct").replace("leaf", "leav"))
    readings = study.config.readings.model_copy(update={"answers": str(path), "investigations": str(path)})
    changed = type(study)(
        study.config.model_copy(update={"readings": readings}), study.paths, study.organisms, study.sources
    )
    with pytest.raises(UserError, match="there is no organism 'leav'"):
        verdicts_of(changed, "answers")
    with pytest.raises(UserError, match="there is no organism 'leav'"):
        changed.investigated()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ANSWERS.assign(seed="7"), "there is no run of smollm2_135m_instruct, .*, 7 "),
        (ANSWERS.assign(organism="chat_tuning", agent="matched_null"), "chat_tuning has no matched null"),
    ],
)
def test_readings_are_of_runs_that_there_are(tmp_path, rows, message):
    overlay = CONFIGS / "laptop_again.yaml"
    study = load_study(laid_over([read_yaml(CONFIGS / "laptop.yaml"), read_yaml(overlay)]), overlay)
    path = written(tmp_path, rows.assign(model="smollm2_135m_instruct"))
    readings = study.config.readings.model_copy(update={"investigations": str(path)})
    changed = type(study)(
        study.config.model_copy(update={"readings": readings}), study.paths, study.organisms, study.sources
    )
    with pytest.raises(UserError, match=message):
        changed.investigated()
