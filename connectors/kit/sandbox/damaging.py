"""Records of wrong form, each in one way, made of right ones."""

import copy
import random
from collections.abc import Callable, Sequence

from connectors.kit.sandbox.steering import Json

Damage = Callable[[Json], None]


def damaged(record: Json, damages: Sequence[Damage], otherwise: str, rng: random.Random) -> Json:
    """A copy of the record with one damage more; one too damaged for the one drawn loses its field `otherwise`."""
    copied = copy.deepcopy(record)
    try:
        rng.choice(damages)(copied)
    except (LookupError, TypeError):
        copied.pop(otherwise, None)
    return copied
