"""Java and Maven: found, or installed with apt where that is possible and allowed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

from streams.stack.errors import ToolMissingError
from streams.stack.process import run

NEEDED_JAVA = 17  # Kafka 4 brokers run on Java 17 and newer
NO_APT = "CAUSEWAY_NO_APT"
# Newest first; which of them exist depends on the release (Debian 12: 17, Ubuntu 22.04: 17 and 21, Debian 13: 21).
JAVA_PACKAGES = ("openjdk-21-jre-headless", "openjdk-17-jre-headless")

Say = Callable[[str], None]


def java(env: Mapping[str, str], say: Say) -> str:
    """The java program, 17 or newer; installs one where it may. Raises ToolMissingError."""
    program = _find("java", env) or _install("java", env, say)
    version = java_version(_first_line([program, "-version"]))
    if version is None or version < NEEDED_JAVA:
        raise ToolMissingError(
            f"{program} is Java {version or 'of an unknown version'}, Kafka needs {NEEDED_JAVA} or newer: point JAVA_HOME to "
            f"one, or {_advice('java')}"
        )
    return program


def maven(env: Mapping[str, str], say: Say) -> str:
    """The mvn program; installs one where it may. Raises ToolMissingError."""
    return shutil.which("mvn", path=env.get("PATH")) or _install("mvn", env, say)


def java_version(line: str) -> int | None:
    """The major version in what `java -version` prints first: 17 of `openjdk version "17.0.15"`, 8 of `"1.8.0_4"`."""
    match = re.search(r'version "(?:1\.)?(\d+)', line)
    return int(match[1]) if match else None


def _find(program: str, env: Mapping[str, str]) -> str | None:
    home = env.get("JAVA_HOME")
    candidate = Path(home) / "bin" / program if home else None
    if candidate and os.access(candidate, os.X_OK):
        return str(candidate)
    return shutil.which(program, path=env.get("PATH"))


def _first_line(command: list[str]) -> str:
    """The line with the version; JAVA_TOOL_OPTIONS makes Java print another line before it."""
    answer = run(command)
    lines = (answer.stderr + answer.stdout).splitlines()
    return next((line for line in lines if "version" in line), "")


def _install(program: str, env: Mapping[str, str], say: Say) -> str:
    if env.get(NO_APT, "") not in ("", "0"):
        raise ToolMissingError(
            f"{program} is not installed and {NO_APT} forbids to install it: {_advice(program)}, or point "
            "CAUSEWAY_KAFKA__BOOTSTRAP and CAUSEWAY_REGISTRY__URL to a cluster you have"
        )
    if not (_is_root() and shutil.which("apt-get", path=env.get("PATH"))):
        raise ToolMissingError(f"{program} is not installed: {_advice(program)}")
    say(f"{program} is not installed: installing it with apt-get ({NO_APT}=1 forbids this)")
    _apt(["update", "-qq"], env)  # one broken source of many is no reason to stop: install will tell
    package = "maven" if program == "mvn" else _java_package(env)
    answer = _apt(["install", "-qq", "-y", "--no-install-recommends", package], env)
    if answer.returncode:
        end = " / ".join((answer.stderr or answer.stdout).strip().splitlines()[-3:])
        raise ToolMissingError(f"{program} is not installed and apt-get could not install {package}: {end}")
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        raise ToolMissingError(f"apt-get installed {package}, yet there is no {program} on PATH: {_advice(program)}")
    return found


def _java_package(env: Mapping[str, str]) -> str:
    for package in JAVA_PACKAGES:
        answer = run(["apt-cache", "policy", package], env={**env, "LC_ALL": "C"})
        if re.search(r"Candidate: (?!\(none\))\S", answer.stdout):
            return package
    return "default-jre-headless"


def _apt(arguments: list[str], env: Mapping[str, str]) -> CompletedProcess[str]:
    return run(["apt-get", *arguments], env={**env, "DEBIAN_FRONTEND": "noninteractive"})


def _is_root() -> bool:
    return os.geteuid() == 0


def _advice(program: str) -> str:
    if program == "mvn":
        return "install Maven 3.8 or newer (Debian/Ubuntu: apt-get install maven; macOS: brew install maven)"
    return (
        "install Java 17 or newer (Debian/Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk)"
    )
