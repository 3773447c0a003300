"""Money and reports over HTTP: reconciliation, statement, reports on request (walmart.md section 11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.faults import faults_of
from connectors.walmart.sandbox.charges import Json, amount
from connectors.walmart.sandbox.errors import REPORTS, ApiError
from connectors.walmart.sandbox.gate import FILE_TYPE, Passed, invalid, json_body, number_of, required
from connectors.walmart.sandbox.recon_file import recon_zip, zipped
from connectors.walmart.sandbox.recon_rows import ADJUSTMENT, REFUND, SALE, SERVICE_FEE, Row
from connectors.walmart.sandbox.report_contents import contents_of
from connectors.walmart.sandbox.report_requests import READY, REPORT_TYPES, moment
from connectors.walmart.sandbox.settlements import amounts_by
from connectors.walmart.sandbox.world import World

MAX_JSON_ROWS = 1000
PAGE = 10
REPORT_ERROR = "report_error"


class ReportApi:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        recon = "/v3/report/reconreport"
        return [
            Route(f"{recon}/availableReconFiles", self.dates, methods=["GET"]),
            Route(f"{recon}/reconFile", self.file, methods=["GET"]),
            Route(f"{recon}/reconFileJson", self.rows, methods=["GET"]),
            Route("/v3/report/payment/statement", self.statement, methods=["GET"]),
            Route("/v3/reports/reportRequests", self.ask, methods=["POST"]),
            Route("/v3/reports/reportRequests", self.asked, methods=["GET"]),
            Route("/v3/reports/reportRequests/{id}", self.status, methods=["GET"]),
            Route("/v3/reports/downloadReport", self.link, methods=["GET"]),
            Route("/v3/reports/getReport/{name}", self.download, methods=["GET"]),
        ]

    async def dates(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "recon_dates", "reports")
        _check_version(request)
        found = self.world.settlements.dates(passed.account.client_id)
        return JSONResponse({"availableApReportDates": found}, headers=passed.headers)

    async def file(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "recon_file", "reports", accept=FILE_TYPE)
        _check_version(request)
        date = required(request, "reportDate")
        rows = self.world.settlements.rows(passed.account.client_id, date)
        name, content = recon_zip(passed.account.partner_id, date, rows)
        shown = {**passed.headers, "content-disposition": f"attachment; filename={name}"}
        return Response(content, media_type=FILE_TYPE, headers=shown)

    async def rows(self, request: Request) -> Response:
        """The report as JSON. Without offset and noOfRecords it ends after 1,000 rows without saying so; with them it has
        pages, and nextOffset is -1 on the last."""
        passed = self.world.gate.enter(request, "recon_json", "reports")
        rows = self.world.settlements.rows(passed.account.client_id, required(request, "reportDate"))
        offset = number_of(request, "offset", 0, 10**9, 0)
        count = number_of(request, "noOfRecords", 1, MAX_JSON_ROWS, MAX_JSON_ROWS)
        page = rows[offset : offset + count]
        body: Json = {"reportData": page}
        if "offset" in request.query_params:
            following = offset + len(page)
            last = following >= len(rows) or not page
            body |= {"nextOffset": -1 if last else following, "totalRecords": len(rows), "description": "SUCCESS"}
        return JSONResponse(body, headers=passed.headers)

    async def statement(self, request: Request) -> Response:
        """What the running cycle has come to so far."""
        passed = self.world.gate.enter(request, "statement", "reports")
        rows = self.world.settlements.preview(passed.account.client_id, passed.now)
        return JSONResponse(_statement(passed, rows), headers=passed.headers)

    async def ask(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "report_request", "reports", change=True)
        kind, version = required(request, "reportType"), required(request, "reportVersion")
        if kind not in REPORT_TYPES:
            raise invalid("reportType", f"one of {', '.join(REPORT_TYPES)} is expected")
        body = await json_body(request)
        if not isinstance(body, dict):
            raise ApiError("INVALID_REQUEST_CONTENT", "a JSON object is expected", component=REPORTS)
        failed = faults_of(request.scope).strikes(REPORT_ERROR)
        made = self.world.reports.add(passed.account.client_id, kind, version, body, passed.now, failed=failed)
        return JSONResponse(made.as_json(passed.now), headers=passed.headers)

    async def asked(self, request: Request) -> Response:
        """All requests, newest first, in pages of ten."""
        passed = self.world.gate.enter(request, "report_status", "reports")
        kind, state = required(request, "reportType"), request.query_params.get("requestStatus")
        shown = [
            one.as_json(passed.now)
            for one in self.world.reports.all(passed.account.client_id, passed.now)
            if one.kind == kind and state in (None, one.status(passed.now))
        ]
        page, limit = number_of(request, "page", 1, 10**6, 1), number_of(request, "limit", 1, 100, PAGE)
        body: Json = {"page": page, "totalCount": len(shown), "limit": limit}
        if page * limit < len(shown):
            body["nextCursor"] = f"reportType={kind}&page={page + 1}&limit={limit}"
        body["requests"] = shown[(page - 1) * limit : page * limit]
        return JSONResponse(body, headers=passed.headers)

    async def status(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "report_status", "reports")
        found = self.world.reports.get(passed.account.client_id, request.path_params["id"], passed.now)
        if found is None:
            raise _unknown_request()
        return JSONResponse(found.as_json(passed.now), headers=passed.headers)

    async def link(self, request: Request) -> Response:
        """A signed address, good for some minutes and without any header."""
        passed = self.world.gate.enter(request, "report_status", "reports")
        request_id = required(request, "requestId")
        found = self.world.reports.get(passed.account.client_id, request_id, passed.now)
        if found is None:
            raise _unknown_request()
        if found.status(passed.now) != READY:
            raise ApiError("INVALID_REQUEST", "the report is not ready", field="requestId", component=REPORTS)
        query, expires = self.world.reports.link(found, passed.now)
        name = f"{found.kind.title()}Report_{passed.account.partner_id}_{request_id}.zip"
        address = f"{request.url.scheme}://{request.url.netloc}/v3/reports/getReport/{name}?{query}"
        more = {"downloadURL": address, "downloadURLExpirationTime": moment(expires)}
        return JSONResponse({**found.as_json(passed.now), **more}, headers=passed.headers)

    async def download(self, request: Request) -> Response:
        """No token: the signature is the key. A wrong or old address gets 403, as the storage behind it would answer."""
        now, params = self.world.now(), request.query_params
        names = ("account", "id", "se", "sig")
        account, request_id, expires, signature = (params.get(name, "") for name in names)
        found = self.world.reports.opened(account, request_id, expires, signature, now)
        if found is None:
            return Response("Forbidden", 403, media_type="text/plain")
        columns, rows = contents_of(self.world, found)
        name = request.path_params["name"].removesuffix(".zip")
        return Response(zipped(f"{name}.csv", columns, rows), media_type="application/zip")


def _check_version(request: Request) -> None:
    if request.query_params.get("reportVersion", "v1") != "v1":
        raise ApiError("CONTENT_NOT_FOUND", "no such report version", field="reportVersion", component=REPORTS)


def _unknown_request() -> ApiError:
    return ApiError("CONTENT_NOT_FOUND", "no such report request", field="requestId", component=REPORTS)


def _statement(passed: Passed, rows: list[Row]) -> Json:
    sales, refunds = _aggregate(rows, SALE), _aggregate(rows, REFUND)
    other = sum(row.cents for row in rows if row.kind == ADJUSTMENT)
    wfs = sum(row.cents for row in rows if row.kind == SERVICE_FEE)
    activity = sum(row.cents for row in rows if row.kind in (SALE, REFUND))
    due = datetime.fromtimestamp(passed.now, UTC) + timedelta(days=14)
    summary: dict[str, Any] = {
        "openingBalance": 0,
        "orderActivity": amount(activity),
        "walmartFulfillmentServices": amount(wfs),
        "otherActivities": amount(other),
        "reserve": 0,
        "paidToYou": 0,
        "closingBalance": amount(activity + wfs + other),
        "scheduledSettlementDate": due.strftime("%Y-%m-%d"),
        "paymentProcessor": "Payoneer",
        "settleCycle": "Bi-weekly",
        "reserveToDate": 0,
        "lastUpdatedDate": moment(passed.now)[:10],
        "holdAmt": 0,
        "holdDates": " ",
    }
    seller = {"storeFrontUrl": "https%3A%2F%2Fwww.walmart.example%2Fseller%2F1", "sellerStatus": "ACTIVE"}
    payload = {
        "outstandingMCABalance": 0,
        "sellerInfo": {**seller, "paymentStatus": "ACTIVE", "tenure": 365},
        "accountSummary": summary,
        "transactionDetails": {
            "saleAggregate": sales,
            "refundDetails": refunds,
            "adjustmentAggregate": {"netPayable": amount(other)},
            "wfs": {"netPayable": amount(wfs)},
        },
    }
    head = {"statusCode": 200, "status": "OK", "error": "", "partnerId": passed.account.partner_id}
    return {**head, "payload": payload}


def _aggregate(rows: list[Row], kind: str) -> Json:
    by = amounts_by(rows, kind)

    def of(*names: str) -> int | float:
        return amount(sum(by.get(name, 0) for name in names))

    return {
        "productPrice": of("Product Price", "Promo Code"),
        "shipping": of("Shipping"),
        "netTaxCollected": of("Product tax", "Shipping tax"),
        "productTaxCollected": of("Product tax"),
        "shippingTaxCollected": of("Shipping tax"),
        "netTaxWithheld": of("Product tax withheld", "Shipping tax withheld"),
        "productTaxWithheld": of("Product tax withheld"),
        "shippingTaxWithheld": of("Shipping tax withheld"),
        "netComm": of("Commission on Product", "Commission on Shipping"),
        "netPayable": amount(sum(by.values())),
        "totalBaseCommission": of("Commission on Product", "Commission on Shipping"),
        "commissionSavings": 0,
    }
