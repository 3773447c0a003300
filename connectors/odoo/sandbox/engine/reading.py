"""search, read and what is built on them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.base import ModelBase
from connectors.odoo.sandbox.engine.domains import candidates, compile_domain, like_test, parse
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Row, shown
from connectors.odoo.sandbox.engine.ordering import sort_ids

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

Reader = Callable[[Row], Any]


class Reading(ModelBase):
    def find_ids(
        self, env: Env, domain: Any, *, offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        """Ids that match, in order. Archived records only with context active_test=False or `active` in the domain."""
        terms = parse(domain)
        test = compile_domain(env, self, domain)
        rows = env.rows(self.name)
        some = candidates(env, self, terms)
        if "active" in self.all_fields and env.context.get("active_test", True) and not _names_active(domain):
            is_active, matches = env.getter(self.name, "active"), test
            test = lambda row: is_active(row) and matches(row)  # noqa: E731
        end = (offset or 0) + limit if limit else None
        if (order or self.order) == "id":
            # As an incremental reader pages: nothing is looked at before its cursor or behind its page.
            ids = sorted(rows if some is None else some)
            ids = ids[bisect_right(ids, _lowest(terms)) :]
            return list(islice((one for one in ids if test(rows[one])), offset or 0, end))
        found = [one for one in (rows if some is None else some) if test(rows[one])]
        return sort_ids(env, self, found, order or self.order)[offset or 0 : end]

    def visible_ids(self, env: Env, domain: Any, **options: Any) -> list[int]:
        """As find_ids, within the user's record rule."""
        rule = None if env.is_superuser else self.rule(env)
        if rule:
            assert isinstance(domain, (list, tuple)), "the domain is a list or tuple"
            domain = [*domain, *rule]  # top terms of a domain are joined by 'and'
        return self.find_ids(env, domain, **options)

    # ---- calls from outside

    @exposed(records=False, right="read", reads=True)
    def search(
        self, env: Env, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        return self.visible_ids(env, domain, offset=offset, limit=limit, order=order)

    @exposed(records=False, right="read", reads=True)
    def search_count(self, env: Env, domain: Any, limit: int | None = None) -> int:
        return len(self.visible_ids(env, domain, limit=limit, order="id"))

    @exposed(records=False, right="read", reads=True)
    def search_read(
        self,
        env: Env,
        domain: Any = None,
        fields: Sequence[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str | None = "_classic_read",
    ) -> list[Row]:
        ids = self.visible_ids(env, domain or [], offset=offset, limit=limit, order=order)
        return self.read(env, ids, fields, load)

    @exposed(right="read", reads=True)
    def read(
        self, env: Env, ids: list[int], fields: Sequence[str] | None = None, load: str | None = "_classic_read"
    ) -> list[Row]:
        """In the order of the ids asked; ids that are not there are left out."""
        readers = [(name, self._reader(env, name, load)) for name in fields or self.field_names if name != "id"]
        rows = env.rows(self.name)
        found = [rows[one] for one in ids if one in rows]
        return [{"id": row["id"], **{name: reader(row) for name, reader in readers}} for row in found]

    @exposed(records=False, right="read", reads=True)
    def name_search(
        self, env: Env, name: str = "", args: Any = None, operator: str = "ilike", limit: int | None = 100
    ) -> list[tuple[int, str]]:
        ids = self.visible_ids(env, args or [])
        named = [one for one in ids if not name or self.is_named(env, env.row(self.name, one), operator, name)]
        return [(one, env.display(self.name, one)) for one in named[:limit]]

    @exposed(reads=True, right="read")
    def exists(self, env: Env, ids: list[int]) -> list[int]:
        return [one for one in ids if one in env.rows(self.name)]

    @exposed(records=False, right="", reads=True)
    def fields_get(
        self, env: Env, allfields: Sequence[str] | None = None, attributes: Sequence[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Unknown names are left out."""
        names = [name for name in self.field_names if not allfields or name in allfields]
        found = {name: _described(name, self.all_fields[name]) for name in names}
        if not attributes:
            return found
        return {name: {k: v for k, v in spec.items() if k in attributes} for name, spec in found.items()}

    @exposed(records=False, right="create", reads=True)
    def default_get(self, env: Env, fields_list: Sequence[str]) -> Row:
        found = {}
        for name in fields_list:
            spec = self.field(name)
            if spec is not None and spec.default is not None:
                found[name] = spec.default(env) if callable(spec.default) else spec.default
        return found

    @exposed(right="read", reads=True)
    def get_metadata(self, env: Env, ids: list[int]) -> list[Row]:
        stamps = ("create_uid", "create_date", "write_uid", "write_date")
        keys = env.table("ir.model.data")
        answers = self.read(env, ids, stamps)
        for answer in answers:
            mine = [keys.rows[k] for k in keys.having("res_id", (answer["id"],)) if keys.rows[k]["model"] == self.name]
            answer["xmlid"] = mine[0]["complete_name"] if mine else False
            answer["noupdate"] = bool(mine and mine[0]["noupdate"])
        return answers

    @exposed(right="", reads=True)
    def get_external_id(self, env: Env, ids: list[int]) -> dict[str, str]:
        """{"id": "module.name", or ""}. Needs no rights on ir.model.data: it asks as the server."""
        keys = env.table("ir.model.data")
        found = {}
        for one in ids:
            mine = [k for k in sorted(keys.having("res_id", (one,))) if keys.rows[k]["model"] == self.name]
            found[str(one)] = str(keys.rows[mine[0]]["complete_name"]) if mine else ""
        return found

    def is_named(self, env: Env, row: Row, operator: str, name: str) -> bool:
        """Whether name_search finds this record by `name`."""
        display = self.display_name(env, row)
        return name == display if operator == "=" else like_test(operator, name)(display)

    # ---- one field

    def _reader(self, env: Env, name: str, load: str | None) -> Reader:
        spec = self.field(name)
        if spec is None:
            raise ValueError(f"Invalid field {name!r} on model {self.name!r}")
        get = env.getter(self.name, name)
        if spec.kind == "many2one":
            return _many2one_reader(env, spec, get) if load == "_classic_read" else lambda row: get(row) or False
        if spec.kind == "many2many":
            target = env[spec.relation]
            return lambda row: sort_ids(env, target, ids, target.order) if len(ids := get(row)) > 1 else list(ids)
        if spec.kind == "binary" and (env.context.get("bin_size") or env.context.get(f"bin_size_{name}")):
            return lambda row: f"{len(found) * 3 / 4 / 1024:.2f} Kb" if (found := get(row)) else False
        return lambda row: shown(spec, get(row))


def _many2one_reader(env: Env, spec: Field, get: Reader) -> Reader:
    shown_as: dict[int, Any] = {}

    def read_link(row: Row) -> Any:
        target = get(row)
        if not target:
            return False
        if target not in shown_as:
            shown_as[target] = [target, env.display(spec.relation, target)]
        return shown_as[target]

    return read_link


def _lowest(terms: Sequence[Any]) -> float:
    """Ids up to this one do not match, by the leaves ("id", ">", n) at the top."""
    bounds = [term[2] for term in terms if len(term) == 3 and tuple(term[:2]) == ("id", ">")]
    return max((bound for bound in bounds if isinstance(bound, (int, float))), default=0)


def _names_active(domain: Any) -> bool:
    return any(isinstance(leaf, (list, tuple)) and leaf and leaf[0] == "active" for leaf in domain)


# What Odoo says of every number with digits: so many in all.
_WIDTH = 16


def _described(name: str, spec: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "type": spec.kind,
        "string": spec.label or name.removesuffix("_id").replace("_", " ").capitalize(),
        "required": spec.required,
        "readonly": spec.compute is not None and spec.assign is None,
        "store": spec.sortable and spec.kind != "one2many",
        "searchable": True,
        "sortable": spec.sortable,
    }
    if spec.kind == "float" and spec.digits is not None:
        found["digits"] = [_WIDTH, spec.digits]
    if spec.relation:
        found["relation"] = spec.relation
    if spec.kind == "one2many":
        found["relation_field"] = spec.inverse
    if spec.kind == "selection":
        found["selection"] = [list(option) for option in spec.selection]
    return found
