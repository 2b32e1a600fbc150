"""Writes through a Journal in a process of its own, so that it can be killed, traced, or given a disk that fails.

    python -m tests.storage.child DATA_DIR SYNCHRONOUS FIRST COUNT

Row n is a note with the text ``row-n;`` and a sealed one of a person who is new with it. Every fourth effect waits for those
before it; the others queue up behind. ``ack n`` is one write to standard output, at the moment the journal says it is stored.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from fwber_rt.core.effects import Row
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageFailure
from fwber_rt.storage.journal import Journal
from tests.storage.conftest import INSERT_PLAIN, STEPS, note

SEALED = 1_000_000  # ids of the sealed rows begin here


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def write(data_dir: Path, synchronous: str, first: int, count: int) -> None:
    database = Database(data_dir, STEPS, now_ms=1, synchronous=synchronous)
    numbers: dict[int, int] = {}
    told = 0

    def committed(position: int) -> None:
        nonlocal told
        while told < position:
            told += 1
            say(f"ack {numbers[told]}")

    def failed(failure: StorageFailure) -> None:
        say(f"failed {failure}")
        os._exit(3)

    journal = Journal(database, database.vault, committed, failed)
    say("ready")
    for n in range(first, first + count):
        position = journal.position + 1
        numbers[position] = n
        journal.add([Row(INSERT_PLAIN, (n, 7, b"row-%d;" % n)), note(SEALED + n, user=n)])
        if n % 4 == 0:
            await journal.wait(position)
    await journal.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
