"""Errors of the runtime, grouped by what happens next.

InfrastructureError         nothing is acknowledged, the process ends with a code and is started again
  DeliveryError             the broker did not take a record in time
  TopicMissingError         a stage names a topic that does not exist
  FaustChangedError         the installed Faust is not the one this runtime was written against
RejectedError               the broker refuses this very record (too large, malformed): a failure of that record
MisuseError                 the program asks for what the runtime must not do
"""

from __future__ import annotations


class InfrastructureError(Exception):
    """The world around is broken, not the record: acknowledge nothing, end the process, start again, read again."""


class DeliveryError(InfrastructureError):
    """The broker did not acknowledge a record."""


class TopicMissingError(InfrastructureError):
    """A topic that a stage reads does not exist."""


class FaustChangedError(InfrastructureError):
    """A name inside Faust or aiokafka that the runtime builds on is gone."""


class RejectedError(Exception):
    """The broker refuses this record whatever we do: it goes to the stage's `failed` like any other bad record."""


class MisuseError(Exception):
    """A use of Faust that would break the promise to lose nothing."""
