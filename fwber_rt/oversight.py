"""Answers the operator's page for one server: what every part says of itself, in one record, and the settings in force."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from fwber_rt import __version__, config
from fwber_rt.config_values import is_secret, to_toml
from fwber_rt.core.oversight import Distribution, Figures, ShownSetting
from fwber_rt.features.mail.drain import progress as mail
from fwber_rt.metrics import Histogram

if TYPE_CHECKING:
    from fwber_rt.app import App

MASK: Final = '"********"'
WINDOWS_EVERY_S: Final = 30.0
SENDING: Final = ("message.send", "here.say")
_STATM: Final = Path("/proc/self/statm")


class Sum(NamedTuple):
    """What was added up at a time, seconds."""

    at: float
    value: int


class Overseer:
    """``core.oversight.Oversight`` of a running ``App``."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._began = perf_counter()
        self._known = config.collect(app.registry)
        self._windows = Sum(-WINDOWS_EVERY_S, 0)

    def figures(self) -> Figures:
        """What every part says of itself now."""
        app = self._app
        world, hub, journal, sizes = app.world, app.hub.statistics(), app.journal.statistics(), app.database.statistics()
        ends, passwords = app.endpoint.statistics(), app.passwords.statistics()
        now = perf_counter()
        return Figures(
            version=__version__, at_s=now, uptime_s=now - self._began, ready=app.ready, read_only=journal.read_only,
            connections=len(app.endpoint.sessions), people=len(world.people), located=world.index.statistics().members,
            rooms=len(world.rooms), streams=len(world.streams), window_bytes=self._window_bytes(now),
            messages=self._sent(), frames_in=ends.frames_in, bytes_in=ends.bytes_in, deliveries=hub.deliveries,
            bytes_out=hub.bytes_out, slow_closes=hub.slow_closes,
            slow_sessions=hub.slow_sessions, outbound_bytes=hub.backlog_bytes, held_effects=hub.held,
            journal_queue=journal.queued, mail_waiting=mail(world).waiting, passwords_waiting=passwords.waiting,
            passwords_hashed=passwords.hashed, memory_bytes=memory_bytes(), database_bytes=sizes.database_bytes,
            wal_bytes=sizes.wal_bytes, snapshot_age_s=app.snapshot_age_s,
            loop_lag=distribution(app.metrics.histogram("loop_lag_seconds")), commit=distribution(app.journal.seconds),
        )  # fmt: skip

    def settings(self) -> list[ShownSetting]:
        """All settings by name, secrets masked."""
        app, shown = self._app, []
        for name, setting in self._known.items():
            value, default = app.settings[setting], setting.default_for(app.settings[config.PROFILE])
            secret = is_secret(name)
            shown.append(
                ShownSetting(
                    name, MASK if secret and value else to_toml(value), MASK if secret and default else to_toml(default),
                    setting.unit, setting.help, value != default, setting.reload,
                )
            )  # fmt: skip
        return shown

    def _window_bytes(self, now: float) -> int:
        """Of all streams together: looked at seldom, for a hundred thousand of them cost 5 ms of the loop."""
        if now - self._windows.at >= WINDOWS_EVERY_S:
            self._windows = Sum(now, sum(stream.size for stream in self._app.world.streams.values()))
        return self._windows.value

    def _sent(self) -> int:
        metrics = self._app.metrics
        return sum(metrics.histogram("operation_seconds", op, over).count for op in SENDING for over in ("ws", "http"))


def distribution(histogram: Histogram) -> Distribution:
    """A histogram as it is now."""
    return Distribution(tuple(map(float, histogram.bounds)), tuple(histogram.counts), histogram.sum)


def memory_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not say."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
