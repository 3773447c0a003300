"""Who packs in a demo: scans the transfer, each of its items, weighs the parcel, scans the transfer again, and looks in Odoo whether it may go.

One transfer is packed wrong at first, so that it is held. While faults strike, the agent is killed once and the Box hangs and is started anew; what
did not arrive is packed again, as people do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.demo.hands import Sale
from streams.demo.station import Pressed, Station

HELD_WORD = "HOLD: what was packed"  # how the word begins that holds a transfer
_ALL_RIGHT = "all right"
DROP_CODE = "O-CMD.cancel"
BETWEEN_SECONDS, STANDS_SECONDS = 0.2, 1.0  # from scan to scan; so long a parcel lies on the scale before the last one
AWAY_SECONDS = 8.0  # how long the Box takes to start anew
WATCH_SECONDS = 25.0  # so long at most for a check to be seen in Odoo; then it is packed again
MOST_ATTEMPTS = 8
_LOOK_SECONDS = 0.4

Strike = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transfer scanned through once. `presses`: in order; `first`, `last`: the two scans of its name."""

    picking: str
    presses: tuple[Pressed, ...]
    first: Pressed
    last: Pressed


@dataclass(frozen=True, slots=True)
class Parcel:
    """A transfer as its slip says. `codes`: one for each unit; `kilograms`: as the scale will show."""

    odoo_id: int
    name: str
    codes: tuple[str, ...]
    kilograms: float


@dataclass(slots=True)
class Packed:
    """What was done at the station; read by others only once it is `over`.

    wrong      transfers that were packed wrong first;  held  those of them that Odoo was seen to hold
    weighed    transfer -> kilograms
    problem    why the packer could not go on; empty: he could
    """

    attempts: list[Attempt] = field(default_factory=list)
    presses: list[Pressed] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    weighed: dict[str, float] = field(default_factory=dict)
    problem: str = ""


