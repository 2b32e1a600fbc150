from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType, field

from fwber_rt import features
from fwber_rt.core.effects import Effects
from fwber_rt.errors import Refused
from fwber_rt.registry import Command
from fwber_rt.transport.rest import NEVER_IN_URL, Route, routes

Id = Annotated[str, Meta(pattern="^[0-9]+$", description="an id")]


class Inner(Struct):
    n: int


class Request(Struct):
    room: Id
    kind: Literal["a", "b"] = "a"
    size: Annotated[int, Meta(ge=1, description="metres")] | None = None
    names: Annotated[list[Annotated[str, Meta(max_length=3, description="a name")]], Meta(max_length=2)] | UnsetType = UNSET
    numbers: frozenset[int] = frozenset()
    inner: Inner | None = None
    both: str | list[str] = ""
    lat: float = 0.0
    from_: int = field(name="from", default=0)


def handler(*_: object) -> Effects:
    raise AssertionError("decoding calls nothing")


def route(text: str, request: type[Any] = Request) -> Route:
    return Route(Command("op", request, handler, Inner, http=text), text)


GET = route("GET /rooms/{room}")
POST = route("POST /rooms/{room}")


def refusal(
    route: Route, query: list[tuple[str, str]] | None = None, body: bytes = b"", room: str = "1"
) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        route.decode({"room": room}, query or [], body)
    return caught.value.error.name, caught.value.field


def test_fields_stand_where_the_method_puts_them() -> None:
    assert GET.path_fields == POST.path_fields == ("room",)
    assert GET.query_fields == {"kind": False, "size": False, "names": True, "numbers": True, "both": True, "from": False}
    assert POST.query_fields == {}
    assert POST.has_body
    assert not GET.has_body


def test_a_query_becomes_typed() -> None:
    query = [("kind", "b"), ("size", "5"), ("names", "x,y"), ("numbers", "1"), ("numbers", "2,1"), ("from", "7"), ("else", "1")]
    request = GET.decode({"room": "1"}, query, b"")
    assert request == Request("1", "b", 5, ["x", "y"], frozenset({1, 2}), from_=7)


def test_a_body_becomes_typed_and_the_path_wins() -> None:
    request = POST.decode({"room": "1"}, [], b'{"room":"2","inner":{"n":3},"lat":1.5,"from":4,"else":[1]}')
    assert request == Request("1", inner=Inner(3), lat=1.5, from_=4)
    assert POST.decode({"room": "1"}, [("kind", "b")], b"") == Request("1"), "a POST's query is not read"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ([("kind", "c")], "kind"), ([("size", "0")], "size"), ([("size", "x")], "size"), ([("size", "1e400")], "size"),
        ([("names", "a,b,c")], "names"), ([("names", "long")], "names[0]"), ([("numbers", "x")], "numbers[0]"),
        ([("kind", "a"), ("kind", "a")], "kind"), ([("kind", "\ud800")], "kind"), ([("from", "")], "from"),
        ([("lat", "1")], "lat"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(query: list[tuple[str, str]], place: str) -> None:
    assert refusal(GET, query) == ("field.invalid", place)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"inner":{}}', ("field.invalid", "inner.n")), (b'{"inner":{"n":"x"}}', ("field.invalid", "inner.n")),
        (b'{"lat":NaN}', ("frame.bad", None)), (b'{"lat":1e999}', ("field.invalid", "lat")), (b'"x"', ("field.invalid", None)),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_body_is_named(body: bytes, answer: tuple[str, str | None]) -> None:
    assert refusal(POST, body=body) == answer


def test_a_bad_path_is_named_on_both_sides() -> None:
    assert refusal(GET, room="x") == refusal(POST, room="x") == ("field.invalid", "room")
    assert refusal(POST, room="\ud800")[0] == refusal(GET, room="\ud800")[0] == "field.invalid"


@pytest.mark.parametrize("name", sorted(NEVER_IN_URL))
def test_personal_and_secret_fields_are_refused_in_any_url(name: str) -> None:
    assert refusal(POST, [(name, "1")]) == refusal(GET, [(name, "1")]) == ("field.invalid", name)


@given(
    st.binary(max_size=64), st.lists(st.tuples(st.sampled_from(["kind", "size", "names", "x"]), st.text(max_size=8)), max_size=4)
)
@example(b"[" * 100_000, [])
@example(b'{"x":' * 50_000, [])
@example(b'{"room":"\xff"}', [("kind", "\udfff")])
@example(b'{"inner":{"n":' + b"9" * 5_000 + b"}}", [("size", "9" * 5_000)])
def test_nothing_but_refused_is_ever_raised(body: bytes, query: list[tuple[str, str]]) -> None:
    for each in (GET, POST):
        with suppress(Refused):
            each.decode({"room": "1"}, query, body)


class NeedsPoint(Struct):
    lat: float


class Listed(Struct, array_like=True):
    room: str


class Numbered(Struct):
    room: int


@pytest.mark.parametrize(
    ("text", "request_type", "complaint"),
    [
        ("GET /near", NeedsPoint, "POST"), ("FETCH /x", Request, "METHOD"), ("GET", Request, "METHOD"),
        ("GET x", Request, "METHOD"),
        ("GET /rooms/{other}", Request, "other"), ("GET /rooms/{room}", Numbered, "room"), ("GET /rooms", Listed, "object"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_work_stops_the_start(text: str, request_type: type[Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        route(text, request_type)


def test_every_declared_route_works() -> None:
    found = routes(features.registry())
    assert len({(each.method, each.path) for each in found}) == len(found)
    assert len(found) >= 20
