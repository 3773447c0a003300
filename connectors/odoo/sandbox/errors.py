"""The errors an Odoo 18 server answers with. `odoo_name` is what arrives as ``error.data.name``: clients switch on it.

Python's own errors (ValueError, KeyError, ...) travel as ``builtins.<name>``, as on a real server.
"""

from typing import ClassVar


class OdooError(Exception):
    """Base of the refusals that have a name of their own on the wire."""

    odoo_name: ClassVar[str]


class AccessDeniedError(OdooError):
    """Bad password or key, or a key with another user's uid."""

    odoo_name = "odoo.exceptions.AccessDenied"

    def __init__(self) -> None:
        super().__init__("Access Denied")


class UserError(OdooError):
    """A business rule refuses."""

    odoo_name = "odoo.exceptions.UserError"


class AccessError(UserError):
    """Access right, record rule or a private method."""

    odoo_name = "odoo.exceptions.AccessError"


class ValidationError(UserError):
    """A constraint, a required field or a database integrity error."""

    odoo_name = "odoo.exceptions.ValidationError"


class MissingError(UserError):
    """A record that is not there (any more)."""

    odoo_name = "odoo.exceptions.MissingError"

    def __init__(self, model: str, record_id: int, uid: int) -> None:
        where = f"(Record: {model}({record_id},), User: {uid})"
        super().__init__(f"Record does not exist or has been deleted.\n{where}")


class SerializationFailureError(OdooError):
    """Two transactions changed the same row; what comes out when Odoo's own five tries are used up."""

    odoo_name = "psycopg2.errors.SerializationFailure"
    text: ClassVar[str] = "could not serialize access due to concurrent update\n"

    def __init__(self) -> None:
        super().__init__(self.text)


class NoDatabaseError(OdooError):
    """The database is missing or PostgreSQL is down."""

    odoo_name = "psycopg2.OperationalError"


def wire_name(error: BaseException) -> str:
    if isinstance(error, OdooError):
        return error.odoo_name
    return f"{type(error).__module__}.{type(error).__qualname__}"


def wire_message(error: BaseException) -> str:
    """The first argument for one-argument errors: str(KeyError('x')) would add quotes."""
    return str(error.args[0]) if len(error.args) == 1 else str(error)
