from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from fwber_rt import features
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.errors import CLOSE_HELP, CONFLICT, ERRORS
from fwber_rt.registry import Command, Feature, PushSpec, Query, Registry, routes_of
from fwber_rt.transport.openapi import describe, encode

Json = dict[str, Any]


class Inner(Struct):
    """Several

    lines.
    """

    cell: Annotated[str, Meta(pattern=r"^[0-9a-f]{15}\Z")]


class Send(Struct):
    room: Annotated[str, Meta(description="which")]
    text: str
    inner: Inner | None = None


class Find(Struct):
    tags: list[str] = []
    lat: float | None = None


class Reply(Struct):
    ok: bool


def handler(*_: object) -> Effects:
    raise AssertionError("nothing is called to describe it")


async def query_handler(*_: object) -> None:
    raise AssertionError("nothing is called to describe it")


TRIAL = Registry(
    [
        Feature(
            "trial",
            commands=[
                Command(
                    "send", Send, handler, Reply, http="POST /rooms/{room}", durable=True, errors=(CONFLICT,), help="Say it."
                ),
                Command("open", Find, handler, Reply, least=Kind.ANONYMOUS),
            ],
            queries=[Query("find", "GET /find", Find, query_handler, Reply, also_http=("POST /find",), ws=False)],
            pushes=[PushSpec("said", Inner, True, "someone said it")],
        )
    ]
)


@pytest.fixture(scope="module", params=["trial", "real"])
def registry(request: pytest.FixtureRequest) -> Registry:
    return TRIAL if request.param == "trial" else features.registry()


@pytest.fixture(scope="module")
def document(registry: Registry) -> Json:
    decoded: Json = json.loads(encode(registry))
    return decoded


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from walk(item)


def follow(document: Json, reference: str) -> Any:
    assert reference.startswith("#/")
    value: Any = document
    for part in reference[2:].split("/"):
        value = value[part]
    return value


