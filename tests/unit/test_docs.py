"""The documentation says what the code does: commands, options, targets, settings, topics, links and versions that it names exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from connectors.odoo.source.watches import PLANS
from schemas.topics import topic_table
from streams.cli import app
from tests.unit import docs_reference

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "connectors", "streams", "schemas", "deploy", "edge_iotbox")
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(page for name in FOLDERS for page in sorted((ROOT / name).rglob("*.md"))),
]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

REQUIREMENTS = "AUTH|ORD|FUL|INV|PRD|PRC|RET|FIN|PO|LOG|EVT|ERR|REC|RATE|SEC|OPS|EDGE|DATA|TEST"
# Models of Odoo whose names begin like those of topics, beside the watched ones.
ODOO_MODELS = {"stock.location", "stock.warehouse", "stock.picking.type"}
# What is quoted without being meant literally.
PLACEHOLDER = re.compile(r"[<>*]|\.\.\.")


def code_of(text: str) -> Iterator[str]:
    """Lines of code blocks (fenced or indented) and inline code."""
    fenced = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
    for block in fenced.findall(text):
        yield from (line.strip() for line in block.splitlines()[1:-1])
    plain = fenced.sub("", text)
    yield from (line.strip() for line in plain.splitlines() if line.startswith("    "))
    for paragraph in re.split(r"\n\s*\n", plain):
        yield from (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", paragraph))


def words_after(program: str, text: str) -> Iterator[list[str]]:
    """The words of each call of a program in code, up to a comment, pipe or the next command."""
    for line in code_of(text):
        for found in re.finditer(rf"(?:^|[\s;&|(/$=])(?:\.venv/bin/)?{program}(?= |$)([^;&|#`]*)", line):
            yield _words(found[1])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote in prose
        return text.split()


@cache
def command_tree() -> Any:
    """The root command, made once."""
    return typer.main.get_command(app)


def problem_of_call(words: list[str]) -> str:
    """What does not exist in `causeway WORDS`; empty when all of it does."""
    command = command_tree()
    rest = list(words)
    while getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        if PLACEHOLDER.search(rest[0]):
            return ""
        name = rest.pop(0).rstrip(",.:")
        if name not in command.commands:
            return f"there is no command {name!r} in {command.name!r}"
        command = command.commands[name]
    known = {"--help"} | {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.split("=")[0].rstrip(",.:") not in known]
    return f"{command.name} has no option {unknown[0]}" if unknown else ""


@EACH_PAGE
def test_commands_and_their_options_exist(page: Path) -> None:
    calls = list(words_after("causeway", page.read_text(encoding="utf-8")))
    assert [(" ".join(words), problem) for words in calls if (problem := problem_of_call(words))] == []


@EACH_PAGE
def test_make_targets_and_their_variables_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) \??:?=", makefile, re.MULTILINE))
    wrong = []
    for words in words_after("make", page.read_text(encoding="utf-8")):
        for word in words:
            name, is_variable, _ = word.partition("=")
            if name not in (variables if is_variable else targets):
                wrong.append(f"make {' '.join(words)}: {word}")
    assert wrong == []


@EACH_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT) or (anchor and anchor not in anchors_of(target)):
            wrong.append(link)
    assert wrong == []


def anchors_of(page: Path) -> set[str]:
    """Headings as GitHub makes them anchors: lower case, without punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@cache
def settings_known() -> tuple[set[str], re.Pattern[str]]:
    """All names, and what matches one of them or a key of it."""
    known = docs_reference.setting_names()
    return known, re.compile("|".join(name.replace("NAME", "[A-Z0-9_]+") + "(__[A-Z_]+)?" for name in sorted(known)))


@EACH_PAGE
def test_settings_exist(page: Path) -> None:
    """Whole names, names of an account, keys of a table (`CAUSEWAY_ODOO__STAGES__...`), and beginnings that end with `__`."""
    known, pattern = settings_known()
    text = page.read_text(encoding="utf-8")
    wrong = [
        name
        for name in re.findall(r"CAUSEWAY_[A-Z0-9_]+", text)
        if not pattern.fullmatch(name) and not (name.endswith("__") and any(one.startswith(name) for one in known))
    ]
    assert wrong == []


@EACH_PAGE
def test_topics_exist(page: Path) -> None:
    known = {topic.name for topic in topic_table()}
    stages = {name.split(".")[0] for name in known if "." in name} - {"orders", "poll"}
    quoted = [
        code
        for code in code_of(page.read_text(encoding="utf-8"))
        if re.fullmatch(rf"({'|'.join(stages)})\.[a-z0-9.*<>-]+", code)
    ]
    models = {watch.model for plan in PLANS.values() for watch in plan.watches} | ODOO_MODELS
    named = [name for name in quoted if not name.endswith(".py") and not PLACEHOLDER.search(name)]
    assert [name for name in named if name not in known | models] == []


@EACH_PAGE
def test_requirement_ids_are_well_formed(page: Path) -> None:
    found = re.findall(rf"\b(?:{REQUIREMENTS})-\d\w*", page.read_text(encoding="utf-8"))
    assert [name for name in found if not re.fullmatch(r"[A-Z]+-[1-9]\d?", name)] == []


def test_every_setting_and_topic_is_on_its_page() -> None:
    """Both pages are made from the code: `python -m tests.unit.docs_reference` writes them again."""
    for name, wanted in (
        ("configuration.md", docs_reference.settings_page()),
        ("topics.md", docs_reference.topics_page()),
    ):
        current = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert current == wanted, (
            f"docs/{name} is not what the code says: run `.venv/bin/python -m tests.unit.docs_reference`"
        )


def test_every_direct_dependency_is_explained_with_its_version() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = {pin for extra in project["project"]["optional-dependencies"].values() for pin in extra} | set(maven_pins())
    missing = [pin for pin in sorted(pins) if not re.search(rf"^\| `{re.escape(pin)}`", text, re.MULTILINE)]
    assert missing == []


def maven_pins() -> Iterator[str]:
    """`artifact==version` of everything the local stack is made of."""
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    for pom in (ROOT / "deploy" / "broker" / "pom.xml", ROOT / "deploy" / "registry" / "pom.xml"):
        tree = ElementTree.parse(pom)
        properties = {node.tag.split("}")[1]: node.text or "" for node in tree.findall("m:properties/*", names)}
        for kind in ("dependency", "artifactItem"):
            for node in tree.iterfind(f".//m:{kind}", names):
                version = node.findtext("m:version", "", names).strip("${}")
                yield f"{node.findtext('m:artifactId', '', names)}=={properties.get(version, version)}"


def test_the_readme_s_program_is_python() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    compile(program, "README.md", "exec")


# ---- the checks themselves


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("    causeway dead list --newer 12h", ""),
        ("use `causeway dead` now", ""),
        ("    causeway dead bury", "there is no command 'bury' in 'dead'"),
        ("    causeway dead list --sooner", "list has no option --sooner"),
        ("    $ .venv/bin/causeway status --jsonn | head", "status has no option --jsonn"),
        ("`make up` is `causeway upp`.", "there is no command 'upp' in 'causeway'"),
        ("    causeway poll now ACCOUNT orders &  # --nonsense", ""),
    ],
)
def test_a_wrong_call_is_found(line: str, problem: str) -> None:
    (words,) = words_after("causeway", line)
    assert problem_of_call(words) == problem
