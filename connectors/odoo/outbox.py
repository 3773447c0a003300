"""Makes Odoo write down its own changes (capture mode `outbox`), over RPC, without a module of ours; and takes that away again.

What is made, each found again by its name, so doing it twice changes nothing:

    the model x_outbox             rows: flow, model, id, write or unlink, what it was a part of, SKU of a product
    a group, with this user in it  who may read and delete those rows
    automations                    for each watched model one on writing and one on deleting; their code adds rows, in the same transaction
    a field on order lines         what was ordered, kept from the moment the line was made (partial cancellations, FUL-3)

Needs the app Automation Rules (base_automation) and a user with Administration / Settings rights. Odoo pays about a quarter more for
confirming an order (measured on 18.0).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.errors import RuleError
from connectors.odoo.client import Odoo
from connectors.odoo.source.journal import DELETED, MODEL, WRITTEN
from connectors.odoo.source.models import CONTEXT, Models
from connectors.odoo.source.orders import ORDERED_FIELD
from connectors.odoo.source.watches import PLANS, Watch

TITLE = "Causeway outbox"
PREFIX = "Causeway: "
FIELDS = {
    "x_flow": "char", "x_model": "char", "x_res_id": "integer", "x_op": "char", "x_parent": "char", "x_label": "char",
}  # fmt: skip
TRIGGERS = {WRITTEN: "on_create_or_write", DELETED: "on_unlink"}
# What the flow would not read anyway need not be written down.
_ONLY = {
    ("refunds", "account.move"): "r.move_type == 'out_refund'",
    ("pickings", "stock.picking"): "r.picking_type_code == 'outgoing'",
    ("pickings", "stock.move"): "r.picking_id",
    ("pickings", "stock.move.line"): "r.picking_id",
}
_PARENTS = {"kit": "product_tmpl_id", "kit_line": "bom_id", "product_tmpl_id.variants": "product_tmpl_id"}
_NO_PARENT = ("id", "everything", "category", "template", "rule")
ORDERED_CODE = f"for record in self:\n    record['{ORDERED_FIELD}'] = record.product_uom_qty"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is made or removed. done: False when it was so already, or nothing was to be changed (dry run); impossible: why it cannot be."""

    what: str
    done: bool
    there: bool = False
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An automation: its name, the model it watches, its trigger, its code."""

    name: str
    model: str
    trigger: str
    code: str


def rules(flows: Sequence[str]) -> list[Rule]:
    """The automations these flows need, model by model. Pure. Raises KeyError for an unknown flow."""
    watches: dict[str, list[tuple[str, Watch]]] = {}
    for flow in flows:
        for watch in PLANS[flow].watches:
            watches.setdefault(watch.model, []).append((flow, watch))
    found = []
    for model, mine in watches.items():
        for op, trigger in TRIGGERS.items():
            code = "\n".join(_statement(flow, watch, op) for flow, watch in mine)
            found.append(Rule(f"{PREFIX}{model} {op}", model, trigger, code))
    return found


def _statement(flow: str, watch: Watch, op: str) -> str:
    """Adds a row for each record. A many2one is written down as Odoo shows it, because only that is the same everywhere."""
    values = {"x_flow": repr(flow), "x_model": repr(watch.model), "x_res_id": "r.id", "x_op": repr(op)}
    if watch.about not in _NO_PARENT:
        values["x_parent"] = f"f'{{r.{_PARENTS.get(watch.about, watch.about)}}}'"
    if watch.model == "product.product":
        values["x_label"] = "r.default_code"
    content = ", ".join(f"{name!r}: {value}" for name, value in values.items())
    condition = _ONLY.get((flow, watch.model))
    only = f" if {condition}" if condition else ""
    return f"env['{MODEL}'].sudo().create([{{{content}}} for r in records{only}])"


class Outbox:
    """Installs and removes. Every method raises ConnectorError; RuleError when Odoo lacks the app it takes."""

    def __init__(self, odoo: Odoo, *, dry_run: bool = False) -> None:
        self._odoo, self._dry = odoo, dry_run
        self._models = Models(odoo)

    async def install(self, flows: Sequence[str]) -> list[Step]:
        """Everything these flows need; automations of flows that are not named any more are rewritten without them."""
        if not await self._models.has("base.automation"):
            raise RuleError("install the app Automation Rules (base_automation) in Odoo first")
        steps = [await self._make_model(), await self._make_group()]
        wanted = [rule for rule in rules(flows) if await self._models.has(rule.model)]
        steps += await self._make_rules(wanted)
        steps += await self._remove_rules(keep={rule.name for rule in wanted})
        if "sale_orders" in flows:
            steps += [step async for step in self._make_field()]
        return steps

    async def install_field(self) -> list[Step]:
        """Only what keeps the ordered quantity: enough for mode `poll` to tell a lowered one. Needs no app, and costs Odoo nothing to speak of."""
        return [step async for step in self._make_field()]

    async def uninstall(self) -> list[Step]:
        """Automations first, so that none writes into what is not there any more. The group goes last; the field with what it knows."""
        steps = await self._remove_rules(keep=set())
        field = [["model", "=", "sale.order.line"], ["name", "=", ORDERED_FIELD]]
        for model, domain, what in (
            ("ir.model.fields", field, f"field {ORDERED_FIELD} of sale.order.line"),
            ("ir.model.access", [["name", "=", TITLE]], f"access to {MODEL}"),
            ("ir.model", [["model", "=", MODEL]], f"model {MODEL}"),
            ("res.groups", [["name", "=", TITLE]], f"group {TITLE}"),
        ):
            ids = await self._ids(model, domain)
            if ids and not self._dry:
                await self._odoo.tell(model, "unlink", ids)
            steps.append(Step(what, bool(ids) and not self._dry, not ids))
        return steps

    # ---- parts

    async def _make_model(self) -> Step:
        found = await self._ids("ir.model", [["model", "=", MODEL]])
        if not found and not self._dry:
            fields = [
                [0, 0, {"name": name, "field_description": name[2:].replace("_", " ").capitalize(), "ttype": kind, "index": name == "x_flow"}]
                for name, kind in FIELDS.items()
            ]  # fmt: skip
            await self._odoo.tell("ir.model", "create", {"name": TITLE, "model": MODEL, "field_id": fields})
        return Step(f"model {MODEL}", not found and not self._dry, bool(found))

    async def _make_group(self) -> Step:
        """Only this user reads and deletes the rows; the automations add them in the name of the server."""
        found = await self._ids("ir.model.access", [["name", "=", TITLE]])
        if not found and not self._dry:
            group = await self._ids("res.groups", [["name", "=", TITLE]])
            group = group or [await self._odoo.tell("res.groups", "create", {"name": TITLE})]
            user = (await self._odoo.ask("res.users", "context_get"))["uid"]
            await self._odoo.tell("res.users", "write", [user], {"groups_id": [[4, group[0]]]})
            (model,) = await self._ids("ir.model", [["model", "=", MODEL]])
            rights = {"perm_read": True, "perm_write": False, "perm_create": False, "perm_unlink": True}
            values = {"name": TITLE, "model_id": model, "group_id": group[0], **rights}
            await self._odoo.tell("ir.model.access", "create", values)
        return Step(f"group {TITLE}, which may read and delete its rows", not found and not self._dry, bool(found))

    async def _make_rules(self, wanted: Sequence[Rule]) -> list[Step]:
        """In one call: Odoo loads its registry anew after each, which takes seconds."""
        names = [rule.name for rule in wanted]
        found = await self._models.rows(
            "base.automation", [["name", "in", names]], ("name", "action_server_ids", "active")
        )
        actions = await self._models.by_id(
            "ir.actions.server", (one for row in found for one in row["action_server_ids"]), ("code",)
        )
        there = {
            row["name"]: [actions[one]["code"] for one in row["action_server_ids"] if one in actions]
            for row in found
            if row["active"]
        }
        missing = [rule for rule in wanted if there.get(rule.name) != [rule.code]]
        if missing and not self._dry:
            others = {rule.name for rule in missing}
            await self._unlink_rules([row["id"] for row in found if row["name"] in others])
            domain = [["model", "in", sorted({rule.model for rule in missing})]]
            models = {row["model"]: row["id"] for row in await self._models.rows("ir.model", domain, ("model",))}
            await self._odoo.tell("base.automation", "create", [_values(rule, models[rule.model]) for rule in missing])
        return [
            Step(f"automation {rule.name}", rule in missing and not self._dry, rule not in missing) for rule in wanted
        ]

    async def _remove_rules(self, keep: set[str]) -> list[Step]:
        rows = await self._models.rows("base.automation", [["name", "=like", f"{PREFIX}%"]], ("name",))
        gone = [row for row in rows if row["name"] not in keep]
        if not self._dry:
            await self._unlink_rules([row["id"] for row in gone])
        return [Step(f"automation {row['name']} (removed)", not self._dry) for row in gone]

    async def _unlink_rules(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        actions = await self._ids("ir.actions.server", [["base_automation_id", "in", list(ids)]])
        await self._odoo.tell("base.automation", "unlink", list(ids))
        left = await self._ids("ir.actions.server", [["id", "in", actions]])
        if left:
            await self._odoo.tell("ir.actions.server", "unlink", left)

    async def _make_field(self) -> AsyncIterator[Step]:
        """A stored field computed once, when a line is made: it depends on the line's order alone, which never changes."""
        what = f"field {ORDERED_FIELD} of sale.order.line"
        if "compute" not in await self._models.fields("ir.model.fields"):
            # A user who may not see how fields are made.
            why = "this Odoo shows no way to compute a field made by hand; lowered quantities stay untold, whole lines are told"
            yield Step(what, done=False, impossible=why)
            return
        found = await self._ids("ir.model.fields", [["model", "=", "sale.order.line"], ["name", "=", ORDERED_FIELD]])
        if not found and not self._dry:
            (model,) = await self._ids("ir.model", [["model", "=", "sale.order.line"]])
            values = {
                "name": ORDERED_FIELD, "field_description": "Ordered at the marketplace", "model_id": model, "ttype": "float", "store": True,
                "readonly": True, "compute": ORDERED_CODE, "depends": "order_id",
            }  # fmt: skip
            await self._odoo.tell("ir.model.fields", "create", values)
        yield Step(what, not found and not self._dry, bool(found))

    async def _ids(self, model: str, domain: Sequence[Any]) -> list[int]:
        found: list[int] = await self._odoo.ask(model, "search", list(domain), order="id", context=CONTEXT)
        return found


def _values(rule: Rule, model: int) -> dict[str, Any]:
    action = {"name": rule.name, "model_id": model, "state": "code", "code": rule.code}
    return {
        "name": rule.name, "model_id": model, "trigger": rule.trigger, "action_server_ids": [[0, 0, action]],
    }  # fmt: skip
