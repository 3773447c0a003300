"""The published Amazon models beside the project: Swagger 2.0, with their own sandbox examples, and notification schemas."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator

MODELS = Path(__file__).resolve().parents[3] / "shared" / "apis" / "models" / "amazon"
Json = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One of a model's static sandbox examples. params: of query and path, lists joined by commas; body: None where
    the request has none; answer: as published."""

    name: str
    method: str
    path: str
    status: int
    params: dict[str, str] = field(default_factory=dict)
    body: Any = None
    answer: Any = None

    @property
    def url(self) -> str:
        """The path with its parameters filled in."""
        url = self.path
        for name, value in self.params.items():
            url = url.replace(f"{{{name}}}", value)
        return url

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.params.items() if f"{{{name}}}" not in self.path}


@cache
def model(name: str) -> Json:
    found: Json = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def definitions(name: str) -> Json:
    """The model's definitions, strict: no field that the model does not name. Those that others are put together of know their own fields
    only, so they are left as they are."""
    found: Json = json.loads(json.dumps(model(name)["definitions"]))
    parts = {part.get("$ref", "").rpartition("/")[2] for one in found.values() for part in one.get("allOf", [])}
    for key, one in found.items():
        if key not in parts:
            _strict(one)
    return found


def _strict(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    if schema.get("properties") and "allOf" not in schema:
        schema.setdefault("additionalProperties", False)
    for inner in [*schema.get("properties", {}).values(), schema.get("items")]:
        _strict(inner)


def problems(value: Any, definition: str, name: str) -> list[str]:
    """What of `value` is not as the definition says."""
    root = {"$ref": f"#/definitions/{definition}", "definitions": definitions(name)}
    return [_told(error) for error in Draft4Validator(root).iter_errors(value)]


def notification_problems(value: Any, name: str) -> list[str]:
    schema = json.loads((MODELS / "schemas" / "notifications" / f"{name}.json").read_text(encoding="utf-8"))
    # Each schema carries ids of its parts that collide with one another; they name nothing that is referred to.
    return [_told(error) for error in Draft7Validator(_without_ids(schema)).iter_errors(value)]


def answer_definition(name: str, path: str, method: str, status: int) -> str:
    """The definition of an operation's answer; empty where it has none."""
    schema = model(name)["paths"][path][method]["responses"][str(status)].get("schema", {})
    return str(schema.get("$ref", "")).removeprefix("#/definitions/")


def examples(name: str) -> Iterator[Example]:
    """Every static example of a model."""
    for path, operations in model(name)["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            for status, response in operation["responses"].items():
                for number, one in enumerate(response.get("x-amzn-api-sandbox", {}).get("static", [])):
                    # A parameter without a value stands for any.
                    shown = one["request"]["parameters"]
                    given = {key: value["value"] for key, value in shown.items() if "value" in value}
                    body = given.pop("body", None)
                    params = {key: _joined(value) for key, value in given.items()}
                    title = f"{operation['operationId']}-{status}-{number}"
                    yield Example(title, method, path, int(status), params, body, one.get("response"))


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_ids(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _without_ids(value) for key, value in schema.items() if key != "$id"}
    return [_without_ids(one) for one in schema] if isinstance(schema, list) else schema


def _told(error: Any) -> str:
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
