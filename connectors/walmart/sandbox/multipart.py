"""Reads a multipart/form-data body (RFC 7578): Walmart's feeds come as one part named `file`."""

from dataclasses import dataclass
from email.message import Message

from connectors.walmart.sandbox.errors import FEEDS, GATEWAY, ApiError


@dataclass(frozen=True)
class Part:
    name: str
    filename: str
    content: bytes


def the_file(content_type: str, body: bytes) -> Part:
    """The part named `file`. Raises ApiError when the body is not multipart or has other parts."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", "multipart/form-data is expected", field="Content-Type")
    if not isinstance(boundary, str) or not boundary:
        raise ApiError("INVALID_REQUEST_HEADER", "the boundary is missing", field="Content-Type", component=GATEWAY)
    parts = _parts(boundary.encode("latin-1", "replace"), body)
    if [part.name for part in parts] != ["file"]:
        raise ApiError("INVALID_REQUEST_CONTENT", "one part named file is expected", field="file", component=FEEDS)
    return parts[0]


def _parts(boundary: bytes, body: bytes) -> list[Part]:
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise ApiError("MALFORMED_REQUEST_CONTENT", "the multipart body does not end with its boundary")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    fields = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip()] = value.strip()
    shown = {key: fields.get_param(key, "", header="content-disposition") for key in ("name", "filename")}
    return Part(str(shown["name"]), str(shown["filename"]), content)
