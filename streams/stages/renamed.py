"""An entry of the cross-reference of SKUs was made, changed or taken out: what it touches is told anew, without anybody asking (ORD-9).

`A is OURS` touches three words on each account it is for: A, OURS, and whose A was until now. For each of them:

    it is a SKU of Odoo                the newest number, price and product of it are routed again, under the words that hold now
    it is an item of no SKU any more   its number becomes 0, if it ever was told one; what waits for it in shadow or held ends, for it will
                                       never be wanted again
    but it is OURS, and an item is     an entry `OURS is OURS` is made, so that it goes on being told: who gives an article another code
    known under its own word           does not mean to end the sale of the first. Taking that entry out does

What an order asks of stock moves by itself (`streams.stages.stock.homing`).

Every process that routes has a table of its own, which lags behind by moments. So this waits until the entry is some seconds old: what they
routed by the old word is then in the topics this reads. What is told is at least of the version of the change's time and of the newest number that
the words it touches had, so it wins over what was said there before, be it another SKU's number or a 0. No version is of the clock: a repeat after a
kill, when the next change may have been made already, tells the same again, which changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from schemas.checksum import checksum, event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.topics import ENTITIES, MAPPINGS, Lane, held, shadow, state
from streams.failure.actions import audit_message
from streams.failure.mappings import BEFORE, MappingTable, kafka_key, make_entry, parse_key
from streams.failure.routing import held_key
from streams.kafka import BrokerError
from streams.phases import Flow
from streams.runtime import InfrastructureError
from streams.stages.demand import sku_key
from streams.stages.rules import RULES, SET_STOCK, Channel, Onward, told_key
from streams.stages.skus import KIND, Skus

SETTLE_SECONDS = 2.0
_LIMIT_SECONDS = 30.0
_LOOK_SECONDS = 0.1
TOLD = ("product", "price_offer", "availability")  # a listing before what is put on it
ACTOR = "causeway"
_LATEST_MS = 253_402_300_799_000  # the end of the year 9999
_NOT_THERE = ("retired", "failed")  # statuses of listings

Read = Callable[[Sequence[str], Sequence[str]], Mapping[tuple[str, str], Record]]
Words = Mapping[Channel, frozenset[str]]


class Routes(Protocol):
    """What is needed of the router."""

    skus: Skus

    def canonical(self, record: Record, headers: Headers, entity: str, least_ms: int = 0) -> list[Message]: ...

    def told(self, onward: Onward, schema: str, value: bytes, headers: Headers) -> list[Message]: ...

    def failed(self, record: Record, reason: Reason, detail: str) -> list[Message]: ...


@dataclass(frozen=True, slots=True)
class Renaming:
    """What follows from records of `mappings`.

    read    (topics, keys) -> the newest record of each key of each topic, tombstones left out; called in a thread
    now_ms  epoch milliseconds
    """

    codec: Codec
    router: Routes
    table: MappingTable
    channels: Sequence[Channel]
    environment: str
    read: Read
    now_ms: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    async def messages(self, records: Sequence[Record]) -> list[Message]:
        """All of it. Raises InfrastructureError when the table of this process does not follow."""
        words = touched(self.codec, records, self.channels)
        if not words:
            return []
        await self._until_known(records[-1])
        changed_ms = max(record.timestamp_ms for record in records)
        try:
            return await asyncio.to_thread(self._told_anew, words, oldest_ms(self.codec, records), changed_ms)
        except BrokerError as error:  # of the cluster, not of the entry: it is read again
            raise InfrastructureError(str(error)) from error

    async def _until_known(self, newest: Record) -> None:
        settled_ms = newest.timestamp_ms + int(SETTLE_SECONDS * 1000)
        if (left := settled_ms - self.now_ms()) > 0:
            await self.sleep(min(left / 1000, SETTLE_SECONDS))
        for _ in range(int(_LIMIT_SECONDS / _LOOK_SECONDS)):
            if self.table.position >= newest.offset:
                return
            await self.sleep(_LOOK_SECONDS)
        raise InfrastructureError("the mappings are not followed")

    def _told_anew(self, words: Words, made_ms: int, changed_ms: int) -> list[Message]:
        topics = [ENTITIES[entity].current for entity in (*TOLD, "listing")]
        topics += sorted({topic for name, _ in words for topic in (state(name), shadow(name), held(name))})
        keys = {key for channel, skus in words.items() for sku in skus for key in _keys(channel, sku)}
        found = self.read(topics, sorted(keys))
        made: dict[tuple[str, bytes | None, bytes | None], Message] = {}
        for channel, skus in words.items():
            least_ms = max(changed_ms, *(_version_of_number(channel, word, found) for word in skus))
            for word in sorted(skus):
                of_item = self._own_item(channel, word, found, made_ms) or self._of_item(channel, word, found, least_ms)
                for message in (*self._of_sku(channel, word, found, least_ms), *of_item):
                    made[message.topic, message.key, message.value] = message  # a product goes to every account
        return list(made.values())

    def _of_sku(
        self, channel: Channel, sku: str, found: Mapping[tuple[str, str], Record], least_ms: int
    ) -> list[Message]:
        made: list[Message] = []
        for entity in TOLD:
            record = found.get((ENTITIES[entity].current, _key(entity, channel, sku)))
            if record is None:
                continue
            try:
                made += self.router.canonical(record, decode_headers(record.headers), entity, least_ms)
            except ValueError as error:
                made += self.router.failed(record, Reason.DATA, str(error))
        return made

    def _own_item(
        self, channel: Channel, sku: str, found: Mapping[tuple[str, str], Record], made_ms: int
    ) -> list[Message]:
        """The entry that keeps the item of a SKU's own word, where other words would stand in its place and it is known there."""
        skus = self.router.skus
        names = skus.names(channel, sku)
        if not names or sku in names or skus.internal(*channel, sku) != sku:
            return []
        # Its own word gave way to an older entry already, or was given up.
        if any(skus.since_ms(channel, name) < made_ms for name in names):
            return []
        keys = [told_key(RULES[entity].told_as, channel, sku) for entity in TOLD]
        if not (
            any(self._was_told(found.get((state(channel[0]), key))) for key in keys)
            or self._is_listed(channel, sku, found)
        ):
            return []
        at, key = datetime.fromtimestamp(self.now_ms() / 1000, UTC), (KIND, *channel, sku)
        value = self.codec.encode("mapping", make_entry(key, sku, ACTOR, at))
        note = "an item of this word is known there and goes on being told"
        audit = audit_message(self.codec, "map", kafka_key(key).decode(), actor=ACTOR, at=at, note=note, after=sku)
        return [Message(MAPPINGS, kafka_key(key), value), audit]

    def _is_listed(self, channel: Channel, sku: str, found: Mapping[tuple[str, str], Record]) -> bool:
        record = found.get((ENTITIES["listing"].current, _item_key(channel, sku)))
        try:
            return record is not None and self.codec.decode("listing", record.value)["status"] not in _NOT_THERE
        except DecodeError:
            return False

    def _of_item(
        self, channel: Channel, name: str, found: Mapping[tuple[str, str], Record], least_ms: int
    ) -> list[Message]:
        """The end of an item that belongs to no SKU any more."""
        skus = self.router.skus
        owner = skus.internal(*channel, name)
        is_item = name in skus.names(channel, owner)
        known = {entity for entity in TOLD if (ENTITIES[entity].current, _key(entity, channel, owner)) in found}
        made = [] if is_item and (known or owner != name) else _ends(channel, name, found)
        has_number = is_item and ("availability" in known or owner != name)
        if not has_number and self._was_told(found.get((state(channel[0]), told_key("stock", channel, name)))):
            made += self._zero(channel, name, least_ms)
        return made

    def _was_told(self, record: Record | None) -> bool:
        """Or perhaps will be: a job that is under way may write it yet."""
        try:
            known = self.codec.decode("key_state", record.value) if record is not None else {}
        except DecodeError:
            return False
        return any(known.get(name) for name in ("checksum", "job", "jobs"))

    def _zero(self, channel: Channel, name: str, version: int) -> list[Message]:
        key = told_key("stock", channel, name)
        at = datetime.fromtimestamp(version / 1000, UTC)
        term = {"name": "renamed", "quantity": "0", "event": "no SKU of Odoo is called so there any more"}
        body = {
            "key": key, "sku": name, "channel": channel[0], "account": channel[1], "version": version, "quantity": "0", "urgent": True,
            "why": "mapping", "terms": [term], "at": at,
        }  # fmt: skip
        value = self.codec.encode("availability", body)
        headers = Headers(
            event_id("renamed", key, str(version)), "odoo", "availability", version, checksum(value[5:]), "", version, self.environment
        )  # fmt: skip
        onward = Onward(channel[0], SET_STOCK, False, Lane.CRITICAL, Flow.STOCK, key, channel, name=name)
        return self.router.told(onward, "availability", value, headers)


