"""The cluster profile: its groups hold every short rule and can be run one after the other."""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from smoke_project import environment

PROFILE = yaml.safe_load(Path("profiles/slurm/config.yaml").read_text())
GROUPS = PROFILE["groups"]


def test_no_group_waits_for_what_waits_for_it(tmp_path):
    """Snakemake does not look for this in groups that it merges, and such a run would never end."""
    # All that a tier may leave out: LLMs, further models, tokens read outside the pipeline.
    asked = tmp_path / "llm.yaml"
    llm = "openai-api/local/some"
    asked.write_text(yaml.safe_dump({"agent": {"model": llm, "grader": llm}, "llm_judges": {"model": llm}}))
    ruled, needs = set(), {}
    asked_of = {"families": ["all", "families", "readings"], "larger": ["larger_model"]}
    asked_of |= {"gentle": ["gentle", "readings"], "again": ["again", "mixing", "readings"]}
    for overlay, targets in asked_of.items():
        configs = ["workflow/config/laptop.yaml", f"workflow/config/laptop_{overlay}.yaml", str(asked)]
        command = [sys.executable, "-m", "snakemake", *targets, "--rulegraph", "--cores", "1", "--configfile", *configs]
        drawn = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
        rules = dict(re.findall(r'(\d+)\[label = "(\w+)', drawn))
        ruled |= set(rules.values())
        units = {number: GROUPS.get(rule, rule) for number, rule in rules.items()}
        for unit in units.values():
            needs.setdefault(unit, set())
        for before, after in re.findall(r"(\d+) -> (\d+)", drawn):
            needs[units[after]] |= {units[before]} - {units[after]}
    assert set(GROUPS) <= ruled
    assert set(GROUPS.values()) <= set(needs)

    def all_needs(unit, found):
        for other in needs[unit] - found:
            found.add(other)
            all_needs(other, found)
        return found

    assert [group for group in set(GROUPS.values()) if group in all_needs(group, set())] == []


def test_every_table_and_figure_but_the_first_is_in_a_group():
    text = "".join(path.read_text() for path in Path("workflow/rules").glob("*.smk"))
    rules = re.findall(r"^rule (\w+):", text, re.MULTILINE)
    short = {rule for rule in rules if re.search("_(tables?|figure)$", rule)}
    assert short - set(GROUPS) == {"first_light_figure"}
    assert set(GROUPS) <= set(rules)
    assert set(PROFILE["group-components"]) <= set(GROUPS.values())


def test_what_the_default_profile_sets_holds_on_a_cluster_too():
    default = yaml.safe_load(Path("profiles/default/config.yaml").read_text())
    assert {name: PROFILE.get(name) for name in default} == default
