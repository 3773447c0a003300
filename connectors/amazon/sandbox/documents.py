"""Documents of feeds and reports behind pre-signed addresses: five minutes, no token, the content type as announced.

They lie at ``/documents/{id}`` of the same server; what is wrong with such a call is answered in XML, as the storage behind
the API does (amazon.md sections 8 and 9).
"""

import gzip
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox.gate import TOKEN_HEADER
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  account TEXT NOT NULL, document_id TEXT NOT NULL, kind TEXT NOT NULL, content_type TEXT NOT NULL, content BLOB,
  zipped INTEGER NOT NULL, PRIMARY KEY (account, document_id));
"""
FEED, REPORT = "feed", "report"


@dataclass(frozen=True)
class Document:
    """kind: FEED or REPORT; content: None until it was uploaded; zipped: it is handed out as gzip."""

    account: str
    id: str
    kind: str
    content_type: str
    content: bytes | None
    zipped: bool = False


class Documents(Part):
    """The documents, and their addresses. `world.documents` is this part."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._seal = Seal("documents", world.settings.seed)
        world.database.create(_SCHEMA, ("documents",))

    def routes(self) -> list[Route]:
        return [
            Route("/documents/{id}", self.upload, methods=["PUT"]),
            Route("/documents/{id}", self.download, methods=["GET"]),
        ]

    def announce(self, account: str, content_type: str) -> Document:
        """A place for a feed's content."""
        return self._put(Document(account, f"amzn1.tortuga.4.na.{uuid.uuid4()}", FEED, content_type, None))

    def add(self, account: str, kind: str, content_type: str, content: bytes) -> Document:
        """A result or a report. Some are zipped: callers have to look at compressionAlgorithm."""
        document_id = f"amzn1.spdoc.1.4.na.{uuid.uuid4()}"
        zipped = self.world.settings.zips(document_id)
        return self._put(Document(account, document_id, kind, content_type, content, zipped))

    def get(self, account: str, document_id: str) -> Document | None:
        return self._find("account = ? AND document_id = ?", account, document_id)

    def address(self, request: Request, document: Document, method: str, *, encoded: bool = False) -> str:
        """A pre-signed address. encoded: the answer carries Content-Encoding, so that clients unpack by themselves."""
        expires = str(int(self.world.now() + self.world.settings.link_seconds))
        more = "&encoding=gzip" if encoded and document.zipped else ""
        signature = self._seal.signed(f"{method} {document.id} {expires}{more}")
        base = f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}/documents/{document.id}?expires={expires}{more}&signature={signature}"

    def shown(self, request: Request, document: Document) -> Json:
        """What getFeedDocument and getReportDocument say of it, but for the id."""
        encoded = request.query_params.get("enableContentEncodingUrlHeader") == "true"
        url = self.address(request, document, "GET", encoded=encoded)
        return {"url": url, "compressionAlgorithm": "GZIP"} if document.zipped else {"url": url}

    async def upload(self, request: Request) -> Response:
        found = self._opened(request)
        if isinstance(found, Response):
            return found
        if request.headers.get("content-type") != found.content_type:
            return _denied("SignatureDoesNotMatch", "The content type is not the one the address was made for.")
        self._put(Document(found.account, found.id, found.kind, found.content_type, await request.body()))
        return Response(b"")

    async def download(self, request: Request) -> Response:
        found = self._opened(request)
        if isinstance(found, Response):
            return found
        content = found.content or b""
        headers = {"content-type": found.content_type}
        if found.zipped:
            content = gzip.compress(content, mtime=0)
            if "encoding" in request.query_params:
                headers["content-encoding"] = "gzip"
        return Response(content, headers=headers)

    def _opened(self, request: Request) -> Document | Response:
        """The document an address leads to, or the refusal. The signature is the key; a second one is too much."""
        if foreign := [name for name in (TOKEN_HEADER, "authorization") if name in request.headers]:
            return _denied("InvalidArgument", f"Only one auth mechanism allowed; {foreign[0]} was sent.", 400)
        params, document_id = request.query_params, request.path_params["id"]
        expires, more = params.get("expires", ""), "&encoding=gzip" if "encoding" in params else ""
        if not self._seal.fits(f"{request.method} {document_id} {expires}{more}", params.get("signature", "")):
            return _denied("SignatureDoesNotMatch", "The signature does not match.")
        if int(expires) <= self.world.now():
            return _denied("AccessDenied", "Request has expired")
        found = self._find("document_id = ?", document_id)
        return found or _denied("NoSuchKey", "The specified key does not exist.", 404)

    def _put(self, document: Document) -> Document:
        texts = (document.account, document.id, document.kind, document.content_type)
        self.world.database.insert("documents", (*texts, document.content, int(document.zipped)))
        return document

    def _find(self, where: str, *values: str) -> Document | None:
        sql = f"SELECT account, document_id, kind, content_type, content, zipped FROM documents WHERE {where}"  # noqa: S608
        row = self.world.database.execute(sql, values).fetchone()
        if row is None:
            return None
        account, document_id, kind, content_type, content, zipped = row
        return Document(account, document_id, kind, content_type, content, bool(zipped))


def _denied(code: str, message: str, status: int = 403) -> Response:
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(body, status, media_type="application/xml")
