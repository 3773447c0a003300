"""What is plugged into the pipeline: sources that are polled, sinks that are written to, mappings between. Plain data in and out.

A connector is one folder that offers some of these by a `CONNECTOR` (see `streams.connectors`). The stages know only this page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from connectors.kit.books import OpenBook
from connectors.kit.errors import ConnectorError
from connectors.kit.hints import Hints
from connectors.kit.pushes import Pushes
from schemas.reasons import Reason
from schemas.records import Money, Order


class Result(StrEnum):
    """What a sink says of one delivery."""

    APPLIED = "applied"  # the destination now holds it because of this delivery
    ALREADY_APPLIED = "already_applied"  # it held it before; nothing was written
    STALE = "stale"  # it holds a newer version; nothing was written
    SUBMITTED = "submitted"  # a job at the destination will decide; the same delivery comes back to ask how it went
    EXCLUDED = "excluded"  # it is not to be carried out, for the reason in the first note; nothing was written, nothing is known of the key
    FAILED = "failed"  # see reason


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record to bring to a destination.

    id           deterministic id; a second delivery of the same id must change nothing
    operation    what to do, for example `upsert_order`
    is_command   a command happens once and keeps its place behind earlier ones of its key; a state may be superseded
    version      orders states of one key
    body         the decoded record (`schemas.records`), for example an Order
    attempt      1 for the first try
    known        what the pipeline last knew of this key at the destination: version, checksum, remote id
    job          the job this delivery was submitted with (`Outcome.job`): ask how it went instead of sending again; "" = not submitted yet
    open_jobs    unfinished jobs of this key that other deliveries submitted: what they write may still arrive, after what is sent now
    asks_again   a resync: what is known of the key is not to be trusted, the destination is asked
    """

    id: str
    operation: str
    is_command: bool
    key: str
    source: str
    account: str
    version: int
    checksum: str
    correlation: str
    body: Mapping[str, Any]
    attempt: int = 1
    known: Known | None = None
    job: str = ""
    open_jobs: tuple[str, ...] = ()
    asks_again: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key at a destination (`key_state`)."""

    version: int
    checksum: str
    remote_model: str
    remote_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery; a sink returns exactly one for each, in the same order.

    detail        for people; no personal data, no secrets (the runtime masks and cuts it again)
    retry_after   seconds the destination asked to wait, None when it did not say
    waiting_for   for reason `mapping`: what would release it, for example `sku:walmart:ACCOUNT:SKU`
    notes         things done on the way that a person may want to know (codes, not prose with data)
    of_record     the failure is of this record alone although its reason sounds like the destination's: others get through
    job           with `submitted`: what the destination is doing, for example `feed:ID`; the delivery comes back with it. With `failed`: what may
                  still be under way all the same; other deliveries of the key learn of it, this one is tried again as usual
    events        canonical records that follow from it, for example a conflict or a listing's status; published with the outcome
    """

    result: Result
    reason: Reason | None = None
    detail: str = ""
    retry_after: float | None = None
    remote_model: str = ""
    remote_id: str = ""
    waiting_for: str = ""
    notes: tuple[str, ...] = ()
    of_record: bool = False
    job: str = ""
    events: tuple[Canonical, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the destination holds it (or something newer)."""
        return self.result not in (Result.FAILED, Result.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Canonical:
    """One state of a canonical entity.

    entity    its record in `schemas/avro` and its topics in `schemas.topics.ENTITIES`: order, shipment, ...
    key       natural key and Kafka key
    version   greater is newer
    body      the record
    """

    entity: str
    key: str
    version: int
    body: Mapping[str, Any]


def submitted(job: str, check_after: float) -> Outcome:
    """The destination works on it: ask again after so many seconds (rounded up to a retry tier)."""
    return Outcome(Result.SUBMITTED, retry_after=check_after, job=job)


def excluded(code: str, detail: str = "") -> Outcome:
    """Not to be carried out, by what the configuration says. code: why, counted and shown as the reason."""
    return Outcome(Result.EXCLUDED, detail=detail, notes=(code,))


def failed(reason: Reason, detail: str, *, retry_after: float | None = None, waiting_for: str = "") -> Outcome:
    """A failed outcome, in one word."""
    return Outcome(Result.FAILED, reason, detail, retry_after, waiting_for=waiting_for)


def failed_by(error: ConnectorError, *, of_record: bool = False) -> Outcome:
    """The failed outcome that says what an error says."""
    return Outcome(
        Result.FAILED, error.reason, str(error), error.retry_after, waiting_for=error.waiting_for, of_record=of_record
    )


class Sink(Protocol):
    """Writes to one destination.

    `deliver` gets up to `batch_limit` deliveries with at most one state per key and returns one Outcome each, in order. It raises only for
    what concerns the whole batch, as a `connectors.kit.errors.ConnectorError`: then nothing is known of any of them and all count as failed
    with that error's reason. It must be idempotent by delivery id: an answer lost after commit may never double anything (EVT-4).
    """

    destination: str
    batch_limit: int

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]: ...

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Of the things held records wait for, those that exist now (for example a product with that default_code made in Odoo)."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Announcing(Protocol):
    """A sink some of whose writes other processes must know of before they are made: a process that dies in the middle leaves a trace."""

    def announces(self, delivery: Delivery) -> bool:
        """Whether this one is to be told to the other lanes (`connectors.kit.jobs.SENDING`) before `deliver` gets it."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """One entity as the source sent it.

    key        natural key, `source:account:id`
    entity     order, ...
    payload    its JSON with every digit kept
    version    the source's own order of changes when the source states it, else 0
    """

    key: str
    entity: str
    payload: bytes
    version: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a page that is no entity: visible as a dead letter, while the rest goes on. `entity`: what it should be, where the flow's
    name does not say it (the flow `orders` reads entities `order`)."""

    key: str
    detail: str
    payload: bytes
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a flow and where to go on from.

    position     the resume point once this page is safe in Kafka: opaque JSON text of the connector, without secrets
    read_until   everything changed before this has been read when this page is safe; None while in the middle of a window
    last         nothing more to read now: come back after the flow's interval
    """

    items: tuple[Fetched, ...]
    position: str
    read_until: datetime | None = None
    last: bool = True
    problems: tuple[Problem, ...] = ()
    request: str = ""


class Source(Protocol):
    """Reads one flow of one account.

    `pages(position)` yields pages from a resume point ("" = from the beginning as configured) until it is caught up. It is only resumed after
    each page is acknowledged. It must not skip anything when pages shift or entities appear late (ORD-1): overlap is the connector's business.
    Raises `connectors.kit.errors.ConnectorError`.
    """

    flow: str
    account: str

    def pages(self, position: str) -> AsyncIterator[Page]: ...

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Everything changed since then, without touching the flow's own position."""
        ...

    def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these ids; an id that does not exist is a Problem."""
        ...

    async def aclose(self) -> None: ...


class EntityMapping(Protocol):
    """Pure: what the source said of one entity -> the canonical records it means, none when it means nothing to us.

    The first has the key of its raw record and is the entity that `schemas.topics.RAW` names for it. Records of other entities may follow, parts of
    it with keys below its own, `KEY:...`: they are published when the first one is. Raises `connectors.kit.errors.DataError` naming field and
    problem, MappingError for a gap in our tables.
    """

    def __call__(self, payload: bytes, account: str) -> Sequence[Canonical]: ...


class OrderMapping(Protocol):
    """Pure: what the source said -> the canonical order. Raises `connectors.kit.errors.DataError` naming field and problem."""

    def __call__(self, payload: bytes, account: str) -> Order: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `causeway verify` (AUTH-5): what was tried, whether it works, and if not, what to do."""

    subject: str
    ok: bool
    detail: str
    remedy: str = ""


class Verifier(Protocol):
    """Says call by call and right by right what works, without changing anything."""

    async def verify(self) -> Sequence[Check]: ...


class StepState(StrEnum):
    """How a step of a set-up stands, or what was done about it."""

    THERE = "there"
    ABSENT = "absent"
    MADE = "made"
    REMOVED = "removed"
    KEPT = "kept"  # it is not for us to remove
    WRONG = "wrong"  # a person mends it, see remedy


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One thing a set-up needs. what: in words; detail: ids, where it leads, without secrets; remedy: what to do."""

    what: str
    state: StepState
    detail: str = ""
    remedy: str = ""


class Setup(Protocol):
    """Something the other side has to have once for an account before a flow works (`causeway setup`): it is shown, added and removed again.

    Each method gives all steps in their order, and does no more where one is wrong. Added or removed twice it changes nothing. A refusal of
    the other side is a step that is wrong and says what to do; raised are ConnectorErrors of which no step can tell, ValueError for
    configuration of another environment.
    """

    async def show(self) -> Sequence[SetupStep]:
        """Reads only."""
        ...

    async def add(self) -> Sequence[SetupStep]: ...

    async def remove(self, *, shared: bool = False) -> Sequence[SetupStep]:
        """shared: also where other accounts need it too; without, that is a step that is wrong."""
        ...

    async def aclose(self) -> None: ...


class Mappings(Protocol):
    """The cross-reference tables: what the source calls X is Y in Odoo (ORD-9)."""

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        """Odoo's word for it: the account's own entry, else the source's, else None. `kind` is sku, carrier, ..."""
        ...


class NoMappings:
    """No cross-reference tables: for what looks nothing up."""

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        """Nothing is found."""
        return None


class FirstPrices(Protocol):
    """The price a new listing begins with, where the price flow decides it (PRC-1)."""

    def decides(self, source: str, account: str) -> bool:
        """Whether this account's prices come by the price flow. Else a connector goes by its own tables."""
        ...

    def price_of(self, source: str, account: str, sku: str) -> Money | None:
        """What was decided for that SKU, in the marketplace's word for it: floor, currency, rounding and approval are done. None: nothing yet."""
        ...


class NoFirstPrices:
    """No price flow: connectors go by their own tables."""

    def decides(self, source: str, account: str) -> bool:
        """Never."""
        return False

    def price_of(self, source: str, account: str, sku: str) -> Money | None:
        """Nothing is decided."""
        return None


async def _nothing_known(entity: str) -> Collection[str]:
    """Of a program that publishes nothing."""
    return ()


async def _nothing_seen(source: str, entity: str, since: datetime) -> Mapping[str, int]:
    """The same."""
    return {}


@dataclass(frozen=True, slots=True)
class Deps:
    """What the program hands to every connector it builds.

    environment   sandbox, staging or production
    mappings      the cross-reference tables
    now           the clock, aware UTC
    operations    for a verifier: those of its operations that are switched on; None = not said, so all
    known         for a source: canonical entity -> the keys whose newest record says `active` (a listing: published or unpublished), as the
                  pipeline last published them. What is among them and not at the source any more has gone while nobody looked
    seen          for a source that counts what it has told (REC-4): (source, entity in its own terms, since) -> the keys of what was
                  published raw since then, with the newest version of each
    first_prices  for a sink that lists products: what they cost at first
    """

    environment: str
    mappings: Mappings
    now: Callable[[], datetime]
    operations: frozenset[str] | None = None
    known: Callable[[str], Awaitable[Collection[str]]] = _nothing_known
    seen: Callable[[str, str, datetime], Awaitable[Mapping[str, int]]] = _nothing_seen
    first_prices: FirstPrices = field(default_factory=NoFirstPrices)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a delivery would change: one field, what is there now, what would be written. Texts for people, personal data left out.

    refused    nothing would be written; `would_be` says why
    """

    field: str
    now: str
    would_be: str
    refused: bool = False


class Shares(Protocol):
    """A sink that keeps to its part of what the destination allows (RATE-1)."""

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: its partitions among all. Told whenever partitions are assigned or revoked."""
        ...


class Previewer(Protocol):
    """A sink that can say what it would write (OPS-7). Reads only; one answer per delivery, in order; () = it would change nothing."""

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]: ...


