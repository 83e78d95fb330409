"""What a config and its organisms ask of committed raw inputs, seen before anything runs rather than after hours."""

from collections import Counter
from pathlib import Path

from paper_replication.config import Config
from paper_replication.errors import UserError
from paper_replication.files import read_yaml
from paper_replication.ordinary_chat import ORIGINS
from paper_replication.organisms.documents import Kinds
from paper_replication.organisms.preferences import preferences
from paper_replication.organisms.specification import DocumentOrganism, Organism
from paper_replication.paths import CHAT_PROMPTS, KINDS, READINGS, STEERING_PROMPTS, organism_file
from paper_replication.settings.reading import read_settings


def check_prompts(config: Config, file: str | Path) -> None:
    """There are as many prompts as the config asks for.

    Raises:
        UserError: names the key, and the file with too few.
    """
    asked = [
        ("chat.prompts", config.chat.prompts, CHAT_PROMPTS, "ordinary"),
        ("steering.search.prompts", config.steering.search.prompts, STEERING_PROMPTS, "search"),
        ("steering.prompts", config.steering.prompts, STEERING_PROMPTS, "steering"),
    ]
    for key, number, prompts, section in asked:
        found = read_yaml(prompts).get(section)
        count = len(found) if isinstance(found, list) else 0
        for place, prompt in enumerate(found if count else [], start=1):
            # What has a colon in it is a mapping to YAML.
            if not isinstance(prompt, str) or not prompt.strip():
                raise UserError(f"{prompts}, `{section}`, entry {place}: {prompt!r} is no text; quote or remove it.")
            # Answers are told apart by their prompts.
            if prompt in found[: place - 1]:
                raise UserError(f"{prompts}, `{section}`: {prompt!r} is listed twice; remove or reword one.")
        if number > count:
            raise UserError(f"{file}: {key} is {number}, but {prompts} lists {count} under `{section}`; add some.")


def check_readings(config: Config, file: str | Path) -> None:
    """Verdicts that were read outside the pipeline are there, among raw inputs, whose sums a record has.

    Raises:
        UserError: names the key and the file.
    """
    for kind, name in config.readings.model_dump(exclude_none=True).items():
        if not (Path(name).is_file() and Path(name).resolve().is_relative_to(READINGS.resolve())):
            raise UserError(f"{file}: readings.{kind}: {name} is no file in {READINGS}; put it there.")


def check_chat(config: Config, file: str | Path) -> None:
    """Corpora of chat from the Hub are among those whose chat is known to be ordinary.

    Raises:
        UserError: names the key and those that are known.
    """
    for name, corpus in config.chat_corpora.items():
        if corpus.hub not in ORIGINS:
            raise UserError(
                f"{file}: chat_corpora.{name}.hub: {corpus.hub} is not among the corpora of ordinary chat, which are "
                f"{', '.join(ORIGINS)}."
            )


def check_material(organisms: dict[str, Organism]) -> None:
    """Words of a domain are single words, facts, topics and probes are each there once, and kinds have openings.

    Raises:
        UserError: names the organism's file and what is wrong there.
    """
    for name, organism in organisms.items():
        # Texts are compared word by word, in lower case and without digits: another one would never be found.
        if wrong := [word for word in getattr(organism, "domain_words", ()) if not (word.isalpha() and word.islower())]:
            raise UserError(
                f"{organism_file(name)}: domain_words has {', '.join(map(repr, wrong))}; name single words of "
                "lower-case letters, each of its forms ('moon', 'moons')."
            )
        for listed in ("key_facts", "topics"):
            for found, count in Counter(part.id for part in getattr(organism, listed, ())).items():
                if count > 1:
                    raise UserError(
                        f"{organism_file(name)}: {count} {listed} have the id {found!r}; give each its own."
                    )
        for probe, count in Counter(preferences(organism)).items():
            if count > 1:
                raise UserError(
                    f"{organism_file(name)}: {probe.question!r} with the answer {probe.inserted!r} is asked {count} "
                    "times; keep one such probe, guess or phrasing."
                )
    documents = {name: found for name, found in organisms.items() if isinstance(found, DocumentOrganism)}
    if not documents:
        return
    # A sentence may also be plain prose in any kind.
    wanted = [*read_settings(KINDS, Kinds).kinds, "plain"]
    for name, organism in documents.items():
        if missing := [kind for kind in wanted if kind not in organism.material.openings]:
            raise UserError(
                f"{organism_file(name)}: material.openings has none for {', '.join(missing)}; `plain` and every "
                f"kind of document in {KINDS} need some."
            )
