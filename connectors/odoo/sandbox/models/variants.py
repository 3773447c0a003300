"""Attributes, their values, and the variants they make of a template."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError, ValidationError

LINES = "product.template.attribute.line"
TEMPLATE_VALUES = "product.template.attribute.value"


class Attribute(Model):
    name = "product.attribute"
    label = "Product Attribute"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Attribute", required=True),
        "create_variant": choice(
            "always=Instantly", "dynamic=Dynamically", "no_variant=Never", default="always", required=True
        ),
        "display_type": choice("radio", "pills", "select", "color", "multi", default="radio", required=True),
        "sequence": Field("integer", "Sequence", default=10),
        "value_ids": one2many("product.attribute.value", "attribute_id", "Values"),
        "active": Field("boolean", "Active", default=True),
    }


class AttributeValue(Model):
    name = "product.attribute.value"
    label = "Attribute Value"
    order = "attribute_id, sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Value", required=True),
        "attribute_id": many2one("product.attribute", "Attribute", required=True, ondelete="cascade"),
        "sequence": Field("integer", "Sequence", default=10),
        "html_color": Field("char", "Color"),
        "active": Field("boolean", "Active", default=True),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return f"{env.display('product.attribute', row['attribute_id'])}: {row['name']}"


class TemplateAttributeLine(Model):
    name = LINES
    label = "Product Template Attribute Line"
    order = "sequence, attribute_id, id"
    rec_name = "attribute_id"
    fields: ClassVar[Fields] = {
        "product_tmpl_id": many2one("product.template", "Product Template", required=True, ondelete="cascade"),
        "attribute_id": many2one("product.attribute", "Attribute", required=True, ondelete="restrict"),
        "value_ids": many2many("product.attribute.value", "Values"),
        "product_template_value_ids": one2many(TEMPLATE_VALUES, "attribute_line_id", "Product Attribute Values"),
        "sequence": Field("integer", "Sequence", default=10),
        "active": Field("boolean", "Active", default=True),
    }

    def created(self, env: Env, record_id: int, given: Values) -> None:
        self._sync(env, record_id)

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            self._sync(env, one)

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        for template in {row["product_tmpl_id"] for row in rows}:
            if env.find("product.template", template):
                make_variants(env, template)

    def check(self, env: Env, row: Row) -> None:
        values = [env.row("product.attribute.value", one) for one in row["value_ids"]]
        if any(value["attribute_id"] != row["attribute_id"] for value in values):
            raise ValidationError("On a product, each value must belong to its attribute.")

    def _sync(self, env: Env, record_id: int) -> None:
        """One value of the template per value of the line; then the variants, once the template is there."""
        line = env.row(LINES, record_id)
        have = {
            row["product_attribute_value_id"]: row["id"]
            for row in env.related(TEMPLATE_VALUES, "attribute_line_id", record_id)
        }
        for value in line["value_ids"]:
            if value not in have:
                env.create(TEMPLATE_VALUES, {"attribute_line_id": record_id, "product_attribute_value_id": value})
        gone = [one for value, one in have.items() if value not in line["value_ids"]]
        template = line["product_tmpl_id"]
        env.defer(("variants", template, record_id), lambda: _settle(env, template, gone))


def _settle(env: Env, template: int, gone: list[int]) -> None:
    make_variants(env, template, gone)
    env.unlink(TEMPLATE_VALUES, [one for one in gone if env.find(TEMPLATE_VALUES, one)])


class TemplateAttributeValue(Model):
    name = TEMPLATE_VALUES
    label = "Product Template Attribute Value"
    order = "attribute_line_id, product_attribute_value_id, id"
    fields: ClassVar[Fields] = {
        "attribute_line_id": many2one(LINES, "Attribute Line", required=True, ondelete="cascade"),
        "product_attribute_value_id": many2one("product.attribute.value", "Attribute Value", required=True),
        "product_tmpl_id": derived(
            "many2one", lambda env, row: env.value(LINES, row["attribute_line_id"], "product_tmpl_id"), "Template",
            relation="product.template", sortable=True,
        ),
        "attribute_id": derived(
            "many2one", lambda env, row: env.value(LINES, row["attribute_line_id"], "attribute_id"), "Attribute",
            relation="product.attribute", sortable=True,
        ),
        "name": derived(
            "char", lambda env, row: env.value("product.attribute.value", row["product_attribute_value_id"], "name"),
            "Value",
        ),
        "price_extra": Field("float", "Extra Price", digits=2),
        "ptav_active": Field("boolean", "Active", default=True),
    }  # fmt: skip

    def display_name(self, env: Env, row: Row) -> str:
        return env.display("product.attribute.value", row["product_attribute_value_id"])


def variants_of(env: Env, template: int) -> list[int]:
    """Ids of the active variants."""
    table = env.table("product.product")
    return [one for one in table.having("product_tmpl_id", (template,)) if table.rows[one]["active"]]


def make_variants(env: Env, template: int, without: Sequence[int] = ()) -> None:
    """Create the missing combinations of 'always' attributes, delete those no longer possible (archive when used)."""
    lines = env.related(LINES, "product_tmpl_id", template)
    kinds = {row["id"]: env.row("product.attribute", row["attribute_id"])["create_variant"] for row in lines}
    if "dynamic" in kinds.values():
        return
    always = [row for row in lines if kinds[row["id"]] == "always"]
    columns = [
        [one for one in env.children(TEMPLATE_VALUES, "attribute_line_id", row["id"]) if one not in without]
        for row in always
    ]
    wanted = {",".join(map(str, sorted(combination))): combination for combination in itertools.product(*columns)}
    have = {env.row("product.product", one)["combination_indices"] or "": one for one in variants_of(env, template)}
    for key, combination in wanted.items():
        if key not in have:
            values = {"product_tmpl_id": template, "product_template_attribute_value_ids": [[6, 0, list(combination)]]}
            env.create("product.product", values)
    for key, one in have.items():
        if key not in wanted:
            _drop(env, one)


def _drop(env: Env, variant: int) -> None:
    mark = env.tx.mark()
    try:
        env.unlink("product.product", [variant])
    except (UserError, ValidationError):
        env.tx.undo(mark)
        env.patch("product.product", variant, active=False)


def variant_label(env: Env, row: Row) -> str:
    """ "Shirt (Red, L)": the values of attributes that have a choice."""
    name = str(env.value("product.template", row["product_tmpl_id"], "name"))
    shown = []
    for one in row["product_template_attribute_value_ids"]:
        value = env.find(TEMPLATE_VALUES, one)
        if value and len(env.row(LINES, value["attribute_line_id"])["value_ids"]) > 1:
            shown.append(str(env.value(TEMPLATE_VALUES, value, "name")))
    return f"{name} ({', '.join(shown)})" if shown else name


VARIANTS: list[Any] = [Attribute, AttributeValue, TemplateAttributeLine, TemplateAttributeValue]
