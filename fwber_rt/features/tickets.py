"""``auth.ticket``: a way from a browser's cookie to its WebSocket."""

from __future__ import annotations

from msgspec import Struct

from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.tickets import LIFE_S, Ticket, tickets
from fwber_rt.core.world import World
from fwber_rt.errors import RATE_LIMITED, Refused
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature

MOST = Setting("auth.tickets", 10_000, "tickets that may be unused at a time, all users together", "tickets", check=positive)
LIMIT_TICKET = Setting("limits.ticket", Rate(1, 10), "tickets to open a connection with, per user", "requests")


class TicketIssued(Struct):
    """What `connect` takes in place of a token, once, until ``expires`` (milliseconds)."""

    ticket: str
    expires: int


def issue_ticket(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``auth.ticket``: stands for whoever asks, under the sign-in they ask with."""
    text = world.credentials.ticket(world.ids.next(now.wall))
    ticket = Ticket(actor.someone.id, actor.sid, actor.token_expires)
    if wait := tickets(world).keep(text, ticket, world.settings[MOST], now.mono):
        raise Refused(RATE_LIMITED, retry_after_ms=wait, detail="Too many tickets are unused; try again shortly.")
    return Effects(TicketIssued(text, now.wall + int(LIFE_S * 1000)), ephemeral=True)


feature = Feature(
    name="tickets",
    commands=[
        Command(
            "auth.ticket", Nothing, issue_ticket, TicketIssued, http="POST /auth/ticket", limit="ticket", ws=False,
            help="A ticket to `connect` with, good once and for 30 s.", errors=(RATE_LIMITED,),
        ),
    ],
    settings=[MOST, LIMIT_TICKET],
)  # fmt: skip
