"""Errors of connectors, grouped by what the caller does next. Each knows its reason (ERR-1) and, where the other side said so, when to return.

    ConnectorError
      RetryError            time mends it
        TransientError      the other side is down, slow, or dropped the connection
        ThrottledError      our quota is used up; `retry_after` says when to return
        ConflictError       the other side moved meanwhile: read again, decide again
      StopError             a person mends it
        AuthError           credentials refused
        ForbiddenError      credentials accepted, right missing
        DataError           the record is wrong: names field and problem
        MappingError        our tables lack an entry; `waiting_for` names it
        RuleError           a business decision says no
      UncertainError        the request may or may not have been carried out: look before trying again

Messages say what, where and what to do. They never hold a secret or personal data (SEC-3).
"""

from __future__ import annotations

from schemas.reasons import Reason


class ConnectorError(Exception):
    """Base of all. `retry_after`: seconds the other side asked to wait."""

    reason = Reason.BUG

    def __init__(
        self, message: str, *, retry_after: float | None = None, waiting_for: str = "", code: str = ""
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.waiting_for = waiting_for
        self.code = code


class RetryError(ConnectorError):
    """Time mends it."""

    reason = Reason.TRANSIENT


class TransientError(RetryError):
    """The other side is down, slow, or dropped the connection before it answered."""


class ThrottledError(RetryError):
    """Our quota is used up."""

    reason = Reason.THROTTLED


class ConflictError(RetryError):
    """The other side moved meanwhile."""

    reason = Reason.CONFLICT


class UncertainError(RetryError):
    """The request may have been carried out although no answer came: look before trying again."""


class StopError(ConnectorError):
    """A person mends it."""

    reason = Reason.DATA


class AuthError(StopError):
    """Credentials were refused."""

    reason = Reason.AUTH


class ForbiddenError(AuthError):
    """Credentials were accepted but a right is missing."""


class DataError(StopError):
    """The record is wrong."""


class MappingError(StopError):
    """Our tables lack an entry."""

    reason = Reason.MAPPING


class RuleError(StopError):
    """A business decision says no."""

    reason = Reason.RULE
