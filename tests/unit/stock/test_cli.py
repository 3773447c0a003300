"""`causeway stock`: any number can be explained (INV-6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.record import Message, Record
from streams.cli import app
from tests.unit.stages.references import entry_record
from tests.unit.stock.samples import AMAZON, CODEC, WALMART, Bench, demand, known, level


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What stands on the topics that the command reads; Walmart's account is the one that is configured."""
    messages: list[Message] = []

    def read(config: Any, names: Sequence[str]) -> Iterator[Record]:
        for index, message in enumerate(messages):
            if message.topic in names:
                yield Record(message.topic, 0, index, 0, message.key, message.value, message.headers)

    monkeypatch.setattr("streams.stages.stock.explain.read_to_end", read)
    monkeypatch.setattr("streams.failure.mappings.read_to_end", read)
    monkeypatch.setattr("schemas.codec.Codec", lambda _: CODEC)
    monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID", "id")
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET", "secret")
    monkeypatch.setenv("CAUSEWAY_STOCK__OPEN_DAYS", "3650")
    monkeypatch.setenv("CAUSEWAY_PHASES__WALMART__MAIN__STOCK", "on")
    return messages


def causeway(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["stock", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


async def lived(topics: list[Message]) -> None:
    """10 there, 2 reserved for an order, 3 sold elsewhere and not in Odoo yet; B is low; C changed after it was told."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10, 2, [known("walmart:main:1", 2, 2)]), level(2, sku="B"), level(50, sku="C"))
    await bench.demands(demand(2))
    await bench.flush()
    await bench.demands(demand(3, "2", channel=AMAZON))
    await bench.levels(level(40, sku="C", version=2))
    topics += [message for call in bench.sent.calls for message in call]


async def test_explain_shows_terms_orders_and_what_was_told(topics: list[Message]) -> None:
    await lived(topics)
    code, text = causeway("explain", "CWT-1", "--json")
    found = json.loads(text)
    (channel,) = found["channels"]
    assert code == 0
    assert (channel["channel"], channel["account"], channel["number"], channel["waits_for_flush"]) == (
        "walmart",
        "main",
        5,
        False,
    )
    assert [(term["name"], term["quantity"], term["event"]) for term in channel["terms"]] == [
        ("on_hand", "10", "WH@1"), ("reserved", "-2", "WH@1"), ("open_order", "-3", "amazon:main:2@1"),
    ]  # fmt: skip
    told = channel["told"]
    assert (told["quantity"], told["previous"], told["why"], told["urgent"]) == (5, "8", "order", True)
    assert told["terms"] == channel["terms"]
    assert {
        one["order_key"]: (one["asked"], one["reserved"], one["open"], one["state"]) for one in found["orders"]
    } == {
        "walmart:main:1": ("2", "2", "0", "in Odoo's numbers"),
        "amazon:main:2": ("3", "0", "3", "not in Odoo's numbers"),
    }


async def test_explain_in_words(topics: list[Message]) -> None:
    await lived(topics)
    code, text = causeway("explain", "C")
    assert code == 0
    assert "walmart:main  40  waits for the next flush" in text
    assert "told 50 at" in text
    assert "made of, when it was told:" in text


async def test_a_number_that_goes_nowhere_says_so(topics: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-7: a flow in shadow works numbers out and tells nobody."""
    await lived(topics)
    monkeypatch.setenv("CAUSEWAY_PHASES__WALMART__MAIN__STOCK", "shadow")
    text = causeway("explain", "C")[1]
    assert "walmart:main  40  waits for the next flush  shadow: nothing is told" in text
    assert "worked out 50 at" in text
    assert "told 50" not in text


def test_an_unknown_sku_is_one_line_and_exit_1(topics: list[Message]) -> None:
    assert causeway("explain", "NONE") == (1, "nothing is known of SKU NONE: neither Odoo nor an order ever named it\n")


async def test_list_shows_low_stock_and_what_waits(topics: list[Message]) -> None:
    await lived(topics)
    code, text = causeway("list", "--json")
    assert code == 0
    assert [(one["sku"], one["number"], one["told"]) for one in json.loads(text)["numbers"]] == [
        ("B", 2, 2),
        ("CWT-1", 5, 5),
        ("C", 40, 50),
    ]
    assert [one["sku"] for one in json.loads(causeway("list", "--low", "--json")[1])["numbers"]] == ["B"]
    assert [one["sku"] for one in json.loads(causeway("list", "--waiting", "--json")[1])["numbers"]] == ["C"]
    assert causeway("list", "--channel", "amazom")[0] == 2
    assert "3 numbers, the first 1 shown" in causeway("list", "--most", "1")[1]


def entry(external: str, internal: str, account: str = "") -> Message:
    record = entry_record(("sku", "walmart", account, external), internal)
    return Message(record.topic, record.key, record.value, record.headers)


async def test_explain_knows_the_marketplaces_word(topics: list[Message]) -> None:
    """ORD-9: asked for by either word; what the channel calls it and what the order called it is told."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    await bench.demands(demand(3, external="THEIRS"))
    await bench.flush()
    topics += [
        *(message for call in bench.sent.calls for message in call),
        entry("THEIRS", "CWT-1"),
        entry("MORE", "CWT-1"),
    ]
    code, text = causeway("explain", "THEIRS")
    assert code == 0
    assert "THEIRS is what walmart:main calls CWT-1" in text
    assert "walmart:main  7  as MORE, THEIRS" in text
    assert "walmart:main:1 as THEIRS" in text
    assert json.loads(causeway("explain", "CWT-1", "--json")[1])["channels"][0]["items"] == ["MORE", "THEIRS"]
    assert "as MORE, THEIRS" in causeway("list")[1]


async def test_explain_says_that_a_word_was_given_away(topics: list[Message]) -> None:
    """Odoo has a product of that word itself: its own numbers are told to nobody, and that is no secret."""
    await lived(topics)
    topics.append(entry("B", "C", "main"))
    assert "no item there: its word is another SKU's" in causeway("explain", "B")[1]


async def test_a_word_that_means_two_things_is_not_guessed(
    topics: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__TWO__CLIENT_ID", "id")
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__TWO__CLIENT_SECRET", "secret")
    await lived(topics)
    topics += [entry("THEIRS", "B"), entry("THEIRS", "C", "two")]
    code, text = causeway("explain", "THEIRS")
    assert code == 1
    assert "B (walmart:main), C (walmart:two)" in text
