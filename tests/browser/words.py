"""Words of the pages, read from their files of texts: tests find things by what people see, and better wording breaks none."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import fwber_rt

WEB = Path(fwber_rt.__file__).parent / "web"
FILES = (WEB / "app" / "messages.ts", WEB / "admin" / "messages.ts")
ENTRY = re.compile(r'^  "([\w.-]+)": (?:\{.*?other: )?"((?:[^"\\]|\\.)*)"', re.MULTILINE)


@cache
def _texts() -> dict[str, str]:
    return {key: text.replace('\\"', '"') for file in FILES for key, text in ENTRY.findall(file.read_text(encoding="utf-8"))}


def t(key: str, **values: object) -> str:
    """The text of a key (its plural), with values put in. KeyError when there is none."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), _texts()[key])


def like(key: str) -> re.Pattern[str]:
    """What the text of a key looks like, whatever its values."""
    return re.compile("^" + re.sub(r"\\\{\w+\\\}", ".+", re.escape(_texts()[key])) + "$")