@dataclass(frozen=True, slots=True)
class SetupOffer:
    """A set-up a connector has. about: what it makes, in words; open: (settings, account, deps) -> Setup."""

    about: str
    open: Callable[[Any, str, Deps], Setup]


@dataclass(frozen=True, slots=True)
class Connector:
    """What a connector folder offers, as `CONNECTOR` in its `__init__.py`.

    settings       the pydantic model (a `connectors.kit.settings.Part`) of its part of the configuration; all fields have defaults
    accounts       the configured account names, given its settings ("" when it has just one)
    flows          the flows it can poll: name -> default interval
    flows_for      settings -> those of them that are switched on, where configuration decides
    source         (settings, account, flow, deps) -> Source
    sink           (settings, deps) -> Sink, or None when nothing is written there
    order_mapping  raw order payload -> canonical order, or None when it sells nothing
    mapping_for    settings -> its order mapping as configured, where configuration changes it
    verifier       (settings, deps) -> Verifier
    mappings       settings -> mapping of each further entity it reads, by the entity in the source's own terms: return, item, picking, ...
    operations     what its sink takes, for example `upsert_order`; whatever is routed to it must be among them
    resync_reach   (settings, flow) -> how far back its resync reads at most, and the setting that says so; None = as far as is asked
    hints          settings -> where the other side may say that something changed; None = nowhere
    pushes         settings -> where the other side may send messages, signed, about what changed; None = nowhere
    stock_cap      settings -> the largest stock number the marketplace takes, where it has one
    stock_every    how often stock numbers that are not urgent go there unless the configuration says otherwise; None = as everywhere
    setups         what the other side has to have once for an account, by the name `causeway setup` knows it by
    books          what it can tell of for reconciliation (REC-1), by kind: purchases
    """

    name: str
    settings: type[Any]
    accounts: Callable[[Any], Sequence[str]]
    flows: Mapping[str, timedelta] = field(default_factory=dict)
    source: Callable[[Any, str, str, Deps], Source] | None = None
    sink: Callable[[Any, Deps], Sink] | None = None
    order_mapping: OrderMapping | None = None
    verifier: Callable[[Any, Deps], Verifier] | None = None
    mapping_for: Callable[[Any], OrderMapping] | None = None
    mappings: Callable[[Any], Mapping[str, EntityMapping]] | None = None
    operations: frozenset[str] = frozenset()
    flows_for: Callable[[Any], Mapping[str, timedelta]] | None = None
    resync_reach: Callable[[Any, str], tuple[timedelta, str] | None] | None = None
    hints: Callable[[Any], Hints | None] | None = None
    pushes: Callable[[Any], Pushes | None] | None = None
    stock_cap: Callable[[Any], int] | None = None
    stock_every: timedelta | None = None
    setups: Mapping[str, SetupOffer] = field(default_factory=dict)
    books: Mapping[str, OpenBook] = field(default_factory=dict)

    def configured_flows(self, settings: Any) -> Mapping[str, timedelta]:
        """The flows to poll with these settings."""
        return self.flows if self.flows_for is None else self.flows_for(settings)

    def configured_mapping(self, settings: Any) -> OrderMapping | None:
        """The order mapping to use with these settings."""
        return self.order_mapping if self.mapping_for is None else self.mapping_for(settings)

    def entity_mappings(self, settings: Any) -> dict[str, EntityMapping]:
        """Every mapping as configured, by the entity in the source's own terms; an order's is among them."""
        found = dict(self.mappings(settings)) if self.mappings else {}
        order = self.configured_mapping(settings)
        return found if order is None else {"order": _as_entity(order)} | found


def _as_entity(mapping: OrderMapping) -> EntityMapping:
    def to_canonical(payload: bytes, account: str) -> Sequence[Canonical]:
        order = mapping(payload, account)
        return (Canonical("order", order["key"], order["version"], order),)

    return to_canonical
