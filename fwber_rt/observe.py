"""Wires the figures of the running parts to the metrics table: read when scraped, never copied on a hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwber_rt.features.accounts.state import accounts
from fwber_rt.features.mail.drain import progress as mail

if TYPE_CHECKING:
    from fwber_rt.app import App


def wire(app: App) -> None:
    """Make every row of the table show what ``app``'s parts know."""
    metrics = app.metrics
    _people(app)
    _traffic(app)
    _storage(app)
    metrics.watch("ready", lambda: float(app.ready))
    for name in ("recovered", "lost"):
        metrics.counter("resumes", name)


def _people(app: App) -> None:
    watch = app.metrics.watch
    watch("people", lambda: len(app.world.people))
    watch("people_located", lambda: app.world.index.statistics().members)
    watch("index_cells", lambda: app.world.index.statistics().cells)
    watch("rooms", lambda: len(app.world.rooms))
    watch("streams", lambda: len(app.world.streams))
    watch("window_bytes", lambda: app.world.statistics().window_bytes)
    watch("mail", lambda: {(outcome,): float(n) for outcome, n in mail(app.world).outcomes.items()})
    watch("mail_waiting", lambda: mail(app.world).waiting)
    watch("passwords_waiting", lambda: app.passwords.statistics().waiting)
    watch("passwords_hashed", lambda: app.passwords.statistics().hashed)
    watch("sign_ins_over", lambda: accounts(app.world).statistics()["revoked"])
    watch("users_banned", lambda: accounts(app.world).statistics()["bans"])


def _traffic(app: App) -> None:
    metrics, hub = app.metrics, app.hub
    metrics.adopt("fanout_width", hub.widths)
    metrics.watch("messages_out", lambda: hub.counts.deliveries + hub.counts.replies)
    metrics.watch("bytes_out", lambda: hub.counts.bytes_out)
    metrics.watch("writes", lambda: hub.counts.writes)
    metrics.watch("volatile_dropped", lambda: hub.counts.volatile_dropped)
    endpoint, front = app.endpoint, app.front
    metrics.watch("connections", lambda: len(endpoint.sessions))
    metrics.watch("connections_opened", lambda: endpoint.opened)
    metrics.watch("connections_refused", lambda: {(reason,): float(n) for reason, n in front.refused.items()})
    metrics.watch("closes", lambda: {(code,): float(n) for code, n in endpoint.closes.items()})
    metrics.watch("limits_reached", lambda: _limits_reached(app))
    metrics.watch("address_allowances", app.dispatcher.limiter.buckets)
    metrics.watch("handshakes", lambda: len(front.handshakes))
    metrics.watch("messages_in", lambda: endpoint.frames_in)
    metrics.watch("bytes_in", lambda: endpoint.bytes_in)
    metrics.watch("held_effects", lambda: len(hub.held))
    metrics.watch("outbound_bytes", lambda: hub.statistics().backlog_bytes)


def _limits_reached(app: App) -> dict[str | tuple[str, ...], float]:
    reached = sum((http.reached for http in app.https), app.endpoint.reached.copy())
    return {(limit,): float(times) for limit, times in reached.items()}


def _storage(app: App) -> None:
    metrics, journal = app.metrics, app.journal
    metrics.watch("journal_queue", lambda: journal.statistics().queued)
    metrics.watch("journal_position", lambda: journal.position)
    metrics.watch("journal_committed", lambda: journal.committed)
    metrics.watch("storage_read_only", lambda: float(journal.read_only))
    metrics.watch("database_bytes", lambda: _sizes(app))
    metrics.watch("snapshot_age_seconds", lambda: app.snapshot_age_s)
    metrics.adopt("commit_seconds", journal.seconds)
    metrics.adopt("commit_effects", journal.sizes)


def _sizes(app: App) -> dict[str | tuple[str, ...], float]:
    sizes = app.database.statistics()
    return {"database": sizes.database_bytes, "wal": sizes.wal_bytes}
