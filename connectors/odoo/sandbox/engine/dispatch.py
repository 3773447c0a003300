"""One call on a model: find the method, check what the user may do, run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.access import require_records, require_right
from connectors.odoo.sandbox.engine.exposed import Exposure, exposure_of
from connectors.odoo.sandbox.errors import AccessError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model
    from connectors.odoo.sandbox.engine.registry import Registry


def exposure(registry: Registry, model_name: str, method: str) -> Exposure:
    """Raises AccessError (private), UserError (no such model), AttributeError (no such method)."""
    if method.startswith("_"):
        raise AccessError(f"Private methods (such as '{model_name}.{method}') cannot be called remotely.")
    model = registry[model_name]
    found = exposure_of(type(model), method)
    if found is None:
        raise AttributeError(f"The method '{model_name}.{method}' does not exist")
    return found


def invoke(env: Env, model: Model, method: str, how: Exposure, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Raises TypeError and IndexError for missing arguments, as Python on the server does."""
    if not how.records:
        if how.right:
            require_right(env, model, how.right)
        return getattr(model, method)(env, *args, **kwargs)
    ids = _ids(kwargs.pop("ids")) if not args and "ids" in kwargs else _ids(args[0])
    if how.right:
        require_right(env, model, how.right)
        require_records(env, model, ids, how.right)
    return getattr(model, method)(env, ids, *args[1:], **kwargs)


def _ids(value: Any) -> list[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    if not value:
        return []
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, int) for one in value):
        raise TypeError(f"ids must be integers, got {value!r:.80}")
    return list(value)
