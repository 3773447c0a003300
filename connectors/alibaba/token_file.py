"""Where an authorisation is kept: a JSON file that only its owner may read, written whole and by renaming, changed under a lock. The processes of
one host share it, so a refresh token is used by one of them at a time.

    access_token, renew_at, expires_at     times in epoch seconds
    refresh_token, refresh_until           until: 0 = not said
    login, member                          who has let the app in
    dead                                   the platform refused the refresh token: a person has to authorise again
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from connectors.kit.errors import AuthError, TransientError

_NAP_SECONDS, _LONGEST_WAIT_SECONDS = 0.02, 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Authorisation:
    """What a token file holds. Its representation tells no token."""

    access_token: str = ""
    renew_at: float = 0.0
    expires_at: float = 0.0
    refresh_token: str = ""
    refresh_until: float = 0.0
    login: str = ""
    member: str = ""
    dead: bool = False

    def __repr__(self) -> str:
        return f"Authorisation(login={self.login!r}, expires_at={self.expires_at}, dead={self.dead})"

    def killed(self) -> Authorisation:
        """After the platform refused its refresh token."""
        return replace(self, dead=True, access_token="", renew_at=0.0, expires_at=0.0)


class TokenFile:
    """The file at `path`; beside it `path.lock`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def read(self) -> Authorisation | None:
        """None when there is no file yet. Raises AuthError for one that cannot be read or is none of ours."""
        try:
            content: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return Authorisation(**content)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise AuthError(
                f"token_file cannot be read ({type(error).__name__}); authorise again or restore it"
            ) from None

    def write(self, value: Authorisation) -> None:
        """Whole or not at all. Raises AuthError when it cannot be written: a token that is not kept must not be used."""
        content = {name: getattr(value, name) for name in Authorisation.__dataclass_fields__}
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise AuthError(
                f"token_file cannot be written ({type(error).__name__}); check its folder and rights"
            ) from None

    def remove(self) -> bool:
        """Whether there was one."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise AuthError(f"token_file cannot be removed ({type(error).__name__})") from None
        return True

    def _lock_file(self) -> TextIO:
        return Path(f"{self._path}.lock").open("a", encoding="utf-8")

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Alone among the processes and tasks of this host. Raises TransientError after a minute, AuthError when there can be no lock."""
        try:
            file = self._lock_file()
        except OSError as error:
            raise AuthError(
                f"token_file cannot be locked ({type(error).__name__}); check its folder and rights"
            ) from None
        with file:
            until = time.monotonic() + _LONGEST_WAIT_SECONDS
            while not _taken(file.fileno()):
                if time.monotonic() > until:
                    raise TransientError("token_file: another process keeps its lock")
                await asyncio.sleep(_NAP_SECONDS)
            yield


def _taken(descriptor: int) -> bool:
    """Closing the file gives the lock back."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
