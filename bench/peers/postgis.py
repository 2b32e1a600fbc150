"""PostgreSQL with PostGIS as one that finds people: a geography column with a GiST index, asked by a prepared statement.

Distances are those on a sphere, the quicker of the two ways it has, and what its index orders by. Its plan is made once: it
is the same for every place (an index scan in order of distance), and making it anew takes as long again as the search.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from bench.harness import HOST, READY_S
from bench.peers import pgwire
from bench.peers.finder import UNIX, Finder
from bench.places import Point
from bench.report import Unmeasurable
from bench.searches import RADIUS_M, Answers

OWNER, ASKER, DATABASE = "owner", "asker", "postgres"
LOADING_S = 300.0
_STATEMENT, _MOVE = "nearest", "move"
_MOVES = "UPDATE people SET place = $1::geography WHERE name = $2"
_POINT, _SRID = 0x20000001, 4326  # a point that says of which system it is: longitude and latitude, as GPS has them
_SETTINGS = {
    "shared_buffers": "512MB", "max_connections": "200", "jit": "off", "autovacuum": "off", "fsync": "off",
    "max_parallel_workers_per_gather": "0", "plan_cache_mode": "force_generic_plan", "max_wal_size": "4GB",
}  # fmt: skip
# Whoever reaches the socket's directory is who started it; over TCP may come anybody on this machine, who then may read people.
_ADMITTED = f"local all all trust\nhost {DATABASE} {ASKER} {HOST}/32 trust\n"


class Postgis(Finder):
    """A cluster of its own, which goes with its directory. PostgreSQL refuses to run as root: then it runs as nobody."""

    NAME = "postgis"
    GET = "apt install postgresql-15-postgis-3"
    SEARCH = "PostGIS ST_DWithin"

    @classmethod
    def missing(cls) -> bool:
        """PostgreSQL and its extension, of any version."""
        return _programs() is None

    def command(self) -> Sequence[str]:
        """Everything in memory, nothing in the background, one process for each connection."""
        settings = {
            **_SETTINGS, "listen_addresses": HOST, "port": str(self.port), "unix_socket_directories": str(self.directory),
            "hba_file": str(self.directory / "admitted"),
        }  # fmt: skip
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [*unprivileged(), str(self._programs / "postgres"), "-D", str(self._data), *words]

    def environment(self) -> Mapping[str, str]:
        """Its log is read."""
        return {"LC_ALL": "C"}

    @property
    def path(self) -> Path:
        """PostgreSQL names it itself."""
        return self.directory / f".s.PGSQL.{self.port}"

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _programs(self) -> Path:
        programs = _programs()
        if programs is None:
            raise Unmeasurable(f"postgis is not on this machine; to get it: {self.GET}")
        return programs

    def start(self, timeout: float = READY_S) -> float:
        """Makes the cluster first."""
        if os.geteuid() == 0:
            os.chown(self.directory, *_nobody())
        (self.directory / "admitted").write_text(_ADMITTED, encoding="ascii")
        options = ["--auth=trust", f"--username={OWNER}", "--no-sync", "--locale=C", "--encoding=UTF8"]
        made = subprocess.run(
            [*unprivileged(), self._programs / "initdb", "-D", self._data, *options], cwd=self.directory, capture_output=True,
            text=True, timeout=LOADING_S, check=False,
        )  # fmt: skip
        if made.returncode:
            raise Unmeasurable(f"initdb: {made.stderr.strip() or made.returncode}")
        return super().start(timeout)

    def answers(self) -> bool:
        """It says so."""
        return "ready to accept connections" in self.tail()

    def stop(self, timeout: float = 30.0) -> int:
        """At once: nothing of it is kept."""
        self._signal(signal.SIGQUIT)
        return super().stop(timeout)

    def fill(self, points: Sequence[Point]) -> None:
        """By COPY, and then the index."""
        with super().connect(UNIX) as sock:
            sock.settimeout(LOADING_S)
            pgwire.talk(sock, pgwire.hello(OWNER, DATABASE))
            for sql in ("CREATE EXTENSION postgis", "CREATE UNLOGGED TABLE people (name text NOT NULL, place geography(Point))"):
                pgwire.talk(sock, pgwire.query(sql))
            pgwire.talk(sock, pgwire.query("COPY people FROM STDIN"), pgwire.COPYING)
            rows = _rows(points)
            while batch := list(islice(rows, 1000)):
                sock.sendall(pgwire.copied(batch))
            pgwire.talk(sock, pgwire.COPIED)
            for sql in (
                "CREATE INDEX ON people USING gist (place)", "CREATE UNIQUE INDEX ON people (name)", "VACUUM ANALYZE people",
                f"CREATE ROLE {ASKER} LOGIN", f"GRANT SELECT ON people TO {ASKER}",
            ):  # fmt: skip
                pgwire.talk(sock, pgwire.query(sql))

    def connect(self, way: str) -> socket.socket:
        """With the statement prepared."""
        return self._prepared(way, ASKER, _STATEMENT, statement(self.limit))

    def mover(self) -> socket.socket:
        """The owner's, with the statement prepared."""
        return self._prepared(UNIX, OWNER, _MOVE, _MOVES)

    def _prepared(self, way: str, user: str, name: str, sql: str) -> socket.socket:
        sock = super().connect(way)
        try:
            pgwire.talk(sock, pgwire.hello(user, DATABASE))
            pgwire.talk(sock, pgwire.prepare(name, sql))
        except BaseException:
            sock.close()
            raise
        return sock

    def move(self, number: int, at: Point) -> bytes:
        """A transaction of its own."""
        return pgwire.execute(_MOVE, _binary(at), b"%d" % number)

    def moved(self) -> Callable[[bytes], int]:
        """One row for each."""
        return pgwire.Updates()

    def search(self, at: Point) -> bytes:
        """The statement around a place."""
        return pgwire.execute(_STATEMENT, _binary(at))

    def reader(self) -> Answers:
        """Rows."""
        return pgwire.Rows()

    def found(self, answer: bytes) -> list[int]:
        """One in each row."""
        return [int(name) for name in pgwire.column(answer)]


