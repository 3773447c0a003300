"""What is odd about some offers' answers: traits by name, each changes the body of queryProductDetail or of cross.productInfo after it was
made. All of it is seen in reality or said to be (alibaba.md section 12)."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from connectors.kit.sandbox.steering import Json

IMAGE_HOST = "https://cbu01.alicdn.com/"


def _missing_subject(body: Json) -> None:
    body["subject"] = None
    body.pop("subjectTrans", None)


def _relative_images(body: Json) -> None:
    _change_images(body, lambda url: url.removeprefix(IMAGE_HOST))


def _plain_http_images(body: Json) -> None:
    _change_images(body, lambda url: url.replace("https:", "http:"))


def _change_images(body: Json, change: Callable[[str], str]) -> None:
    holder = body.get("productImage", body.get("image"))
    if holder and holder["images"]:
        holder["images"] = [change(url) for url in holder["images"]]
    for sku in _skus(body):
        for attribute in sku.get("skuAttributes", sku.get("attributes")) or ():
            if attribute["skuImageUrl"]:
                attribute["skuImageUrl"] = change(attribute["skuImageUrl"])


def _mojibake(body: Json) -> None:
    """UTF-8 that some program of the seller read as GBK."""
    body["subject"] = body["subject"].encode().decode("gbk", "replace") if body["subject"] else body["subject"]


def _wide_characters(body: Json) -> None:
    """Full-width letters and digits, the ideographic space, a space that does not break, one of no width."""
    body["subject"] = f"【ＬＥＤ　１２Ｖ】{body['subject']}\u3000（加厚）\u00a0\u200b"


def _rare_characters(body: Json) -> None:
    """Beyond the first plane, composed of two code points, and an emoji."""
    body["subject"] = f"{body['subject']}𠮷牌 Cafe\u0301 🎁"


def _null_lists(body: Json) -> None:
    for name in ("productAttribute", "attributes"):
        if name in body:
            body[name] = None
    if "productImage" in body:
        body["productImage"] = {"images": [], "whiteImage": None}
    body.pop("productShippingInfo", None)
    body["description"] = None


def _number_prices(body: Json) -> None:
    for sku in _skus(body):
        sku["price"] = Decimal(sku["price"]).normalize() if sku["price"] is not None else None
    for row in body.get("productSaleInfo", {}).get("priceRangeList") or ():
        row["price"] = Decimal(row["price"]).normalize()


def _text_ids(body: Json) -> None:
    for name in ("offerId", "productID", "categoryId", "categoryID", "minOrderQuantity"):
        if body.get(name) is not None:
            body[name] = str(body[name])
    for sku in _skus(body):
        sku["skuId"], sku["amountOnSale"] = str(sku["skuId"]), str(sku["amountOnSale"])


def _missing_spec(body: Json) -> None:
    for sku in _skus(body)[:1]:
        del sku["specId"]


def _doubled_cargo(body: Json) -> None:
    for sku in _skus(body):
        sku["cargoNumber"] = "SAME-01"


def _script_description(body: Json) -> None:
    body["description"] = f'<p onclick="x()">{body["subject"]}</p><script>alert(1)</script><img src="x" onerror="x()">'


def _skus(body: Json) -> list[Json]:
    return body.get("productSkuInfos") or body.get("skuInfos") or []


TRAITS: dict[str, Callable[[Json], None]] = {
    "missing_subject": _missing_subject,
    "relative_images": _relative_images,
    "plain_http_images": _plain_http_images,
    "mojibake": _mojibake,
    "wide_characters": _wide_characters,
    "rare_characters": _rare_characters,
    "null_lists": _null_lists,
    "number_prices": _number_prices,
    "text_ids": _text_ids,
    "missing_spec": _missing_spec,
    "doubled_cargo": _doubled_cargo,
    "script_description": _script_description,
}


def made_odd(body: Json, traits: Iterable[str]) -> Json:
    """Lists that are null come last, so that the others find what they change."""
    for name in sorted(set(traits) & TRAITS.keys(), key=lambda one: (one == "null_lists", one)):
        TRAITS[name](body)
    return body
