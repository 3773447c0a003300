"""Times as the API writes them (ISO 8601, whole seconds, Z) and as the sandbox keeps them (epoch milliseconds)."""

from datetime import UTC, datetime


def iso(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(ms: float) -> str:
    """With milliseconds, as feeds, reports and notifications have them."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read(text: str) -> int:
    """Raises ValueError for what is no moment, or one without its zone."""
    moment = datetime.fromisoformat(text)
    if "T" not in text or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no moment with its zone")
    return int(moment.timestamp() * 1000)
