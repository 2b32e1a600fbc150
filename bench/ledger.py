"""What is on disk, read from outside: the database's files copied while no server has them open.

Checked by ids and offsets; what was said is sealed and stays so. The copy matters: opening the original would itself recover
the write-ahead log and so change what the next start of the server finds.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

DATABASE = "fwber_rt.db"


@dataclass(frozen=True, slots=True)
class Stored:
    """``messages``: mid -> (stream's name, offset). ``gaps``: streams whose offsets are not consecutive up to the head."""

    messages: dict[str, tuple[str, int]]
    gaps: list[str]
    repeated_nonces: list[str]
    integrity: str
    streams: dict[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether the database itself is in order."""
        return self.integrity == "ok" and not self.gaps and not self.repeated_nonces


def read(data: Path) -> Stored:
    """The state a crash or a stop left in the data directory."""
    with tempfile.TemporaryDirectory(prefix="fwber_rt-ledger-") as directory:
        for suffix in ("", "-wal"):
            file = data / (DATABASE + suffix)
            if file.exists():
                shutil.copy(file, directory)
        connection = sqlite3.connect(Path(directory) / DATABASE)
        try:
            return _read(connection)
        finally:
            connection.close()


def _read(connection: sqlite3.Connection) -> Stored:
    names = dict(connection.execute("SELECT id, name FROM streams"))
    messages = {
        str(mid): (names.get(stream, "?"), o) for mid, stream, o in connection.execute("SELECT id, stream, o FROM messages")
    }
    heads = {stream: (head, first) for stream, head, first in connection.execute("SELECT id, head, first_o FROM streams")}
    spans = {
        stream: (count, low, high)
        for stream, count, low, high in connection.execute("SELECT stream, count(*), min(o), max(o) FROM events GROUP BY stream")
    }
    gaps = []
    for stream, (head, first) in heads.items():
        count, low, high = spans.get(stream, (0, first, first - 1))
        if (low, high, count) != (first, head, head - first + 1):
            gaps.append(f"{names[stream]}: {count} events from {low} to {high}, head {head}, first {first}")
    gaps += [f"stream {stream} has events and no row" for stream in spans.keys() - heads.keys()]
    repeated = connection.execute(
        "SELECT sender || ' ' || nonce FROM messages WHERE nonce IS NOT NULL GROUP BY sender, target, nonce HAVING count(*) > 1"
    )
    [[integrity]] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    return Stored(
        messages, gaps, [text for (text,) in repeated], str(integrity), {names[s]: head for s, (head, _) in heads.items()}
    )
