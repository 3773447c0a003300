"""An Odoo sandbox without a socket: the models on a database in memory, one transaction per `do`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.odoo.sandbox.app import open_database
from connectors.odoo.sandbox.engine.database import SUPERUSER, Database
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.settings import SandboxSettings

T = TypeVar("T")
START = datetime(2026, 3, 4, 5, 6, 7, 123456, UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class World:
    """`do` runs work as the server's own user and keeps it when it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    def do(self, work: Callable[[Env], T], uid: int = SUPERUSER, **context: Any) -> T:
        return self.database.call(work, uid, context, reads=False)

    def create(self, model: str, **values: Any) -> int:
        return self.do(lambda env: env.create(model, values))

    def read(self, model: str, record: int, *fields: str) -> Any:
        """One field gives its value, several a tuple; as a client reads them."""

        def look(env: Env) -> Any:
            row = env[model].read(env, [record], fields)[0]
            return tuple(row[name] for name in fields) if len(fields) > 1 else row[fields[0]]

        return self.do(look)

    def search(self, model: str, domain: Any, order: str | None = None, **context: Any) -> list[int]:
        return self.do(lambda env: env.search(model, domain, order), **context)


@contextmanager
def new_world() -> Iterator[World]:
    clock = Clock()
    database = open_database(SandboxSettings(), clock)
    try:
        yield World(database, clock)
    finally:
        database.close()
