"""Does an ack wait for the disk? The server under strace, and the order of its system calls.

For every message the trace must show, in this order: a write to the write-ahead log that contains the message's id, the whole of
an fdatasync of that log, and only then the first write to any socket that mentions the message, be it the ack or a push.
The tracer stops each thread at every call, so the order of lines is the order in which things were allowed to happen.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench import crowd, harness, places
from bench.report import Bar, Progress, Report, Table, Unmeasurable

_CALLS = "pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync"
_LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$")
_RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_MID = re.compile(rb'"mid":"(\d+)"')


class Call(NamedTuple):
    """One system call: when it began and ended (places in the trace), on which file, with which bytes."""

    began: int
    ended: int
    name: str
    path: str
    data: bytes
    failed: bool


@dataclass(slots=True)
class Proof:
    """``late``: messages mentioned on a socket before their rows were synced."""

    messages: int = 0
    syncs: int = 0
    late: list[str] = field(default_factory=list)


def available() -> bool:
    """Whether strace is here and may trace."""
    trial = "strace -qq -e trace=none true 2>/dev/null"
    return shutil.which("strace") is not None and os.system(trial) == 0  # noqa: S605 -- nothing in it comes from outside


def run(messages: int, synchronous: str) -> Report:
    """Trace a server while ``messages`` are sent; Unmeasurable where there is no strace or nothing was acked."""
    if not available():
        raise Unmeasurable("strace is not on this machine, or tracing is not allowed")
    with tempfile.TemporaryDirectory(prefix="fwber_rt-strace-") as directory:
        trace = Path(directory) / "trace"
        wrap = ["strace", "-f", "-qq", "-y", "-xx", "-s", "70000", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", str(trace)]
        with harness.OurServer({"storage.synchronous": synchronous}, wrap=wrap) as server:
            acked = _talk(server, messages)
            server.stop()
        proof = prove(calls(trace.read_text(encoding="ascii", errors="replace").splitlines()))
    if proof.messages < messages:
        raise Unmeasurable(f"{acked} messages were acked but the trace shows {proof.messages}: it is not the whole story")
    table = Table("Acks under strace", ["what", "figure"])
    table.rows += [["messages", proof.messages], ["syncs of the write-ahead log", proof.syncs], ["synchronous", synchronous]]
    bars = [Bar("acks or pushes before their fdatasync", len(proof.late), 0, at_least=False)]
    figures = {"messages": proof.messages, "acked": acked, "syncs": proof.syncs, "late": len(proof.late)}
    return Report("soak --strace", [table], bars, proof.late[:5], figures)


def _talk(server: harness.OurServer, messages: int) -> int:
    """Two people in one hexagon talk, first one message at a time, then several in flight; returns how many acks came."""
    point = places.centre(places.around(0)[0])
    sockets = crowd.connect(server.port, crowd.guests(server.port, 2), lambda place: point)
    acked = 0
    try:
        with Progress("under strace", messages) as progress:
            while acked < messages:
                burst = 1 if acked < messages // 2 else min(8, messages - acked)
                sent = [(sockets[n % 2], sockets[n % 2].send("here.say", {"text": f"number {acked + n}"})) for n in range(burst)]
                for socket, id in sorted(sent, key=lambda pair: pair[1]):
                    socket.reply("here.say", id)
                acked += burst
                progress.to(acked)
    finally:
        crowd.close(sockets)
    return acked


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The trace's calls in the order in which they ended."""
    open_calls: dict[str, tuple[int, str]] = {}
    for place, line in enumerate(lines):
        matched = _LINE.match(line)
        if not matched:
            continue
        pid, rest = matched["pid"], matched["rest"]
        resumed = _RESUMED.match(rest)
        if resumed:
            began, start = open_calls.pop(pid, (place, f"{resumed['name']}("))
            yield _call(began, place, start + resumed["rest"])
        elif rest.endswith("<unfinished ...>"):
            open_calls[pid] = (place, rest.removesuffix("<unfinished ...>"))
        elif _CALL.match(rest):
            yield _call(place, place, rest)


def _call(began: int, ended: int, text: str) -> Call:
    matched = _CALL.match(text)
    name, arguments = (matched["name"], matched["arguments"]) if matched else ("", "")
    file = _FILE.match(arguments)
    data = b"".join(bytes.fromhex(hex.replace("\\x", "")) for hex in _TEXT.findall(arguments))
    failed = not re.search(r"=\s*\d", arguments.rpartition(")")[2])
    return Call(began, ended, name, _path(file["path"] if file else ""), data, failed)


def _path(text: str) -> str:
    """With -xx strace writes paths in hexadecimal too."""
    return bytes.fromhex(text.replace("\\x", "")).decode("utf-8", "replace") if text.startswith("\\x") else text


def prove(trace: Iterable[Call]) -> Proof:
    """Check every message's first mention on a socket against the log's writes and syncs."""
    proof, written, synced = Proof(), list[Call](), list[Call]()
    mentioned: dict[int, Call] = {}
    for call in sorted(trace, key=lambda call: call.began):
        if call.path.endswith("-wal"):
            (synced if call.name in ("fdatasync", "fsync") else written).append(call)
        elif "socket" in call.path.lower() or "tcp" in call.path.lower():
            for mid in _MID.findall(call.data):
                mentioned.setdefault(int(mid), call)
    proof.messages, proof.syncs = len(mentioned), len(synced)
    for mid, call in mentioned.items():
        if not _safe(mid, call, written, synced):
            proof.late.append(f"message {mid} was sent at line {call.began} before its rows were synced")
    return proof


def _safe(mid: int, mention: Call, written: list[Call], synced: list[Call]) -> bool:
    """Whether the row was written, then the log synced, then the message mentioned."""
    forms = (varint(mid), mid.to_bytes(8, "big"))
    writes = [call for call in written if not call.failed and any(form in call.data for form in forms)]
    if not writes:
        return False
    first = min(call.ended for call in writes)
    return any(first < sync.began and sync.ended < mention.began and not sync.failed for sync in synced)


def varint(value: int) -> bytes:
    """A row id as SQLite stores it: seven bits a byte, high bit for more; a ninth byte carries eight."""
    if value >> 56:
        head = [(value >> shift) & 0x7F | 0x80 for shift in range(57, 1, -7)]
        return bytes([*head, value & 0xFF])
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
