"""What ``bench idle`` says of its connections is what the server said: in seven hexagons and a room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import pytest

from bench import crowd, everything, idle, places
from bench.__main__ import main
from bench.idle import Heard
from bench.report import UNMEASURED, Unmeasurable

HERE = places.around(0)[0]
STREAMS = [f"cell:{cell:x}" for cell in (*h3.grid_disk(HERE, 1), h3.cell_to_parent(HERE, 7), h3.cell_to_parent(HERE, 5))]


def _heard(*streams: str) -> Heard:
    heard = Heard(1)
    heard.told(0, "connect", {"streams": {name: {} for name in ("user:1", *streams)}})
    return heard


def test_streams_are_those_of_all_answers() -> None:
    heard = _heard(*STREAMS[:3], "cell:8a2a1072b59ffff")
    heard.told(0, "location.update", {"entered": [{"s": name} for name in STREAMS[3:]], "left": ["cell:8a2a1072b59ffff"]})
    heard.told(0, "room.join", {"s": "room:1"})
    assert heard.check() == "a room"
    heard.told(0, "room.create", {"s": "room:2"})
    assert heard.check() == "up to 2 rooms"


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ([*STREAMS[1:], "room:1"], "in 6 hexagons and 1 rooms"),
        (STREAMS, "in 7 hexagons and 0 rooms"),
        (["room:1"], "in 0 hexagons and 1 rooms"),
    ],
)
def test_whoever_is_in_less_is_no_measure(streams: list[str], said: str) -> None:
    with pytest.raises(Unmeasurable, match=said):
        _heard(*streams).check()


def _run(tmp_path: Path) -> int:
    return main(["idle", *everything.words("idle", tmp_path, tiny=True), "--connections", "10", "--quiet", "0"])


def test_connections_that_joined_no_room_have_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr(crowd, "_ask", _leaving_out("room.join", crowd._ask))
    assert _run(tmp_path) == UNMEASURED
    assert "9 connections are in 7 hexagons and 0 rooms" in capsys.readouterr().err


def _leaving_out(op: str, ask: Any) -> Any:
    return lambda those, requests, told: ask(those, [one if one and one[0] != op else None for one in requests], told)


def test_connections_that_left_meanwhile_have_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    def leave(sockets: list[Any], seconds: float) -> int:
        sockets[1].call("location.clear", {})
        return 0

    monkeypatch.setattr(idle, "tend", leave)
    assert _run(tmp_path) == UNMEASURED
    assert "no longer in the hexagons" in capsys.readouterr().err
