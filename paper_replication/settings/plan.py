"""What the machines of a tier achieve and cost, for the plan."""

from typing import Annotated

from pydantic import Field

from paper_replication.settings.base import Settings

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PlanSettings(Settings):
    """Floating-point operations a second that one device achieves at each kind of work, and its price.

    Generation is apart from other forward passes, since it makes one token of each text at a time, and so are passes in
    float32, which leave a GPU's tensor cores aside. A job reads its model's weights first, in so many seconds for each
    billion of parameters.
    """

    training_flops: Rate
    forward_flops: Rate
    float32_flops: Rate
    generation_flops: Rate
    loading_seconds_per_billion: Annotated[float, Field(ge=0)]
    usd_per_hour: Annotated[float, Field(ge=0)]
