"""What every connector promises, as checks that know only `connectors.kit.ports`. `test_connectors` runs them over every connector folder.

A new connector is found by itself. What it has to bring: recorded raw orders in `recorded/<name>/order_*.json` when it maps orders, and a bench
in `benches/<name>.py` when it reads or writes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, Protocol, cast

from pydantic import BaseModel, SecretStr

import connectors
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Connector, Delivery, Deps, Outcome, Sink, failed

# Stands wherever a bench puts personal data. It may reach the destination, but never an error, a log, a position or an outcome.
CANARY = "Canaryperson"
ALWAYS = ("settings.py", "auth.py", "client.py", "README.md")


class Bench(Protocol):
    """A connector with something at its other end. Everything is new on each call, so benches may be shared by tests.

    settings    they work
    secrets     texts that must never show: passwords, keys, tokens
    flow        of a source: the flow that reads what `seed` makes
    """

    settings: Any
    deps: Deps
    secrets: Sequence[str]
    flow: str

    def deliveries(self, count: int) -> list[Delivery]:
        """Deliveries that can be applied, with CANARY in whatever of them is personal."""
        ...

    def bad_delivery(self) -> Delivery:
        """One that must fail, by itself."""
        ...

    def lose_answers(self, times: int) -> None:
        """The next so many writes are carried out, but nobody hears of it."""
        ...

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        """How often each of them has been carried out at the destination."""
        ...

    def seed(self, count: int) -> set[str]:
        """So many new entities at the source, with CANARY in whatever of them is personal; gives their keys."""
        ...

    def wrong_credentials(self) -> Any:
        """Settings whose secret is not the right one."""
        ...

    def unreachable(self) -> Any:
        """Settings that lead to a port nobody listens on."""
        ...


def found_connectors() -> list[str]:
    """Every folder that offers something."""
    folders = [
        module.name for module in pkgutil.iter_modules(connectors.__path__) if module.ispkg and module.name != "kit"
    ]
    return [name for name in folders if hasattr(package(name), "CONNECTOR")]


def package(name: str) -> ModuleType:
    return importlib.import_module(f"connectors.{name}")


def connector(name: str) -> Connector:
    return cast(Connector, package(name).CONNECTOR)


def bench_of(name: str) -> AbstractContextManager[Bench]:
    """Raises ModuleNotFoundError naming the file to write."""
    return cast(AbstractContextManager[Bench], importlib.import_module(f"tests.contract.benches.{name}").bench())


async def delivered(sink: Sink, batch: Sequence[Delivery]) -> list[Outcome]:
    """The outcomes; what concerns the whole batch counts for each of it, as the runtime has it."""
    try:
        return list(await sink.deliver(batch))
    except ConnectorError as error:
        return [failed(error.reason, str(error), retry_after=error.retry_after)] * len(batch)


def open_secrets(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Fields that by their name hold a secret and are no SecretStr."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        inner = [kind, *getattr(kind, "__args__", ())]
        for one in inner:
            if isinstance(one, type) and issubclass(one, BaseModel):
                yield from open_secrets(one, f"{path}{name}.")
        secret = any(word in name for word in ("secret", "password", "token", "api_key")) and not name.endswith(
            ("_file", "_per_minute")
        )
        if secret and SecretStr not in inner:
            yield f"{path}{name}"
