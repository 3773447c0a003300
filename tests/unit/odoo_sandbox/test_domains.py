"""TEST-1: domains select the rows PostgreSQL would, empty values and archived records included."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.odoo.sandbox.engine.domains import like_test, parse
from tests.unit.odoo_sandbox.world import World

NAMES = {"ann": "Ann", "bob": "bob_1", "cid": "Cid 100%", "dee": "Dee"}


@pytest.fixture
def people(world: World) -> dict[str, int]:
    us = world.search("res.country", [("code", "=", "US")])[0]
    ids = {}
    for key, name in NAMES.items():
        values = {"name": name, "ref": f"D-{key}", "color": 0}
        values.pop("color")
        ids[key] = world.create("res.partner", **values)
    world.do(
        lambda env: env.write("res.partner", ids["ann"], {"country_id": us, "customer_rank": 3, "email": "A@x.io"})
    )
    world.do(lambda env: env.write("res.partner", ids["bob"], {"parent_id": ids["ann"], "customer_rank": 1}))
    world.do(lambda env: env.write("res.partner", ids["dee"], {"active": False}))
    return ids


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        # empty values: `=` False finds them, `!=` a value finds them too, an ordering never does
        ([("email", "=", False)], "bob cid"),
        ([("email", "!=", False)], "ann"),
        ([("email", "!=", "A@x.io")], "bob cid"),
        ([("email", "in", ["A@x.io", False])], "ann bob cid"),
        ([("email", "not in", ["A@x.io"])], "bob cid"),
        ([("email", ">", "")], "ann"),
        # text: case, wildcards, escapes
        ([("name", "like", "b_1")], "bob"),
        ([("name", "like", "ann")], ""),
        ([("name", "ilike", "ann")], "ann"),
        ([("name", "not ilike", "ann")], "bob cid"),
        ([("name", "=like", "bob\\_%")], "bob"),
        ([("name", "=ilike", "CID%")], "cid"),
        ([("name", "ilike", "100\\%")], "cid"),
        # relations: by id, by name, by path, upwards and downwards
        ([("parent_id", "=", "Ann")], "bob"),
        ([("parent_id", "ilike", "an")], "bob"),
        ([("parent_id", "=", False)], "ann cid"),
        ([("parent_id", "!=", False)], "bob"),
        ([("parent_id.country_id.code", "=", "US")], "bob"),
        ([("child_ids.name", "=", "bob_1")], "ann"),
        ([("child_ids", "=", False)], "bob cid"),
        ([("child_ids", "any", [("customer_rank", "=", 1)])], "ann"),
        ([("child_ids", "not any", [("customer_rank", "=", 1)])], "bob cid"),
        # numbers and the other signs
        ([("customer_rank", ">=", 1)], "ann bob"),
        ([("customer_rank", "=", "3")], "ann"),
        ([("customer_rank", "in", [])], ""),
        # logic: prefix, nested, constants
        (["|", ("name", "=", "Ann"), ("name", "=", "bob_1")], "ann bob"),
        (["!", ("name", "=", "Ann")], "bob cid"),
        (["|", "&", ("name", "=", "Ann"), ("customer_rank", "=", 3), ("name", "=", "Cid 100%")], "ann cid"),
        (["!", "|", ("name", "=", "Ann"), ("name", "=", "bob_1")], "cid"),
        ([(1, "=", 1)], "ann bob cid"),
        ([(0, "=", 1)], ""),
        # archived records
        ([("active", "=", False)], "dee"),
        ([("active", "in", [True, False])], "ann bob cid dee"),
    ],
)
def test_domain(world: World, people: dict[str, int], domain: list[Any], found: str) -> None:
    ids = world.search("res.partner", [("ref", "=like", "D-%"), *domain], "id")
    assert [key for key, one in people.items() if one in ids] == found.split()


def test_child_of_includes_the_record_itself(world: World, people: dict[str, int]) -> None:
    found = world.search("res.partner", [("id", "child_of", [people["ann"]])])
    assert set(found) == {people["ann"], people["bob"]}


def test_write_date_is_compared_in_microseconds_and_read_in_seconds(world: World) -> None:
    """EVT-6: equal to what was read finds nothing; greater finds the same row again."""
    one = world.create("res.partner", name="Clocked")
    read = world.read("res.partner", one, "write_date")
    assert read == "2026-03-04 05:06:07"
    for operator, found in (("=", []), (">", [one]), (">=", [one]), ("<=", []), ("<", [])):
        assert world.search("res.partner", [("id", "=", one), ("write_date", operator, read)]) == found
    assert world.search("res.partner", [("id", "=", one), ("write_date", "=", "2026-03-04T05:06:07.123456Z")]) == [one]


@pytest.mark.parametrize(
    ("domain", "error"),
    [
        ("text", AssertionError),
        ([("nope", "=", 1)], ValueError),
        ([("name", "~", 1)], ValueError),
        ([("name", "=")], ValueError),
        (["|", ("name", "=", 1)], ValueError),
        ([("name.first", "=", 1)], ValueError),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(world: World, domain: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        world.search("res.partner", domain)


def test_parse_joins_the_terms_at_the_top() -> None:
    assert parse([["a", "=", 1], "!", ["b", "<>", 2]]) == [("a", "=", 1), ("!", ("b", "!=", 2))]


@pytest.mark.parametrize("text", ["a.b", "a*b", "[x]", "(", "line\nbreak", "\\"])
def test_like_takes_everything_but_its_two_signs_literally(text: str) -> None:
    assert like_test("=like", text.replace("\\", "\\\\"))(text)
    assert not like_test("=like", text.replace("\\", "\\\\"))(f"{text}x")


def test_a_pattern_of_many_wildcards_is_decided_at_once() -> None:
    """As PostgreSQL decides it; tried at every place it would take years."""
    digits = "%".join("2999860512885985001")
    assert like_test("like", digits)("2999 8605-1288 5985 001")
    assert not like_test("like", digits + "x")("2998 " * 400)


@given(st.text("ab%_", max_size=7), st.text("ab", max_size=9))
def test_wildcards_stand_for_any_text(pattern: str, found: str) -> None:
    plain = "".join(".*" if one == "%" else "." if one == "_" else one for one in pattern)
    assert like_test("=like", pattern)(found) == (re.fullmatch(plain, found) is not None)