def touched(codec: Codec, records: Iterable[Record], channels: Sequence[Channel]) -> dict[Channel, frozenset[str]]:
    """Account -> the words, of both sides, that these entries are about."""
    found: dict[Channel, frozenset[str]] = {}
    for record in records:
        key = parse_key((record.key or b"").decode(errors="replace"))
        if key is None or key[0] != KIND:
            continue
        _, source, account, external = key
        words = {external, dict(record.headers).get(BEFORE, b"").decode(errors="replace"), _internal(codec, record)}
        for channel in channels:
            if channel[0] == source and account in ("", channel[1]):
                found[channel] = found.get(channel, frozenset()) | (words - {""})
    return found


def oldest_ms(codec: Codec, records: Iterable[Record]) -> int:
    """When the oldest of the entries that were made or changed was, epoch milliseconds; the end of time when none was."""
    values = [
        record.value for record in records
        if (record.key or b"").startswith(f"{KIND}:".encode()) and _internal(codec, record)
    ]  # fmt: skip
    moments = (codec.decode("mapping", value)["at"] for value in values)
    return min((int(at.timestamp() * 1000) for at in moments), default=_LATEST_MS)


def _internal(codec: Codec, record: Record) -> str:
    try:
        return codec.decode("mapping", record.value)["internal"] if record.value is not None else ""
    except DecodeError:
        return ""  # the table leaves it out as well


