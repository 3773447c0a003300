"""The documentation says what the code does: commands, options, targets, settings, topics, links and versions that it names exist."""

from __future__ import annotations

import os
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

from connectors.odoo.capture_rights import capture_needs
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.rights import BY_USE, INTERNAL, PRODUCTS
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import FLOWS as ODOO_FLOWS
from connectors.odoo.source.watches import PLANS
from connectors.walmart.verify import NEEDS
from schemas.topics import topic_table
from streams.cli import app
from streams.connectors import compose_settings, discover, load_connected_settings
from streams.phases import MARKETPLACE_FLOWS, SUPPLIER_FLOWS, Flow, phase_of
from streams.poller.settings import PollSettings
from streams.settings import ConfigurationError
from streams.stages.rules import BESIDE, FLOW_OF, RULES
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
        if not name.startswith(("CAUSEWAY_TEST_", "CAUSEWAY_EDGE_"))  # of tests and benchmarks, or of another program
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


# ---- configuration shown to operators


def toml_blocks(page: Path) -> list[str]:
    return re.findall(r"^ *```toml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def assignments(page: Path) -> Iterator[tuple[str, str]]:
    """`CAUSEWAY_X=value` in code, without what stands for the reader's own value."""
    for line in code_of(page.read_text(encoding="utf-8")):
        for word in _words(line.split(" #")[0]):
            name, equals, value = word.partition("=")
            if equals and name.startswith("CAUSEWAY_") and value and not re.search(r"[<>]|\.\.\.", value):
                yield name, value


@EACH_PAGE
def test_toml_shown_can_be_read(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-7: every block is a configuration that loads, each name in its table."""
    _without_settings(monkeypatch)
    wrong = []
    for number, block in enumerate(toml_blocks(page)):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
        unknown = set(tomllib.loads(block)) - set(compose_settings(discover()).model_fields) - {"stack"}
        wrong += [*_problem_of_configuration(), *(f"no such table: {name}" for name in sorted(unknown))]
    assert wrong == []


@EACH_PAGE
def test_values_shown_are_taken(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each assignment by itself; what a setting needs beside it stands for it."""
    wrong = []
    for name, value in assignments(page):
        _without_settings(monkeypatch)
        if name in docs_reference.ELSEWHERE or name.startswith("CAUSEWAY_STACK__"):
            continue
        for other, needed in _beside(name):
            monkeypatch.setenv(other, needed)
        monkeypatch.setenv(name, value)
        wrong += [f"{name}={value}: {problem}" for problem in _problem_of_configuration()]
    assert wrong == []


# What an account cannot be without, and its queue.
OF_AN_ACCOUNT = {
    "CAUSEWAY_WALMART": {"CLIENT_ID": "shown", "CLIENT_SECRET": "shown"},
    "CAUSEWAY_AMAZON": {
        "CLIENT_ID": "shown", "CLIENT_SECRET": "shown", "REFRESH_TOKEN": "shown", "REGION": "na", "SELLER_ID": "A1SHOWNSELLER",
        "MARKETPLACES": '["US"]',
    },
    "CAUSEWAY_ALIBABA": {"APP_KEY": "1234567", "APP_SECRET": "shown"},
}  # fmt: skip
OF_A_QUEUE = {
    "URL": "https://sqs.us-east-1.amazonaws.com/123456789012/shown", "ACCESS_KEY_ID": "shown", "SECRET_ACCESS_KEY": "shown",
    "REGION": "us-east-1",
}  # fmt: skip


def _beside(name: str) -> Iterator[tuple[str, str]]:
    """What a setting of an account needs beside it; a secret is given itself, or as a file."""
    connector, accounts, rest = name.partition("__ACCOUNTS__")
    if not accounts:
        return
    account, _, field = rest.partition("__")
    parts = [(f"{connector}__ACCOUNTS__{account}", OF_AN_ACCOUNT.get(connector, {}))]
    if field.startswith("QUEUE__"):
        parts.append((f"{connector}__ACCOUNTS__{account}__QUEUE", OF_A_QUEUE))
    for prefix, needed in parts:
        yield from ((f"{prefix}__{one}", value) for one, value in needed.items() if f"{prefix}__{one}_FILE" != name)


def _without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)


def _problem_of_configuration() -> list[str]:
    try:
        load_connected_settings(discover())
    except ConfigurationError as error:
        return [str(error)]
    return []


# ---- the page for going live


def rows_of(page: Path, beginning: str) -> dict[str, list[str]]:
    """The table whose head begins so: first cell, without code marks -> the other cells."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(beginning))
    cells: dict[str, list[str]] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        cells[first.strip("`")] = rest
    return cells


GOING_LIVE = ROOT / "docs" / "going-live.md"


def test_every_flow_says_what_it_writes() -> None:
    """OPS-7: flow by flow the operations, lanes and the phase a new account begins in, as the code has them."""
    table = rows_of(GOING_LIVE, "| flow | direction |")
    assert set(table) == {flow.value for flow in MARKETPLACE_FLOWS}
    for flow, cells in table.items():
        _, _, operations, lane, _, phase = cells
        assert set(re.findall(r"`(\w+)`", operations)) == {name for name, one in FLOW_OF.items() if one == flow}
        rules = [rule for rule in RULES.values() if rule.flow == flow]
        lanes = {rule.lane({"urgent": urgent}).value for rule in rules for urgent in (True, False)} or {"critical"}
        assert set(re.findall(r"critical|normal|bulk", lane)) == lanes
        assert phase == phase_of({}, "walmart", "new", Flow(flow)).value


def test_operations_of_a_suppliers_platform_are_those_of_the_rules() -> None:
    """OPS-7: flow, destination, kind and lane of each, as the code has them."""
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    told = {
        row[1]: (row[0], row[2], row[3], row[4].split(",")[0], row[5]) for row in rows if row[0] in set(SUPPLIER_FLOWS)
    }
    made = {}
    for entity, rule in [*RULES.items(), *((entity, one) for entity, rules in BESIDE.items() for one in rules)]:
        if rule.flow in SUPPLIER_FLOWS:
            kind = "command" if rule.is_command else "state"
            made[rule.operation] = (rule.flow.value, rule.destination or "NAME", entity, kind, rule.lane({}).value)
    assert told == made


def test_every_flow_says_what_makes_an_exception() -> None:
    named = {
        flow for cell in rows_of(GOING_LIVE, "| flow | held,") for flow in re.findall(r"\w+", cell.replace("`", ""))
    }
    assert named == {flow.value for flow in MARKETPLACE_FLOWS}


def test_rights_in_odoo_are_those_verify_asks_for() -> None:
    """AUTH-4, AUTH-5: every group that `causeway verify` may name stands beside what it is for."""
    table = rows_of(GOING_LIVE, "| `CAUSEWAY_ODOO__USES` |")
    assert set(table) == set(BY_USE)
    text = " ".join(GOING_LIVE.read_text(encoding="utf-8").split())
    for use, needs in BY_USE.items():
        groups = {need.group for need in needs} - {INTERNAL}
        assert [group for group in groups if group not in table[use][1]] == [], use
    assert PRODUCTS in text
    reading = {need.group for need in capture_needs(PLANS, outbox=True)} - {INTERNAL}
    assert [group for group in reading if group not in text[text.index("**Reading changes**") :]] == []


def test_scopes_at_walmart_are_those_verify_asks_for() -> None:
    """AUTH-5"""
    table = rows_of(GOING_LIVE, "| scope | access |")
    assert {scope: cells[0] for scope, cells in table.items()} == {
        scope: "full" if need.writes else "view" for scope, need in NEEDS.items()
    }


def test_flows_that_are_asked_for_by_name_are_polled() -> None:
    """`causeway poll now|resync|fetch walmart:main FLOW` on any page names a flow of that source."""
    flows = {connector.name: set(connector.flows) for connector in discover()}
    wrong = [
        " ".join(words)
        for page in PAGES
        for words in words_after("causeway", page.read_text(encoding="utf-8"))
        if words[:1] == ["poll"] and len(words) > 3 and ":" in words[2]
        and words[3].rstrip(",.:") not in flows[words[2].split(":")[0]]
    ]  # fmt: skip
    assert wrong == []


def test_indexes_to_make_are_of_watched_tables_and_can_be_removed() -> None:
    """OPS-9"""
    text = (ROOT / "docs" / "odoo-tuning.md").read_text(encoding="utf-8")
    made = dict(re.findall(r"CREATE INDEX CONCURRENTLY IF NOT EXISTS (\w+) +ON (\w+) +\(write_date\);", text))
    watched = {watch.model.replace(".", "_") for plan in PLANS.values() for watch in plan.watches if watch.dated}
    assert len(made) == 6
    assert set(made.values()) <= watched
    assert set(re.findall(r"DROP INDEX CONCURRENTLY IF EXISTS (\w+);", text)) == set(made)


def test_tuning_tells_the_schedule_there_is() -> None:
    """OPS-9: staggered schedules, batches and limits on the page are those of the code."""
    text = " ".join((ROOT / "docs" / "odoo-tuning.md").read_text(encoding="utf-8").split())
    capture, poll = CaptureSettings(), PollSettings()
    for flows, seconds in (
        ("`stock`, `sale_orders`, `pickings`", 5),
        ("`products`, `prices`, `refunds`, `purchase_orders`", 30),
    ):
        assert f"| {flows} | every {seconds} s |" in text
        assert {ODOO_FLOWS[name].total_seconds() for name in re.findall(r"`(\w+)`", flows)} == {seconds}
    assert f"every {capture.wide_every_polls}th poll, {capture.wide_overlap_minutes} minutes" in text
    assert f"every {capture.census_minutes} minutes" in text
    assert f"every {capture.sweep_hours} hours" in text
    assert f"| {capture.batch} (default) |" in text
    assert poll.jitter == 0.1
    assert "varied by a tenth" in text
    assert "CAUSEWAY_ODOO__CAPTURE__OVERLAP_SECONDS > limit_time_real" in text
    assert f"CAUSEWAY_ODOO__TIMEOUT_SECONDS` ({OdooSettings().timeout_seconds:.0f})" in text


def test_the_searches_of_a_poll_can_use_the_indexes() -> None:
    """OPS-9: nothing but the date and the id is asked of the tables that have one; a condition on another table cost seconds and no index helps."""
    text = (ROOT / "docs" / "odoo-tuning.md").read_text(encoding="utf-8")
    indexed = set(re.findall(r"IF NOT EXISTS \w+ +ON (\w+) ", text))
    often = [name for name, interval in ODOO_FLOWS.items() if interval.total_seconds() <= 5]
    watches = [watch for name in often for watch in PLANS[name].watches if watch.model.replace(".", "_") in indexed]
    assert {watch.model for watch in watches if watch.domain} == {
        "stock.picking"
    }  # of its own type, which it links to itself
    for name in often:
        documents = {
            w.model.replace(".", "_")
            for w in PLANS[name].watches
            if w.dated and w.model.startswith(("sale.", "stock."))
        }
        assert documents <= indexed, name


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
