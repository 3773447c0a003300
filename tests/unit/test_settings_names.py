"""A mistyped name in the configuration ends the process with what, where and what was meant, instead of being passed over (OPS-7)."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli import app, main
from streams.connectors import discover, load_connected_settings
from streams.phases import MARKETPLACE_FLOWS, Phase
from streams.settings import ConfigurationError, load_settings
from streams.settings_names import Known, unchecked, wrong_names
from streams.settings_places import FileError, Said, dotted, read_said

ACCOUNT = '[walmart.accounts.Main]\nclient_id = "x"\nclient_secret = "canary-secret"\n'
FLOWS = "there are: walmart.items, walmart.orders, walmart.returns, walmart.settlements"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration from outside."""
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "c.toml"
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(path))
    return path


def problems() -> list[str]:
    """What loading says, without its first line."""
    with pytest.raises(ConfigurationError) as raised:
        load_connected_settings(discover())
    assert "canary-secret" not in str(raised.value)
    return [line.strip() for line in str(raised.value).splitlines()[1:]]


POLL, NONE, SOURCES = (
    "[poll.intervals]\n",
    "walmart has no flow ",
    "; did you mean walmart? there are: alibaba, amazon, odoo, walmart",
)
SOLD = "there are: " + ", ".join(sorted(MARKETPLACE_FLOWS))
NOTHING_SOLD = "there is no marketplace 'alibaba'; there are: amazon, walmart"
BOUGHT = "purchases, supplier_orders, supplier_products, supplier_terms"
NO_ACCOUNT = "walmart has no account 'mian'; did you mean main? there are: main"
NO_MARKETPLACE = "there is no marketplace 'wallmart'; did you mean walmart? there are: amazon, walmart"
NO_PARTNER = "there is no marketplace or supplier's platform 'wallmart'; did you mean walmart? there are: alibaba, amazon, walmart"


@pytest.mark.parametrize(
    ("written", "place", "problem"),
    [
        ("[stok]\nbuffer = 1", "stok", "there is no such setting; did you mean stock?"),
        ("[zzz]\nbuffer = 1", "zzz", "there is no such setting"),
        ('[pilot.walmart.mian]\nskus = "A"', "pilot.walmart.mian", NO_ACCOUNT),
        ('[pilot.wallmart.main]\nskus = "A"', "pilot.wallmart", NO_PARTNER),
        ('[phases.walmart.main]\npurchases = "on"', "phases.walmart.main.purchases", f"walmart has no flow 'purchases'; {SOLD}"),
        ('[phases.Alibaba.main]\nstock = "on"', "phases.Alibaba.main.stock", f"Alibaba has no flow 'stock'; there are: {BOUGHT}"),
        ('[stock.channels.alibaba]\nbuffer = 1', "stock.channels.alibaba", NOTHING_SOLD),
        ('[pricing.channels.alibaba.main]\nending = 0.5', "pricing.channels.alibaba", NOTHING_SOLD),
        ('[phases.walmart.mian]\nall = "on"', "phases.walmart.mian", NO_ACCOUNT),
        ('[pricing.channels.walmart.mian]\nending = 0.5', "pricing.channels.walmart.mian", NO_ACCOUNT),
        ("[stock.channels.walmart.accounts.mian]\nbuffer = 1", "stock.channels.walmart.accounts.mian", NO_ACCOUNT),
        ("[stock.channels.wallmart]\nbuffer = 1", "stock.channels.wallmart", NO_MARKETPLACE),
        ('[[stock.rules]]\nchannel = "walmart"\naccount = "mian"', "stock.rules[1].account", NO_ACCOUNT),
        ('[[stock.rules]]\nchannel = "wallmart"\naccount = "main"', "stock.rules[1].channel", NO_MARKETPLACE),
        ('[odoo.marketplace_warehouses]\n"walmart:mian" = "WFS"', 'odoo.marketplace_warehouses."walmart:mian"', NO_ACCOUNT),
        ("[stock.channels.walmart]\nratoi = 1", "stock.channels.walmart.ratoi", "there is no such setting; did you mean ratio?"),
        (POLL + '"walmart.orderz" = "1m"', 'poll.intervals."walmart.orderz"', NONE + f"'orderz'; did you mean walmart.orders? {FLOWS}"),
        (POLL + '"walmart.listings" = "1m"', 'poll.intervals."walmart.listings"', NONE + f"'listings'; did you mean walmart.items? {FLOWS}"),
        (POLL + '"walmrt.orders" = "1m"', 'poll.intervals."walmrt.orders"', "there is no source 'walmrt'" + SOURCES),
    ],
)  # fmt: skip
def test_each_mistyped_name_is_one_line_with_its_place_and_what_was_meant(
    file: Path, written: str, place: str, problem: str
) -> None:
    """OPS-7: a pilot of a mistyped account keeps nothing to it, so that everything would be written."""
    file.write_text(ACCOUNT + written)
    assert problems() == [f"{file}, {place}: {problem}"]


