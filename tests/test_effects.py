"""Models of grades and ranks: known coefficients, an independent fit, and data that cannot be fitted."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from paper_replication.agent.results import NO_LLM
from paper_replication.effects import design, fit_ordinal, ordinal_model, rank_model, separable
from paper_replication.errors import UserError
from paper_replication.files import read_table, write_table
from paper_replication.steps.agent_ordinal_table import agent_ordinal_table
from paper_replication.steps.identification_model_table import identification_model_table

CONDITIONS = [("adl", 5), ("adl", 0), ("blackbox", 50), ("blackbox", 0)]
TYPES = {"SDF": 12, "EM": 8, "Subliminal": 1}
BLACKBOX = "blackbox, 0 interactions"


def runs(repeats=4, types=TYPES, models=("m",)):
    """One row a run of an agent on an organism; SDF is the commonest type."""
    return pd.DataFrame(
        [
            {"model": model, "organism": f"{kind}{number}", "organism_type": kind, "variant": "default", "seed": 0}
            | {"agent": agent, "budget": budget}
            for model in models
            for kind, several in types.items()
            for number in range(several)
            for agent, budget in CONDITIONS
            for _ in range(repeats)
        ]
    )


def graded(rows, seed=0):
    """Grades of a cumulative logit model: 2 for the ADL agent with interactions, 1 without them, -1 for EM."""
    rng = np.random.default_rng(seed)
    latent = 2.0 * ((rows["agent"] == "adl") & (rows["budget"] == 5)) + 1.0 * (
        (rows["agent"] == "adl") & (rows["budget"] == 0)
    )
    latent = latent - 1.0 * (rows["organism_type"] == "EM") + rng.logistic(size=len(rows))
    return rows.assign(grade=np.digitize(latent, [-0.5, 0.5, 1.5, 2.5]) + 1)


def test_the_design_has_a_column_a_level_and_the_least_evidence_as_its_reference():
    found = design(runs(1, models=("b", "a")))
    assert found.levels.to_numpy().tolist() == [
        ["agent_budget", "blackbox, 50 interactions", BLACKBOX],
        ["agent_budget", "adl, 0 interactions", BLACKBOX],
        ["agent_budget", "adl, 5 interactions", BLACKBOX],
        ["organism_type", "EM", "SDF"],
        ["organism_type", "Subliminal", "SDF"],
        ["model", "a", "b"],
    ]
    # Of one organism of a type nothing is known about others of that type.
    assert found.known.tolist() == [True, True, True, True, False, True]
    n = 2 * 21 * 4
    assert found.columns.sum(axis=0).tolist() == [n / 4, n / 4, n / 4, 64, 8, n / 2]


def test_known_effects_on_grades_are_recovered():
    found = ordinal_model(graded(runs(15)))
    by_level = found.set_index("level")
    known = {"adl, 5 interactions": 2, "adl, 0 interactions": 1, "blackbox, 50 interactions": 0, "EM": -1}
    for level, value in known.items():
        row = by_level.loc[level]
        assert row["coefficient"] == pytest.approx(value, abs=0.35)
        assert row["ci_low"] < value + 0.2
        assert row["ci_high"] > value - 0.2
        assert row["odds_ratio"] == pytest.approx(np.exp(row["coefficient"]))
        assert row["odds_ratio_ci_high"] == pytest.approx(np.exp(row["ci_high"]))
    assert by_level.loc["adl, 5 interactions", "p_value"] < 0.001 < by_level.loc["blackbox, 50 interactions", "p_value"]
    assert by_level.loc["Subliminal", ["ci_low", "ci_high", "p_value"]].isna().all()
    assert set(found["status"]) == {"fitted"}
    assert set(found["n_organisms"]) == {21}


def test_of_two_levels_it_is_logistic_regression_with_clustered_errors():
    rows = graded(runs(2, {"SDF": 5, "EM": 5}), seed=1)
    explained_by, codes = design(rows), (rows["grade"] > 2).to_numpy(dtype=int)
    coefficients, errors = fit_ordinal(codes, explained_by)
    groups = np.unique(explained_by.clusters, return_inverse=True)[1]
    whole = sm.add_constant(explained_by.columns)
    other = sm.Logit(codes, whole).fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups})
    assert coefficients == pytest.approx(other.params[1:], abs=2e-3)
    # There the error is also corrected for the number of coefficients.
    n, k = whole.shape
    assert errors == pytest.approx(other.bse[1:] / np.sqrt((n - 1) / (n - k)), rel=1e-2)


@pytest.mark.parametrize(
    ("codes", "column", "found"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], True),
        ([0, 0, 0, 1], [0, 0, 1, 1], True),  # one level of the effect always has the same grade
        ([0, 1, 0, 1], [0, 0, 1, 1], False),
        ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], False),
        ([0, 1, 1, 2], [0, 0, 1, 1], True),
        ([0, 2, 1, 1], [0, 0, 1, 1], False),
        ([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5], True),
        ([0, 1, 0, 1, 2, 2], [0, 1, 2, 3, 4, 5], False),
        ([0, 0, 1, 1], [-2, -1, 1, 2], True),
        ([0, 0, 1, 1], [-9, -8, -7, -6], True),
    ],
)
def test_what_is_separable(codes, column, found):
    assert separable(np.array(codes), np.array(column, dtype=float)[:, None]) is found


def test_what_cannot_be_fitted_says_why():
    rows = graded(runs(2))
    for changed, reason in (
        (rows.assign(grade=1), "all outcomes are equal"),
        (rows.assign(grade=np.where(rows["agent"] == "adl", 4, 1)), "effects separate the grades"),
        (rows[(rows["agent"] == "adl") & (rows["budget"] == 0) & (rows["organism_type"] == "SDF")], "nothing to"),
        (rows[rows["organism"] == "SDF0"], "there is one organism"),
        (rows.assign(organism_type="control"), "no grades of organisms"),
        (
            rows.assign(model=np.where(rows["organism_type"] == "SDF", "a", "b")).query(
                "organism_type != 'Subliminal'"
            ),
            "effects coincide",
        ),
    ):
        found = ordinal_model(changed)
        assert len(found) == 1
        assert reason in found["status"].iloc[0]
        assert found["status"].iloc[0].startswith("not fitted")


def ranked(seed=0):
    rows = runs(6)
    rng = np.random.default_rng(seed)
    logit = -0.5 - 1.5 * ((rows["agent"] == "adl") & (rows["budget"] == 5)) + 1.0 * (rows["organism_type"] == "EM")
    share = 1 / (1 + np.exp(-(logit + 0.5 * rng.standard_normal(len(rows)))))
    return rows.assign(rank=np.clip(np.ceil(share * 800), 1, 800), n_candidates=800, method="embedding")


def test_known_effects_on_ranks_are_recovered_by_least_squares():
    rows = ranked()
    found = rank_model(rows).set_index("level")
    known = {"adl, 5 interactions": -1.5, "adl, 0 interactions": 0, "EM": 1}
    for level, value in known.items():
        assert found.loc[level, "coefficient"] == pytest.approx(value, abs=0.15)
    # By hand: the clustered error of least squares, and Student's interval.
    share = (rows["rank"] - 0.5) / 800
    x, y = sm.add_constant(design(rows).columns), np.log(share / (1 - share)).to_numpy()
    bread = np.linalg.inv(x.T @ x)
    estimates = bread @ x.T @ y
    residuals, meat = y - x @ estimates, 0
    for name in rows["organism"].unique():
        score = x[rows["organism"] == name].T @ residuals[rows["organism"] == name]
        meat = meat + np.outer(score, score)
    (n, k), g = x.shape, 21
    error = np.sqrt((g / (g - 1) * (n - 1) / (n - k) * bread @ meat @ bread)[4, 4])
    row = found.loc["EM"]
    assert row["coefficient"] == pytest.approx(estimates[4])
    assert row["ci_high"] - row["coefficient"] == pytest.approx(error * t.ppf(0.975, g - 1), rel=1e-6)
    assert row["p_value"] == pytest.approx(2 * t.sf(abs(estimates[4]) / error, g - 1), rel=1e-6)


def test_controls_and_twins_have_no_part_in_it():
    rows = ranked()
    twin = rows[rows["organism"] == "SDF0"].assign(organism="twin", organism_type="control", rank=800)
    control = twin.assign(organism="null", rank=np.nan)
    assert rank_model(pd.concat([rows, twin, control])).equals(rank_model(rows))
    assert "no ranks" in rank_model(control)["status"].iloc[0]
    assert "all outcomes are equal" in rank_model(rows.assign(rank=3))["status"].iloc[0]


def test_the_steps(tmp_path):
    with pytest.raises(UserError, match="There are no grades"):
        agent_ordinal_table([], tmp_path / "table.csv")
    llms = {"agent_model": "a", "grader_model": "g"}
    write_table(tmp_path / "grades.csv", graded(runs(4, {"SDF": 6})).assign(**llms))
    agent_ordinal_table([tmp_path / "grades.csv"], tmp_path / "table.csv")
    found = read_table(tmp_path / "table.csv")
    assert list(found)[:4] == ["variant", "agent_model", "grader_model", "status"]
    assert found["level"].tolist() == [
        "blackbox, 50 interactions",
        "adl, 0 interactions",
        "adl, 5 interactions",
    ]
    assert set(found["reference"]) == {BLACKBOX}
    names = {"rank": "value", "n_candidates": "n", "budget": "interactions", "method": "judge"}
    rows = ranked().rename(columns=names).assign(metric="rank", agent_model=NO_LLM)
    write_table(tmp_path / "agent.csv", pd.concat([rows, rows.assign(metric="top_1", value=0)]))
    identification_model_table(tmp_path / "agent.csv", tmp_path / "model.csv")
    found = read_table(tmp_path / "model.csv")
    assert list(found)[:6] == ["variant", "judge", "status", "effect", "level", "reference"]
    assert set(found["n"]) == {len(rows)}
    assert len(found) == 5
