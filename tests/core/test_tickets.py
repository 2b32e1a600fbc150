"""Tickets: good once, for half a minute, and never more of them than asked for."""

from __future__ import annotations

import pytest

from fwber_rt.core.tickets import LIFE_S, Ticket, Tickets

ADA = Ticket(1, "sid", 1_000)


def kept(*texts: str, now: float = 100.0) -> Tickets:
    tickets = Tickets()
    assert [tickets.keep(text, ADA, 100, now) for text in texts] == [0] * len(texts)
    return tickets


def test_exactly_one_of_two_uses_wins() -> None:
    tickets = kept("a", "b")
    assert [tickets.redeem("a", 101.0) for _ in range(2)] == [ADA, None]
    assert tickets.redeem("b", 101.0) == ADA
    assert len(tickets) == 0


def test_what_was_never_issued_is_nobody() -> None:
    tickets = kept("a")
    assert [tickets.redeem(text, 100.0) for text in ("", "b", "a ", "A")] == [None] * 4


@pytest.mark.parametrize(("later", "good"), [(0.0, True), (LIFE_S - 0.001, True), (LIFE_S, False), (1e6, False), (-50.0, True)])
def test_a_ticket_lives_half_a_minute(later: float, good: bool) -> None:
    tickets = kept("a")
    assert (tickets.redeem("a", 100.0 + later) == ADA) is good


def test_they_are_bounded_and_say_when_there_is_room() -> None:
    tickets = Tickets()
    assert [tickets.keep(str(n), ADA, 3, 100.0 + n) for n in range(4)] == [0, 0, 0, 27_000]
    assert tickets.redeem("3", 103.0) is None
    assert tickets.redeem("1", 103.0) == ADA
    assert tickets.keep("4", ADA, 3, 103.0) == 0
    assert tickets.keep("5", ADA, 3, 129.9999) == 1
    assert tickets.keep("5", ADA, 3, 130.0) == 0


def test_those_that_are_over_take_no_room() -> None:
    tickets = kept(*map(str, range(50)))
    assert tickets.keep("new", ADA, 1, 100.0 + LIFE_S) == 0
    assert len(tickets) == 1
