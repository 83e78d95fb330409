"""The config of the ablations of the lens."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from paper_replication.settings.base import Settings

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class AblationSettings(Settings):
    """Which organisms' lens is ablated, and how.

    `documents`, of `window` tokens each, are read for every condition that needs activations of its own, the first
    `norm_documents` of them also for the norm of ordinary activations. `layers` are fractions of depth, like the lens's
    own. `positions` are tokens of those documents, counted from 0. `document_counts` are averaged besides all of the
    corpus. `weights` scale the adapter. `whitespace` names texts that are repeated as input. `directions` is how many
    directions' shares of variance are kept, `scales` the Patchscope scales among which the scale judge chooses.
    """

    organisms: Annotated[list[str], Field(min_length=1)]
    documents: Annotated[int, Field(gt=1)]
    norm_documents: Positive
    window: Positive
    layers: Annotated[list[Fraction], Field(min_length=1)]
    positions: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    document_counts: list[Annotated[int, Field(gt=1)]]
    weights: Annotated[list[Fraction], Field(min_length=1)]
    whitespace: dict[str, str]
    directions: Positive
    scales: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]

    @field_validator("whitespace")
    @classmethod
    def _is_whitespace(cls, texts: dict[str, str]) -> dict[str, str]:
        for name, text in texts.items():
            if not text or text.strip():
                raise ValueError(f"the text {text!r} of {name!r} is not whitespace")
        return texts

    @model_validator(mode="after")
    def _fits(self) -> "AblationSettings":
        if max(self.positions) >= self.window:
            raise ValueError(f"positions: {max(self.positions)} is beyond window, {self.window} tokens counted from 0")
        if self.norm_documents > self.documents:
            raise ValueError(f"norm_documents: {self.norm_documents} is more than documents, {self.documents}")
        return self
