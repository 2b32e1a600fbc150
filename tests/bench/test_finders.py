"""Peers that find people: those that are here name the nearest, over either socket; those that are not are named."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import geosearch, places, populated
from bench.geosearch import Asked
from bench.peers import pgwire, postgis
from bench.peers.finder import TCP, UNIX, Finder
from bench.peers.postgis import DATABASE, OWNER, Postgis
from bench.places import RESOLUTION, Point
from bench.report import Unmeasurable
from bench.searches import RADIUS_M, Searches, Truth

HERE = [kind for kind in geosearch.FINDERS if not kind.missing()]
PEOPLE, LIMIT = 3000, 5


@pytest.fixture(scope="module", params=HERE, ids=lambda kind: kind.NAME)
def finder(request: pytest.FixtureRequest) -> Iterator[Finder]:
    with request.param(LIMIT) as peer:
        peer.fill(list(populated.positions(PEOPLE)))
        yield peer


def _ask(finder: Finder, sock: socket.socket, at: Point) -> list[int]:
    sock.sendall(finder.search(at))
    reader = finder.reader()
    while (answer := reader.feed(sock.recv(4096))) is None:
        pass
    return finder.found(answer)


@pytest.mark.parametrize("way", [UNIX, TCP])
def test_a_finder_that_is_here_names_the_nearest(finder: Finder, way: str) -> None:
    points = list(populated.positions(PEOPLE))
    truth = Truth(points, RESOLUTION)
    with finder.connect(way) as sock:
        for at in (places.CITY, *points[:20]):
            assert truth.check_found(at, _ask(finder, sock, at), LIMIT, RADIUS_M) > 0


@pytest.mark.parametrize("way", [UNIX, TCP])
def test_it_is_asked_one_after_the_other_and_on_all_connections_at_once(finder: Finder, way: str) -> None:
    with finder.connect(way) as one, finder.connect(way) as other:
        searches = Searches.of([one, other], [lambda: finder.search(places.CITY)] * 2, finder.reader)
        assert len(searches.alone(0)) == 1
        assert searches.rate(0)[0] > 0
        assert searches.count > 1


def test_nobody_is_found_where_nobody_is(finder: Finder) -> None:
    with finder.connect(UNIX) as sock:
        assert _ask(finder, sock, (0.0, 0.0)) == []


def test_over_tcp_people_are_read_and_nothing_else(finder: Finder) -> None:
    if isinstance(finder, Postgis):
        with Finder.connect(finder, TCP) as sock, pytest.raises(Unmeasurable, match="no pg_hba.conf entry"):
            pgwire.talk(sock, pgwire.hello(OWNER, DATABASE))
        for forbidden in ("DELETE FROM people", "COPY people TO PROGRAM 'cat'", "CREATE TABLE more (name text)"):
            with finder.connect(TCP) as sock, pytest.raises(Unmeasurable, match="permission denied|must be superuser"):
                pgwire.talk(sock, pgwire.query(forbidden))


def test_an_absent_finder_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in geosearch.FINDERS:
        monkeypatch.setattr(kind, "missing", classmethod(lambda cls: False))
    assert [note.split()[2] for note in geosearch.absent()] == ["tile38"]
    monkeypatch.setattr(Postgis, "missing", classmethod(lambda cls: True))
    assert geosearch.absent()[0] == (
        "not measured: postgis is not on this machine; to get it: apt install postgresql-15-postgis-3"
    )


def test_without_redis_its_bars_have_no_figures() -> None:
    ours = {geosearch.OURS: [0.001]}
    assert [bar.measured for bar in geosearch.bars(ours, ours)] == [False, False]
    redis = {**ours, geosearch.REDIS: [0.004]}
    assert [bar.figure for bar in geosearch.bars(redis, redis)] == [4, 0.25]


def test_a_finder_that_names_nobody_has_no_figures() -> None:
    silent = Searches([], [], [], samples=[(0, b""), (1, b"")])
    with pytest.raises(Unmeasurable, match="Nobody's: nobody was found"):
        geosearch.check("Nobody's", Asked(silent, lambda truth, at, answer: 0, 3), Truth([], RESOLUTION), [places.CITY] * 2)


def test_postgis_is_there_when_its_files_are(tmp_path: Path) -> None:
    assert not postgis.has_postgis(tmp_path)
    program = tmp_path / "pg_config"
    program.write_text(f"#!/bin/sh\necho {tmp_path}\n", encoding="ascii")
    program.chmod(0o755)
    assert not postgis.has_postgis(tmp_path)
    (tmp_path / "extension").mkdir()
    (tmp_path / "extension" / "postgis.control").touch()
    assert postgis.has_postgis(tmp_path)


def test_postgresql_never_runs_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgis.unprivileged() == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    words = postgis.unprivileged()
    assert words[0] == "setpriv" and words[words.index("--reuid") + 1] != "0"
