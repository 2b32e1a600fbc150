"""settings.md: every setting, its default in each profile, its unit and what it is for."""

from __future__ import annotations

from typing import Any

from fwber_rt.config import collect
from fwber_rt.config_values import variable
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.reference.markdown import code, page, table
from fwber_rt.registry import Registry

_INTRODUCTION = (
    "A setting is its profile's default unless the TOML file, the environment or a flag of the command line says otherwise, each "
    "of them before the ones named earlier. `fwber-rt print-config --defaults` prints a file to start from."
)


def render(registry: Registry) -> str:
    """The page."""
    rows = [_row(setting) for setting in collect(registry).values()]
    return page("Settings", _INTRODUCTION, table(("name", "default", "unit", "what it is", "environment"), rows))


def _row(setting: Setting[Any]) -> tuple[str, ...]:
    notes = [setting.help + (f" ({', '.join(setting.choices)})" if setting.choices else "")]
    if setting.reload:
        notes.append("changes on SIGHUP")
    if setting.development_only:
        notes.append("development profile only")
    return code(setting.name), _default(setting), setting.unit, "; ".join(notes), code(variable(setting.name))


def _default(setting: Setting[Any]) -> str:
    development, production = (_value(setting.default_for(profile)) for profile in ("development", "production"))
    return development if development == production else f"{development} in development, {production} in production"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Rate():
            return f"{value.per_second:g}/s, burst {value.burst:g}"
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case int():
            return str(value)
        case float():
            return f"{value:g}"
    return code(str(value)) or "empty"
