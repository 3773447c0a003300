"""The local stack: real Kafka and a real schema registry for work and tests on one machine."""

from streams.stack.errors import StackError
from streams.stack.local import Endpoints, PartStatus, Stack
from streams.stack.settings import StackSettings

__all__ = ["Endpoints", "PartStatus", "Stack", "StackError", "StackSettings"]
