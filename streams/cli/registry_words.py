"""Which kind of trouble with the schema registry it is, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.registry import RegistryError


def answered(error: RegistryError) -> bool:
    """Whether it was reached, is ours, and refused."""
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    from schemas.registry import NoRegistryError

    return not isinstance(error, NoRegistryError) and isinstance(error.__cause__, SchemaRegistryError)


def remedy_of(error: RegistryError) -> str:
    """What to do. Registering helps only where the registry answers."""
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    from schemas.registry import NoRegistryError

    refusal = error.__cause__
    if isinstance(error, NoRegistryError):
        return "set CAUSEWAY_REGISTRY__URL to the registry our records were written with; Apicurio's address ends with /apis/ccompat/v7"
    if not isinstance(refusal, SchemaRegistryError):
        return "is CAUSEWAY_REGISTRY__URL right, and the registry up? `causeway up` starts the local one"
    if refusal.http_status_code in (401, 403):
        return "check CAUSEWAY_REGISTRY__USERNAME and CAUSEWAY_REGISTRY__PASSWORD"
    if refusal.http_status_code == 404:
        return "run `causeway schemas register`"
    return "look into the registry's log"
