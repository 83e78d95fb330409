"""What jobs may use."""

import math
from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings


class Resources(Settings):
    """What one job of a rule may use: memory in MB, time in minutes, GPUs, and threads.

    For a job on a model, memory and time grow by so much for each billion of its parameters, and it takes one GPU for
    every `billions_per_gpu` that have been begun.
    """

    mem_mb: Annotated[int, Field(gt=0)] = 2000
    runtime: Annotated[int, Field(gt=0)] = 10
    gpu: Annotated[int, Field(ge=0)] = 0
    threads: Annotated[int, Field(gt=0)] = 1
    mem_mb_per_billion: Annotated[int, Field(ge=0)] = 0
    runtime_per_billion: Annotated[int, Field(ge=0)] = 0
    billions_per_gpu: Annotated[float, Field(gt=0)] | None = None

    @property
    def grow(self) -> bool:
        """Whether a model's size makes a difference."""
        return bool(self.mem_mb_per_billion or self.runtime_per_billion or self.billions_per_gpu)

    def on(self, billions: float) -> "Resources":
        """The resources of a job on a model of so many billions of parameters."""
        gpu = math.ceil(billions / self.billions_per_gpu) if self.billions_per_gpu else self.gpu
        memory, runtime = self.mem_mb_per_billion * billions, self.runtime_per_billion * billions
        grown = {"mem_mb": math.ceil(self.mem_mb + memory), "runtime": math.ceil(self.runtime + runtime), "gpu": gpu}
        return self.model_copy(update=grown)
