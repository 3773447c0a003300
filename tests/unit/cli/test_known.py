"""A name or id that does not exist ends a command with 2 and what there is, instead of looking like success (ERR-6, OPS-7)."""

from __future__ import annotations

import pytest

from schemas.record import Message
from schemas.topics import held
from streams.cli.failure_desk import cut
from tests.unit.cli import samples
from tests.unit.cli.samples import CODEC, Kafka, discarded, failed, letter


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """With one open dead letter (`aa1`), one that is discarded (`bb1`), one held record (`cc1`)."""
    made = Kafka()
    readers = ("failure.dead", "failure.held_list", "failure.mappings")
    made.stand_in(monkeypatch, readers, ("failure.discard", "failure.mappings"))
    waiting = failed("cc1", state="held", waiting_for="sku:walmart:main:X", key="k" * 300)
    made.messages += [letter("aa1", key="k" * 300), letter("bb1"), discarded("bb1")]
    made.messages.append(Message(held("odoo"), b"k", CODEC.encode("failed_record", waiting), ()))
    return made


def causeway(*words: str, code: int = 2) -> str:
    """What it says; `code`: what it ends with."""
    return samples.causeway(*words, code=code)


DEAD = "there are: alibaba, amazon, odoo, packing, pricing, route, stock, supply, transform, walmart"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dead replay nosuch --dry-run", "there is no dead letter nosuch; `causeway dead list` shows them"),
        ("dead replay junk.json", "there is no dead letter junk.json; it is no file either; `causeway dead list`"),
        ("dead replay some/plan --yes", "some/plan; it is no file either"),
        ("dead replay aa1 nosuch", "there is no dead letter nosuch"),
        ("dead plan nosuch", "there is no dead letter nosuch"),
        ("dead discard nosuch --note x --yes", "there is no dead letter nosuch"),
        ("dead discard bb1 --note x --yes", "bb1 was discarded already by ann"),
        ("dead discard aa1 bb1 --note x --yes", "bb1 was discarded already by ann"),
        ("dead replay bb1", "bb1 was discarded already by ann"),
        ("dead list --destination nope", f"there is no destination 'nope'; {DEAD}"),
        ("dead list -d oddo", f"there is no destination 'oddo'; did you mean odoo? {DEAD}"),
        ("dead plan -d nope", "there is no destination 'nope'"),
        ("dead replay -d nope --dry-run", "there is no destination 'nope'"),
        ("dead discard -d nope --note x --yes", "there is no destination 'nope'"),
        (
            "held list -d transform",
            "there is no destination 'transform'; there are: alibaba, amazon, odoo, pricing, walmart",
        ),
        ("held release -d nope --yes", "there is no destination 'nope'"),
        ("held discard -d nope --note x --yes", "there is no destination 'nope'"),
    ],
)
def test_what_does_not_exist_is_no_success(kafka: Kafka, words: str, said: str) -> None:
    """And nothing is done with the others that were named."""
    before = list(kafka.messages)
    assert said in causeway(*words.split())
    assert kafka.messages == before


def test_what_exists_is_found(kafka: Kafka) -> None:
    """The checks refuse nothing that is right."""
    assert "1 of 1 dead letters would be sent" in causeway("dead", "replay", "aa", "--dry-run", code=0)
    assert "1 dead letters" in causeway("dead", "list", "-d", "odoo", code=0)
    assert "0 dead letters" in causeway("dead", "list", "-d", "transform", code=0)
    assert "1 held" in causeway("held", "list", "-d", "odoo", code=0)
    assert "1 discarded." in causeway("dead", "discard", "aa1", "--note", "x", "--yes", code=0)


@pytest.mark.parametrize("command", ["dead", "held"])
def test_long_cells_are_cut(command: str) -> None:
    """A key as long as anybody likes makes no table hundreds of columns wide."""
    said = causeway(command, "list", code=0)
    assert "k" * 71 + "…" in said
    assert "k" * 72 not in said
    assert cut("x" * 72) == "x" * 72