def test_it_has_what_openapi_asks_of_a_document(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"]
    assert document["info"]["version"]
    for method, path, operation in operations(document):
        assert method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        assert path.startswith("/")
        assert operation["responses"]
        assert {tag["name"] for tag in document["tags"]} >= set(operation["tags"])
        assert all(response["description"] for response in operation["responses"].values())
        assert ("requestBody" in operation) == (method in {"POST", "PUT", "PATCH"})


def test_all_references_lead_somewhere(document: Json) -> None:
    references = [value["$ref"] for value in walk(document) if "$ref" in value]
    assert references
    for reference in references:
        assert isinstance(follow(document, reference), dict), reference


def test_operation_ids_are_unique(document: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_parameters_are_those_of_the_path_and_named_once(document: Json) -> None:
    for _, path, operation in operations(document):
        places = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        assert len(places) == len(set(places))
        assert {name for place, name in places if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(parameter["required"] for parameter in operation["parameters"] if parameter["in"] == "path")
        assert all("schema" in parameter for parameter in operation["parameters"])


def test_every_operation_is_described_on_every_way_there_is(registry: Registry, document: Json) -> None:
    described = {(f"{method} {path}", operation["x-op"]) for method, path, operation in operations(document)}
    routes = {(route, op) for op, operation in registry.operations.items() for route in routes_of(operation)}
    files = {op for op, operation in registry.operations.items() if isinstance(operation, Query) and operation.archive}
    assert described == routes | {(f"{route}/archive", op) for route, op in routes if op in files}
    over_websocket = {op for op, operation in registry.operations.items() if operation.ws}
    assert set(document["x-websocket"]["operations"]) == over_websocket


def test_no_coordinate_and_no_token_is_a_parameter(document: Json) -> None:
    names = {parameter["name"] for _, _, operation in operations(document) for parameter in operation["parameters"]}
    assert not names & {"lat", "lng", "token", "session"}


def test_every_error_is_described_and_every_named_one_exists(registry: Registry, document: Json) -> None:
    table = document["x-errors"]
    assert table.keys() == registry.errors.keys()
    assert table.keys() >= {error.name for error in ERRORS}
    for name, row in table.items():
        error = registry.errors[name]
        assert row == {"code": error.code, "status": error.code // 100, "message": error.message, "temporary": error.temporary}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            assert set(response.get("x-errors", ())) <= table.keys()
            if status != "200":
                assert list(response["content"]) == ["application/problem+json"]
                assert response["x-errors"]


def test_every_operation_tells_its_own_errors(registry: Registry, document: Json) -> None:
    for _, _, described in operations(document):
        told = {name for response in described["responses"].values() for name in response.get("x-errors", ())}
        operation = registry.operations[described["x-op"]]
        assert told >= {error.name for error in operation.errors} | {"field.invalid", "rate.limited", "internal"}
        assert ("token.missing" in told) == (operation.least > Kind.ANONYMOUS) == bool(described["security"])


def test_the_cookie_needs_a_page_where_something_may_change(document: Json) -> None:
    for method, _, described in operations(document):
        told = {name for response in described["responses"].values() for name in response.get("x-errors", ())}
        by_cookie: Json = {"cookie": []} if method == "GET" else {"cookie": [], "page": []}
        assert described["security"] in ([], [{"bearer": []}, by_cookie])
        assert ("csrf.refused" in told) == (method != "GET" or bool(described["security"]))
    schemes = document["components"]["securitySchemes"]
    assert (schemes["cookie"]["name"], schemes["page"]["name"]) == ("__Host-fwber", "X-Fwber-CSRF")


def test_every_push_and_close_code_is_described(registry: Registry, document: Json) -> None:
    websocket = document["x-websocket"]
    assert websocket["pushes"].keys() == registry.pushes.keys()
    assert websocket["closeCodes"].keys() == {str(int(code)) for code in CLOSE_HELP}
    assert all(row["meaning"] for row in websocket["closeCodes"].values())


def test_it_is_the_same_every_time(registry: Registry) -> None:
    assert encode(registry) == encode(registry)


def test_schemas_are_for_readers_of_other_languages(document: Json) -> None:
    for schema in walk(document["components"]["schemas"]):
        assert "\\Z" not in str(schema.get("pattern", "")), "ECMA-262 has no \\Z"
        assert "\n    " not in str(schema.get("description", ""))


def test_a_command_in_full() -> None:
    described = describe(TRIAL)["paths"]["/rooms/{room}"]["post"]
    assert described["operationId"] == "send"
    assert described["summary"] == "Say it."
    assert described["parameters"] == [
        {"name": "room", "in": "path", "required": True, "schema": {"type": "string", "description": "which"}}
    ]
    body = described["requestBody"]
    assert body["required"]
    assert body["content"]["application/json"]["schema"]["required"] == ["text"]
    assert set(body["content"]["application/json"]["schema"]["properties"]) == {"text", "inner"}
    assert described["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Reply"}
    assert described["responses"]["409"]["x-errors"] == ["conflict"]
    assert described["responses"]["507"]["x-errors"] == ["storage.full"]
    assert described["responses"]["413"]["x-errors"] == ["too.large"]


def test_a_query_in_full() -> None:
    described = describe(TRIAL)["paths"]["/find"]
    assert [parameter["name"] for parameter in described["get"]["parameters"]] == ["tags"], "a GET takes no coordinates"
    assert described["get"]["parameters"][0]["explode"]
    assert described["post"]["operationId"] == "find.2"
    assert described["post"]["requestBody"]["required"] is False
    assert described["post"]["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Find"}
    assert "413" not in described["get"]["responses"]


def test_the_websocket_side_in_full() -> None:
    document = describe(TRIAL)
    assert document["x-websocket"]["operations"]["open"]["request"] == {"$ref": "#/components/schemas/Find"}
    assert "token.missing" not in document["x-websocket"]["operations"]["open"]["errors"]
    assert document["x-websocket"]["pushes"]["said"] == {
        "summary": "someone said it", "d": {"$ref": "#/components/schemas/Inner"}, "durable": True,
    }  # fmt: skip
    inner = document["components"]["schemas"]["Inner"]
    assert inner["description"] == "Several\n\nlines."
    assert inner["properties"]["cell"]["pattern"] == "^[0-9a-f]{15}$"