def _key(entity: str, channel: Channel, sku: str) -> str:
    return sku_key(sku) if entity == "product" else told_key(RULES[entity].told_as, channel, sku)


def _version_of_number(channel: Channel, sku: str, found: Mapping[tuple[str, str], Record]) -> int:
    """Of the newest number of a SKU; 0 where there is none, or none that can be read."""
    record = found.get((ENTITIES["availability"].current, _key("availability", channel, sku)))
    try:
        return decode_headers(record.headers).version if record is not None else 0
    except ValueError:
        return 0


def _item_key(channel: Channel, sku: str) -> str:
    return f"{channel[0]}:{channel[1]}:item:{sku}"


def _keys(channel: Channel, sku: str) -> list[str]:
    """Of everything that is looked at for a word: of state and of the canonical records alike, of shadow and held."""
    told = [told_key(RULES[entity].told_as, channel, sku) for entity in TOLD]
    return [*told, sku_key(sku), _item_key(channel, sku), *(key for _, key in _kept(channel, sku))]


def _kept(channel: Channel, name: str) -> Iterable[tuple[str, str]]:
    """(topic, key) under which shadow and held keep what is to be told of an item."""
    for entity in TOLD:
        rule = RULES[entity]
        key = told_key(rule.told_as, channel, name)
        yield shadow(channel[0]), f"{key}|{rule.operation}"
        yield held(channel[0]), held_key(key, rule.operation, "", is_state=True).decode()


def _ends(channel: Channel, name: str, found: Mapping[tuple[str, str], Record]) -> list[Message]:
    """Nothing of it is kept in shadow or held any more."""
    return [Message(topic, key.encode(), None) for topic, key in _kept(channel, name) if (topic, key) in found]
