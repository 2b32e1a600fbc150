from __future__ import annotations

import json
from pathlib import Path

import pytest

from fwber_rt import features, reference
from fwber_rt.config import collect
from fwber_rt.errors import Close
from fwber_rt.metrics import METRICS
from fwber_rt.reference import __main__ as command
from fwber_rt.reference import markdown, operations, typescript
from fwber_rt.transport.rest import routes

REGISTRY = features.registry()


def text(name: str) -> str:
    return reference.place(name).read_text(encoding="utf-8")


def test_what_ships_is_what_the_code_says() -> None:
    assert reference.stale(REGISTRY) == [], "run python -m fwber_rt.reference and commit the result"


def test_the_check_names_what_is_stale_and_writing_mends_it(tmp_path: Path) -> None:
    assert reference.stale(REGISTRY, tmp_path) == list(reference.FILES)
    assert reference.write(REGISTRY, tmp_path) == list(reference.FILES)
    assert reference.stale(REGISTRY, tmp_path) == []
    (tmp_path / "errors.md").write_bytes((tmp_path / "errors.md").read_bytes() + b"\xff")
    (tmp_path / "openapi.json").unlink()
    assert reference.stale(REGISTRY, tmp_path) == ["errors.md", "openapi.json"]
    assert reference.write(REGISTRY, tmp_path) == ["errors.md", "openapi.json"]


def test_the_command_fails_only_when_something_is_stale(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "stale", lambda registry: reference.stale(registry, tmp_path))
    monkeypatch.setattr(command, "write", lambda registry: reference.write(registry, tmp_path))
    assert command.main(["--check"]) == 1
    complaint = capsys.readouterr().err
    assert all(name in complaint for name in reference.FILES)
    assert command.main([]) == 0
    assert capsys.readouterr().out.count("wrote") == len(reference.FILES)
    assert command.main(["--check"]) == 0
    assert command.main([]) == 0
    assert capsys.readouterr().out == ""


def test_it_is_complete() -> None:
    settings, errors, listed, metrics = (text(f"{name}.md") for name in ("settings", "errors", "operations", "metrics"))
    assert all(f"| `{name}` |" in settings for name in collect(REGISTRY))
    assert all(f"| {error.code} | `{error.name}` |" in errors for error in REGISTRY.errors.values())
    assert all(f"### `{op}`" in listed for op in REGISTRY.operations)
    assert all(f"| `{push}` |" in listed for push in REGISTRY.pushes)
    assert all(f"| `{metric.full_name}` |" in metrics for metric in METRICS)
    assert all(f"| `{table}` |" in text("personal-data.md") for table in REGISTRY.tables)
    assert json.loads(text("openapi.json"))["openapi"] == "3.1.0"


def test_links_lead_somewhere() -> None:
    page = text("operations.md")
    headings = {line.removeprefix("### ").lower() for line in page.splitlines() if line.startswith("### ")}
    targets = {link.partition(")")[0] for link in page.split("](#")[1:]}
    assert targets
    assert targets <= headings


def test_every_limit_named_is_a_setting() -> None:
    known = collect(REGISTRY)
    assert {f"limits.{operation.limit}" for operation in REGISTRY.operations.values()} <= known.keys()


def test_no_machine_is_in_it() -> None:
    for name in reference.FILES:
        assert str(Path.home()) not in text(name)
        assert str(Path.cwd()) not in text(name)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "anything"),
        ({"type": "string", "minLength": 1, "maxLength": 5}, "text (at least 1 characters, at most 5 characters)"),
        ({"type": "integer", "minimum": 0}, "integer (>= 0)"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Fix"}, "maxItems": 2}, "list of [Fix](#fix) (at most 2)"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"enum": ["a", "b"]}, "one of `a`, `b`"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of boolean"),
    ],
)
def test_types_in_words(schema: dict[str, object], words: str) -> None:
    assert operations.type_text(schema) == words


def test_tables_keep_their_columns() -> None:
    assert markdown.table(("a", "b"), [("x|y", "")]) == "| a | b |\n| --- | --- |\n| x\\|y |  |"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "unknown"),
        ({"type": "integer", "minimum": 0}, "number"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}, {"type": "null"}]}, "number | null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Fix"}}, "Fix[]"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "items": {}}, "unknown[]"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "Record<string, boolean>"),
        ({"type": "object"}, "Record<string, unknown>"),
    ],
)
def test_types_in_typescript(schema: dict[str, object], words: str) -> None:
    assert typescript.type_of(schema) == words


def test_what_may_be_absent_is_a_requests_default_or_what_a_reply_leaves_out() -> None:
    page = text("schema.ts")
    assert "export interface RoomHistory {\n" in page and "  before?: number | null;" in page, "a request's default"
    assert "export interface StreamState {\n" in page and "  recovered?: boolean | null;" in page, "left out of the reply"
    assert "  shown: string | null;" in page, "always in the reply"


def test_the_page_knows_every_operation_push_error_and_close_code() -> None:
    page = text("schema.ts")
    named = [*REGISTRY.operations, *REGISTRY.pushes, *REGISTRY.errors]
    assert not [name for name in named if f'"{name}"' not in page and f"  {name}: " not in page]
    assert all(f"  {close.name}: {int(close)}," in page for close in Close)
    assert all(f'"{route.method} {route.path}"' in page for route in routes(REGISTRY) if not route.operation.also_http)
