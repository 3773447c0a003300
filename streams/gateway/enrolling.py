"""A Box shows its one-time code and gets a token.

Two gateways may hear the same code at the same moment, and both write a credential for it. The first in the log counts, for both alike
(`book`): so each writes, reads on to what it wrote, and answers the code as good only where its own is the one. Who lost throws its own away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.codec import Codec
from schemas.record import Message
from streams.failure.actions import audit_message
from streams.gateway import entries
from streams.gateway.book import CREDENTIAL
from streams.gateway.boxes import CaughtUp
from streams.gateway.credentials import RandomBytes, Token, code_hash, new_token, token_hash
from streams.gateway.intake import Delivers, Place

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Box says to be enrolled. `name`, `agent_version`: for people."""

    code: str
    box: str
    name: str
    agent_version: str

    def __repr__(self) -> str:
        return f"Asked(box={self.box!r})"


class Enrolling:
    """Gives tokens for codes."""

    def __init__(
        self, boxes: CaughtUp, producer: Delivers, codec: Codec, place: Place, random_bytes: RandomBytes, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._boxes, self._producer, self._codec, self._place = boxes, producer, codec, place
        self._random_bytes, self._now = random_bytes, now

    def meant_for(self, asked: Asked) -> str:
        """The other Box whose code this is; empty when it is nobody's."""
        return self._boxes.book.meant(code_hash(asked.code), self._now())

    async def enrol(self, asked: Asked) -> Token | None:
        """The token; None for a code that is unknown, used or over. Raises BrokerError and DeliveryError: then the code may be used up."""
        await self._boxes.caught_up()
        now = self._now()
        found = self._boxes.book.box(asked.box).open_enrolment(code_hash(asked.code), now)
        if found is None:
            return None
        token = new_token(self._random_bytes)
        entry = entries.credential(
            asked.box, token.name, token_hash(token), found.offset, called=asked.name, agent_version=asked.agent_version,
            by=self._place.name, at=now,
        )  # fmt: skip
        await self._producer.deliver([entries.message(self._codec, self._place.boxes, entry)])
        await self._boxes.caught_up()
        standing = self._boxes.book.box(asked.box).credential
        if standing is None or standing.name != token.name:
            logger.warning("box_code_used_twice box=%s", asked.box)
            await self._producer.deliver(
                [entries.tombstone(self._place.boxes, f"{CREDENTIAL}:{token.name}:{asked.box}")]
            )
            return None
        await self._producer.deliver([self._audit(asked, token, now)])
        logger.info("box_enrolled box=%s", asked.box)
        return token

    def _audit(self, asked: Asked, token: Token, now: datetime) -> Message:
        message = audit_message(
            self._codec, "enrolled", f"box:{asked.box}", actor=f"gateway {self._place.name}", at=now, after=f"credential {token.name}"
        )  # fmt: skip
        return replace(message, topic=self._place.audit)
