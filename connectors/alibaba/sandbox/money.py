"""Money: fen inside the sandbox, fen or yuan outside, as each field has it (alibaba.md section 12)."""

from decimal import Decimal


def yuan(fen: int) -> Decimal:
    """As a number of an answer: 10050 fen are 100.5, 800 are 8."""
    amount = Decimal(fen).scaleb(-2)
    return amount.quantize(Decimal(1)) if fen % 100 == 0 else amount.normalize()


def yuan_text(fen: int) -> str:
    """As text of an answer: 1850 fen are `18.50`."""
    return f"{Decimal(fen).scaleb(-2):.2f}"
