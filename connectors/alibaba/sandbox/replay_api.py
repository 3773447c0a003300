"""Messages that could not be pushed, for the app to fetch (alibaba.md section 10). Signed, without a user's token."""

from connectors.alibaba.sandbox.message_store import CONFIRMED, Message
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.push import Push, compact
from connectors.alibaba.sandbox.reading import longs, moment, whole
from connectors.kit.sandbox.steering import Json

LEAST, MOST = 20, 200
_FOREVER = 1e12


class ReplayApi(Part):
    @property
    def push(self) -> Push:
        return next(part for part in self.world.parts if isinstance(part, Push))

    def handlers(self) -> dict[str, Handler]:
        return {
            "push.query.messageList": self.query,
            "push.message.confirm": self.confirm,
            "push.cursor.messageList": self.cursor,
        }

    def query(self, call: Call) -> Json:
        """A page; what it shows stays unconfirmed."""
        page, size = whole(call, "page", 1, 10**6, 1), whole(call, "pageSize", LEAST, MOST, LEAST)
        found = self._stored(call)
        rows = [self._row(call, one) for one in found[(page - 1) * size : page * size]]
        return {"pushMessagePage": {"datas": rows, "totalCount": len(found)}}

    def confirm(self, call: Call) -> Json:
        """Ids that are another app's, or none, are left alone."""
        wanted = set(longs(call, "msgIdList", MOST))
        mine = [one.msg_id for one in self.push.store.all(call.account) if one.msg_id in wanted]
        self.push.store.set_state(mine, CONFIRMED)
        return {"isSuccess": True}

    def cursor(self, call: Call) -> Json:
        """The oldest ones, which counts as having confirmed them."""
        found = self._stored(call)[: whole(call, "quantity", LEAST, MOST, LEAST)]
        self.push.store.set_state([one.msg_id for one in found], CONFIRMED)
        return {"pushMessageList": [self._row(call, one) for one in found]}

    def _stored(self, call: Call) -> list[Message]:
        within = moment(call, "createStartTime", 0.0), moment(call, "createEndTime", _FOREVER)
        if call.text("userInfo", call.buyer.member_id) != call.buyer.member_id:
            return []
        kind = call.text("type")
        return self.push.store.stored(call.account, within, {"kind": kind} if kind else {})

    def _row(self, call: Call, one: Message) -> Json:
        """`data` is text here."""
        return {
            "msgId": one.msg_id,
            "type": one.kind,
            "topicName": one.kind,
            "data": compact(one.data),
            "userInfo": call.buyer.member_id,
            "gmtBorn": int(one.born * 1000),
            "bizKey": one.key or None,
        }
