"""The models by name, their inherited fields worked out, and which fields point at a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.base import STANDARD_FIELDS
from connectors.odoo.sandbox.engine.fields import Field, Row
from connectors.odoo.sandbox.errors import UserError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model


class Registry:
    def __init__(self, models: Iterable[Model]) -> None:
        self.models: dict[str, Model] = {}
        self._references: dict[str, list[tuple[Model, str, Field]]] = {}
        self._links: dict[str, list[tuple[str, str]]] = {}
        for model in models:
            self.add(model)
        self._inherit()

    def add(self, model: Model) -> None:
        model.all_fields["display_name"] = dataclasses.replace(
            STANDARD_FIELDS["display_name"], compute=partial(_display_name, model)
        )
        self.models[model.name] = model
        self.forget_links()

    def remove(self, name: str) -> None:
        self.models.pop(name, None)
        self.forget_links()

    def forget_links(self) -> None:
        """Fields have changed."""
        self._references.clear()
        self._links.clear()

    def __getitem__(self, name: str) -> Model:
        """Raises UserError, as calling an unknown model does."""
        if name not in self.models:
            raise UserError(f"Object {name} doesn't exist")
        return self.models[name]

    def __contains__(self, name: str) -> bool:
        return name in self.models

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def references_to(self, name: str) -> list[tuple[Model, str, Field]]:
        """Stored many2one fields that may name a record of this model."""
        if not self._references:
            for model in self:
                for field, spec in model.all_fields.items():
                    if spec.kind == "many2one" and spec.in_row and field not in ("create_uid", "write_uid"):
                        self._references.setdefault(spec.relation, []).append((model, field, spec))
        return self._references.get(name, [])

    def links_of(self, name: str) -> list[tuple[str, str]]:
        """(field, model) of the stored many2one fields of this model."""
        if name not in self._links:
            self._links[name] = [
                (field, spec.relation)
                for field, spec in self.models[name].all_fields.items()
                if spec.kind == "many2one" and spec.in_row and field not in ("create_uid", "write_uid")
            ]
        return self._links[name]

    def _inherit(self) -> None:
        for model in self:
            if model.inherits is not None:
                for name in self.models[model.inherits[1]].fields:
                    self.pass_on(model, name)

    def pass_on(self, model: Model, name: str) -> None:
        """A field of the record that `model` extends becomes its own, unless it has one of that name."""
        assert model.inherits is not None
        link, parent = model.inherits
        if name in model.all_fields:
            return
        spec, compute = self.models[parent].all_fields[name], partial(_of_parent, link, parent, name)
        model.all_fields[name] = dataclasses.replace(spec, compute=compute, inherited=True, assign=_refuse, index=False)


def indexed_fields(model: Model) -> list[str]:
    fields = model.all_fields.items()
    return [
        name
        for name, spec in fields
        if spec.in_row and (spec.index or spec.kind == "many2one") and name not in ("create_uid", "write_uid")
    ]


def _display_name(model: Model, env: Env, row: Row) -> Any:
    return model.display_name(env, row)


def _of_parent(link: str, parent: str, name: str, env: Env, row: Row) -> Any:
    return env.value(parent, row[link], name)


def _refuse(env: Env, record_id: int, value: Any) -> None:
    raise NotImplementedError("inherited values are written to the record they belong to")
