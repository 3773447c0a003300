"""Names in the configuration of things that must exist: marketplaces, accounts, flows that are polled. Pure.

A name that nothing has would be passed over in silence: a pilot for `mian` keeps nothing to it, so everything is written. The words as they
were written are checked (file and environment joined), so that every one is found whatever else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.phases import Flow, flows_of
from streams.settings_places import Key, instead, tables

_OF_ALL = ("phases", "pilot")  # whatever has flows that are switched on


@dataclass(frozen=True, slots=True)
class Known:
    """What there is.

    accounts   marketplace -> the accounts configured in this process; none of them: it cannot be known here which there are
    flows      source -> the flows that can be polled
    suppliers  the same as accounts, of suppliers' platforms: they have phases and pilots, nothing is sold there
    """

    accounts: Mapping[str, Sequence[str]]
    flows: Mapping[str, Sequence[str]]
    suppliers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def accounts_for(self, key: Key) -> Mapping[str, Sequence[str]]:
        """Those the setting at that place may name."""
        return {**self.accounts, **self.suppliers} if key[0] in _OF_ALL else self.accounts


@dataclass(frozen=True, slots=True)
class Named:
    """An account (or, where it is empty, a whole marketplace) that a setting is about."""

    key: Key
    marketplace: str
    account: str = ""

    def problem(self, accounts: Mapping[str, Sequence[str]]) -> str:
        """What is wrong with it; empty when nothing is, or when that cannot be known. `accounts`: those it may name."""
        what = "marketplace or supplier's platform" if self.key[0] in _OF_ALL else "marketplace"
        name, account = self.marketplace.casefold(), self.account.casefold()
        if name not in accounts:  # said once, where the marketplace itself is named
            return "" if account else f"there is no {what} {self.marketplace!r}{instead(self.marketplace, accounts)}"
        known = accounts[name]
        if not account or not known or account in {one.casefold() for one in known}:
            return ""
        return f"{name} has no account {self.account!r}{instead(self.account, known)}"


def wrong_names(raw: Mapping[str, Any], known: Known) -> list[tuple[Key, str]]:
    """Every name that does not exist: where it is and what is wrong with it."""
    found = [(one.key, one.problem(known.accounts_for(one.key))) for one in named(raw)]
    found += _switched(raw.get("phases"))
    found += [(("poll", "intervals", flow), _flow_problem(flow, known.flows)) for flow in _intervals(raw)]
    return [(key, problem) for key, problem in found if problem]


def unchecked(raw: Mapping[str, Any], known: Known) -> list[Key]:
    """Settings about accounts of a marketplace of which this process has none, so that nobody can tell whether they exist."""
    return [
        one.key for one in named(raw)
        if one.account and not known.accounts_for(one.key).get(one.marketplace.casefold(), "none")
    ]  # fmt: skip


def _switched(phases: Any) -> Iterator[tuple[Key, str]]:
    """Flows that exist, but not there: nothing is bought at a marketplace, nothing is sold at a supplier's platform."""
    for partner, accounts in tables(phases):
        there = [flow.value for flow in flows_of(partner.casefold())]
        for account, flows in tables(accounts):
            for flow, _ in tables(flows):
                if flow in set(Flow) and flow not in there:
                    yield (
                        ("phases", partner, account, flow),
                        f"{partner} has no flow {flow!r}; there are: {', '.join(sorted(there))}",
                    )


def named(raw: Mapping[str, Any]) -> Iterator[Named]:
    """Everything that names a marketplace."""
    pricing, stock = raw.get("pricing"), raw.get("stock")
    channels = pricing.get("channels") if isinstance(pricing, Mapping) else None
    for start, part in (
        (("phases",), raw.get("phases")),
        (("pilot",), raw.get("pilot")),
        (("pricing", "channels"), channels),
    ):
        for marketplace, accounts in tables(part):
            yield Named((*start, marketplace), marketplace)
            for account, _ in tables(accounts):
                yield Named((*start, marketplace, account), marketplace, account)
    if isinstance(stock, Mapping):
        yield from named_for_stock(stock)
    odoo = raw.get("odoo")
    warehouses = odoo.get("marketplace_warehouses") if isinstance(odoo, Mapping) else None
    for channel in warehouses if isinstance(warehouses, Mapping) else ():
        marketplace, _, account = str(channel).partition(":")
        yield Named(("odoo", "marketplace_warehouses", str(channel)), marketplace, account)


def named_for_stock(stock: Mapping[str, Any]) -> Iterator[Named]:
    """What its part of the configuration names."""
    for marketplace, part in tables(stock.get("channels")):
        key: Key = ("stock", "channels", marketplace)
        yield Named(key, marketplace)
        for account, _ in tables(part.get("accounts") if isinstance(part, Mapping) else None):
            yield Named((*key, "accounts", account), marketplace, account)
    rules = stock.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, Sequence) and not isinstance(rules, str) else ()):
        if isinstance(rule, Mapping) and isinstance(rule.get("channel"), str) and rule["channel"]:
            place: Key = ("stock", "rules", index)
            yield Named((*place, "channel"), rule["channel"])
            if isinstance(rule.get("account"), str) and rule["account"]:
                yield Named((*place, "account"), rule["channel"], rule["account"])


def _intervals(raw: Mapping[str, Any]) -> Iterator[str]:
    poll = raw.get("poll")
    for flow, _ in tables(poll.get("intervals") if isinstance(poll, Mapping) else None):
        if flow.count(".") == 1:  # another shape is refused by the settings themselves
            yield flow


def _flow_problem(flow: str, flows: Mapping[str, Sequence[str]]) -> str:
    source, _, name = flow.partition(".")
    if source not in flows:
        return f"there is no source {source!r}{instead(source, flows)}"
    names = [f"{source}.{one}" for one in flows[source]]
    return "" if name in flows[source] else f"{source} has no flow {name!r}{instead(flow, names)}"
