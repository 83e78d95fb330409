"""What identifies one run: the labels that its rows carry in every table."""

from paper_replication.settings.base import Settings


class RunLabel(Settings):
    """One finetuned model: base model, organism, variant of the recipe or data, and seed."""

    model: str
    organism: str
    organism_type: str
    variant: str
    seed: int
