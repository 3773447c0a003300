"""TEST-1: faults are decided by seed and call sequence alone."""

import random

import pytest
from pydantic import ValidationError

from connectors.kit.sandbox.fault_rules import FaultPlan, FaultRule, mixed, rules_as_json, rules_from, standard_presets
from connectors.kit.sandbox.faults import garbled


def struck(plan: FaultPlan, calls: int) -> list[str]:
    endings = (plan.ending("GET", "/v3/orders") for _ in range(calls))
    return [fault.kind if fault else "" for fault in endings]


def test_same_seed_gives_the_same_faults() -> None:
    rules = mixed(0.5, {})
    assert struck(FaultPlan(rules, 7), 200) == struck(FaultPlan(rules, 7), 200)
    assert struck(FaultPlan(rules, 7), 200) != struck(FaultPlan(rules, 8), 200)


def test_a_rule_added_later_leaves_the_others_where_they_were() -> None:
    one = FaultPlan([FaultRule("reset", 0.3)], 1)
    two = FaultPlan([FaultRule("reset", 0.3), FaultRule("lost", 0.3)], 1)
    only_resets = [kind if kind == "reset" else "" for kind in struck(two, 300)]
    assert only_resets == struck(one, 300)


def test_limit_means_the_next_so_many_calls() -> None:
    assert struck(FaultPlan([FaultRule("reset", skip=1, limit=2)]), 5) == ["", "reset", "reset", "", ""]


@pytest.mark.parametrize(("name", "share"), [("none", 0.0), ("default", 0.05), ("heavy", 0.2)])
def test_presets_strike_their_documented_share(name: str, share: float) -> None:
    plan = FaultPlan(standard_presets({}, ["bad_record"])[name], 3)
    hits = sum(kind != "" for kind in struck(plan, 4000))
    assert hits / 4000 == pytest.approx(share, abs=0.02)


def test_rules_survive_json() -> None:
    rules = list(mixed(0.2, {"retry-after": "1"}, ["bad_record"], "^/v3/"))
    assert rules_from(rules_as_json(rules)) == rules


@pytest.mark.parametrize("wrong", [{"rate": -0.1}, {"code": 200}, {"limit": 0}, {"path": "["}, {"typo": 1}])
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rules_from([{"kind": "reset", **wrong}])


@pytest.mark.parametrize("body", [b"", b"1", b"[]", b'{"a": 1}', b'"' + b"x" * 500 + b'"'])
def test_garbled_is_never_json(body: bytes) -> None:
    import json

    for seed in range(30):
        with pytest.raises(ValueError):
            json.loads(garbled(body, random.Random(seed)))
