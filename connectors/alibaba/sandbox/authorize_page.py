"""What the buyer sees when an app asks to be let in. Self-contained; texts of the request are escaped."""

from collections.abc import Mapping

from jinja2 import Environment

_FIELDS = ("client_id", "site", "redirect_uri", "state")
_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>1688 sandbox: authorisation</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 34rem; padding: 0 1rem; }
button { font: inherit; padding: .4rem 1.2rem; margin-right: .6rem; }</style></head>
<body>
{% if problem %}
<h1>The request is wrong</h1><p>{{ problem }}</p>
{% else %}
<h1>Let the app in?</h1>
<p>App {{ given.client_id }} wants to read and place orders as {{ login }}. Afterwards you come back to {{ given.redirect_uri }}.</p>
<form method="post" action="authorize">
{% for name in fields if name in given %}
<input type="hidden" name="{{ name }}" value="{{ given[name] }}">
{% endfor %}
<button name="decision" value="approve">Authorise</button><button name="decision" value="refuse">Refuse</button>
</form>
{% endif %}
</body>
</html>
""")


def asked(login: str, given: Mapping[str, str]) -> str:
    return _PAGE.render(login=login, given=given, fields=_FIELDS)


def refused(problem: str) -> str:
    return _PAGE.render(problem=problem)
