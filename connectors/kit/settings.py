"""The base of every part of the configuration. A connector's own part is a subclass in its folder's `settings.py`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the configuration; unknown names are errors, so a typo is found at start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def check_environment(self, environment: str) -> None:
        """Raises ValueError when keys, hosts or databases of this part belong to another environment; here: nothing tells."""
