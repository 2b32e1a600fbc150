from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
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
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    yield
    logging.raiseExceptions = raising
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


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


ODD: dict[str, logging.LogRecord] = {
    "a surrogate in the message": record("half \ud83d"),
    "a surrogate in an argument": record("half %s", "\udcff"),
    "a surrogate in an extra": record("x", detail="half \udcff"),
    "a surrogate in an extra's name": record("x", **{"half \udcff": 1}),
    "a large number": record("x", count=2**64),
    "a small number": record("x", count=-(2**64)),
    "an argument too few": record("%s and %s", 1),
    "an argument of another kind": record("%d", "one"),
    "a value without words": record("%s", Unspeakable()),
    "an extra without words": record("x", detail=Unspeakable()),
    "a message without words": record(Unspeakable()),  # type: ignore[arg-type]  # what logging takes too
}


@pytest.mark.parametrize("odd", ODD)
def test_no_line_is_lost_over_what_is_in_it(odd: str) -> None:
    json.loads(logs.JsonFormatter().format(ODD[odd]).encode())
    assert logs.TextFormatter(colours=False).format(ODD[odd]).encode()
    assert logs.RateLimit().filter(ODD[odd])


@pytest.mark.parametrize("error", [ValueError(f"bad \udcff token={TOKEN}"), Unspeakable(f"\udcff token={TOKEN}")])
def test_no_stack_is_lost_over_what_is_in_it(error: Exception) -> None:
    made = record()
    try:
        raise error
    except Exception:
        made.exc_info = sys.exc_info()
    line = json.loads(logs.JsonFormatter().format(made).encode())
    text = logs.TextFormatter(colours=False).format(made).encode().decode()
    for stack in (line["error.stack_trace"], text):
        assert type(error).__name__ in stack
        assert TOKEN not in stack
    assert TOKEN not in line["error.message"]


def test_a_stream_that_takes_nothing_is_not_complained_about(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.setup(Settings({}), stream, {})
    stream.close()
    logging.getLogger("fwber_rt.any").warning("into the void")
    assert capsys.readouterr().err == ""


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


def test_a_flood_of_a_library_is_cut_whatever_is_in_its_messages() -> None:
    """asyncio writes the addresses of objects into what it reports."""
    limit, stream = logs.RateLimit(lambda: 100.0), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(limit)
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    loop = asyncio.new_event_loop()
    try:
        for n in range(300):
            context = {"message": "Fatal error on transport", "transport": f"<Transport at {n:#x}>", "exception": OSError()}
            loop.default_exception_handler(context)
        loop.default_exception_handler({"message": "Fatal error on transport", "exception": ValueError()})
    finally:
        logger.removeHandler(handler)
        loop.close()
    assert stream.getvalue().count("Fatal error") == logs.LINES_PER_SECOND + 1  # the other exception has lines of its own
    assert limit.total == 290


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
