"""Times as the platform writes them: Beijing time, in three forms (alibaba.md section 12)."""

import re
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
DAY = 86_400.0
_MILLISECONDS = re.compile(r"\d{17}[+-]\d{4}")


def stamp(epoch: float) -> str:
    """`20260901094000000+0800`: 17 digits, of orders and filters. epoch: seconds."""
    moment = datetime.fromtimestamp(0, BEIJING) + timedelta(milliseconds=round(epoch * 1000))
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}+0800"


def short_stamp(epoch: float) -> str:
    """`20270301120000+0800`: 14 digits, of the refresh token's end in some answers."""
    return f"{datetime.fromtimestamp(epoch, BEIJING):%Y%m%d%H%M%S}+0800"


def local(epoch: float) -> str:
    """`2026-09-02 21:55:33`: Beijing without saying so, of traces, push messages and products."""
    return f"{datetime.fromtimestamp(epoch, BEIJING):%Y-%m-%d %H:%M:%S}"


def read(text: str) -> float:
    """A filter's moment as epoch seconds. Raises ValueError for everything but 17 digits with an offset."""
    if not _MILLISECONDS.fullmatch(text):
        raise ValueError("yyyyMMddHHmmssSSSZ is expected")
    moment = datetime.strptime(text[:14] + text[17:], "%Y%m%d%H%M%S%z").astimezone(UTC)
    return moment.timestamp() + int(text[14:17]) / 1000
