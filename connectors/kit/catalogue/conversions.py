"""The conversions tables can name. Each takes a value, its options and what is around (see `conversion`); all are pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kit.catalogue import html, text, units
from connectors.kit.catalogue.colours import folded
from connectors.kit.catalogue.conversion import Around, Conversion, NotInTable, Options, named
from connectors.kit.catalogue.gtin import gtin_in
from connectors.kit.errors import DataError

# What the table of colours is called in what a product waits for.
COLOURS = "colours"
_TRUE = frozenset(("true", "yes", "y", "1", "on", "oui", "ja", "si", "sí"))
_SEPARATORS = {"semicolon": ";", "pipe": "|", "newline": "\n"}
_FALSE = frozenset(("false", "no", "n", "0", "off", "non", "nein"))


def text_in(value: Any) -> str:
    """One text of any value: lists joined with a comma, truth as Yes and No, numbers without zeros at the end."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return format(units.trimmed(value), "f")
    if isinstance(value, list | tuple):
        # Odoo gives a many2one as [id, name].
        if len(value) == 2 and type(value[0]) is int and isinstance(value[1], str):
            return value[1]
        return ", ".join(text_in(one) for one in value)
    if isinstance(value, dict):
        raise ValueError("an object where a text belongs")  # noqa: TRY004 - conversions raise ValueError
    return "" if value is None else str(value)


