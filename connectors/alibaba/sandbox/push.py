"""Messages on their way to the app's callback: at least once, in no promised order, three tries, then kept for the replay APIs
(alibaba.md section 10)."""

import asyncio
import json
import logging
from typing import Any

import httpx

from connectors.alibaba.sandbox.message_store import DELIVERED, STORED, Delivery, Message, MessageStore
from connectors.alibaba.sandbox.parts import Part
from connectors.alibaba.sandbox.world import World
from connectors.alibaba.signing import SIGNATURE, message_signature
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import Json

logger = logging.getLogger(__name__)

# Misbehaviours of the push: twice; later; never (the replay has it); before the true one a forged one, signed with another secret; data and
# msgId as text.
DOUBLED, DELAYED, LOST, FORGED, AS_TEXT = "push_doubled", "push_delayed", "push_lost", "push_forged", "push_as_text"
PUSH_KINDS = (DOUBLED, DELAYED, LOST, FORGED, AS_TEXT)
CANCELLED = "AUTHORIZATION_CANCEL"
WRONG_SECRET = "not-the-secret"  # noqa: S105 - what forged messages are signed with
_AT_ONCE, _SHOWN = 8, 50


class Push(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = MessageStore(world.database)
        self._client: httpx.AsyncClient | None = None
        self._sending = asyncio.Lock()
        world.tell = self.tell

    def tell(self, account: str, kind: str, data: Json, key: str, at: float) -> None:
        """Only a buyer that has let the app in is told of; without a callback the replay alone has it."""
        buyer = self.world.buyers[account]
        if not buyer.authorised and kind != CANCELLED:
            return
        lost = not buyer.callback_url or self.world.strikes(LOST)
        message = Message(account, self.store.next_id(), kind, data, key, at, STORED if lost else "waiting")
        self.store.put(message)
        if lost:
            return
        text = text_of(message, buyer.member_id, as_text=self.world.strikes(AS_TEXT))
        if self.world.strikes(FORGED):
            self.store.plan(account, message.msg_id, signed(text, WRONG_SECRET), at, counted=False)
        due = at + (self.world.settings.push_delay_seconds if self.world.strikes(DELAYED) else 0.0)
        for _ in range(2 if self.world.strikes(DOUBLED) else 1):
            self.store.plan(account, message.msg_id, signed(text, buyer.app_secret), due)

    async def flush(self) -> list[Json]:
        """Sends what is due; says of each what became of it. One flush at a time."""
        async with self._sending:
            due, sent = self.store.due(self.world.now()), []
            for start in range(0, len(due), _AT_ONCE):
                sent += await asyncio.gather(*(self._send(one) for one in due[start : start + _AT_ONCE]))
            return sent

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    def tables(self, account: str) -> list[Table]:
        found = self.store.all(account)
        rows = [
            (one.msg_id, one.kind, one.key, shown_time(one.born), one.state, one.tries)
            for one in found[: -_SHOWN - 1 : -1]
        ]
        note = f"{len(found)} in all, to {self.world.buyers[account].callback_url or 'nowhere'}; {self.store.to_come(account)} on their way."
        columns = ("Message", "Type", "Key", "Born", "State", "Tries")
        return [Table(f"Messages for {account}", columns, rows, note, "No messages yet.")]

    def snapshot(self, account: str, now: float) -> Json:
        messages = {
            str(one.msg_id): {
                "type": one.kind,
                "key": one.key,
                "born": one.born,
                "state": one.state,
                "tries": one.tries,
            }
            for one in self.store.all(account)
        }
        return {"messages": messages, "messages_waiting": self.store.to_come(account)}

    async def _send(self, one: Delivery) -> Json:
        url = self.world.buyers[one.account].callback_url
        status = await self._posted(url, one.fields) if url else 0
        if 200 <= status < 300 or not one.counted:
            self.store.tried(one, None)
            if one.counted:
                self.store.set_state([one.msg_id], DELIVERED)
        else:
            self._not_taken(one)
        return {"msgId": one.msg_id, "status": status, "tries": one.tries + 1}

    def _not_taken(self, one: Delivery) -> None:
        """Again after a while, at last into store; what the app has got in another delivery stays delivered."""
        waits = self.world.settings.push_retry_seconds
        if one.tries < len(waits):
            self.store.tried(one, self.world.clock() + self.world.ahead + waits[one.tries])
            return
        self.store.tried(one, None)
        found = self.store.get(one.msg_id)
        if found is not None and found.state == "waiting":
            self.store.set_state([one.msg_id], STORED)

    async def _posted(self, url: str, fields: dict[str, str]) -> int:
        """The status; 0 where there was no answer."""
        if self._client is None:
            timeout = self.world.settings.push_timeout_seconds
            self._client = httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False)  # noqa: S501 - loopback
        try:
            return (await self._client.post(url, data=fields)).status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            logger.info("push_failed", extra={"error": type(error).__name__})
            return 0


def text_of(message: Message, user: str, *, as_text: bool = False) -> str:
    """The message's JSON. as_text: `data` as JSON text and `msgId` as text, as the platform's words and some captured messages have it."""
    data: Any = compact(message.data) if as_text else message.data
    body: Json = {
        "data": data,
        "gmtBorn": int(message.born * 1000),
        "msgId": str(message.msg_id) if as_text else message.msg_id,
        "type": message.kind,
        "userInfo": user,
    }
    return compact({**body, "bizKey": message.key} if message.key else body)


def signed(text: str, secret: str) -> dict[str, str]:
    """The form's fields."""
    return {"message": text, SIGNATURE: message_signature({"message": text}, secret)}


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
