"""The stage runtime: Faust moves chunks, this package decides when they count as done.

    runtime = Runtime(stages, settings.kafka, RuntimeSettings())
    code = await runtime.run()          # until SIGTERM, SIGINT, a failure or a stall

A stage is a `Stage` (see `stage`); it gets a `StageContext` with the process's one `Producer` and its own `Progress`.
"""

from streams.runtime.beside import Beside
from streams.runtime.chunk import Chunk, Partition
from streams.runtime.errors import (
    DeliveryError,
    FaustChangedError,
    InfrastructureError,
    MisuseError,
    RejectedError,
    TopicMissingError,
)
from streams.runtime.producer import Producer
from streams.runtime.progress import Progress
from streams.runtime.runtime import Runtime, end_process, run_stages
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stage import Stage, StageContext, StageLimits

__all__ = [
    "Beside",
    "Chunk",
    "DeliveryError",
    "FaustChangedError",
    "InfrastructureError",
    "MisuseError",
    "Partition",
    "Producer",
    "Progress",
    "RejectedError",
    "Runtime",
    "RuntimeSettings",
    "Stage",
    "StageContext",
    "StageLimits",
    "TopicMissingError",
    "end_process",
    "run_stages",
]
