"""Messages by hand: of any text, signed rightly or wrongly, late, twice; and sending what is due at once."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.alibaba.sandbox.message_store import Message
from connectors.alibaba.sandbox.parts import Part
from connectors.alibaba.sandbox.push import WRONG_SECRET, Push, signed, text_of
from connectors.alibaba.signing import SIGNATURE, message_signature
from connectors.kit.sandbox.steering import Json, NotThereError, RefusedError, account_in, answered, known, number

_FIELDS = {
    "account",
    "type",
    "data",
    "key",
    "order_id",
    "msg_id",
    "age_seconds",
    "times",
    "signature",
    "as_text",
    "raw",
    "extra",
}
_SIGNATURES = ("right", "wrong", "missing")


class PushControl(Part):
    @property
    def push(self) -> Push:
        return next(part for part in self.world.parts if isinstance(part, Push))

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/push/send", self.send, methods=["POST"]),
            Route("/sandbox/push/again", self.again, methods=["POST"]),
            Route("/sandbox/push/flush", self.flush, methods=["POST"]),
        ]

    async def flush(self, request: Request) -> Response:
        """Sends what is due; one try each."""
        return JSONResponse({"sent": await self.push.flush()})

    async def send(self, request: Request) -> Response:
        """{"type", "data": {...}, "key", "order_id" (instead of both), "msg_id", "age_seconds", "times": 2, "signature": "right" | "wrong" |
        "missing", "as_text": true, "raw": "the message's text as it is", "extra": {more form fields}}; goes out with the next flush."""
        return await answered(request, self._send)

    async def again(self, request: Request) -> Response:
        """{"msg_id"}: the same message once more."""

        def planned(body: Json) -> Json:
            known(body, {"msg_id"})
            found = self.push.store.get(int(number(body, "msg_id", 1, 2**62)))
            if found is None:
                raise NotThereError("no such message")
            buyer, now = self.world.buyers[found.account], self.world.now()
            self.push.store.plan(
                found.account, found.msg_id, signed(text_of(found, buyer.member_id), buyer.app_secret), now
            )
            return {"msgId": found.msg_id}

        return await answered(request, planned)

    def _send(self, body: Json) -> Json:
        known(body, _FIELDS)
        account, now = account_in(self.world.buyers, body), self.world.now()
        buyer = self.world.buyers[account]
        if not buyer.callback_url:
            raise RefusedError("the buyer has no callback_url: PUT /sandbox/accounts/{app_key} sets one")
        message = self._message(account, body, now)
        text = str(body.get("raw") or text_of(message, buyer.member_id, as_text=bool(body.get("as_text"))))
        fields = _fields(text, body, buyer.app_secret)
        with self.world.database.transaction():
            if self.push.store.get(message.msg_id) is None:
                self.push.store.put(message)
            for _ in range(int(number(body, "times", 1, 100, 1))):
                counted = body.get("signature", "right") == "right"
                self.push.store.plan(account, message.msg_id, fields, now, counted=counted)
        return {"msgId": message.msg_id, "message": text}

    def _message(self, account: str, body: Json, now: float) -> Message:
        """Of an order where one is named: as if it had just been paid, unless `data` says otherwise."""
        msg_id = int(number(body, "msg_id", 1, 2**62, self.push.store.next_id()))
        kind, data, key = str(body.get("type", "ORDER_BUYER_VIEW_ORDER_PAY")), body.get("data", {}), body.get("key", "")
        if "order_id" in body:
            key = str(body["order_id"])
            data = {"orderId": int(key), "currentStatus": "waitsellersend", **data}
        age = number(body, "age_seconds", -(10**9), 10**9, 0)
        return replace(Message(account, msg_id, kind, data, str(key), now), born=now - age)


def _fields(text: str, body: Json, secret: str) -> dict[str, str]:
    how = body.get("signature", "right")
    if how not in _SIGNATURES:
        raise ValueError(f"signature: one of {', '.join(_SIGNATURES)} is expected")
    given: Any = body.get("extra", {})
    fields = {"message": text, **{str(name): str(value) for name, value in given.items()}}
    if how == "missing":
        return fields
    return {**fields, SIGNATURE: message_signature(fields, secret if how == "right" else WRONG_SECRET)}
