"""Telephone numbers to E.164 (ORD-7), offline, by Google's libphonenumber."""

from __future__ import annotations

import phonenumbers


def e164(text: str, country: str) -> str:
    """A number as people write it -> `+12135550112`; what is no valid number comes back as it was. E.164 has no extension: it is left off."""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
