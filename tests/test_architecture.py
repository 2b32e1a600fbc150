"""The laws of the layout, read from the source. Each is a function from modules to complaints, and is shown to complain."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FUNCTION_LINES = 60
LONG_FOR_A_REASON = {
    ("fwber_rt.transport.hub", "release"): 79,  # from a commit to the sockets without a call per message or recipient
}
MODULE_LINES = 400

# What pure code may use from outside: nothing that waits, reads a clock, draws randomness, opens a socket or a file.
PURE = frozenset({
    "__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses", "enum",
    "functools", "hashlib", "heapq", "hmac", "itertools", "math", "operator", "re", "string", "struct", "types", "typing",
    "unicodedata", "weakref",
})  # fmt: skip
OUTSIDE: Mapping[str, frozenset[str]] = {"core": PURE, "protocol": PURE | {"json", "msgspec"}}
VALUES = {("msgspec", "Raw"), ("msgspec", "Struct")}  # plain records; the encoders beside them are not for core
IMPURE_BUILTINS = frozenset({"open", "input", "print", "__import__", "exec", "eval", "breakpoint"})

# Layer: the layers it may import. Whoever is in no row has no place yet; ``*`` sees all but the command line.
ROOT_NAME = "(version)"
LAYERS: Mapping[str, str] = {
    ROOT_NAME: "",
    "errors": "",
    "core": "errors",
    "protocol": "core errors",
    "registry": "core errors",
    "metrics": ROOT_NAME,
    "clock": "core",
    "garbage": "",
    "memory": "",
    "logs": f"core {ROOT_NAME}",
    "config_values": "core",
    "config": "config_values core registry",
    "certificate": "config core",
    "transport": f"clock core errors metrics protocol registry {ROOT_NAME}",
    "storage": f"clock core errors metrics protocol registry {ROOT_NAME}",
    "features": "core errors protocol registry",
    "client": f"errors protocol {ROOT_NAME}",
    "reference": "*",
    "limiter": "config core errors transport",
    "passwords": "core errors",
    "arrivals": "features registry",
    "callers": "*",
    "dispatch": "*",
    "timers": "* app",
    "rights": "* app",
    "observe": "* app",
    "oversight": "* app",
    "account_verbs": "* app",
    "verbs": "* app",
    "app": "*",
    "admin": "clock config core registry storage",
    "demo": "* app",
    "serve": "admin app config core logs metrics registry storage",
    "cli": "admin certificate config config_values core demo features serve storage (version)",
    "__main__": "cli",
}


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name and its source."""

    name: str
    source: str
    package: bool = False

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def layer(self) -> str:
        return layer_of(self.name)

    def imports(self) -> Iterator[tuple[str, str]]:
        """What each import statement names, wherever it stands: (module, name in it or empty)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((self._base(node), alias.name) for alias in node.names)

    def tops(self) -> set[str]:
        """The top-level packages it imports from."""
        return {base.split(".")[0] for base, name in self.imports() if (base, name) not in VALUES}

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.package]
        return ".".join([*parts, node.module] if node.module else parts)


Modules = Mapping[str, Module]
Law = Callable[[Modules], list[str]]


def layer_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ROOT_NAME


def gather(*modules: Module) -> Modules:
    return {module.name: module for module in modules}


def source_tree() -> Modules:
    found = []
    for path in sorted((ROOT / "fwber_rt").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        package = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package))
    return gather(*found)


def own_imports(module: Module, modules: Modules) -> set[str]:
    """The modules of the package this one imports; a name that is no module is an attribute of the module before it."""
    found = set()
    for base, name in module.imports():
        if base.split(".")[0] == "fwber_rt":
            found.add(f"{base}.{name}" if f"{base}.{name}" in modules else base)
    return found


def reachable(start: Iterable[str], modules: Modules) -> set[str]:
    """``start`` and everything of the package that is imported from there, directly or not."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules:
            continue
        seen.add(name)
        waiting.extend(own_imports(modules[name], modules))
    return seen


def layers_look_down(modules: Modules) -> list[str]:
    problems = []
    for module in modules.values():
        if module.layer not in LAYERS:
            problems.append(f"{module.name}: has no place in LAYERS")
            continue
        allowed = LAYERS[module.layer].split()
        for name in sorted(own_imports(module, modules)):
            layer = layer_of(name)
            everything = "*" in allowed and layer not in ("app", "cli", "__main__")
            if layer != module.layer and layer not in allowed and not everything:
                problems.append(f"{module.name} imports {name}: {module.layer} may not see {layer}")
    return problems


