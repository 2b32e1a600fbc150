"""What can be set: a declaration per setting, and the frozen set of values in force.

Loading (file, environment, flags) is ``fwber_rt.config``; this module is pure so that every layer may hold settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket's size: ``per_second`` tokens come back each second, up to ``burst``."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True, eq=False)
class Setting(Generic[T]):
    """One setting: ``name`` is dotted as in the TOML file, ``unit`` is shown beside the value, ``help`` is one sentence.

    ``check`` returns a complaint or None. ``reload`` marks what SIGHUP may change in a running server.
    The environment variable is derived: ``data_dir`` is ``FWBER_RT_DATA_DIR``, ``geo.resolution`` is
    ``FWBER_RT_GEO_RESOLUTION``. Types: bool, int, float, str, ``tuple[int, ...]``, ``tuple[str, ...]``, ``Rate``.
    """

    name: str
    default: T
    help: str
    unit: str = ""
    check: Callable[[T], str | None] | None = None
    choices: tuple[str, ...] = ()
    reload: bool = False
    development_only: bool = False
    profiles: Mapping[str, T] = field(default_factory=dict)  # a profile's own default, where it differs

    def default_for(self, profile: str) -> T:
        """The default in a profile (``development`` or ``production``)."""
        return self.profiles.get(profile, self.default)


def positive(value: float) -> str | None:
    """A check for numbers of which 0 and less make no sense."""
    return None if value > 0 else "must be above 0"


class Settings:
    """The values in force: ``settings[GEO_RESOLUTION]`` is typed by the declaration. Immutable."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, setting: Setting[T]) -> T:
        try:
            return cast(T, self._values[setting.name])
        except KeyError:
            return setting.default

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(sorted(self._values.items()))

    def replaced(self, changes: Mapping[str, Any]) -> Settings:
        """A copy with some values changed (by name)."""
        return Settings({**self._values, **changes})
