"""Where goods go: Chinese mainland addresses only, by a saved one, by a district's code or by the names of its parts (alibaba.md sections 7, 8).
A forwarder's warehouse stands behind each saved one."""

import re
from dataclasses import dataclass

from connectors.alibaba.sandbox.errors import BusinessError
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.reading import long
from connectors.kit.sandbox.steering import Json

MOST_STREET, LEAST_NAME = 200, 2
_MUNICIPALITIES = ("北京", "天津", "上海", "重庆")
_NAMES = """
河北省 山西省 辽宁省 吉林省 黑龙江省 江苏省 浙江省 安徽省 福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 海南省 四川省 贵州省
云南省 陕西省 甘肃省 青海省 内蒙古自治区 广西壮族自治区 西藏自治区 宁夏回族自治区 新疆维吾尔自治区
"""
PROVINCES = frozenset((*_MUNICIPALITIES, *(f"{name}市" for name in _MUNICIPALITIES), *_NAMES.split()))


@dataclass(frozen=True)
class District:
    code: str
    province: str
    city: str
    area: str
    post: str
    towns: tuple[str, ...] = ()


DISTRICTS = (
    District("330108", "浙江省", "杭州市", "滨江区", "310000", ("长河街道", "西兴街道")),
    District("330782", "浙江省", "金华市", "义乌市", "322000", ("福田街道",)),
    District("440111", "广东省", "广州市", "白云区", "510000", ("石井街道",)),
    District("440306", "广东省", "深圳市", "宝安区", "518000", ()),
)
_SAVED = (
    (1234567, "示例仓库甲", "13800000001", "330108", "长河街道", "330108002", "网商路699号示例仓", True),
    (1234568, "示例仓库乙", "13800000002", "330782", "福田街道", "330782003", "示例大道1号A3库", False),
)
_PARTS = (("provinceText", "省份"), ("cityText", "城市"), ("areaText", "区县"), ("address", "街道地址"))


class AddressesApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {
            "alibaba.trade.receiveAddress.get": self.saved,
            "alibaba.trade.addresscode.parse": self.parsed,
        }

    def saved(self, call: Call) -> Json:
        return {"success": True, "result": {"receiveAddressItems": [_saved(row) for row in _SAVED]}}

    def parsed(self, call: Call) -> Json:
        text = re.sub(r"[\s,，]+", "", call.text("addressInfo"))
        for one in DISTRICTS:
            place, mark, street = text.partition(one.area)
            if mark and street and one.city in place:
                codes = {"addressCode": one.code, "addressCodeText": f"{one.province} {one.city} {one.area}"}
                shown = {**codes, "address": street, "postCode": one.post, "isDefault": False}
                return {"success": True, "result": shown}
        raise BusinessError("400", "地址解析失败")


def delivery_address(given: Json) -> Json:
    """The parts of `addressParam`: what wins is addressId, then districtCode, then the texts. Raises BusinessError naming the part that is
    missing or wrong."""
    if given.get("addressId") is not None:
        return _by_id(long(given["addressId"], "addressParam.addressId"))
    person = _person(given)
    if given.get("districtCode"):
        found = next((one for one in DISTRICTS if one.code == str(given["districtCode"])), None)
        if found is None or not _text(given, "address"):
            raise BusinessError("400", "districtCode invalid")
        return {**person, **_place(found), "town": _text(given, "townText"), "address": _text(given, "address")}
    for name, shown in _PARTS:
        if not _text(given, name):
            raise BusinessError("400", f"收货地址缺少{shown}: {name}")
    if _text(given, "provinceText") not in PROVINCES:
        raise BusinessError("400", "收货地址省份无效: provinceText")
    names = {
        "province": "provinceText",
        "city": "cityText",
        "area": "areaText",
        "town": "townText",
        "address": "address",
    }
    return {**person, **{name: _text(given, source) for name, source in names.items()}, "zip": _text(given, "postCode")}


def _person(given: Json) -> Json:
    name, mobile, phone = (_text(given, one) for one in ("fullName", "mobile", "phone"))
    if len(name) < LEAST_NAME:
        raise BusinessError("400", "收货人姓名无效: fullName")
    if not re.fullmatch(r"1\d{10}", mobile) and not re.fullmatch(r"[\d-]{7,20}", phone):
        raise BusinessError("400", "联系电话无效: mobile, phone")
    if phone and not re.fullmatch(r"[\d-]+", phone):
        raise BusinessError("400", "联系电话无效: phone")
    if len(_text(given, "address")) > MOST_STREET:
        raise BusinessError("400", "收货地址过长: address")
    return {"contact": name, "mobile": mobile, "phone": phone}


def _by_id(address_id: int) -> Json:
    for number, name, mobile, code, town, _, street, _ in _SAVED:
        if number == address_id:
            found = next(one for one in DISTRICTS if one.code == code)
            return {"contact": name, "mobile": mobile, "phone": "", **_place(found), "town": town, "address": street}
    raise BusinessError("400", "AddressId invalid")


def _place(one: District) -> Json:
    return {"province": one.province, "city": one.city, "area": one.area, "zip": one.post}


def _saved(row: tuple[int, str, str, str, str, str, str, bool]) -> Json:
    number, name, mobile, code, town, town_code, street, default = row
    found = next(one for one in DISTRICTS if one.code == code)
    return {
        "id": number,
        "fullName": name,
        "mobilePhone": mobile,
        "phone": "",
        "post": found.post,
        "addressCode": code,
        "addressCodeText": f"{found.province} {found.city} {found.area}",
        "townCode": town_code,
        "townName": town,
        "address": street,
        "isDefault": default,
    }


def _text(given: Json, name: str) -> str:
    found = given.get(name)
    return found.strip() if isinstance(found, str) else ""
