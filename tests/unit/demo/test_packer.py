"""EDGE-5: the demo's packer scans what is on the slip, weighs, and packs again what Odoo does not show; one transfer is packed wrong on purpose."""

from __future__ import annotations

from typing import Any, cast

import pytest

from streams.demo import packer
from streams.demo.hands import Sale
from streams.demo.packer import DROP_CODE, HELD_WORD, MOST_ATTEMPTS, Packer
from streams.demo.station import SCAN, WEIGHT, Pressed, Station
from tests.waiting import until

SALES = [Sale(number, f"PO{number}", "sale") for number in range(1, 5)]
BARCODES = {7: "200A", 8: "200B"}


class FakeOdoo:
    """Each order has one transfer of two A; what is scanned right is right at once, from the `patience`-th time on."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.right: dict[int, int] = {}
        self.deaf_for = 0

    def execute_kw(self, model: str, method: str, args: list[Any], _kwargs: Any) -> Any:
        match model, method:
            case "stock.picking", "search_read":
                number = args[0][0][2]
                row = {"id": number, "name": f"WH/OUT/0000{number}", "note": "", "shipping_weight": 0.0}
                self.rows.setdefault(number, row)
                return [{"id": number, "name": row["name"]}]
            case "stock.picking", "read":
                return [self.rows[args[0][0]]]
            case "stock.picking", "fields_get":
                return {"shipping_weight": {}}
            case "stock.move", "search_read":
                return [{"product_id": [7, "A"], "quantity": 2.0}]
            case "product.product", "read":
                return [{"id": 7, "barcode": BARCODES[7], "default_code": "A", "weight": 0.4}]
            case "product.product", "search_read":
                return [{"barcode": BARCODES[8]}]
            case "mail.message", "search_read":
                return [{"body": "Packing station: 2 units checked, all right."}] * self.right.get(args[0][1][2], 0)
        raise AssertionError((model, method))

    def checked(self, name: str, codes: list[str], kilograms: float) -> None:
        if self.deaf_for:
            self.deaf_for -= 1
            return
        number = int(name[-1])
        is_right = codes == [BARCODES[7]] * 2
        self.rows[number] |= {"note": "" if is_right else f"<p>{HELD_WORD}</p>"}
        if is_right:
            self.right[number] = self.right.get(number, 0) + 1
            self.rows[number]["shipping_weight"] = kilograms


class FakeStation:
    """A station whose checks are in Odoo as soon as they end."""

    def __init__(self, odoo: FakeOdoo) -> None:
        self.odoo, self.did = odoo, list[str]()
        self._open, self._codes, self._kilograms, self._away = "", list[str](), 0.0, 0

    def scan(self, code: str) -> Pressed:
        self.did.append(code)
        if code == DROP_CODE:
            self._open = ""
        elif code == self._open:
            self.odoo.checked(code, self._codes, self._kilograms)
            self._open = ""
        elif code.startswith("WH/"):
            self._open, self._codes = code, []
        else:
            self._codes.append(code)
        return Pressed(SCAN, code, len(self.did), len(self.did))

    def weigh(self, kilograms: float) -> Pressed:
        changed, self._kilograms = kilograms != self._kilograms, kilograms
        return Pressed(WEIGHT, str(kilograms), 0, 1 if changed else None)

    def hang(self) -> None:
        self.did.append("hang")

    def restart(self, _seconds: float) -> None:
        self.did.append("restart")
        self._away = 2

    def is_away(self) -> bool:
        self._away -= 1
        return self._away > 0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (
        ("BETWEEN_SECONDS", 0),
        ("STANDS_SECONDS", 0),
        ("_LOOK_SECONDS", 0.001),
        ("WATCH_SECONDS", 0.02),
    ):
        monkeypatch.setattr(packer, name, seconds)


def ready() -> None:
    """The agent runs."""


def working(odoo: FakeOdoo, *, struck: bool = False) -> tuple[Packer, FakeStation]:
    station = FakeStation(odoo)

    def killed() -> None:
        station.did.append("killed")

    made = Packer(odoo, cast(Station, station), ready, killed, struck=struck)
    made.begin(SALES)
    until(lambda: made.is_over, "everything is packed")
    return made, station


def test_every_transfer_is_packed_and_weighed_and_one_of_them_wrong_first() -> None:
    made, station = working(FakeOdoo())
    packed = made.packed
    assert (packed.problem, len(packed.parcels), len(packed.attempts)) == ("", 4, 5)
    assert packed.weighed == {one.name: 1.0 for one in packed.parcels}
    assert packed.wrong == packed.held == {"WH/OUT/00002"}
    assert station.did[:8] == [
        "WH/OUT/00001",
        "200A",
        "200A",
        "WH/OUT/00001",
        "WH/OUT/00002",
        "200A",
        "200B",
        "WH/OUT/00002",
    ]
    assert [one.value for one in packed.presses if one.kind == SCAN] == station.did


def test_what_odoo_does_not_show_is_packed_again_from_the_start() -> None:
    odoo = FakeOdoo()
    odoo.deaf_for = 2
    made, station = working(odoo)
    assert made.packed.problem == ""
    again = ["WH/OUT/00001", "200A", "200A", "WH/OUT/00001"]
    assert station.did[:14] == [*again, DROP_CODE, *again, DROP_CODE, *again]


def test_he_gives_up_in_the_end_and_says_of_what() -> None:
    odoo = FakeOdoo()
    odoo.deaf_for = MOST_ATTEMPTS
    made, _ = working(odoo)
    assert "WH/OUT/00001" in made.packed.problem
    assert made.packed.weighed == {}


def test_while_faults_strike_the_agent_is_killed_and_the_box_hangs_and_starts_anew_once() -> None:
    made, station = working(FakeOdoo(), struck=True)
    assert made.packed.problem == ""
    assert [word for word in station.did if word in ("killed", "hang", "restart")] == ["killed", "hang", "restart"]
    assert len(made.packed.weighed) == 4


def test_without_an_agent_nobody_begins_to_pack() -> None:
    """The demo ends saying why, not minutes later with nothing packed."""

    def broken() -> None:
        raise OSError("no gateway")

    station = FakeStation(FakeOdoo())
    made = Packer(FakeOdoo(), cast(Station, station), broken, lambda: None, struck=False)
    with pytest.raises(OSError, match="no gateway"):
        made.begin(SALES)
    assert made.is_over
    assert station.did == []
