"""A setting that is a regular expression: refused at start, in words, when it cannot be one."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _readable(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_readable)]
