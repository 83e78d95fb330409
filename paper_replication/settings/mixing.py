"""The config of finetuning on a part of the data or on a mixture, and of the runs that are compared for it."""

from typing import Annotated

from pydantic import Field, field_validator

from paper_replication.settings.base import Settings

Names = Annotated[list[str], Field(min_length=1)]
# What every other variant of a comparison is set beside.
DEFAULT = "default"
# Kinds of doses of finetuning that one variant may depart from the default in: names as in the recipe; the share of the
# organism's rows; the ratio of unrelated rows to them; and the number of directions that are ablated in training.
DOSES = ("samples", "epochs", "rank", "learning_rate", "mixing", "caft")


class Departures(Settings):
    """Organisms each of which is finetuned by several variants, the default among them as their reference."""

    organisms: Names
    variants: Names
    seeds: Annotated[list[int], Field(min_length=1)] = [0]

    @field_validator("variants")
    @classmethod
    def _have_a_reference(cls, variants: list[str]) -> list[str]:
        if DEFAULT not in variants:
            raise ValueError(f"the variant {DEFAULT!r} must be listed, to which the others are compared")
        return variants


class MixtureSettings(Settings):
    """What one training set is made of.

    The first `share` of an organism's rows, and `mix` times as many unrelated ones. Unrelated documents come after the
    first `lens_documents` of the corpus that have `window` tokens, which delta is measured on; an ordinary conversation
    has at most `maximum_tokens`.
    """

    share: Annotated[float, Field(gt=0, le=1)]
    mix: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    lens_documents: Annotated[int, Field(gt=0)]
    window: Annotated[int, Field(gt=0)]
    maximum_tokens: Annotated[int, Field(gt=8)]
