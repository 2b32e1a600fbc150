"""Values of settings as text, both ways: out of TOML, the environment and flags, and into a commented TOML file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from fwber_rt.core.settings import Rate, Setting, Settings

PREFIX = "FWBER_RT_"
SECRET_ENDINGS = ("secret", "password", "dsn", "token")
RATE = "a rate (per_second above 0, burst at least 1)"


def variable(name: str) -> str:
    """The environment variable of a setting: ``geo.resolution`` is ``FWBER_RT_GEO_RESOLUTION``."""
    return PREFIX + name.upper().replace(".", "_")


def is_secret(name: str) -> bool:
    """Whether a setting's value is masked when shown; its name says so (``mail.password``)."""
    return name.endswith(SECRET_ENDINGS)


def from_toml(setting: Setting[Any], value: Any) -> Any:
    """A TOML value as the setting's type. ValueError says what it must be."""
    kind = kind_of(setting)
    match kind:
        case "true or false" if isinstance(value, bool):
            return value
        case "a whole number" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "a number" if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            return float(value)
        case "text" if isinstance(value, str):
            return value
        case "a list of whole numbers" if isinstance(value, list) and all(type(item) is int for item in value):
            return tuple(value)
        case "a list of texts" if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        case _ if isinstance(setting.default, Rate) and isinstance(value, dict) and set(value) == {"per_second", "burst"}:
            return _rate(value["per_second"], value["burst"])
    raise ValueError(f"must be {kind}")


def from_text(setting: Setting[Any], text: str) -> Any:
    """The same from an environment variable or a flag; a list is separated by commas, a rate is ``per_second:burst``."""
    kind = kind_of(setting)
    text = text.strip()
    try:
        match kind:
            case "true or false":
                return {"true": True, "on": True, "yes": True, "1": True,
                        "false": False, "off": False, "no": False, "0": False}[text.lower()]  # fmt: skip
            case "a whole number":
                return int(text)
            case "a number" if isfinite(float(text)):
                return float(text)
            case "text":
                return text
            case "a list of whole numbers":
                return tuple(int(item) for item in text.split(",") if item.strip())
            case "a list of texts":
                return tuple(item.strip() for item in text.split(",") if item.strip())
            case _ if isinstance(setting.default, Rate):
                per_second, _, burst = text.partition(":")
                return _rate(float(per_second), float(burst))
    except (KeyError, ValueError):
        pass
    raise ValueError(f"must be {kind}{', written as 5:20' if kind == RATE else ''}")


def kind_of(setting: Setting[Any]) -> str:
    """What a setting's value is, in words."""
    match setting.default:
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "text"
        case Rate():
            return RATE
        case tuple():
            examples = next((value for value in (setting.default, *setting.profiles.values()) if value), ())
            return "a list of whole numbers" if examples and isinstance(examples[0], int) else "a list of texts"
    raise ValueError(f"setting {setting.name!r} has a default of a type that cannot be set: {setting.default!r}")


def _exact(number: float) -> str:
    """A number as it is read back, whole ones without a point."""
    return repr(float(number)).removesuffix(".0")


def _rate(per_second: Any, burst: Any) -> Rate:
    for number in (per_second, burst):
        if not isinstance(number, int | float) or isinstance(number, bool) or not isfinite(number):
            raise ValueError(f"must be {RATE}")
    if per_second <= 0 or burst < 1:
        raise ValueError(f"must be {RATE}")
    return Rate(float(per_second), float(burst))


def to_toml(value: Any) -> str:
    """A setting's value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML basic string
        case Rate():
            return f"{{ per_second = {_exact(value.per_second)}, burst = {_exact(value.burst)} }}"
        case tuple():
            return "[" + ", ".join(to_toml(item) for item in value) + "]"
    return repr(value)


def document(known: Mapping[str, Setting[Any]], settings: Settings, sources: Mapping[str, str]) -> str:
    """The values in force as a TOML file, each with where it came from; secrets are masked."""
    lines = ["# The settings in force. `fwber-rt print-config --defaults` says what each one does."]
    for name, setting in _by_section(known, lines):
        value = settings[setting]
        shown = '"********"' if is_secret(name) and value else to_toml(value)
        lines.append(f"{name.rpartition('.')[2]} = {shown}" + (f"  # from {sources[name]}" if name in sources else ""))
    return "\n".join(lines) + "\n"


def defaults_document(known: Mapping[str, Setting[Any]]) -> str:
    """A TOML file that changes nothing: every setting commented out at its default, with unit, help and variable.

    Commented, so that a copy of it keeps following the profile's defaults until a line is changed.
    """
    lines = [
        "# Every setting of fwber_rt at its default. Made by `fwber-rt print-config --defaults`.",
        "# Take away the # in front of a line and change its value. A file is given with --config FILE or FWBER_RT_CONFIG;",
        "# variables of the environment override it, and flags (--set name=value) override both.",
    ]
    for name, setting in _by_section(known, lines):
        lines += ["", *_described(name, setting), f"#{name.rpartition('.')[2]} = {to_toml(setting.default)}"]
    return "\n".join(lines) + "\n"


def _by_section(known: Mapping[str, Setting[Any]], lines: list[str]) -> Iterator[tuple[str, Setting[Any]]]:
    """The settings, those without a section first; writes each section's heading into ``lines`` before its first one."""
    section = ""
    for name, setting in sorted(known.items(), key=lambda item: (item[0].rpartition(".")[0], item[0])):
        if (of := name.rpartition(".")[0]) != section:
            section = of
            lines += ["", f"[{section}]"]
        yield name, setting


def _described(name: str, setting: Setting[Any]) -> Iterator[str]:
    unit = f" ({setting.unit})" if setting.unit else ""
    yield f"# {setting.help[:1].upper()}{setting.help[1:]}{unit}."
    if setting.choices:
        yield f"# One of: {', '.join(setting.choices)}."
    for profile, value in setting.profiles.items():
        if value != setting.default:
            yield f"# In {profile}: {to_toml(value)}."
    if setting.development_only:
        yield "# For the development profile only."
    again = "; SIGHUP applies a change" if setting.reload else ""
    yield f"# {variable(name)}{again}"
