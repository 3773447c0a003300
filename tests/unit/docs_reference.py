"""docs/configuration.md and docs/topics.md, made from the settings classes and the topic table, so that they cannot say anything else.

python -m tests.unit.docs_reference      writes both; a unit test fails while they are not what this makes
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.topics import topic_table
from streams.connectors import compose_settings, discover
from streams.stack.settings import PREFIX as STACK_PREFIX
from streams.stack.settings import StackSettings

DOCS = Path(__file__).parents[2] / "docs"
PREFIX = "CAUSEWAY_"
ELSEWHERE: Mapping[str, str] = {
    "CAUSEWAY_CONFIG": "a TOML file with settings; the environment wins over it",
    "CAUSEWAY_NO_APT": "1 = never install Java or Maven with apt-get, say what is missing instead",
    "CAUSEWAY_STATUS_ENDPOINTS": "host:port of the metrics endpoints that `causeway status` asks, blanks between; its option --endpoint wins",
    "CAUSEWAY_TEST_BOOTSTRAP": "tests: use this Kafka instead of starting one (with CAUSEWAY_TEST_REGISTRY)",
    "CAUSEWAY_TEST_REGISTRY": "tests: use this schema registry",
    "CAUSEWAY_TEST_ODOO_URL": "tests: run Odoo's contract suite on this server too; makes records, so give it a throw-away database",
    "CAUSEWAY_TEST_ODOO_DB": "its database",
    "CAUSEWAY_TEST_ODOO_LOGIN": "its login",
    "CAUSEWAY_TEST_ODOO_PASSWORD": "its password",
}
ABOUT: Mapping[str, str] = {
    "": "For every process.",
    "kafka": "The cluster. When no bootstrap is set, the local stack's is used.",
    "registry": "The schema registry (Confluent's API). When no url is set, the local stack's is used.",
    "topics": "How topics are made when they do not exist yet.",
    "retry": "Tiers, tries, held records. docs/delivery.md says what happens when.",
    "breaker": "When a destination's lane is paused and how it is probed.",
    "stage": "How stages work, and the metrics endpoint of each process.",
    "filters": "Which orders are not imported. Each excluded order has an outcome with its reason.",
    "poll": "How often sources are read, and what happens when one fails.",
    "pricing": "What is asked for a SKU where.",
    "reconcile": "REC-1: how Odoo and the other side are held against each other, and when. docs/reconciling.md explains it.",
    "stock": "What is offered where, and when it is told. docs/stock.md explains it; `rules` is a list of tables.",
    "supply": "What becomes of changes in suppliers' stock and smallest orders. docs/alibaba-products.md explains it.",
    "packing": "Packing stations: which devices they have and what a scan means. docs/packing.md explains it.",
    "gateway": "Where agents of IoT Boxes post their events. docs/gateway.md explains it.",
    "log": "Structured logs on standard error.",
    "odoo": "The Odoo database. connectors/odoo/README.md explains them at work.",
    "alibaba": "Buyer accounts at 1688, and how purchases go out. connectors/alibaba/README.md explains them at work. `NAME` is the account's name.",
    "amazon": "Amazon accounts and quotas. connectors/amazon/README.md explains them at work. `NAME` is the account's name.",
    "walmart": "Walmart accounts and quotas. connectors/walmart/README.md explains them at work. `NAME` is the account's name.",
}


def settings_page() -> str:
    """docs/configuration.md."""
    parts = [
        "# Configuration",
        "<!-- Made by `python -m tests.unit.docs_reference`; edit the settings classes instead. -->",
        "Every setting is an environment variable, or a key of the TOML file that `CAUSEWAY_CONFIG` names. The environment wins. "
        "`CAUSEWAY_KAFKA__BOOTSTRAP` is `bootstrap` in the table `[kafka]`. Lists and tables are written as JSON in a variable: "
        '`CAUSEWAY_RETRY__TIERS=\'["30s", "5m"]\'`.',
        "All settings are read once, when a process starts. Everything that is wrong is told at once, a line for each: where it was said (the "
        "variable, or the file and the key in it), what is wrong, and the nearest name where one was mistyped. It ends the process with exit code 2; "
        "values of secrets are never shown. A variable of our prefix or a table that names no setting is an error, and so is a marketplace, an "
        "account or a flow that does not exist (in `phases`, `pilot`, `pricing`, `stock` and `poll.intervals`): passed over, a pilot for a "
        "mistyped account would keep nothing to it. Letter case of marketplaces and accounts does not matter. A process in which no account of a "
        "marketplace is configured cannot know which there are; it logs `accounts_unknown` and `causeway verify` says so.",
    ]
    for title, about, rows in _sections():
        parts += [f"## {title}", about, _table(rows)]
    parts += ["## Outside the settings", _plain_table(ELSEWHERE)]
    return "\n\n".join(parts) + "\n"


def setting_names() -> set[str]:
    """Every variable there is, accounts written as NAME."""
    return {row[0] for _, _, rows in _sections() for row in rows} | set(ELSEWHERE)


def topics_page() -> str:
    """docs/topics.md."""
    head = [
        "# Topics",
        "<!-- Made by `python -m tests.unit.docs_reference`; edit schemas/topics.py instead. -->",
        "Made by `causeway schemas register`, or by the first process that starts. Values are Avro in Confluent's wire format; the schemas, with a "
        "line for every field, are in [schemas/avro](../schemas/avro). Partitions are those of the default "
        "`CAUSEWAY_TOPICS__PARTITIONS`. PII: carries personal data in clear text.",
        "| topic | key | value | partitions | kept | PII | owner | what it is |\n|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{topic.name}` | {topic.key} | {topic.value or 'as its target'} | {topic.partitions} | {_kept(topic.retention)} "
        f"| {'yes' if topic.pii else ''} | {topic.owner} | {topic.about} |"
        for topic in topic_table()
    ]
    return "\n\n".join(head) + "\n" + "\n".join(rows) + "\n"


def _kept(retention: timedelta | None) -> str:
    return f"{retention.days} days" if retention else "newest per key"


Row = tuple[str, str, str, str]


def _sections() -> Iterator[tuple[str, str, list[Row]]]:
    root = compose_settings(discover())
    plain = {name: info for name, info in root.model_fields.items() if _model(info) is None}
    yield "All", ABOUT[""], [_row(PREFIX + name.upper(), info) for name, info in plain.items()]
    for name, info in root.model_fields.items():
        model = _model(info)
        if model is not None:
            yield name, ABOUT[name], list(_rows(model, f"{PREFIX}{name.upper()}__"))
    own = [
        _row(STACK_PREFIX + name.upper(), info)
        for name, info in StackSettings.model_fields.items()
        if not info.validation_alias
    ]
    yield "stack", "The local Kafka and registry of `causeway up`.", own


def _rows(model: type[BaseModel], prefix: str) -> Iterator[Row]:
    for name, info in model.model_fields.items():
        inner = _model(info)
        if inner is not None:
            yield from _rows(inner, f"{prefix}{name.upper()}__")
            continue
        kind = _of_each(info.annotation)
        if kind is not None:
            yield from _rows(kind, f"{prefix}{name.upper()}__NAME__")
            continue
        yield _row(prefix + name.upper(), info)
        if (part := _perhaps(info.annotation)) is not None:
            yield from _rows(part, f"{prefix}{name.upper()}__")


def _model(info: FieldInfo) -> type[BaseModel] | None:
    kind = info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _perhaps(kind: Any) -> type[BaseModel] | None:
    """The part of `Part | None`: what is needed of it counts once any of it is set."""
    args = get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else ()
    return next((one for one in args if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _of_each(kind: Any) -> type[BaseModel] | None:
    """The part of `dict[str, Part]`."""
    args = get_args(kind)
    is_table = get_origin(kind) is dict and isinstance(args[1], type) and issubclass(args[1], BaseModel)
    return args[1] if is_table else None


def _row(variable: str, info: FieldInfo) -> Row:
    return variable, _kind(info.annotation) + _bounds(info), _default(info), (info.description or "").rstrip(".")


def _kind(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is typing.Annotated:
        return _kind(args[0])
    if origin is Literal:
        return ", ".join(f"`{arg}`" for arg in args if arg != "")
    if origin in (typing.Union, types.UnionType):
        return _kind(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return f"list of {_kind(args[0])}"
    if origin is dict:
        return f"table: {_kind(args[0])} to {_kind(args[1])}"
    if issubclass(kind, BaseModel):
        return "table"
    if issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    names = {
        str: "text",
        SecretStr: "secret",
        int: "integer",
        float: "number",
        Decimal: "number",
        bool: "true or false",
        time: "time",
        Path: "path",
        AwareDatetime: "time with its zone",
    }
    return names[kind]


def _bounds(info: FieldInfo) -> str:
    said = []
    for rule in info.metadata:
        for kind, name, word in (
            (annotated_types.Gt, "gt", ">"), (annotated_types.Ge, "ge", ">="),
            (annotated_types.Lt, "lt", "<"), (annotated_types.Le, "le", "<="),
        ):  # fmt: skip
            if isinstance(rule, kind):
                said.append(f"{word} {getattr(rule, name)}")
    return f", {' and '.join(said)}" if said else ""


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if value is None or (isinstance(value, SecretStr | str) and not value):
        return ""
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | dict):
        return f"`{' '.join(map(str, value))}`" if value else ""
    return f"`{value}`" if not isinstance(value, SecretStr) else ""


def _table(rows: list[Row]) -> str:
    lines = ["| variable | kind | default | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {kind} | {default} | {meaning.replace('|', '/')} |" for name, kind, default, meaning in rows
    ]
    return "\n".join(lines)


def _plain_table(entries: Mapping[str, str]) -> str:
    lines = ["| variable | meaning |", "|---|---|"]
    return "\n".join(lines + [f"| `{name}` | {meaning} |" for name, meaning in entries.items()])


def main() -> None:
    """Write both pages."""
    (DOCS / "configuration.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "topics.md").write_text(topics_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
