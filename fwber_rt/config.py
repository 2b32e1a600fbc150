"""Where settings come from: defaults of the profile < a TOML file < ``FWBER_RT_*`` in the environment < flags.

Settings are declared beside the code that uses them (``SETTINGS`` of a module, ``settings`` of a feature); this module finds
the declarations, reads the sources and refuses what does not fit. Everything wrong is reported at once, each problem with the
setting's name, unit and where the value came from, because a file mended one error at a time is mended five times.
"""

from __future__ import annotations

import difflib
import ipaddress
import pkgutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fwber_rt.config_values import PREFIX, from_text, from_toml, is_secret, variable
from fwber_rt.core import quotas
from fwber_rt.core.deployment import TILES, TILES_CREDIT
from fwber_rt.core.settings import Setting, Settings
from fwber_rt.registry import Registry

# In the environment, but no settings.
RESERVED = frozenset({
    "FWBER_RT_CONFIG", "FWBER_RT_WRAP_KEY", "FWBER_RT_WRAP_KEY_PREVIOUS", "FWBER_RT_SMTP_PASSWORD", "FWBER_RT_CI",
})  # fmt: skip
PROFILES = ("development", "production")
PACKAGES = ("fwber_rt", "fwber_rt.core", "fwber_rt.protocol", "fwber_rt.transport", "fwber_rt.storage")


