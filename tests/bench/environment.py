"""The peer's environment: a venv of its own from a committed lock, kept in the user's cache, so that the project's stays what it is.

~/.cache/causeway/bench/<hash of lock and Python>/bin/python    complete when `.complete` lies beside bin
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

from streams.stack import StackError
from streams.stack.lock import exclusive
from tests.bench.errors import BenchError

LOCK = Path(__file__).parent / "requirements" / "quix.txt"
_MARKER = ".complete"
_INSTALL_SECONDS = 900.0

Say = Callable[[str], None]


def folder_of(lock: bytes, env: Mapping[str, str]) -> Path:
    """Where the environment of this lock and this Python is kept."""
    version = "{}.{}".format(*sys.version_info[:2])
    key = hashlib.sha256(lock + version.encode()).hexdigest()[:16]
    base = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home()) / ".cache"
    return Path(base) / "causeway" / "bench" / key


def python_of_quix(say: Say) -> str:
    """The Python that has Quix Streams, made first when it is missing. Raises BenchError."""
    folder = folder_of(LOCK.read_bytes(), os.environ)
    if not (folder / _MARKER).exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with exclusive(folder.with_suffix(".lock"), seconds=_INSTALL_SECONDS, say=say):
                if not (folder / _MARKER).exists():
                    _make(folder, say)
        except (OSError, StackError, subprocess.SubprocessError) as error:
            raise BenchError(
                f"the environment of Quix Streams cannot be kept in {folder}: {error}. Free space, or set XDG_CACHE_HOME"
            ) from error
    return str(folder / "bin" / "python")


def _make(folder: Path, say: Say) -> None:
    say(f"installing Quix Streams into {folder} (once)")
    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-deps"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(LOCK)],
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BenchError(
            f"pip could not install {LOCK}: {done.stderr.strip()[-500:]}. It needs a package index once (network, proxy, "
            "pip's settings); the other benches run without: --only NAME"
        )
    (folder / _MARKER).touch()
