"""Options of a sandbox's command line."""


def span(name: str, text: str) -> tuple[float, float]:
    """``FROM,TO`` in seconds. Raises ValueError naming the option."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"{name} wants FROM,TO in seconds") from error
    return low, high