def parse_address(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as (host, port); port 0 means any free one. ValueError says what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host:
        raise ValueError("an IPv6 address is written in brackets: [::1]:8080")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``; a name other than localhost is taken for reachable."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(text: str) -> str | None:
    try:
        parse_address(text)
    except ValueError as problem:
        return str(problem)
    return None


PROFILE = Setting(
    "profile", "development", "what the server is for: development trusts this machine only, production is strict",
    choices=PROFILES,
)  # fmt: skip
LISTEN = Setting("listen", "127.0.0.1:8080", "the public address, for HTTP and WebSocket alike", "host:port", check=_address)
LISTEN_INTERNAL = Setting(
    "listen_internal", "", "address of /healthz, /readyz and /metrics; empty: on the public address", "host:port",
    check=lambda text: _address(text) if text else None,
)  # fmt: skip
DATA_DIR = Setting(
    "data_dir", "./data", "directory of the database, keys and snapshots", "path",
    check=lambda text: None if text else "must name a directory",
)  # fmt: skip
LIMITS_ENABLED = quotas.LIMITS_ENABLED
SETTINGS: tuple[Setting[Any], ...] = (PROFILE, LISTEN, LISTEN_INTERNAL, DATA_DIR, LIMITS_ENABLED)


class ConfigError(Exception):
    """The configuration cannot be used. ``problems`` has one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """``settings`` in force, the declarations they fit by name, and where each value that is no default came from."""

    settings: Settings
    known: Mapping[str, Setting[Any]]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two configurations, by name: ``reloadable`` values can be applied to a running server,
    ``restart`` ones wait for its next start.
    """

    reloadable: Mapping[str, Any]
    restart: Mapping[str, Any]


def collect(registry: Registry) -> dict[str, Setting[Any]]:
    """Every declaration by name, in alphabetical order. Two declarations of one name are a programming error (ValueError)."""
    known: dict[str, Setting[Any]] = {}
    variables: dict[str, str] = {}
    for setting in (*_declared(), *registry.settings.values()):
        if known.setdefault(setting.name, setting) is not setting:
            raise ValueError(f"setting {setting.name!r} is declared twice")
        if variables.setdefault(variable(setting.name), setting.name) != setting.name:
            raise ValueError(f"settings {setting.name!r} and {variables[variable(setting.name)]!r} share an environment variable")
    return dict(sorted(known.items()))


def _declared() -> Iterator[Setting[Any]]:
    for package in PACKAGES:
        for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            if not module.ispkg and module.name != "fwber_rt.__main__":
                yield from getattr(import_module(module.name), "SETTINGS", ())


def load(registry: Registry, path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """The settings in force; see ``read``."""
    return read(registry, path, environ, flags).settings


def read(registry: Registry, path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str]) -> Loaded:
    """Read all sources. ``path`` None means ``FWBER_RT_CONFIG``, or no file. ``flags`` maps names to text.

    Raises ConfigError with every problem there is.
    """
    known = collect(registry)
    reader = _Sources(known)
    path = path or (Path(environ["FWBER_RT_CONFIG"]) if environ.get("FWBER_RT_CONFIG") else None)
    if path is not None:
        reader.file(path)
    reader.environment(environ)
    reader.flags(flags)
    profile = reader.values.get("profile", PROFILE.default)
    profile = profile if profile in PROFILES else PROFILE.default
    values = {name: setting.default_for(profile) for name, setting in known.items()} | reader.values
    problems = reader.problems + list(_misfits(known, values, reader.sources)) + list(_contradictions(known, values))
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return Loaded(Settings(values), known, reader.sources)


class _Sources:
    """Gathers values of the right type, later sources over earlier ones, and complaints."""

    def __init__(self, known: Mapping[str, Setting[Any]]) -> None:
        self.known = known
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[str] = []

    def file(self, path: Path) -> None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.problems.append(f"cannot read {path}: {error.strerror}; name a file that exists with --config")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.problems.append(f"{path} is not TOML: {error}")
        else:
            for name, value in self._flat(document):
                self._take(name, value, from_toml, str(path))

    def environment(self, environ: Mapping[str, str]) -> None:
        names = {variable(name): name for name in self.known}
        for key, text in sorted(environ.items()):
            if key in names:
                self._take(names[key], text, from_text, key)
            elif key.startswith(PREFIX) and key not in RESERVED:
                self.problems.append(f"{key}: no such setting{_nearest(key, names)}")

    def flags(self, flags: Mapping[str, str]) -> None:
        for name, text in flags.items():
            self._take(name, text, from_text, "the command line")

    def _flat(self, table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
        for key, value in table.items():
            name = prefix + key
            if isinstance(value, dict) and name not in self.known and any(n.startswith(name + ".") for n in self.known):
                yield from self._flat(value, name + ".")
            else:
                yield name, value

    def _take(self, name: str, value: Any, convert: Callable[[Setting[Any], Any], Any], source: str) -> None:
        setting = self.known.get(name)
        if setting is None:
            self.problems.append(f"{name}: no such setting{_nearest(name, self.known)} (from {source})")
            return
        try:
            self.values[name] = convert(setting, value)
        except ValueError as problem:
            self.problems.append(_complaint(setting, str(problem), value, source))
            self.values.pop(name, None)
        else:
            self.sources[name] = source


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else "; `fwber-rt print-config --defaults` lists them all"


def _complaint(setting: Setting[Any], problem: str, value: Any, source: str) -> str:
    shown = "the value given" if is_secret(setting.name) else repr(value)
    unit = f"unit: {setting.unit}; " if setting.unit else ""
    return f"{setting.name}: {problem}, not {shown} ({unit}from {source})"


def _misfits(known: Mapping[str, Setting[Any]], values: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[str]:
    """Values of the right type that a setting's own choices or check refuse."""
    for name, setting in known.items():
        value = values[name]
        problem = f"must be one of {', '.join(setting.choices)}" if setting.choices and value not in setting.choices else None
        problem = problem or (setting.check(value) if setting.check else None)
        if problem:
            yield _complaint(setting, problem, value, sources.get(name, "the defaults"))


def _contradictions(known: Mapping[str, Setting[Any]], values: Mapping[str, Any]) -> Iterator[str]:
    """Values that are fine alone and wrong together."""
    listen, internal = values["listen"], values["listen_internal"]
    open_to_all = not _address(listen) and not is_loopback(parse_address(listen)[0])
    if values["profile"] != "production":
        for name in ("listen", "listen_internal"):
            if values[name] and not _address(values[name]) and not is_loopback(parse_address(values[name])[0]):
                yield (
                    f"{name}: {values[name]} can be reached from other machines, which the development profile refuses; "
                    "listen on 127.0.0.1 or set profile = production"
                )
    elif open_to_all and not internal:
        yield (
            f"listen_internal: must be set while listen is {listen}, so that /metrics is not public; "
            "127.0.0.1:9090 keeps it to this machine"
        )
    if internal and internal == listen and not listen.endswith(":0"):
        yield f"listen_internal: must differ from listen, which is {listen} too"
    if bool(values.get("tls.cert")) != bool(values.get("tls.key")):
        yield "tls.cert and tls.key: set both or neither"
    if values.get("smtp.host") and not values["smtp.from"]:
        yield "smtp.from: must be set while smtp.host is: every letter comes from somebody"
    if values.get("smtp.user") and values["smtp.tls"] == "none" and not is_loopback(values["smtp.host"] or "localhost"):
        yield f"smtp.tls: none would send the password to {values['smtp.host']} in the clear; use starttls or tls"
    for name, setting in known.items():
        if setting.development_only and values["profile"] == "production" and values[name] != setting.default:
            yield f"{name}: is for the development profile only; remove it in production"


def warnings(settings: Settings) -> list[str]:
    """What an operator should be told loudly at the start."""
    values = dict(settings)
    found = []
    if not settings[LIMITS_ENABLED]:
        found.append("RATE LIMITS ARE OFF (limits.enabled = false): anyone can flood this server; meant for load tests only")
    if settings[PROFILE] == "production" and not values.get("tls.cert") and not values.get("http.trusted_proxies"):
        found.append(
            "NO TLS: set tls.cert and tls.key, or put a TLS proxy in front and name its address in http.trusted_proxies; "
            "otherwise whoever is on the way reads positions and passwords"
        )
    if settings[TILES] and not settings[TILES_CREDIT]:
        found.append("THE MAP NAMES NOBODY: web.tiles is set and web.tiles_credit is not; who makes maps asks to be named on it")
    return found


def changes(known: Mapping[str, Setting[Any]], old: Settings, new: Settings) -> Changes:
    """What SIGHUP can apply and what needs a restart."""
    before, after = dict(old), dict(new)
    differing = {name: after[name] for name in known if before.get(name) != after.get(name)}
    return Changes(
        {name: value for name, value in differing.items() if known[name].reload},
        {name: value for name, value in differing.items() if not known[name].reload},
    )
