"""The reference that ships with the server, written from the code: settings, errors, operations, metrics, personal data,
``openapi.json``, and the types of the web client.

Nothing in it is typed by hand, so it cannot contradict the server; a test fails while a file is stale.
``python -m fwber_rt.reference`` writes the files, ``--check`` names those that differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fwber_rt.reference import errors, metrics, operations, personal, settings, typescript
from fwber_rt.registry import Registry
from fwber_rt.transport import openapi

HERE: Final = Path(__file__).parent
ELSEWHERE: Final = {"schema.ts": HERE.parent / "web" / "client"}


def _description(registry: Registry) -> str:
    return json.dumps(openapi.describe(registry), indent=1, ensure_ascii=False) + "\n"


FILES: Final[dict[str, Callable[[Registry], str]]] = {
    "settings.md": settings.render,
    "errors.md": errors.render,
    "operations.md": operations.render,
    "metrics.md": metrics.render,
    "personal-data.md": personal.render,
    "openapi.json": _description,
    "schema.ts": typescript.render,
}


def place(name: str, directory: Path | None = None) -> Path:
    """Where a file is: in ``directory``, or where it belongs."""
    return (directory or ELSEWHERE.get(name, HERE)) / name


def write(registry: Registry, directory: Path | None = None) -> list[str]:
    """Bring every file up to date, in ``directory`` or where each belongs; the names of those that changed."""
    changed = stale(registry, directory)
    for name in changed:
        place(name, directory).write_text(FILES[name](registry), encoding="utf-8", newline="\n")
    return changed


def stale(registry: Registry, directory: Path | None = None) -> list[str]:
    """Names of files that are missing or differ from what the code says."""
    return [name for name, render in FILES.items() if _read(place(name, directory)) != render(registry)]


def _read(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", errors="replace") if path.exists() else None
