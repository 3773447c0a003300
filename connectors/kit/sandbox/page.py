"""A plain, self-contained HTML page that shows what a sandbox holds: no scripts, no outside assets, text escaped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jinja2 import Environment
from starlette.responses import HTMLResponse

from connectors.kit.sandbox.calls import DROPPED, CallLog
from connectors.kit.sandbox.fault_rules import FaultPlan

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
p.note { opacity: .75; margin: .2rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; } td.number { text-align: right; } .scroll { overflow-x: auto; }
"""

_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ title }}</title>
<style>{{ style }}</style></head>
<body>
<h1>{{ title }}</h1>
<p class="note">{{ note }}</p>
{% for table in tables %}
<h2>{{ table.title }}</h2>
{% if table.note %}<p class="note">{{ table.note }}</p>{% endif %}
{% if table.rows %}
<div class="scroll"><table>
<thead><tr>{% for name in table.columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows %}
<tr>{% for cell in row %}<td{{ ' class=number' if cell is number }}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table></div>
{% else %}<p>{{ table.empty }}</p>{% endif %}
{% endfor %}
</body>
</html>
""")


@dataclass(frozen=True)
class Table:
    """One table of the page. Cells are shown as text; numbers are aligned right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]] = field(default=())
    note: str = ""
    empty: str = "Nothing yet."


def page(title: str, note: str, tables: Sequence[Table]) -> HTMLResponse:
    return HTMLResponse(_TEMPLATE.render(title=title, note=note, tables=tables, style=_STYLE))


def shown_time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def calls_table(calls: CallLog, newest: int = 25) -> Table:
    rows = [
        (shown_time(c.at), c.method, c.path, "no answer" if c.status == DROPPED else c.status, round(c.ms, 1))
        for c in list(calls.latest)[: -newest - 1 : -1]
    ]
    note = f"{sum(calls.counts.values())} in all; the newest {len(rows)}."
    return Table("Calls", ("Time", "Method", "Path", "Status", "ms"), rows, note, "No calls yet.")


def faults_table(plan: FaultPlan) -> Table:
    rows = [
        (rule.kind, f"{rule.rate:.1%}", rule.code if rule.kind == "status" else "", rule.path or "all", seen, struck)
        for rule, seen, struck in zip(plan.rules, plan.seen, plan.struck, strict=True)
    ]
    note = f"Seed {plan.seed}. Steered at /sandbox/faults."
    return Table("Faults", ("Kind", "Rate", "Code", "Path", "Seen", "Struck"), rows, note, "No faults in force.")