def test_a_flow_that_does_not_exist_is_told_by_its_place(file: Path) -> None:
    file.write_text(ACCOUNT + '[phases.walmart.main]\nstok = "on"\nprises = "on"\n')
    stok, prises = problems()
    assert stok.startswith(
        f"{file}, phases.walmart.main.stok: there is no flow 'stok'; did you mean stock? there are: ack"
    )
    assert prises.startswith(f"{file}, phases.walmart.main.prises: there is no flow 'prises'; did you mean prices?")


def test_everything_wrong_is_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, names, tables, JSON, of the file and of variables, each by its own place; even the accounts of a part that is wrong count."""
    file.write_text(ACCOUNT + 'client_idd = "x"\n[pilot.walmart.mian]\n[stok]\n[topics]\npartitions = "many"\n')
    monkeypatch.setenv("CAUSEWAY_PHASES__WALMART__MIAN__ALL", "on")
    monkeypatch.setenv("CAUSEWAY_POLL__INTERVALS", "junk")
    monkeypatch.setenv("CAUSEWAY_KAFAK__BOOTSTRAP", "x:1")
    found = problems()
    places = [line.split(": ")[0].removeprefix(f"{file}, ") for line in found]
    assert sorted(places) == sorted(
        [
            "walmart.accounts.Main.client_idd", "pilot.walmart.mian", "stok", "topics.partitions",
            "CAUSEWAY_PHASES__WALMART__MIAN", "CAUSEWAY_POLL__INTERVALS", "CAUSEWAY_KAFAK__BOOTSTRAP",
        ]
    )  # fmt: skip
    assert all("did you mean main?" in line for line in found if "MIAN" in line or "mian" in line)
    assert any(line.startswith(f"{file}, ") for line in found)


def test_accounts_have_no_letter_case(file: Path) -> None:
    """As the accounts themselves: `[phases.walmart.MAIN]` is about `main`, and not about nobody."""
    parts = '[phases.Walmart.MAIN]\nall = "on"\n[pilot.walmart.MAIN]\nskus = "A"\n[pricing.channels.WALMART.Main]\npricelist = "US"\n'
    file.write_text(ACCOUNT + parts)
    settings = load_connected_settings(discover())
    assert settings.phases == {"walmart": {"main": {"all": Phase.ON}}}
    assert settings.pilot["walmart"]["main"].skus == "A"
    assert settings.pricing.of("walmart", "MAIN").pricelist == "US"
    file.write_text(ACCOUNT + '[phases.walmart.main]\nall = "on"\n[phases.walmart.MAIN]\nall = "off"\n')
    assert problems() == [f"{file}, phases: walmart, MAIN: two names differ in letter case only"]


def test_accounts_that_cannot_be_known_are_not_refused_but_said(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A process without credentials of a marketplace cannot tell which accounts there are."""
    file.write_text('[pilot.walmart.mian]\nskus = "A"\n[phases.walmart]\n')
    with caplog.at_level(logging.WARNING, "streams.connectors"):
        load_connected_settings(discover())
    assert [record.getMessage() for record in caplog.records] == ["accounts_unknown count=1 first=pilot.walmart.mian"]
    file.write_text('[pilot.wallmart.mian]\nskus = "A"\n')
    assert problems() == [f"{file}, pilot.wallmart: {NO_PARTNER}"]


