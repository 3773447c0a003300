"""The carriers that sellers use (alibaba.md section 9). Codes and numbers are invented where the facts do not tell them."""

from dataclasses import dataclass

from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.kit.sandbox.steering import Json


@dataclass(frozen=True)
class Carrier:
    """no: the code; name: as it stands in a parcel, with or without the code behind it."""

    id: int
    no: str
    name: str
    phone: str
    spelling: str


# The last one is in no list of codes that anybody has: its name is all that can be told.
CARRIERS = (
    Carrier(502, "ZTO", "中通快递(ZTO)", "95311", "zhongtongkuaidi"),
    Carrier(505, "SF", "顺丰速运", "95338", "shunfengsuyun"),
    Carrier(101, "YTO", "圆通速递(YTO)", "95554", "yuantongsudi"),
    Carrier(102, "YUNDA", "韵达快递", "95546", "yundakuaidi"),
    Carrier(104, "DEPPON", "德邦物流", "95353", "debangwuliu"),
    Carrier(1000000042, "OTHER", "示例专线物流", "", "shilizhuanxianwuliu"),
)
BY_NO = {carrier.no: carrier for carrier in CARRIERS}


class CarriersApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {"alibaba.logistics.OpQueryLogisticCompanyList": self.companies}

    def companies(self, call: Call) -> Json:
        rows = [
            {
                "id": carrier.id,
                "companyName": carrier.name,
                "companyNo": carrier.no,
                "companyPhone": carrier.phone or None,
                "spelling": carrier.spelling,
            }
            for carrier in CARRIERS
        ]
        return {"success": True, "result": rows}
