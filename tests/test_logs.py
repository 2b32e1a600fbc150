from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from fwber_rt import logs
from fwber_rt.core.settings import Settings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def record(message: str = "hello %s", *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.getLogger("fwber_rt.test").makeRecord("fwber_rt.test", 20, "f", 1, message, args, None, extra=extra)
    made.created = 1_800_000_000.1234
    return made


def test_json_lines_follow_the_common_schema() -> None:
    line = json.loads(logs.JsonFormatter().format(record("op %s took long", "x", op="room.join", count=3, why=None)))
    assert line["@timestamp"] == "2027-01-15T08:00:00.123Z"
    assert (line["log.level"], line["message"], line["log.logger"]) == ("info", "op x took long", "fwber_rt.test")
    assert line["fwber_rt"] == {"op": "room.join", "count": 3, "why": None}
    assert {"ecs.version", "service.name", "service.version", "process.pid"} <= set(line)


def failing(formatter: logging.Formatter) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise RuntimeError(f"bad token={TOKEN}\nat lat=31.57432")
    except RuntimeError:
        logger.exception("it failed")
    return stream.getvalue()


def test_exceptions_in_json_are_one_redacted_line() -> None:
    text = failing(logs.JsonFormatter())
    assert text.count("\n") == 1
    line = json.loads(text)
    assert line["error.type"] == "RuntimeError"
    assert "in failing" in line["error.stack_trace"]
    assert TOKEN not in text
    assert "31.57432" not in text


def test_exceptions_in_text_are_redacted() -> None:
    text = failing(logs.TextFormatter(colours=False))
    assert "RuntimeError" in text
    assert TOKEN not in text
    assert "31.57432" not in text


def test_text_is_coloured_on_a_terminal_only() -> None:
    plain = logs.TextFormatter(colours=False).format(record("hello", op="x"))
    assert plain.endswith("INFO     hello op=x")
    assert "\x1b" not in plain
    assert "\x1b[32mINFO" in logs.TextFormatter(colours=True).format(record("hello"))


@pytest.mark.parametrize(
    ("choice", "terminal", "environ", "json_expected", "colours"),
    [
        ("auto", True, {}, False, True),
        ("auto", False, {}, True, False),
        ("text", False, {}, False, False),
        ("json", True, {}, True, False),
        ("auto", True, {"NO_COLOR": "1"}, False, False),
        ("auto", True, {"NO_COLOR": ""}, False, True),
        ("auto", True, {"TERM": "dumb"}, False, False),
    ],
)
def test_the_format_fits_where_it_goes(
    choice: str, terminal: bool, environ: dict[str, str], json_expected: bool, colours: bool
) -> None:
    found = logs.formatter(choice, terminal, environ)
    assert isinstance(found, logs.JsonFormatter) is json_expected
    assert getattr(found, "colours", False) is colours


@pytest.mark.parametrize(
    "secret",
    [
        f"Authorization: Bearer {TOKEN}",
        f'{{"op":"connect","d":{{"token":"{TOKEN}"}}}}',
        "token=abcdefgh12345678",
        'resume {"session":"7.hunter2hunter2"}',
        "password: hunter2hunter2",
        "Basic hunter2hunter2",
        "moved to 31.57432, 120.30156",
        "(31.57432;120.30156)",
        '{"lat":31.57432,"lng":-120.30156}',
        '{\\"lat\\": 31.57432}',
        "lat=31.57432 lng=120.30156",
        "latitude 31.57432",
        "accuracy_m: 31.57432",
    ],
)
def test_no_position_and_no_token_is_written(secret: str) -> None:
    for formatter in (logs.JsonFormatter(), logs.TextFormatter(colours=False)):
        for made in (record(secret), record("%s", secret), record("x", detail=secret), record("x", detail=[secret])):
            text = formatter.format(made)
            for canary in (TOKEN, "hunter2", "31.574", "120.30", "abcdefgh12345678"):
                assert canary not in text


@pytest.mark.parametrize("name", ["lat", "lng", "token", "session", "password", "location", "Authorization"])
def test_extras_with_private_names_are_blanked(name: str) -> None:
    text = logs.JsonFormatter().format(record("x", **{name: 31.57432}))
    assert "31.57432" not in text
    assert name in text


@pytest.mark.parametrize(
    "harmless",
    ["listening on http://127.0.0.1:8080", "commit took 0.4 ms, 12 effects", "2 of 3 clients in 1.5 s", "cell 8831aa5555fffff"],
)
def test_ordinary_lines_stay_whole(harmless: str) -> None:
    assert logs.redact(harmless) == harmless


def test_a_flood_of_one_template_is_cut_and_counted() -> None:
    now = [100.0]
    limit = logs.RateLimit(lambda: now[0])
    passed = [limit.filter(record("client %d is bad", n)) for n in range(50)]
    assert passed == [True] * logs.LINES_PER_SECOND + [False] * 40
    assert limit.filter(record("another template"))
    assert limit.total == 40
    now[0] += 0.999
    assert not limit.filter(record("client %d is bad", 50))
    now[0] += 0.001
    after = record("client %d is bad", 51)
    assert limit.filter(after)
    assert logs.TextFormatter(colours=False).format(after).endswith("client 51 is bad (41 more like it were not written)")
    again = record("client %d is bad", 52)
    assert limit.filter(again)
    assert "more like it" not in logs.TextFormatter(colours=False).format(again)


def test_the_limiters_memory_is_bounded() -> None:
    now = [0.0]
    limit = logs.RateLimit(lambda: now[0])
    for n in range(3 * logs.TEMPLATES):
        now[0] += 0.0001
        limit.filter(record(f"template {n}"))
    assert len(limit._seen) <= logs.TEMPLATES


def test_setup_and_reload() -> None:
    stream = io.StringIO()
    limit = logs.setup(Settings({"log.format": "json"}), stream, {})
    logger = logging.getLogger("fwber_rt.any")
    logger.debug("unseen")
    for _ in range(12):
        logger.info("seen")
    logs.set_level(Settings({"log.level": "debug"}))
    logger.debug("seen now")
    lines = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert lines == ["seen"] * 10 + ["seen now"]
    assert limit.total == 2
    logs.setup(Settings({}), terminal := Terminal(), {})
    logger.warning("on a terminal")
    assert "\x1b[33mWARNING" in terminal.getvalue()
    assert len(stream.getvalue().splitlines()) == 11
