"""The audit log: what administrators did, to whom, when and why, written in the transaction of what they did.

A handler of a command that only administrators may use says in ``Effects.audit`` what it did (``Act``); ``kept`` is put around
every such handler when the features are folded, turns that into a row beside the command's own, and fails without it. So nothing
an administrator does is stored without its entry, nor the entry without what it tells of.

The reason is about whoever it concerns, so it is sealed under their key, and erasing them makes it unreadable; that there was an
action, by whom and of what, stays as bare numbers until the entry ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from fwber_rt.core.effects import Act, Effects, Row, Seal, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import Refused

OPERATOR: Final = 0
"""Who acted, where it was nobody with an account: the command line."""

INSERT_ENTRY = Statement(
    "INSERT INTO audit(id, at, by, op, kind, subject, whom, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    seals=(Seal(7, owner=6, bind=(0,)),),
)

Handler = Callable[..., Effects | None]


def entry(world: World, by: int, op: str, act: Act, now: Instant) -> Row:
    """The row of one action of ``by`` (``OPERATOR``: the command line). Whom nobody else is concerned by concerns ``by``."""
    whom = act.user or by
    reason = act.reason.encode() if act.reason and whom else None
    return Row(INSERT_ENTRY, (world.ids.next(now.wall), now.wall, by, op, act.kind, act.subject, whom, reason))


def kept(op: str, handler: Handler) -> Handler:
    """``handler``, whose effects are in the audit log. RuntimeError when it does not say what it did."""

    @wraps(handler)
    def keeping(world: World, actor: Actor, request: Any, now: Instant, *loaded: Any) -> Effects | None:
        effects = handler(world, actor, request, now, *loaded)
        if effects is None or isinstance(effects.reply, Refused):
            return effects
        if effects.audit is None:
            raise RuntimeError(f"{op} does not say what the audit log is to keep of it")
        effects.rows.append(entry(world, actor.someone.id, op, effects.audit, now))
        return effects

    return keeping