def test_what_is_no_table_is_left_to_the_settings() -> None:
    known = Known({"walmart": ("main",)}, {"walmart": ("orders",)})
    odd: list[dict[str, Any]] = [
        {"phases": "x", "pilot": [1], "pricing": 3, "stock": "x", "poll": None},
        {"pricing": {"channels": 1}, "stock": {"channels": {"walmart": 1}, "rules": "abc"}, "poll": {"intervals": "x"}},
        {"stock": {"rules": [1, {"channel": 2}, {"account": "x"}, {"channel": "walmart", "account": ""}]}},
        {"poll": {"intervals": {"orders": "1m"}}},
    ]
    for raw in odd:
        assert (wrong_names(raw, known), unchecked(raw, known)) == ([], [])


# ---- where it was said


def test_the_place_is_where_one_has_to_edit() -> None:
    said = Said("c.toml", {"a": {"b": [{"c": 1}]}, "Stock": {"x": 1}}, frozenset({"CAUSEWAY_A__D__E", "CAUSEWAY_J"}))
    assert said.place(("a", "b", 0, "c")) == "c.toml, a.b[1].c"
    assert said.place(("stock", "x")) == "c.toml, stock.x"
    assert said.place(("a", "d")) == "CAUSEWAY_A__D"  # the environment wins
    assert said.place(("j", "k", 1)) == "CAUSEWAY_J, k[2]"
    assert said.place(("n", "o")) == "CAUSEWAY_N__O"
    assert said.place(("a", "b"), to_set=True) == "CAUSEWAY_A__B"
    assert dotted(("a", "b.c", "d-e")) == 'a."b.c".d-e'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a =", "is no TOML: Invalid value (at the end, line 1)"),
        (b"a = 1\nb = = 2", "is no TOML: Invalid value (at line 2, column 5)"),
        (b"\xff", "is no TOML: it is not UTF-8"),
    ],
)
def test_a_broken_file_is_told_by_its_name_and_line(file: Path, content: bytes, problem: str) -> None:
    file.write_bytes(content)
    with pytest.raises(FileError) as raised:
        read_said()
    assert str(raised.value) == f"{file} {problem}"
    with pytest.raises(ConfigurationError, match=r"c\.toml is no TOML"):
        load_settings()


# ---- what is wrong with a variable that wants JSON


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("POLL__INTERVALS", "junk", '{"name": ...}: flow -> pause between polls, instead of the default: {"walmart.orders": "10m"}'),
        ("RETRY__TIERS", "30s,60s", '["a", "b"]: growing delays'),
        ("PHASES", "canary-secret", '{"name": ...}: marketplace or supplier'),
        ("STOCK", "x", '{"name": ...}'),
        ("STOCK__RULES", '{"a": 1}', '["a", "b"]: what holds for some SKUs'),
        ("WALMART__ACCOUNTS__MAIN", "x", '{"name": ...}'),
    ],
)  # fmt: skip
def test_a_variable_that_is_no_json_says_what_it_wants(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(f"CAUSEWAY_{variable}", value)
    (found,) = problems()
    assert found.startswith(f"CAUSEWAY_{variable}: want a JSON ")
    assert problem in found


def test_the_program_ends_with_2(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(ACCOUNT + '[pilot.walmart.mian]\nskus = "A"\n')
    monkeypatch.setattr("sys.argv", ["causeway", "verify", "walmart"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "pilot.walmart.mian" in capsys.readouterr().err
    assert isinstance(CliRunner().invoke(app, ["verify", "walmart"]).exception, ConfigurationError)
