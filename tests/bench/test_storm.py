"""Clients who come in at once, against the real server and against some that are no use."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench import crowd
from bench.door import Door, trusting
from bench.harness import OurServer, free_port
from bench.storm import Storm
from tests import certificates
from tests.bench.dumb import Answer, Dumb, replies, silence, upgrades


def _in(storm: Storm, count: int) -> None:
    for place in range(count):
        storm.begin(place)
    end = time.monotonic() + 10
    while storm.under_way and time.monotonic() < end:
        storm.pump(0.05)


@pytest.mark.parametrize("secure", [False, True])
def test_everybody_gets_in_as_who_they_are(secure: bool, tmp_path: Path) -> None:
    certificate = certificates.write(tmp_path) if secure else None
    with OurServer(certificate=certificate) as server:
        people = crowd.guests(server.door, 12)
        storm = Storm(server.door, lambda place: {"token": people[place].token, "client": "test/1"})
        _in(storm, 12)
        assert sorted(each.place for each in storm.entered) == list(range(12))
        assert all(each.ok()["user"]["user"] == people[each.place].user for each in storm.entered)
        assert all(each.due == each.began < each.ended for each in storm.entered)
        each = storm.entered[0]
        each.socket.sock.settimeout(5)
        assert "server_time" in each.socket.call("ping", {})  # its requests go on after the one for `connect`
        crowd.close([each.socket for each in storm.entered])
        storm.close()


def test_a_wrong_token_and_a_closed_port_have_names() -> None:
    with OurServer() as server:
        storm = Storm(server.door, lambda place: {"token": "nobody's", "client": "test/1"})
        _in(storm, 2)
        assert [failed.why for failed in storm.failed] == ["token.invalid"] * 2
        storm.close()
    storm = Storm(Door(free_port()), lambda place: {})
    _in(storm, 2)
    assert [failed.why for failed in storm.failed] == ["ECONNREFUSED"] * 2
    storm.close()


def test_tls_that_is_not_trusted_or_not_there_has_a_name(tmp_path: Path) -> None:
    with OurServer(certificate=certificates.write(tmp_path)) as server:
        storm = Storm(Door(server.port, tls=trusting()), lambda place: {})
        _in(storm, 1)
        assert [failed.why for failed in storm.failed] == ["SSLCertVerificationError"]
        storm.close()
    storm = Storm(Door(free_port(), tls=trusting()), lambda place: {})
    _in(storm, 1)
    assert [failed.why for failed in storm.failed] == ["ECONNREFUSED"]
    storm.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (silence, "unanswered"),
        (upgrades, "unanswered"),
        (replies("rate.limited"), "rate.limited"),
        (lambda request: b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP 503"),
    ],
)
def test_what_somebody_met_is_said(answer: Answer, why: str) -> None:
    with Dumb(answer) as server:
        storm = Storm(Door(server.port), lambda place: {}, patience=0.1)
        _in(storm, 3)
        assert storm.entered == []
        assert [failed.why for failed in storm.failed] == [why] * 3
        assert all(failed.began < failed.ended for failed in storm.failed)
        storm.close()


def test_whoever_is_on_the_way_when_it_ends_is_unanswered() -> None:
    with Dumb(silence) as server:
        storm = Storm(Door(server.port), lambda place: {})
        storm.begin(0, due=1.0)
        storm.close()
        assert [(failed.place, failed.why, failed.due) for failed in storm.failed] == [(0, "unanswered", 1.0)]
