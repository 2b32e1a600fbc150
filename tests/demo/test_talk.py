"""Simulated people speak where they are, in exchanges that make sense, and nobody can take them for real."""

from __future__ import annotations

from itertools import islice
from random import Random

from fwber_rt.core.text import clean_name
from fwber_rt.demo.cast import ANSWERS, EXCHANGES, NAMES, ROOMS, SIMULATED, label
from fwber_rt.demo.talk import HERE, Line, Manners, lines

MEMBERS = [[0, 1, 2], [1, 3], [2, 4, 5, 6]]
EVERYBODY = range(8)


def said(seed: int, count: int = 300) -> list[Line]:
    return list(islice(lines(Random(seed), MEMBERS, EVERYBODY), count))


def test_who_speaks_is_there() -> None:
    spoken = said(1)
    assert {line.channel for line in spoken} == {HERE, 0, 1, 2}
    for line in spoken:
        assert line.speaker in (EVERYBODY if line.channel == HERE else MEMBERS[line.channel])
        assert line.after_s > 0


def test_an_exchange_is_spoken_by_different_people_in_one_place_and_in_its_order() -> None:
    spoken = iter(said(2, 400))
    whole = {exchange[0][1]: exchange for exchange in EXCHANGES}
    for opening in islice(spoken, 20):
        exchange = whole[opening.text]
        rest = list(islice(spoken, len(exchange) - 1))
        assert [line.text for line in rest] == [text for _, text in exchange[1:]]
        assert {line.channel for line in rest} == {opening.channel}
        assert rest[0].speaker != opening.speaker


def test_nothing_is_said_again_before_everything_was_said() -> None:
    openings = [line.text for line in said(3, 100) if any(line.text == exchange[0][1] for exchange in EXCHANGES)]
    assert len(set(openings[: len(EXCHANGES)])) == len(EXCHANGES)


def test_the_same_seed_says_the_same() -> None:
    assert said(4) == said(4)
    assert said(4) != said(5)


def test_every_name_and_room_says_that_it_is_simulated() -> None:
    made = [label(NAMES[number % len(NAMES)], number) for number in range(200)]
    assert len(set(made)) == 200
    assert all(name.endswith(SIMULATED) and clean_name(name) == name for name in made)
    assert all(place.name.startswith("Demo") and "imulated" in place.description for place in ROOMS)


def test_one_answer_to_a_message_many_heard() -> None:
    manners = Manners(Random(1), pause_s=8)
    assert manners.answer("1", 0.0) == ANSWERS[0]
    assert manners.answer("1", 0.1) is None
    assert manners.answer("2", 7.9) is None, "somebody has just answered"
    assert manners.answer("1", 20.0) is None
    assert manners.answer("3", 20.0) == ANSWERS[1]