def features_meet_in_the_world(modules: Modules) -> list[str]:
    problems = []
    for module in modules.values():
        if module.layer != "features" or module.name == "fwber_rt.features":
            continue
        own = ".".join(module.name.split(".")[:3])
        for name in sorted(own_imports(module, modules)):
            if layer_of(name) == "features" and name != own and not name.startswith(own + "."):
                problems.append(f"{module.name} imports {name}: a feature never imports a feature")
    return problems


def pure_layers_stay_pure(modules: Modules) -> list[str]:
    """Followed through imports: a clock two modules away is a clock."""
    problems = []
    for name in sorted(modules):
        if modules[name].layer in OUTSIDE:
            outside = OUTSIDE[modules[name].layer]
            for via in sorted(reachable([name], modules)):
                allowed = outside | {"fwber_rt", "h3"} if via == "fwber_rt.core.geo" else outside | {"fwber_rt"}
                problems += [f"{name} imports {top} in {via}" for top in sorted(modules[via].tops() - allowed)]
    return problems


def pure_layers_do_nothing(modules: Modules) -> list[str]:
    problems = []
    waiting = ast.Await | ast.AsyncFor | ast.AsyncWith | ast.AsyncFunctionDef
    for module in modules.values():
        if module.layer not in OUTSIDE:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, waiting):
                problems.append(f"{module.name}:{node.lineno} waits")
            elif isinstance(node, ast.Name) and node.id in IMPURE_BUILTINS:
                problems.append(f"{module.name}:{node.lineno} uses {node.id}")
    return problems


def only_geo_knows_h3(modules: Modules) -> list[str]:
    return [
        f"{module.name} imports h3: only core/geo.py may"
        for module in modules.values()
        if module.name != "fwber_rt.core.geo" and "h3" in module.tops()
    ]


def functions_are_short(modules: Modules) -> list[str]:
    return [
        f"{module.name}:{node.lineno} {node.name} has {length} lines, more than {most}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1)
        > (most := LONG_FOR_A_REASON.get((module.name, node.name), FUNCTION_LINES))
    ]


def modules_are_short(modules: Modules) -> list[str]:
    return [
        f"{module.name} has {length} lines, more than {MODULE_LINES}: split it along its nouns"
        for module in modules.values()
        if (length := len(module.source.splitlines())) > MODULE_LINES
    ]


def public_names_have_contracts(modules: Modules) -> list[str]:
    problems = []
    for module in modules.values():
        if module.source.strip() and not ast.get_docstring(module.tree):
            problems.append(f"{module.name} has no docstring")
        public = (node for node in module.tree.body if isinstance(node, DEFINITIONS) and not node.name.startswith("_"))
        problems += [
            f"{module.name}:{node.lineno} {node.name} has no docstring" for node in public if not ast.get_docstring(node)
        ]
    return problems


def no_names_that_say_nothing(modules: Modules) -> list[str]:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    return [f"{module.name}: name it by its noun" for module in modules.values() if module.name.rpartition(".")[2] in vague]


def at(name: str, source: str, package: bool = False) -> Module:
    return Module(f"fwber_rt.{name}", source, package)


LONG_FUNCTION = "def f() -> None:\n    '''Long.'''\n" + "    pass\n" * FUNCTION_LINES

