"""What people write: cleaned or refused, the same way everywhere.

A name stands beside what others say, so it must be what it looks like. It is brought into one form (NFKC), may hold nothing
that is not seen, and each of its words is written in one alphabet: Latin, Greek and Cyrillic share shapes, and "Anna" with one
Cyrillic letter is another name than it seems (UTS #39, section 5). East Asian scripts are written together and beside any
other. Names are not unique and prove nothing; the id does.

A text is kept as written. Only what could hide or turn around the words shown is refused: controls and bidirectional
overrides. The marks and isolates of right-to-left writing, and joiners, belong to it.

Options that lost: a table of confusable letters (6 000 rows that change each year, and half of them are the reader's font);
one alphabet per name (people write "Иван Ivanov"); dropping what is refused (a name would be changed behind its owner's back).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from fwber_rt.errors import FIELD_INVALID, TOO_LARGE, Refused

MOST_MARKS: Final = 4
"""Accents and vowel signs on one letter; no language needs more, towers of them reach into the lines around."""

_SHOWN: Final = frozenset("LMNPS")  # categories of what is seen: letters, marks, numbers, punctuation, symbols
# In those categories all the same, and not seen: fillers, blank Braille, and selectors of variants that look alike.
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MISLEADING: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
_SYMBOLS: Final = ("So", "Sk")  # emoji, and their skin tones
_SELECTORS: Final = "\ufe0e\ufe0f"  # as text, as emoji
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA: Final = 9  # combining class
_TOGETHER: Final = frozenset({
    "BOPOMOFO", "CJK", "HANGUL", "HENTAIGANA", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KATAKANA-HIRAGANA", "MODIFIER", "VERTICAL",
})  # fmt: skip


def clean_name(value: str, field: str = "name", longest: int = 64) -> str:
    """A display name in NFKC, its words one space apart; 1 to ``longest`` characters. Raises field.invalid, saying why.

    Refused: what is not seen or turns the direction around, more than ``MOST_MARKS`` accents on a letter, alphabets mixed in
    one word.
    """
    if _CONTROL.search(value):
        raise _refused(field, "holds a control character")
    name = " ".join(_in_one_form(value).split())
    if not 1 <= len(name) <= longest:
        raise _refused(field, f"must have 1 to {longest} characters")
    if not name.isascii():
        for word in name.split(" "):
            _check_word(word, field)
    return name


def clean_text(value: str, longest: int, field: str = "text") -> str:
    """A message's text: not blank, at most ``longest`` characters, no control characters but tab and newline, no overrides."""
    if len(value) > longest:
        raise Refused(TOO_LARGE, field=field, detail=f"{field} may have at most {longest} characters.")
    if not value.isprintable():
        if _MISLEADING.search(value):
            raise _refused(field, "holds a control character or a bidirectional override")
        if all(unicodedata.category(character)[0] in "CZ" for character in value):
            raise _refused(field, "is empty")
    if not value or value.isspace():
        raise _refused(field, "is empty")
    return value


def _in_one_form(value: str) -> str:
    """NFKC, without selectors of variants where there are none: they come with pasted signs that NFKC spells out."""
    name = unicodedata.normalize("NFKC", value)
    if any(selector in name for selector in _SELECTORS):
        kept = " "
        for character in name:
            if character not in _SELECTORS or unicodedata.category(kept[-1]) in _SYMBOLS:
                kept += character
        name = unicodedata.normalize("NFKC", kept)
    return name


def _check_word(word: str, field: str) -> None:
    marks, alphabet = MOST_MARKS, ""  # no letter yet, so no mark may come
    for place, character in enumerate(word):
        kind = unicodedata.category(character)[0]
        if character in (_NON_JOINER, _JOINER):
            if not _joins(word, place):
                raise _refused(field, "holds a character that is not seen")
        elif kind not in _SHOWN or _BLANK.match(character):
            raise _refused(field, "holds a character that is not seen")
        elif kind == "M":
            marks += character not in _SELECTORS
            if marks > MOST_MARKS:
                raise _refused(field, f"has an accent on nothing, or more than {MOST_MARKS} on one letter")
        else:
            marks = 0
            other = _alphabet(character) if kind == "L" else ""
            if alphabet and other and other != alphabet:
                mixed = f"{alphabet.capitalize()} and {other.capitalize()} letters in one word"
                raise _refused(field, f"mixes {mixed}, which may look like another name; use one alphabet per word")
            alphabet = other or (alphabet if kind in "LN" else "")


def _joins(word: str, place: int) -> bool:
    """Whether a joiner changes what is seen there: in Indic and Arabic writing (RFC 5892, A.1 and A.2), or between emoji."""
    before, after = word[place - 1 : place], word[place + 1 : place + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if word[place] == _JOINER:
        return _is_symbol(before) and _is_symbol(after)
    return _alphabet(before) == _alphabet(after) == "ARABIC"


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in _SYMBOLS or character in _SELECTORS


@lru_cache(maxsize=4096)
def _alphabet(letter: str) -> str:
    """The alphabet of a letter, as Unicode's name of it begins; "" for one that is written together with any."""
    first = unicodedata.name(letter, "").split(" ")[0]
    return "" if first in _TOGETHER else first


def _refused(field: str, why: str) -> Refused:
    return Refused(FIELD_INVALID, field=field, detail=f"{field} {why}.")
