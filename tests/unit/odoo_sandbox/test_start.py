"""TEST-1: settings of the command line; no secret is shown."""

from pathlib import Path

from connectors.odoo.sandbox.__main__ import PASSWORD_VARIABLE, arguments, settings_from


def test_options_become_settings() -> None:
    options = arguments(["--port", "0", "--data", "box", "--db", "d", "--login", "boss", "--latency-ms", "30"])
    settings = settings_from(options, {PASSWORD_VARIABLE: "canary"})
    assert (settings.data, settings.db, settings.login) == (Path("box"), "d", "boss")
    assert (settings.password, settings.latency_ms, settings.workers) == ("canary", 30, 4)
    assert "canary" not in repr(settings)


def test_the_option_wins_over_the_environment() -> None:
    settings = settings_from(arguments(["--password", "option"]), {PASSWORD_VARIABLE: "environment"})
    assert settings.password == "option"
    assert settings_from(arguments([]), {}).password == "admin"
