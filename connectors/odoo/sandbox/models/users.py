"""Users, groups and how a call proves who it is."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, derived, many2many, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import AccessDeniedError, MissingError, ValidationError


class Group(Model):
    name = "res.groups"
    label = "Access Groups"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "full_name": derived("char", lambda env, row: row["name"], "Group Name"),
        "implied_ids": many2many("res.groups", "Inherits"),
        "users": derived(
            "many2many",
            lambda env, row: [u["id"] for u in env.rows("res.users").values() if row["id"] in u["groups_id"]],
            "Users",
            relation="res.users",
        ),
    }


class User(Model):
    name = "res.users"
    label = "User"
    order = "login"
    inherits = ("partner_id", "res.partner")
    fields: ClassVar[Fields] = {
        "login": Field("char", "Login", required=True, index=True),
        "password": derived(
            "char",
            lambda env, row: "",
            "Password",
            assign=lambda env, one, value: env.patch("res.users", one, secret=hashed(str(value or ""))),
        ),
        "partner_id": many2one("res.partner", "Related Partner", required=True),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "company_ids": many2many("res.company", "Companies", default=lambda env: [[6, 0, [env.company["id"]]]]),
        "groups_id": many2many("res.groups", "Groups"),
        "active": Field("boolean", "Active", default=True),
        "share": derived("boolean", lambda env, row: env.ref("base.group_user") not in row["groups_id"], "Share User"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        return {"groups_id": [[4, env.ref("base.group_user")]], **values}

    def created(self, env: Env, record_id: int, given: Values) -> None:
        self._imply(env, [record_id])

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        if "groups_id" in values:
            self._imply(env, ids)

    def check(self, env: Env, row: Row) -> None:
        if len(list(env.table(self.name).having("login", (row["login"],)))) > 1:
            raise ValidationError("You can not have two users with the same login!")

    def _imply(self, env: Env, ids: Sequence[int]) -> None:
        """Groups bring the groups they imply."""
        groups = env.rows("res.groups")
        for one in ids:
            found = dict.fromkeys(env.row(self.name, one)["groups_id"])
            todo = list(found)
            while todo:
                for implied in groups[todo.pop()]["implied_ids"]:
                    if implied not in found:
                        found[implied] = None
                        todo.append(implied)
            env.patch(self.name, one, groups_id=list(found))

    # ---- calls from outside

    @exposed(records=False, right="", reads=True)
    def context_get(self, env: Env) -> dict[str, Any]:
        partner = env.row("res.partner", env.row(self.name, env.uid)["partner_id"])
        return {"lang": partner["lang"] or "en_US", "tz": partner["tz"] or False, "uid": env.uid}

    @exposed(right="", reads=True)
    def has_group(self, env: Env, ids: list[int], group_ext_id: str) -> bool:
        if len(ids) != 1:
            raise ValueError(f"Expected singleton: res.users({', '.join(map(str, ids))})")
        return env.ref(group_ext_id) in env.row(self.name, ids[0])["groups_id"]


def hashed(password: str, salt: str | None = None) -> str:
    salt = salt or secrets.token_hex(8)
    return f"{salt}${hashlib.sha256(f'{salt}{password}'.encode()).hexdigest()}"


def authenticated(env: Env, login: str, password: str) -> int | None:
    """The uid, or None for a bad login or password."""
    users = env.table("res.users")
    found = next(users.having("login", (str(login),)), None)
    if found is None or not users.rows[found]["active"]:
        return None
    return found if _matches(users.rows[found], password) else None


def require_user(env: Env, uid: Any, password: Any, api_key: str | None) -> None:
    """Password or API key of exactly this user. Raises MissingError (no such user), AccessDeniedError."""
    row = env.find("res.users", uid) if isinstance(uid, int) else None
    if row is None:
        raise MissingError("res.users", uid, uid)
    keyed = api_key is not None and row["id"] == env.ref("base.user_admin") and _equal(str(password), api_key)
    if not row["active"] or not (keyed or _matches(row, password)):
        raise AccessDeniedError


def _matches(row: Row, password: Any) -> bool:
    secret = row.get("secret") or ""
    return bool(password) and _equal(hashed(str(password), secret.partition("$")[0]), secret)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


USERS: list[Any] = [Group, User]