# Each law with small trees that break it, and what it must then say.
BAD: list[tuple[Law, tuple[Module, ...], str]] = [
    (layers_look_down, (at("core.a", "from fwber_rt.transport import b"), at("transport.b", "")), "core may not see transport"),
    (layers_look_down, (at("transport.a", "import fwber_rt.storage.b"), at("storage.b", "")), "transport may not see storage"),
    (layers_look_down, (at("storage.a", "from ..transport.b import c"), at("transport.b", "")), "storage may not see transport"),
    (layers_look_down, (at("features.a", "from fwber_rt.storage import b"), at("storage.b", "")), "features may not see storage"),
    (layers_look_down, (at("features.a", "def f():\n    from fwber_rt import app"), at("app", "")), "features may not see app"),
    (layers_look_down, (at("reference.a", "from fwber_rt import app"), at("app", "")), "reference may not see app"),
    (layers_look_down, (at("transport", "from .. import storage", True), at("storage", "", True)), "may not see storage"),
    (layers_look_down, (at("storage", "", True), at("core.a", "from fwber_rt.storage import Thing")), "core may not see storage"),
    (layers_look_down, (at("novelty", ""),), "has no place in LAYERS"),
    (features_meet_in_the_world, (at("features.a", "from fwber_rt.features import b"), at("features.b", "")), "never imports"),
    (features_meet_in_the_world, (at("features.a.x", "from ..b.y import z"), at("features.b.y", "")), "never imports a feature"),
    (pure_layers_stay_pure, (at("core.a", "import time"),), "core.a imports time in"),
    (pure_layers_stay_pure, (at("core.a", "import json"),), "imports json"),
    (pure_layers_stay_pure, (at("core.a", "from msgspec import json, Struct"),), "imports msgspec"),
    (pure_layers_stay_pure, (at("core.a", "if True:\n    from os.path import join"),), "imports os"),
    (pure_layers_stay_pure, (at("protocol.a", "import asyncio"),), "protocol.a imports asyncio in"),
    (pure_layers_stay_pure, (at("core.a", "import importlib"),), "imports importlib"),
    (
        pure_layers_stay_pure,
        (at("core.a", "from fwber_rt import errors"), at("errors", "import random")),
        "core.a imports random in fwber_rt.errors",
    ),
    (
        pure_layers_stay_pure,
        (at("core.a", "from fwber_rt.b import x"), at("b", "from .c import y"), at("c", "import socket")),
        "core.a imports socket in fwber_rt.c",
    ),
    (pure_layers_do_nothing, (at("core.a", "async def f(): ..."),), "core.a:1 waits"),
    (pure_layers_do_nothing, (at("protocol.a", "x = open('f')"),), "protocol.a:1 uses open"),
    (only_geo_knows_h3, (at("features.a", "import h3.api.basic_int as h"),), "only core/geo.py may"),
    (only_geo_knows_h3, (at("core.b", "from h3 import cell_area"),), "only core/geo.py may"),
    (functions_are_short, (at("core.a", LONG_FUNCTION),), "has 62 lines"),
    (functions_are_short, (at("core.a", "class A:\n" + LONG_FUNCTION.replace("\n", "\n ").replace("def", " def", 1)),), "has 62"),
    (modules_are_short, (at("core.a", "\n" * (MODULE_LINES + 1)),), "has 401 lines"),
    (public_names_have_contracts, (at("core.a", "'''A.'''\nclass B: ..."),), "B has no docstring"),
    (public_names_have_contracts, (at("core.a", "'''A.'''\nasync def b(): ..."),), "b has no docstring"),
    (public_names_have_contracts, (at("core.a", "x = 1"),), "core.a has no docstring"),
    (no_names_that_say_nothing, (at("core.utils", ""),), "name it by its noun"),
]
LAWS: list[Law] = list(dict.fromkeys(law for law, _, _ in BAD))

GOOD = gather(
    Module("fwber_rt", "'''Root.'''\n__version__ = '1'\n", True),
    at("core", "'''Core.'''", True),
    at("core.geo", "'''Geo.'''\nimport h3.api.basic_int as h3\nfrom math import cos\nfrom msgspec import Struct\n"),
    at("core.world", "'''World.'''\nfrom typing import Any\nfrom fwber_rt.core import geo\nfrom .geo import cell_of\n"),
    at("storage", "'''Storage.'''", True),
    at("storage.db", "'''Db.'''\nimport sqlite3, os\nfrom fwber_rt.core.world import World\nfrom fwber_rt import __version__\n"),
    at("features", "'''Features.'''\nfrom fwber_rt.features import rooms\n", True),
    at("features.rooms", "'''Rooms.'''\nfrom fwber_rt.features.rooms import join\n", True),
    at("features.rooms.join", "'''Join.'''\nfrom fwber_rt.core import world\ndef _private(): ...\n"),
    at("app", "'''App.'''\nfrom fwber_rt import features\nfrom fwber_rt.storage import db\n"),
    at("serve", "'''Serve.'''\nfrom fwber_rt.app import App\n"),
)


@pytest.fixture(scope="module")
def tree() -> Modules:
    return source_tree()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_holds(law: Law, tree: Modules) -> None:
    assert law(tree) == []


@pytest.mark.parametrize(("law", "modules", "complaint"), BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_law_notices(law: Law, modules: tuple[Module, ...], complaint: str) -> None:
    problems = law(gather(*modules))
    assert len(problems) == 1, problems
    assert complaint in problems[0]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_lets_good_code_be(law: Law) -> None:
    assert law(GOOD) == []


def test_the_tree_was_read(tree: Modules) -> None:
    assert {"fwber_rt", "fwber_rt.core.geo", "fwber_rt.features", "fwber_rt.registry"} <= set(tree)
    assert "fwber_rt.core.geo" in reachable(["fwber_rt.features"], tree)
