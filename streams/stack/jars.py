"""The jars of the stack: brought once by Maven from a committed pom, kept in the user's cache.

    ~/.cache/causeway/stack/<hash of the pom>/lib/...   complete when `.complete` lies beside lib

A folder appears under its final name only when it is whole (renamed from a temporary one), and a file lock lets one of
several processes fetch while the others wait. So a killed download leaves nothing that looks finished, and a second
clone of the project starts without the network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.stack import tools
from streams.stack.errors import FetchError
from streams.stack.lock import exclusive
from streams.stack.process import run

MARKER = ".complete"
FETCH_SECONDS = 900.0


@dataclass(frozen=True)
class Bundle:
    """One pom and the Maven goal that brings what it lists."""

    name: str
    goal: str
    unpack: bool

    @property
    def pom(self) -> Path:
        """The committed pom: beside this module in an installed wheel, under deploy/ in a checkout."""
        installed = Path(__file__).parent / f"{self.name}-pom.xml"
        checkout = Path(__file__).parents[2] / "deploy" / self.name / "pom.xml"
        for candidate in (installed, checkout):
            if candidate.is_file():
                return candidate
        raise FetchError(f"neither {installed} nor {checkout} exists: the installation of causeway is incomplete")


BROKER = Bundle("broker", "dependency:copy-dependencies", unpack=False)
REGISTRY = Bundle("registry", "dependency:copy", unpack=True)


def cache_folder(env: Mapping[str, str]) -> Path:
    """Where jars are kept, shared by every checkout of this user."""
    base = env.get("XDG_CACHE_HOME") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".cache")
    return Path(base) / "causeway" / "stack"


def ensure(bundle: Bundle, env: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The folder with the jars, fetched first when the cache lacks them. Raises FetchError, ToolMissingError."""
    key = hashlib.sha256(bundle.pom.read_bytes()).hexdigest()[:16]
    target = cache_folder(env) / key
    if (target / MARKER).exists():
        return target / "lib"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(target.with_suffix(".lock"), seconds=FETCH_SECONDS, say=say):
            if not (target / MARKER).exists():
                _fetch(bundle, target, env, say)
    except OSError as error:
        raise FetchError(
            f"the jars of the {bundle.name} cannot be kept in {target}: {error.strerror or error}. Free space or set "
            "XDG_CACHE_HOME to a folder you can write to"
        ) from error
    return target / "lib"


def _fetch(bundle: Bundle, target: Path, env: Mapping[str, str], say: Callable[[str], None]) -> None:
    say(f"fetching the {bundle.name} with Maven into {target} (once)")
    mvn = tools.maven(env, say)
    for abandoned in target.parent.glob(f"{target.name}.*/"):  # of a fetch that was killed; the lock says none lives
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(prefix=f"{target.name}.", dir=target.parent) as scratch:
        lib = Path(scratch) / "whole" / "lib"
        lib.mkdir(parents=True)
        _run_maven(mvn, bundle, lib, env)
        if bundle.unpack:
            _unpack(lib)
        (lib.parent / MARKER).touch()
        if target.exists():  # without its marker: left by someone else's hand
            shutil.rmtree(target)
        lib.parent.rename(target)


def _run_maven(mvn: str, bundle: Bundle, lib: Path, env: Mapping[str, str]) -> None:
    command = [mvn, "-B", "-ntp", "-q", "-f", str(bundle.pom), bundle.goal, f"-DoutputDirectory={lib}"]
    answer = run(command, env=env)
    if answer.returncode or not any(lib.iterdir()):
        raise FetchError(
            f"Maven could not bring what {bundle.pom} lists: {_reason(answer.stdout + answer.stderr)}. Check the network "
            f"and Maven's settings (proxy, mirror in ~/.m2/settings.xml), then try again; the command was: "
            f"{' '.join(command[:-1])}"
        )


def _reason(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    return (errors or output.strip().splitlines()[-1:] or ["it said nothing"])[0].removeprefix("[ERROR] ")


def _unpack(lib: Path) -> None:
    for archive in list(lib.glob("*.tar.gz")):
        with tarfile.open(archive) as packed:
            if hasattr(tarfile, "data_filter"):
                packed.extractall(lib, filter="data")
            else:  # Python before 3.11.4, Debian 12's for one: the archive is the one the checked pom pins
                packed.extractall(lib)  # noqa: S202
        archive.unlink()