def statement(limit: int) -> str:
    """The nearest within the radius, around its parameter."""
    return (
        f"SELECT name FROM people WHERE ST_DWithin(place, $1::geography, {RADIUS_M:g}, false) "  # noqa: S608 -- two numbers
        f"ORDER BY place <-> $1::geography LIMIT {limit:d}"
    )


def _binary(at: Point) -> bytes:
    return struct.pack("<bIIdd", 1, _POINT, _SRID, at[1], at[0])


def _rows(points: Sequence[Point]) -> Iterator[bytes]:
    return (b"%d\tSRID=%d;POINT(%.7f %.7f)\n" % (number, _SRID, lng, lat) for number, (lat, lng) in enumerate(points, 1))


def _nobody() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def unprivileged() -> list[str]:
    """What comes before a command so that it does not run as root; it ends with this process, which a change of user undoes."""
    if os.geteuid():
        return []
    user, group = _nobody()
    return ["setpriv", "--reuid", str(user), "--regid", str(group), "--clear-groups", "--pdeathsig", "KILL"]


@cache
def _programs() -> Path | None:
    """Where PostgreSQL's programs are, of the newest version that has PostGIS."""
    found = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parts[-2].zfill(3), reverse=True)
    for programs in [*debian, *([Path(found).resolve().parent] if found else [])]:
        if (programs / "postgres").exists() and has_postgis(programs):
            return programs
    return None


def has_postgis(programs: Path) -> bool:
    """Whether the PostgreSQL with these programs has the extension."""
    try:
        told = subprocess.run([programs / "pg_config", "--sharedir"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return (Path(told.stdout.strip()) / "extension" / "postgis.control").exists()
