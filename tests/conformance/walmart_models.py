"""The published Walmart models beside the project, with their known defects put right (walmart.md, section 13)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

MODELS = Path(__file__).resolve().parents[3] / "shared" / "apis" / "models" / "walmart"
Json = dict[str, Any]


@cache
def model(name: str) -> Json:
    found: Json = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def schemas(name: str) -> Json:
    """The model's schemas, strict: no field that the model does not name. Order lines are given their own type where
    the model points them at refund lines."""
    found: Json = json.loads(json.dumps(model(name)["components"]["schemas"]))
    for schema in found.values():
        if schema.get("type") == "object" and schema.get("properties"):
            schema["additionalProperties"] = False
    if "GetOrderResponseRecord" in found:
        found["GetOrderResponseRecord"]["properties"]["orderLines"] = {"$ref": "#/components/schemas/OrderLinesType"}
    return found


def problems(value: Any, schema: str, name: str = "orders") -> list[str]:
    """What of `value` is not as the schema says."""
    root = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas(name)}}
    errors = Draft4Validator(root).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


def request_example(path: str) -> Json:
    """The published request body of a POST in the order model."""
    operation = model("orders")["paths"][f"/v3/orders/{{purchaseOrderId}}/{path}"]["post"]
    found: Json = operation["requestBody"]["content"]["application/json"]["example"]
    return found


def answer_example(path: str, method: str) -> Json:
    content = model("orders")["paths"][path][method]["responses"]["200"]["content"]["application/json"]
    found: Json = content["example"] if "example" in content else content["examples"]
    return found


def published_orders() -> list[Json]:
    """Every order in the published list examples."""
    lists = [answer_example(path, "get") for path in ("/v3/orders", "/v3/orders/released")]
    return [order for one in lists for order in one["list"]["elements"]["order"]]
