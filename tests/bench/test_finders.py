"""Peers that find people: those that are here name the nearest, over either socket; those that are not are named."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import geosearch, places, populated
from bench.geosearch import Asked, Timed, Town
from bench.moves import BEHIND, Moves, Taken, Way
from bench.peers import pgwire, postgis
from bench.peers.finder import TCP, UNIX, Finder
from bench.peers.postgis import DATABASE, OWNER, Postgis
from bench.places import RESOLUTION, Point
from bench.report import Unmeasurable
from bench.searches import RADIUS_M, Searches
from bench.tellers import AtOnce, Line
from bench.truth import Truth

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


def _settle(line: Line) -> None:
    while line.outstanding:
        line.hear()


def _move(finder: Finder, number: int, at: Point) -> None:
    with finder.mover() as sock:
        line = Line(sock, lambda person, at: finder.move(number, at), finder.moved())
        line.tell(0, at, 0.0)
        _settle(line)
        assert len(line.waits) == 1


def test_whoever_is_moved_is_found_where_they_are_now(finder: Finder) -> None:
    far, first = places.centre(places.around(40)[-1]), next(iter(populated.positions(1)))
    with finder.connect(UNIX) as asker:
        _move(finder, 1, far)
        assert _ask(finder, asker, far) == [1]
        _move(finder, 1, first)
        assert _ask(finder, asker, far) == []


def test_a_move_of_somebody_who_is_not_there_is_none(finder: Finder) -> None:
    with pytest.raises(Unmeasurable, match="UPDATE 0|:0"):
        _move(finder, PEOPLE + 1, places.CITY)


@pytest.mark.parametrize("takes", [True, False])
def test_answers_are_checked_while_people_move_and_when_they_have_come_to_rest(finder: Finder, takes: bool) -> None:
    points = list(populated.positions(PEOPLE))
    here, north = places.CITY, (places.CITY[0] + 0.0001, places.CITY[1])
    way, elsewhere = Way.along([here, north]), ((0.0, 0.001 * n) for n in itertools.count())
    _move(finder, 1, here)
    with finder.mover() as sock, finder.connect(UNIX) as one:
        line = Line(sock, lambda person, at: finder.move(1, at if takes else next(elsewhere)), finder.moved())
        searches = Searches.of([one], [lambda: finder.search(here)], finder.reader)
        verify = lambda truth, at, answer, ways: truth.check_found(at, finder.found(answer), LIMIT, RADIUS_M, ways)  # noqa: E731
        asked = Asked(searches, verify, 1, Moves([way], 200.0, line), [1])
        asked.time(0.1)
        assert asked.alone.acked > 0 and asked.at_once.due > 5
        town, truth = Town(points, [here], [way], 200.0), Truth([(0.0, 0.0), *points[1:]], RESOLUTION)
        if takes:
            assert geosearch.check("it", asked, truth, town) == 2
        else:
            with pytest.raises(Unmeasurable, match="somebody who moves was left out"):
                geosearch.check("it", asked, truth, town)
    _move(finder, 1, points[0])


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
    ours = {geosearch.OURS: _timed(0.001, 4000.0)}
    assert [bar.measured for bar in geosearch.bars(ours)] == [False, False]
    assert [bar.figure for bar in geosearch.bars({**ours, geosearch.REDIS: _timed(0.004, 1000.0)})] == [4, 4]


NONE = Taken()


def _timed(wait: float, rate: float, *, alone: Taken = NONE, at_once: Taken = NONE) -> Timed:
    return Timed.of(
        Asked(Searches([], [], []), lambda *_: 0, 0, _still(), [], 0, [wait], [rate], alone=alone, at_once=at_once)
    )  # fmt: skip


def _still() -> Moves:
    return Moves([], 0, AtOnce(lambda person, at: None))


KEPT, BEHIND_ALL = Taken(1.0, 100, 100, 100, 100), Taken(1.0, 100, 90, 100, round(100 - BEHIND) - 1)


def test_who_does_not_take_the_moves_has_no_figure() -> None:
    ours = {geosearch.OURS: _timed(0.001, 4000.0, alone=KEPT, at_once=KEPT)}
    late = _timed(0.004, 1000.0, alone=BEHIND_ALL, at_once=KEPT)
    assert (late.waits, late.rates) == ((), [1000.0])
    assert [bar.measured for bar in geosearch.bars({**ours, geosearch.REDIS: late})] == [False, True]
    assert "fell behind" in geosearch._row("Redis", late, ours[geosearch.OURS])
    assert late.figures()["moves_late"] == [pytest.approx(BEHIND + 1), 0]
    busy = _timed(0.004, 1000.0, alone=KEPT, at_once=BEHIND_ALL)
    assert [bar.measured for bar in geosearch.bars({**ours, geosearch.REDIS: busy})] == [True, False]
    with pytest.raises(Unmeasurable, match="ours did not take the moves: 0.0 / 6.0 %"):
        geosearch.bars({geosearch.OURS: busy})


def test_a_finder_that_names_nobody_has_no_figures() -> None:
    silent = Searches([], [], [], samples=[(0, b""), (1, b"")])
    asked, town = Asked(silent, lambda *_: 0, 3, _still(), []), Town([], [places.CITY] * 2, [], 0)
    with pytest.raises(Unmeasurable, match="Nobody's: nobody was found"):
        geosearch.check("Nobody's", asked, Truth([], RESOLUTION), town)


class _Owing(AtOnce):
    outstanding = 1


def test_whoever_owes_moves_is_not_expected_to_have_come_to_rest() -> None:
    way = Way.along([places.CITY])
    searches = Searches([], [], [], samples=[(0, b"")])  # who is asked again has no connection
    town, truth = Town([], [places.CITY], [way], 1.0), Truth([], RESOLUTION)
    owing, done = (Moves([way], 1.0, kind(lambda person, at: None)) for kind in (_Owing, AtOnce))
    assert geosearch.check("it", Asked(searches, lambda *_: 1, 3, owing, [1]), truth, town) == 1
    with pytest.raises(IndexError):
        geosearch.check("it", Asked(searches, lambda *_: 1, 3, done, [1]), truth, town)


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