class Packer:
    """client: a logged-in odoorpc client of his own; ready: returns when the agent runs; kill_agent: as `kill -9` of it; the Box and the agent
    fail only if `struck`."""

    def __init__(self, client: Any, station: Station, ready: Strike, kill_agent: Strike, *, struck: bool) -> None:
        self._client = client
        self._station = station
        self._ready = ready
        self._kill_agent = kill_agent
        self._struck = struck
        self.packed = Packed()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether everything is packed, or he gave up."""
        return self._thread is None or not self._thread.is_alive()

    def begin(self, sales: Sequence[Sale]) -> None:
        """Pack these accepted orders, one after the other, beside everything else. Raises what `ready` raises: without an agent there is no demo of
        packing, and waiting would not help."""
        self._ready()
        self._thread = threading.Thread(target=self._run, args=(list(sales),), name="packer", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop where he is."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, sales: Sequence[Sale]) -> None:
        try:
            parcels = [parcel for sale in sales for parcel in self._slips(sale)]
            self.packed.parcels = parcels
            strikes: dict[int, Strike] = {2: self._kill_agent, 3: self._hang} if self._struck else {}
            for number, parcel in enumerate(parcels):
                if number == 1:
                    self._pack_wrong(parcel)
                self._pack(parcel, strikes.get(number))
        except Exception as error:  # noqa: BLE001 - a packer who cannot go on is told in the verdict
            self.packed.problem = f"{type(error).__name__}: {error}"

    # -- packing

    def _pack(self, parcel: Parcel, strike: Strike | None) -> None:
        """Until Odoo says that it is right and shows its weight."""
        before = self._count_right(parcel)
        for attempt in range(MOST_ATTEMPTS):
            self._through(parcel, parcel.codes, strike if attempt == 0 else None, again=attempt > 0)
            if self._seen(lambda: self._is_right(parcel, before)):
                self.packed.weighed[parcel.name] = parcel.kilograms
                return
        raise RuntimeError(f"{parcel.name}: packed right {MOST_ATTEMPTS} times, and Odoo does not say so")

    def _pack_wrong(self, parcel: Parcel) -> None:
        """The last unit is another thing; until Odoo holds it."""
        codes = (*parcel.codes[:-1], self._other(parcel))
        self.packed.wrong.add(parcel.name)
        for attempt in range(MOST_ATTEMPTS):
            self._through(parcel, codes, None, again=attempt > 0)
            if self._seen(lambda: self._is_held(parcel)):
                self.packed.held.add(parcel.name)
                return
        raise RuntimeError(f"{parcel.name}: packed wrong {MOST_ATTEMPTS} times, and Odoo does not hold it")

    def _through(self, parcel: Parcel, codes: Sequence[str], strike: Strike | None, *, again: bool) -> None:
        """Scan and weigh it. `again`: whatever is open is forgotten first."""
        made = len(self.packed.presses)
        if again:
            self._scan(DROP_CODE)
        first = self._scan(parcel.name)
        for number, code in enumerate(codes):
            if number == len(codes) // 2 and strike:
                strike()
            self._scan(code)
        self._weigh(parcel.kilograms)
        self._pause(STANDS_SECONDS)
        last = self._scan(parcel.name)
        self._weigh(0)
        attempt = Attempt(parcel.name, tuple(self.packed.presses[made:]), first, last)
        self.packed.attempts.append(attempt)

    def _scan(self, code: str) -> Pressed:
        self._pause(BETWEEN_SECONDS)
        pressed = self._station.scan(code)
        self.packed.presses.append(pressed)
        return pressed

    def _weigh(self, kilograms: float) -> None:
        """What the scale showed already it does not tell again."""
        self._pause(BETWEEN_SECONDS)
        pressed = self._station.weigh(kilograms)
        if pressed.time is not None:
            self.packed.presses.append(pressed)

    def _hang(self) -> None:
        """The Box hangs: the next scans do nothing, also those while it starts anew. He waits until its light is on again."""
        self._station.hang()
        self._scan("2000000000008")  # the poll that waits hears it; nobody is there for what follows
        self._scan("2000000000008")
        self._station.restart(AWAY_SECONDS)
        self._scan("2000000000008")
        while self._station.is_away():
            self._pause(_LOOK_SECONDS)

    # -- looking

    def _slips(self, sale: Sale) -> list[Parcel]:
        domain = [["sale_id", "=", sale.odoo_id], ["picking_type_code", "=", "outgoing"], ["state", "=", "assigned"]]
        rows = self._ask("stock.picking", "search_read", [domain, ["name"]], order="id")
        return [self._slip(row["id"], row["name"]) for row in rows]

    def _slip(self, picking: int, name: str) -> Parcel:
        columns = ["product_id", "quantity"]
        domain = [["picking_id", "=", picking], ["state", "!=", "cancel"]]
        moves = self._ask("stock.move", "search_read", [domain, columns], order="id")
        ids = sorted({move["product_id"][0] for move in moves})
        rows = self._ask("product.product", "read", [ids, ["barcode", "default_code", "weight"]])
        goods = {row["id"]: row for row in rows}
        units = [goods[move["product_id"][0]] for move in moves for _ in range(int(move["quantity"]))]
        codes = tuple(str(one["barcode"] or one["default_code"]) for one in units)
        return Parcel(picking, name, codes, round(0.2 + sum(one["weight"] for one in units), 2))

    def _other(self, parcel: Parcel) -> str:
        """The barcode of a thing that does not belong to it."""
        domain = [["barcode", "!=", False], ["barcode", "not in", list(parcel.codes)]]
        return str(
            self._ask("product.product", "search_read", [domain, ["barcode"]], order="id", limit=1)[0]["barcode"]
        )

    def _is_right(self, parcel: Parcel, before: int) -> bool:
        row = self._row(parcel)
        weighed = "shipping_weight" not in row or abs(row["shipping_weight"] - parcel.kilograms) < 0.005
        return weighed and HELD_WORD not in (row["note"] or "") and self._count_right(parcel) > before

    def _is_held(self, parcel: Parcel) -> bool:
        return HELD_WORD in (self._row(parcel)["note"] or "")

    def _row(self, parcel: Parcel) -> Mapping[str, Any]:
        return transfer(self._ask, parcel)

    def _count_right(self, parcel: Parcel) -> int:
        domain = [["model", "=", "stock.picking"], ["res_id", "=", parcel.odoo_id]]
        rows = self._ask("mail.message", "search_read", [domain, ["body"]])
        return sum(_ALL_RIGHT in row["body"] for row in rows)

    def _seen(self, is_so: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + WATCH_SECONDS
        while not (found := is_so()) and time.monotonic() < deadline:
            self._pause(_LOOK_SECONDS)
        return found

    def _ask(self, model: str, method: str, args: Sequence[Any], **kwargs: Any) -> Any:
        """Reading only, so it may be tried again: faults strike Odoo too."""
        deadline = time.monotonic() + WATCH_SECONDS
        while True:
            try:
                return self._client.execute_kw(model, method, list(args), kwargs)
            except Exception:
                if time.monotonic() > deadline:
                    raise
                self._pause(_LOOK_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self._ending.wait(seconds):
            raise RuntimeError("stopped")


def transfer(ask: Callable[..., Any], parcel: Parcel) -> Mapping[str, Any]:
    """A transfer as Odoo holds it: `note` and, where the module Delivery Costs is, `shipping_weight`."""
    fields = ask("stock.picking", "fields_get", [["shipping_weight"], ["type"]])
    names = ["note", "name", *(["shipping_weight"] if "shipping_weight" in fields else [])]
    row: Mapping[str, Any] = ask("stock.picking", "read", [[parcel.odoo_id], names])[0]
    return row
