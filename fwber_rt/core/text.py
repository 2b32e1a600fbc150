"""What people write: cleaned or refused, the same way everywhere."""

from __future__ import annotations

import unicodedata

from fwber_rt.errors import FIELD_INVALID, TOO_LARGE, Refused

_INVISIBLE = {"Cc", "Cs", "Co", "Cn"}  # controls, surrogates, private use, unassigned
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(value: str, field: str = "name", longest: int = 64) -> str:
    """A display name: NFKC, single spaces, 1 to ``longest`` characters, nothing invisible or direction-changing."""
    name = " ".join(unicodedata.normalize("NFKC", value).split())
    if not 1 <= len(name) <= longest:
        raise Refused(FIELD_INVALID, field=field, detail=f"{field} must have 1 to {longest} characters.")
    if any(character in _BIDI or unicodedata.category(character) in _INVISIBLE for character in name):
        raise Refused(FIELD_INVALID, field=field, detail=f"{field} holds a character that cannot be shown.")
    return name


def clean_text(value: str, longest: int, field: str = "text") -> str:
    """A message's text: not blank, at most ``longest`` characters, no control characters but tab and newline."""
    if len(value) > longest:
        raise Refused(TOO_LARGE, field=field, detail=f"{field} may have at most {longest} characters.")
    if not value or value.isspace():
        raise Refused(FIELD_INVALID, field=field, detail=f"{field} is empty.")
    if not value.isprintable() and any(c < " " and c not in "\t\n\r" for c in value):
        raise Refused(FIELD_INVALID, field=field, detail=f"{field} holds a control character.")
    return value
