"""Benches against a server they did not start: on a port of its own, with TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import crowd, everything, idle
from bench.__main__ import main, parser
from bench.harness import OurServer
from bench.report import HELD, MISSED, UNMEASURED
from bench.server import target_words
from tests import certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.write(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(certificate: Path) -> Iterator[OurServer]:
    with OurServer({"session.ping_s": "1e9"}, certificate=certificate) as server:
        yield server


def _run(name: str, directory: Path, server: OurServer, *more: str) -> tuple[int, dict[str, Any]]:
    out = directory / "report.json"
    words = everything.words(name, directory, tiny=True)
    status = main([name, *words, "--target", server.url, "--json", str(out), *more])
    return status, json.loads(out.read_text()) if out.exists() else {}


@pytest.mark.parametrize("name", ["fanout", "cells"])
def test_a_flood_over_tls(name: str, tmp_path: Path, server: OurServer, certificate: Path) -> None:
    status, report = _run(name, tmp_path, server, "--ca", str(certificate))
    assert status == HELD
    for window in ("1", "8"):
        assert report["figures"]["windows"][window]["per_second"] > 100
        used = report["figures"]["usage"][f"W={window}"]
        assert used["resident_bytes"] > 2**20  # as /metrics says
        assert used["others_share"] is None  # of a core that is not known
    assert server.url in report["notes"][0]


def test_open_loops_over_tls(tmp_path: Path, server: OurServer) -> None:
    status, report = _run("calibrate", tmp_path, server, "--insecure", "--target-pid", str(server.pid), "--kinds", "mixed")
    assert status in (HELD, MISSED)
    assert report["figures"]["mixed"]["per_second"] > 100
    assert report["figures"]["mixed"]["usage"]["loop_lag_p99_s"] > 0


def test_idle_connections_over_tls(tmp_path: Path, server: OurServer) -> None:
    _, report = _run("idle", tmp_path, server, "--insecure", "--target-pid", str(server.pid))
    assert report["figures"]["connections"] == 120
    assert report["bars"][0]["limit"] == idle.TLS_LIMIT_KIB


def test_idle_connections_have_no_figure_where_others_have_left_memory_for_them(tmp_path: Path) -> None:
    with OurServer({"session.ping_s": "1e9"}) as server:
        status, first = _run("idle", tmp_path, server, "--target-pid", str(server.pid))
        assert status in (HELD, MISSED) and first["figures"]["kib_per_connection"] > 1
        assert first["bars"][0]["limit"] == idle.LIMIT_KIB
        status, second = _run("idle", tmp_path, server, "--target-pid", str(server.pid))
    assert status == UNMEASURED and second["figures"]["kib_per_connection"] is None
    assert "the target has had 120 connections" in second["notes"][1]


def test_accounts_in_place_of_guests(tmp_path: Path, server: OurServer) -> None:
    people = crowd.guests(server.door, 20)
    file = tmp_path / "tokens"
    file.write_text("\n".join(f"{guest.token} {guest.user}" for guest in people))
    more = ["--insecure", "--kinds", "moving", "--tokens", str(file)]
    status, report = _run("calibrate", tmp_path, server, *more)
    assert status in (HELD, MISSED)
    assert report["figures"]["moving"]["per_second"] > 100


def test_what_a_target_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OurServer(limits=None) as strict:
        assert _run("calibrate", tmp_path, strict, "--people", "100")[0] == UNMEASURED
        said = capsys.readouterr().err
        assert "HTTP 429 rate.limited; its limits are too low" in said and "bench/limits.toml" in said
    with OurServer() as lively:
        assert _run("fanout", tmp_path, lively)[0] == UNMEASURED
        assert "session.ping_s=1e9" in capsys.readouterr().err
    with OurServer({"auth.guests": "false"}) as closed:
        assert _run("idle", tmp_path, closed)[0] == UNMEASURED
        assert "auth.guests = true, or give accounts with --tokens" in capsys.readouterr().err


def test_all_that_can_measure_a_target_do_and_the_others_are_named(
    tmp_path: Path, server: OurServer, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    out = tmp_path / "report.json"
    target = ["--target", server.url, "--insecure", "--target-pid", str(server.pid), "--patience", "9"]
    assert main(["all", "--tiny", "--only", "locations", "nearby", "idle", "replay", *target, "--json", str(out)]) == HELD
    first, locations = json.loads(out.read_text())
    assert (first["bench"], locations["bench"]) == ("idle", "locations")
    assert all(server.url in report["notes"][0] for report in (first, locations))
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "left out: it starts what it measures" in line]
    assert [row[0] for row in rows] == ["nearby", "replay"]


def test_all_against_no_target_of_theirs_measure_nothing(
    tmp_path: Path, server: OurServer, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert main(["all", "--tiny", "--only", "nearby", "scale", "--target", server.url, "--insecure"]) == UNMEASURED
    assert "none takes a --target: nearby, scale" in capsys.readouterr().err
    assert main(["all", "--tiny", "--target", server.url]) == UNMEASURED
    assert capsys.readouterr().err.count("--ca FILE, or --insecure") == 1


def test_a_target_is_named_to_another_bench_as_it_was_given() -> None:
    words = ["--target", "https://[::1]:8443", "--target-pid", "7", "--ca", "ca.pem", "--tokens", "tokens", "--patience", "3.5"]
    for more in ([], ["--insecure", "--i-own-this-server", "--target-metrics", "http://127.0.0.1:9/metrics"]):
        given = parser().parse_args(["idle", *words, *more])
        assert parser().parse_args(["idle", *target_words(given)]) == given
    assert target_words(parser().parse_args(["idle"])) == []


def test_a_certificate_nobody_vouches_for_is_said_so(
    tmp_path: Path, server: OurServer, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert _run("idle", tmp_path, server)[0] == UNMEASURED
    assert "--ca FILE, or --insecure" in capsys.readouterr().err
