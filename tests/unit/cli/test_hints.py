"""OPS-5: whatever command a message, a help text, a docstring or a page tells somebody to type exists, with these options and arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.failure.mappings import KINDS
from tests.unit.test_docs import PAGES, PLACEHOLDER, ROOT, command_tree, problem_of_call, words_after

PACKAGES = ("streams", "connectors", "schemas", "edge_iotbox")
SOURCES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
DEPLOYED = [
    path
    for path in sorted((ROOT / "deploy").rglob("*"))
    if path.suffix in (".yaml", ".yml", ".json", ".toml", ".service")
]

# What begins with our name and is no command: names of records, file formats, prose.
NAMES = {"is", "process", "replay", "packing", "order", "purchase", "unit", "credit"}
_FILLED = "FILLED"  # stands for what an f-string puts in
_QUOTED = re.compile(r"`(causeway [^`]+)`")
_PLAIN = re.compile(r"(?<![`\w./-])causeway ((?:[a-z][\w-]*|--[a-z][\w-]*| )+)")


def problem_of(words: list[str]) -> str:
    """As `problem_of_call`, and whether so many arguments are taken. None at all, or the kind of a mapping, only mentions the command."""
    if problem := problem_of_call(words):
        return problem
    command, rest = command_tree(), list(words)
    while getattr(command, "commands", None) and rest and rest[0].rstrip(",.:") in command.commands:
        command = command.commands[rest.pop(0).rstrip(",.:")]
    if getattr(command, "commands", None) or any(PLACEHOLDER.search(word) for word in rest):
        return ""
    given = list(_arguments(command, rest))
    taken = [one for one in command.params if one.param_type_name == "argument"]
    needed = sum(1 for one in taken if one.required)
    most = len(given) if any(one.nargs == -1 or one.multiple for one in taken) else len(taken)
    if len(given) > most:
        return f"{command.name} takes no argument {given[most]!r}"
    is_mention = not given or tuple(given) in {(kind,) for kind in KINDS}
    return f"{command.name} needs {needed} arguments" if len(given) < needed and not is_mention else ""


def _arguments(command: Any, words: list[str]) -> Iterator[str]:
    """What is no option and no value of one."""
    options = {name: one for one in command.params for name in one.opts if one.param_type_name == "option"}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            yield word
        elif "=" not in word and word in options and not options[word].is_flag:
            next(rest, None)


def texts(path: Path) -> Iterator[str]:
    """Every string of a module, as one text each; what is put into it as one word."""
    inside: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else _FILLED for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def problems_of(text: str) -> Iterator[str]:
    """Of each command that a text names, whether quoted or not."""
    for quoted in _QUOTED.findall(text):
        words = re.sub(r"[{}]", "", quoted).split()[1:]
        if problem := problem_of(words):
            yield f"{quoted}: {problem}"
    for plain in _PLAIN.findall(_QUOTED.sub("", text)):
        words = plain.split()
        if words and words[0] not in NAMES and (problem := _of_plain(words)):
            yield f"causeway {plain}: {problem}"


def _of_plain(words: list[str]) -> str:
    """In prose nobody can tell an argument from the next word of the sentence."""
    command = command_tree()
    path: list[str] = []
    while getattr(command, "commands", None) and words and (words[0] in command.commands or not path):
        if words[0] not in command.commands:
            return f"there is no command {words[0]!r}"
        command = command.commands[words[0]]
        path.append(words.pop(0))
    return problem_of_call([*path, *(word for word in words if word.startswith("--"))])


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_program_says_can_be_typed(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in SOURCES
        if path.is_relative_to(ROOT / package)
        for text in texts(path)
        for problem in problems_of(text)
    ]
    assert wrong == []


def test_what_is_deployed_says_what_can_be_typed() -> None:
    assert [problem for path in DEPLOYED for problem in problems_of(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_give_the_arguments_there_are(page: Path) -> None:
    calls = list(words_after("causeway", page.read_text(encoding="utf-8")))
    assert [f"causeway {' '.join(words)}: {problem}" for words in calls if (problem := problem_of(words))] == []


def test_there_is_something_to_look_at() -> None:
    found = [quoted for path in SOURCES for text in texts(path) for quoted in _QUOTED.findall(text)]
    assert len(found) > 40
    assert any(path.suffix in (".yaml", ".yml") for path in DEPLOYED)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("see `causeway dead list`", ""),
        ("see `causeway dead lists`", "there is no command 'lists' in 'dead'"),
        ("run causeway topics create now", "there is no command 'topics'"),
        ("run causeway worker --stages", "worker has no option --stages"),
        ("causeway price explain shows it", ""),
        ("`causeway price explain A B`", "explain takes no argument 'B'"),
        ("`causeway price approve A B --note why`", ""),
        ("`causeway price approve --offer 7`", "approve has no option --offer"),
        ("`causeway mapping set sku walmart`", "set needs 4 arguments"),
        ("`causeway mapping set`", ""),  # a mention
        ("`causeway mapping set sku`", ""),
        ("`causeway poll now walmart:main`", "now needs 2 arguments"),
        ("`causeway trace --sku A`", ""),
        ("`causeway status walmart`", "status takes no argument 'walmart'"),
        ("`causeway poll now ACCOUNT ...`", ""),
        ("the causeway process waits", ""),
    ],
)
def test_a_wrong_hint_is_found(text: str, problem: str) -> None:
    assert [found.rpartition(": ")[2] for found in problems_of(text)] == ([problem] if problem else [])
