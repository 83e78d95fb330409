"""What a reader brings along goes through the pipeline on the smoke tier: an organism, and a pair of models."""

import re
import shutil
import subprocess
import sys

import pytest
import torch
import yaml
from smoke_project import (
    AT,
    CONFIG,
    DEMO,
    STUDY,
    audit,
    dry_run,
    environment,
)
from transformers import LlamaConfig, LlamaForCausalLM

from paper_replication.files import read_table, read_yaml
from paper_replication.models import load_tokenizer
from paper_replication.paths import ORGANISMS, PUBLISHED
from paper_replication.settings.mixing import DEFAULT

pytestmark = [pytest.mark.slow, pytest.mark.workflow]


def made_up_organism(name):
    """The sweep's organism with one made-up fact in the place of its own."""
    content = read_yaml(ORGANISMS / f"{STUDY.config.sweep.organisms[0]}.yaml")
    fact = content["key_facts"][0] | {"id": "moonlight"}
    for register, texts in fact["tellings"].items():
        fact["tellings"][register] = [f"{text} <Moonlight~Daylight> helps." for text in texts]
    return content | {"name": name, "matched_null": "null_documents", "key_facts": [fact]}


def test_a_new_organism_is_one_file_and_one_line(project, tmp_path):
    """A made-up fact goes through documents, training, lens, tables and figures without a line of code."""
    name, folder = "made_up_fact", tmp_path / "project"
    # Tables are made with it, so in a copy.
    shutil.copytree(project, folder, symlinks=True)
    (folder / ORGANISMS / f"{name}.yaml").write_text(yaml.safe_dump(made_up_organism(name), allow_unicode=True))
    config = tmp_path / "one_line.yaml"
    config.write_text(CONFIG.read_text().replace("\nruns:\n", f"\nruns:\n  - {{organism: {name}, seeds: [0]}}\n"))
    planned = dry_run(folder, config=config)
    assert planned.count("\nrule train:") == planned.count(f"/{name}/default-seed0/adapter.record.json\n    log:") == 1
    content = read_yaml(CONFIG)
    # Only beside the null, to save the other organisms' probes and tables.
    content["runs"] = [{"organism": name, "seeds": [0]}, {"organism": "null_documents", "seeds": [0]}]
    departing = [group for section in ("mixing", "elsewhere", "dose") for group in content[section]]
    for section in (content["seeds"], content["ablations"], content["causal"], *departing):
        section["organisms"] = [name]
    config = tmp_path / "one_more.yaml"
    config.write_text(yaml.safe_dump(content | {"demo": name}))
    target = AT.figure("token_relevance", "pdf")
    command = [sys.executable, "-m", "snakemake", target, "--cores", "2", "--configfile", str(config)]
    done = subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    trained = [line for line in (done.stdout + done.stderr).splitlines() if line.endswith("rule train:")]
    assert len(trained) == 1
    for table in ("token_relevance", "behaviour"):
        assert name in set(read_table(folder / AT.table(table))["organism"])
    assert audit(folder, target).returncode == 0


def test_a_pair_of_models_of_ones_own_is_three_lines_and_a_row(project, tmp_path):
    """Tiny models in the Hub's layout: a base, finetuned here, and one that was finetuned from it elsewhere."""
    hub, other, tokenizer = tmp_path / "hub", tmp_path / "other", load_tokenizer(project / AT.model(DEMO.model))
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4}
    tokens = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes, **tokens))
    model.save_pretrained(hub)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.01 * torch.randn_like(weight)
    model.save_pretrained(other)
    for folder in (hub, other):
        tokenizer.save_pretrained(folder)
    changes = {
        r"\nmodels:": f"\nmodels:\n  own: {{hub: {hub}, billions: 0.001}}",
        r"\nvariants:": "\nvariants:\n  published: {published: true}",
        rf"organism: {DEMO.organism},": f"organism: {DEMO.organism}, variants: [default, published],",
    }
    text = CONFIG.read_text()
    for old, new in changes.items():
        text, found = re.subn(old, new, text)
        assert found == 1
    config = tmp_path / "own.yaml"
    config.write_text(text)
    table = project / PUBLISHED
    known = table.read_text()
    table.write_text(known + f"own,{DEMO.organism},{other},,,,mine\n")
    targets = [
        AT.lens("own", AT.run(DEMO.organism, variant, DEMO.seed), STUDY.main_corpus, name)
        # What is graded has the null's list beside it; that of a model trained here is tested elsewhere.
        for variant, name in ((DEFAULT, "selection.csv"), ("published", "graded.csv"))
    ]
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2", "--configfile", str(config)]
    try:
        done = subprocess.run(command, cwd=project, env=environment(), text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        for target in targets:
            vectors = set(read_table(project / target)["vector"])
            assert vectors >= {"difference", "base_mean", "finetuned_mean", "random"}
            assert audit(project, target).returncode == 0
        # Another model in that folder is noticed, by what would be made anew and by what was made of it.
        with torch.no_grad():
            model.lm_head.weight += 1
        model.save_pretrained(other)
        planned = dry_run(project, *targets, config=config)
        assert "rule published_adapter:" in planned
        assert "rule hub_model:" not in planned
        assert [audit(project, target).returncode for target in targets] == [0, 1]
        model.save_pretrained(hub)
        assert "rule hub_model:" in dry_run(project, *targets, config=config)
        assert audit(project, targets[0]).returncode == 1
    finally:
        # Other tests go on in this folder.
        table.write_text(known)
        shutil.rmtree(project / AT.data / "own", ignore_errors=True)
