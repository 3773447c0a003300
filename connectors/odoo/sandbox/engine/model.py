"""The class models derive from: reading, writing, load() and the questions about rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.access import has_right, require_records, require_right
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.engine.grouping import read_group
from connectors.odoo.sandbox.engine.loading import load
from connectors.odoo.sandbox.engine.reading import Reading
from connectors.odoo.sandbox.engine.writing import Writing
from connectors.odoo.sandbox.errors import AccessError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env


class Model(Reading, Writing):
    @exposed(records=False, right="read", reads=True)
    def read_group(
        self,
        env: Env,
        domain: Any,
        fields: Sequence[str],
        groupby: str | Sequence[str],
        offset: int = 0,
        limit: int | None = None,
        orderby: str | None = None,
        lazy: bool = True,
    ) -> list[Row]:
        by = [groupby] if isinstance(groupby, str) else list(groupby)
        found = read_group(env, self, domain, fields, by, orderby, lazy=lazy)
        return found[offset : offset + limit if limit else None]

    @exposed(records=False, right="")
    def load(self, env: Env, fields: list[str], data: list[list[Any]]) -> dict[str, Any]:
        return load(env, self, fields, data)

    @exposed(records=False, right="create")
    def name_create(self, env: Env, name: str) -> tuple[int, str]:
        record_id = env.create(self.name, {self.rec_name: name})
        return record_id, env.display(self.name, record_id)

    @exposed(records=False, right="", reads=True)
    def check_access_rights(self, env: Env, operation: str, raise_exception: bool = True) -> bool:
        if raise_exception:
            require_right(env, self, operation)
        return has_right(env, self, operation)

    @exposed(right="", reads=True)
    def has_access(self, env: Env, ids: list[int], operation: str) -> bool:
        try:
            self.check_access(env, ids, operation)
        except AccessError:
            return False
        return True

    @exposed(right="", reads=True)
    def check_access(self, env: Env, ids: list[int], operation: str) -> None:
        require_right(env, self, operation)
        require_records(env, self, ids, operation)

    @exposed()
    def action_archive(self, env: Env, ids: list[int]) -> bool:
        return self.write(env, ids, {"active": False})

    @exposed()
    def action_unarchive(self, env: Env, ids: list[int]) -> bool:
        return self.write(env, ids, {"active": True})
