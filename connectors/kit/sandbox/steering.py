"""Control endpoints of a sandbox: a JSON object in, a JSON object out, 400 with the reason for what makes no sense."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Json = dict[str, Any]


class RefusedError(Exception):
    """What a sandbox will not do. The errors of the API it plays are among them, with the status they are answered with."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.description = description
        self._status = status

    @property
    def status(self) -> int:
        return self._status


class NotThereError(RefusedError):
    """What a control call names is not there."""

    def __init__(self, description: str) -> None:
        super().__init__(description, 404)


async def answered(request: Request, act: Callable[[Json], Json]) -> Response:
    """What `act` makes of the body, or the error with what is wrong."""
    try:
        return JSONResponse(act(_object(await request.json() if await request.body() else {})))
    except RefusedError as error:
        return JSONResponse({"error": error.description}, error.status)
    except (ValueError, TypeError, KeyError) as error:
        return JSONResponse({"error": str(error)}, 400)


def account_in(accounts: Iterable[str], given: Mapping[str, Any]) -> str:
    """The account a call names; the first is meant otherwise. Raises ValueError for an unknown one."""
    names = list(accounts)
    name = given.get("account", names[0])
    if name not in names:
        raise ValueError(f"account: unknown; known: {', '.join(names)}")
    return str(name)


def known(body: Json, names: set[str]) -> None:
    if unknown := sorted(body.keys() - names):
        raise ValueError(f"unknown fields: {', '.join(unknown)}; known: {', '.join(sorted(names))}")


def number(body: Json, name: str, low: float, high: float, default: float | None = None) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: a number from {low} to {high} is expected")
    return value


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise TypeError("a JSON object is expected")
    return body
