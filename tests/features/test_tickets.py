"""``auth.ticket`` without sockets; what a connection makes of a ticket is in ``e2e/test_browser.py``."""

from __future__ import annotations

import pytest

from fwber_rt.core.people import Actor
from fwber_rt.core.tickets import LIFE_S, Ticket, tickets
from fwber_rt.errors import Refused
from fwber_rt.features.tickets import TicketIssued, issue_ticket
from fwber_rt.protocol.shapes import Nothing
from tests.features.conftest import Town


def issue(town: Town, actor: Actor) -> TicketIssued:
    effects = issue_ticket(town.world, actor, Nothing(), town.clock.now())
    assert effects.ephemeral and not effects.rows
    reply: TicketIssued = effects.reply
    return reply


def test_a_ticket_stands_for_user_and_sign_in(town: Town) -> None:
    actor = Actor(town.person("Ada"), town.person("Ada").kind)
    actor.sid, actor.token_expires = "sid", 77
    issued = issue(town, actor)
    assert issued.expires == town.clock.wall + LIFE_S * 1000
    assert tickets(town.world).redeem(issued.ticket, town.clock.mono) == Ticket(actor.someone.id, "sid", 77)


def test_no_two_are_alike_and_none_can_be_told_from_another(town: Town) -> None:
    actor = Actor(town.person("Ada"), town.person("Ada").kind)
    texts = [issue(town, actor).ticket for _ in range(50)]
    assert len(set(texts)) == 50 and {len(text) for text in texts} == {43}


def test_a_ticket_is_no_secret_of_a_session(town: Town) -> None:
    credentials = town.world.credentials
    assert credentials.ticket(5) not in credentials.session_secret(1, 5)
    assert credentials.session_conn(1, f"5.{credentials.ticket(5)}") is None


def test_they_are_bounded() -> None:
    town = Town(**{"auth.tickets": 2})
    actor = Actor(town.person("Ada"), town.person("Ada").kind)
    issue(town, actor)
    town.clock.advance(10)
    issue(town, actor)
    with pytest.raises(Refused) as refused:
        issue(town, actor)
    assert (refused.value.error.name, refused.value.retry_after_ms) == ("rate.limited", 20_000)
    town.clock.advance(20)
    issue(town, actor)
