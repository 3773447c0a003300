"""Control endpoints of a sandbox: a JSON object in, a JSON object out, 400 with the reason for what makes no sense."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

logger = logging.getLogger(__name__)

Json = dict[str, Any]
# What reading a record of wrong form raises; sandboxes keep such records on purpose.
FORM_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
_LONGEST = 500


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
        return JSONResponse(act(an_object(json_in(await request.body()))))
    except RefusedError as error:
        return refused(error.description, error.status)
    except FORM_ERRORS as error:
        return refused(said(error))


def wanted_sections(asked: str | None, known: Iterable[str]) -> list[str]:
    """`items,orders` -> those sections; all when nothing is asked. Raises ValueError for one that is not known."""
    names = list(known)
    wanted = names if asked is None else asked.split(",")
    if unknown := sorted(set(wanted) - set(names)):
        raise ValueError(f"sections: unknown {', '.join(unknown)}; known: {', '.join(names)}")
    return wanted


def refused(what: str, status: int = 400) -> Response:
    return JSONResponse({"error": what[:_LONGEST]}, status)


def said(error: Exception) -> str:
    """What is wrong, in words. What no check of ours has thought of is told by its kind, and logged: a check is missing there."""
    match error:
        case KeyError():
            return f"{error.args[0] if error.args else 'a field'}: missing or unknown"
        case ValueError() | TypeError() if str(error):
            return str(error)
    logger.warning("sandbox_control_unchecked error=%s", type(error).__name__, exc_info=error)
    return f"a value is not of the form that is expected ({type(error).__name__})"


def json_in(content: bytes) -> Any:
    """The JSON of a body; an empty body is an empty object. Raises ValueError."""
    try:
        found = json.loads(content or b"{}", parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except UnicodeError:
        raise ValueError("the JSON has text that is no Unicode") from None
    return found


def account_in(accounts: Iterable[str], given: Mapping[str, Any]) -> str:
    """The account a call names; the first is meant otherwise. Raises ValueError for an unknown one."""
    names = list(accounts)
    name = given.get("account", names[0])
    if name not in names:
        raise ValueError(f"account: unknown; known: {', '.join(names)}")
    return str(name)


def known(body: Json, names: set[str]) -> None:
    """Raises ValueError naming the fields that are none of `names`."""
    if unknown := sorted(an_object(body).keys() - names):
        raise ValueError(f"unknown fields: {', '.join(unknown)}; known: {', '.join(sorted(names))}")


def number(body: Json, name: str, low: float, high: float, default: float | None = None) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: a number from {low} to {high} is expected")
    return value


def an_object(found: Any, name: str = "") -> Json:
    """The same. Raises ValueError where it is none; `name`: what it is called."""
    if not isinstance(found, dict):
        raise ValueError(f"{name}: an object is expected" if name else "a JSON object is expected")  # noqa: TRY004 - 400
    return found


def objects(body: Json, name: str) -> list[Json]:
    """A list of objects, empty where none is given. Raises ValueError."""
    found = body.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{name}: a list of objects is expected")
    return found


def texts(body: Json, name: str) -> tuple[str, ...]:
    """A list of texts, empty where none is given. Raises ValueError."""
    found = body.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"{name}: a list of texts is expected")
    return tuple(found)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
