"""What tests of LLM judges share: settings, a judge that answers by a script, and how it is asked."""

import json
import re

from paper_replication.files import read_yaml
from paper_replication.llm_judges.asking import Asker
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.paths import CONFIGS, prompt_file
from paper_replication.settings.judges import RelevanceSettings
from paper_replication.settings.llm_judges import LlmJudgeSettings
from paper_replication.settings.run import RunLabel

NAME = "openai-api/local/judge"
LAPTOP = read_yaml(CONFIGS / "laptop.yaml")
SETTINGS = LlmJudgeSettings.model_validate(
    LAPTOP["llm_judges"] | {"model": NAME, "attempts": 2, "max_retries": 0, "timeout_seconds": 60, "rounds": 50}
)
RELEVANCE = RelevanceSettings.model_validate(LAPTOP["relevance"] | {"minimum_count": 2})
LABEL = RunLabel(model="m", organism="cake_bake", organism_type="SDF", variant="default", seed=0)
TOKENS = [" cake", "sea", "oven", "moss", "bake", "->"]


def shown(body):
    """The tokens of the last list that a request shows, in their order."""
    (prompt,) = (message["content"] for message in body["messages"])
    line = next(line for line in reversed(prompt.splitlines()) if re.match(r'(List \d+: )?1 "', line))
    return [json.loads(token) for token in re.findall(r'\d+ ("(?:[^"\\]|\\.)*")', line)]


def says(**found):
    return {"content": f"I think so.\n{json.dumps(found)}"}


def likes(body):
    """Baking words are relevant, of any list the first token too; the first list has the best scale; caps cohere."""
    (prompt,) = (message["content"] for message in body["messages"])
    if "<text>" in prompt:
        return says(coherent="ROSE" in prompt)
    if "List 1:" in prompt:
        return says(list=2, tokens=[1, 2])
    tokens = shown(body)
    return says(relevant=[n for n, token in enumerate(tokens, 1) if n == 1 or token in (" cake", "bake")])


def asker(url, cache, **changes):
    return Asker(SETTINGS.model_copy(update={"base_url": url} | changes), cache)


def template(name, *fields):
    return read_prompt(prompt_file(name), *fields)
