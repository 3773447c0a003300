"""The models the sandbox holds, one file per family. `all_models()` is the list the registry is made of."""

from connectors.odoo.sandbox.engine.model import Model


def all_models() -> list[Model]:
    """New objects at every call: a registry works out inherited fields on them."""
    from connectors.odoo.sandbox.models.catalogue import CATALOGUE

    return [model() for model in CATALOGUE]
