"""The few pieces of Markdown the reference is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

NOTICE: Final = "Written from the code by `python -m fwber_rt.reference`; do not edit."


def page(title: str, *parts: str) -> str:
    """A whole file."""
    return "\n\n".join((f"# {title}", NOTICE, *(part for part in parts if part))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold anything but line breaks."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def code(text: str) -> str:
    """Text as code; empty stays empty."""
    return f"`{text}`" if text else ""
