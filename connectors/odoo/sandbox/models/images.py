"""Images as a server takes them: not base64 is dropped without a word, base64 of no image is refused."""

import base64
import binascii
from typing import Any

from connectors.odoo.sandbox.errors import UserError

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"<svg", b"<?xml")


def checked_image(values: dict[str, Any]) -> dict[str, Any]:
    """Raises UserError for what no decoder understands."""
    if not values.get("image_1920"):
        return values
    try:
        content = base64.b64decode(str(values["image_1920"]), validate=True)
    except (binascii.Error, ValueError):
        return {**values, "image_1920": False}
    if not content.lstrip().startswith(_MAGIC):
        raise UserError("This file could not be decoded as an image file.")
    return values