def number_in(value: Any) -> Decimal:
    """A number of a number or a text ("1,250.5" reads as 1250.5). Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError("no number")
    try:
        number = Decimal(str(value).strip().replace(",", "") if isinstance(value, str) else str(value))
    except InvalidOperation:
        raise ValueError("no number") from None
    if not number.is_finite():
        raise ValueError("no number")
    return number


def whole_in(options: Options, name: str, default: int) -> int:
    """An option that is a whole number."""
    return int(options.get(name, default))


def _text(value: Any, options: Options, around: Around) -> Any:
    cleaned = text.plain(html.text_of(text_in(value)) if options.get("html") == "yes" else text_in(value))
    limit = whole_in(options, "limit", 4000)
    short = text.shortened(cleaned.text, limit)
    return text.Cleaned(short, (*cleaned.notes, *([text.SHORTENED] if short != cleaned.text else [])))


def _text_back(value: Any, options: Options, around: Around) -> Any:
    return text_in(value)


def _title(value: Any, options: Options, around: Around) -> Any:
    return text.title(text_in(value), whole_in(options, "limit", text.TITLE_CHARACTERS))


def _html(value: Any, options: Options, around: Around) -> Any:
    policy = around.html
    limit = whole_in(options, "limit", policy.limit)
    return html.description(text_in(value), html.HtmlPolicy(policy.tags, policy.attributes, limit))


def _bullets(value: Any, options: Options, around: Around) -> Any:
    most, limit = whole_in(options, "most", 10), whole_in(options, "limit", 500)
    markup = text_in(value)
    found = html.bullets(markup, most)
    if not found and (whole := html.text_of(markup)):
        found = [whole]
    return [text.shortened(text.plain(one).text, limit) for one in found] or None


def _list(value: Any, options: Options, around: Around) -> Any:
    is_list = isinstance(value, list | tuple)
    parts: Sequence[Any] = value if is_list else text_in(value).split(_separator(options))
    limit, most = whole_in(options, "limit", 4000), whole_in(options, "most", 100)
    texts = [text.shortened(text.plain(text_in(part)).text, limit) for part in parts]
    return list(dict.fromkeys(one for one in texts if one))[:most] or None


def _list_back(value: Any, options: Options, around: Around) -> Any:
    separator = _separator(options)
    joint = ", " if separator == "," else separator
    return joint.join(text_in(one) for one in value) if isinstance(value, list) else text_in(value)


def _separator(options: Options) -> str:
    """Those that mean something in a table file have names."""
    written = options.get("separator", ",")
    return _SEPARATORS.get(written, written)


def _number(value: Any, options: Options, around: Around) -> Any:
    places = whole_in(options, "places", 6)
    number = units.convert(number_in(value), "m", "m", places)
    least = options.get("least")
    if least is not None and number < Decimal(least):
        raise ValueError(f"is {number.normalize():f}, below {least}")
    return units.trimmed(number)


def _whole(value: Any, options: Options, around: Around) -> Any:
    number = number_in(value)
    if number != number.to_integral_value() or abs(number) >= 10**15:
        raise ValueError("no whole number")
    return int(number)


def _number_back(value: Any, options: Options, around: Around) -> Any:
    return format(units.trimmed(number_in(value)), "f")


def _yes_no(value: Any, options: Options, around: Around) -> Any:
    word = text_in(value).strip().casefold()
    if word in _TRUE:
        return options.get("yes", "Yes")
    if word in _FALSE:
        return options.get("no", "No")
    raise ValueError("neither yes nor no")


def _yes_no_back(value: Any, options: Options, around: Around) -> Any:
    word = text_in(value).strip().casefold()
    if word in (options.get("yes", "yes").casefold(), *_TRUE):
        return True
    if word in (options.get("no", "no").casefold(), *_FALSE):
        return False
    raise ValueError("neither yes nor no")


def _true_false(value: Any, options: Options, around: Around) -> Any:
    """A truth value, not a word for one."""
    return bool(_yes_no(value, {"yes": "yes", "no": ""}, around))


def _gtin(value: Any, options: Options, around: Around) -> Any:
    try:
        found = gtin_in(text_in(value), "")
    except DataError as error:
        raise ValueError(str(error).removeprefix(": ")) from None
    return found.gtin14


def _colour(value: Any, options: Options, around: Around) -> Any:
    name = around.colours.normalised(text_in(value))
    if name is None:
        raise NotInTable(COLOURS, text_in(value))
    return name


def _colours(value: Any, options: Options, around: Around) -> Any:
    return [_colour(value, options, around)]


def _unit(value: Any, options: Options, around: Around) -> Any:
    places = whole_in(options, "places", 3)
    number = units.convert(number_in(value), options["from"], options["to"], places)
    if number <= 0:
        raise ValueError(f"is {text_in(value)[:20]} {options['from']}, which rounds to nothing in {options['to']}")
    return units.trimmed(number)


def _unit_back(value: Any, options: Options, around: Around) -> Any:
    number = value.get("measure") if isinstance(value, dict) else value
    source = options["to"]
    if isinstance(value, dict) and isinstance(value.get("unit"), str):
        source = value["unit"]
    return format(units.trimmed(units.convert(number_in(number), source, options["from"], 6)), "f")


def _measure(value: Any, options: Options, around: Around) -> Any:
    label = options.get("label", options["to"])
    number = _unit(value, options, around)
    return {options.get("measure", "measure"): number, options.get("unit", "unit"): label}


def _price(value: Any, options: Options, around: Around) -> Any:
    if not isinstance(value, dict):
        raise ValueError("no amount of money")  # noqa: TRY004 - conversions raise ValueError
    currency = options.get("currency", "USD")
    if value.get("currency") != currency:
        raise ValueError(
            f"is in {value.get('currency')}, not in {currency}: prices of other currencies come from a pricelist"
        )
    amount = units.convert(number_in(value.get("amount")), "m", "m", 2)
    if amount <= 0:
        raise ValueError("is not above 0")
    return amount


def _map(value: Any, options: Options, around: Around) -> Any:
    return _looked_up(around.values, text_in(value), options["table"])


def _map_back(value: Any, options: Options, around: Around) -> Any:
    return _looked_up(around.backward, text_in(value), options["table"])


def _looked_up(tables: Any, word: str, table: str) -> str:
    found = tables.get(table, {}).get(folded(word))
    if found is None:
        raise NotInTable(table, word)
    return str(found)


def _date(value: Any, options: Options, around: Around) -> Any:
    written = text_in(value).strip()
    try:
        day = datetime.fromisoformat(written).date() if len(written) > 10 else date.fromisoformat(written)
    except ValueError:
        raise ValueError("no date: YYYY-MM-DD") from None
    return f"{day.isoformat()}T00:00:00Z" if options.get("time") == "yes" else day.isoformat()


def _conversion(name: str, out: Any, back: Any = None, options: str = "", needed: str = "") -> Conversion:
    must = frozenset(needed.split())
    return Conversion(name, out, back, frozenset(options.split()) | must, must)


BUILT_IN = named(
    _conversion("text", _text, _text_back, "limit html"),
    _conversion("title", _title, _text_back, "limit"),
    _conversion("html", _html, _text_back, "limit"),
    _conversion("bullets", _bullets, None, "most limit"),
    _conversion("list", _list, _list_back, "separator limit most"),
    _conversion("number", _number, _number_back, "places least"),
    _conversion("whole", _whole, _number_back),
    Conversion("yes_no", _yes_no, _yes_no_back, frozenset(("yes", "no")), takes_false=True),
    Conversion("true_false", _true_false, _yes_no_back, takes_false=True),
    _conversion("gtin", _gtin, _text_back),
    _conversion("colour", _colour, _text_back),
    _conversion("colours", _colours, _list_back),
    _conversion("unit", _unit, _unit_back, "places", "from to"),
    _conversion("measure", _measure, _unit_back, "places label measure unit", "from to"),
    _conversion("price", _price, None, "currency"),
    _conversion("map", _map, _map_back, "", "table"),
    _conversion("date", _date, _text_back, "time"),
)
