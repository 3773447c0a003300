"""The suppliers: each goes by several names that no call joins: `sellerOpenId` at its offers, `sellerID`, `sellerUserId` and `sellerLoginId` at
its orders (alibaba.md section 8)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seller:
    """freight: fen per order, nothing from `free_from` on; smallest_order: fen below which a wholesale order is refused (500_009)."""

    key: str
    open_id: str
    member_id: str
    user_id: int
    login_id: str
    company: str
    place: str
    freight: int
    free_from: int = 10**9
    smallest_order: int = 0

    def freight_of(self, goods: int) -> int:
        """For goods of so many fen."""
        return 0 if goods >= self.free_from else self.freight


def _seller(number: int, company: str, place: str, freight: int, free_from: int = 10**9, smallest: int = 0) -> Seller:
    member = 9_990_100_000 + number
    open_id = f"BBBsandbox{number:04d}"
    login = f"示例供应商{number:02d}"
    return Seller(f"s{number}", open_id, f"b2b-{member}", member, login, company, place, freight, free_from, smallest)


SELLERS = {
    one.key: one
    for one in (
        _seller(1, "杭州示例家居有限公司", "浙江省杭州市", 800),
        _seller(2, "义乌示例百货商行", "浙江省金华市", 1200, free_from=50_000),
        _seller(3, "广州示例灯饰厂", "广东省广州市", 1000),
        _seller(4, "深圳示例科技（集团）有限公司", "广东省深圳市", 0),
        _seller(5, "佛山示例厨具有限公司", "广东省佛山市", 1500, smallest=2000),
        _seller(6, "宁波示例户外用品厂", "浙江省宁波市", 650),
    )
}
