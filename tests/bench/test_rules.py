"""The public rules as the oracle knows them, and what follows from them about one user."""

from __future__ import annotations

import h3.api.basic_int as h3
import pytest

from bench.oracle import disclosed_cell
from bench.places import centre
from bench.rules import Choice, Rules
from bench.whereabouts import Whereabouts

RULES = Rules()
HOME = disclosed_cell(31.57, 120.30)
NEXT = h3.grid_ring(HOME, 1)[0]
FAR = h3.grid_ring(HOME, 70)[0]
HERE, THERE, AWAY = centre(HOME), centre(NEXT), centre(FAR)
TICK = 30


def _parent(cell: int, level: int) -> int:
    return int(h3.cell_to_parent(cell, level))


def _fine(point: tuple[float, float]) -> int:
    return int(h3.latlng_to_cell(*point, 10))


class Life:
    """Notes of one user, a line each: fixes take a second, and what is shown is told when it is said to be."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.notes = Whereabouts(rules)

    def fix(self, at: float, point: tuple[float, float]) -> Life:
        self.notes.fix(*point, at)
        self.notes.settle(at + 1)
        return self

    def choose(self, at: float, choice: Choice) -> Life:
        self.notes.choose(choice, at)
        self.notes.settle(at + 1)
        return self

    def told(self, at: float, cell: int) -> Life:
        self.notes.told(cell, at)
        return self


def _home() -> Life:
    return Life().fix(0, HERE).told(0.5, HOME)


# Single rules


def test_what_a_choice_shows() -> None:
    fine, levels = _fine(HERE), RULES.levels
    assert Choice().shown(fine, levels) == HOME
    assert Choice(7).shown(fine, levels) == _parent(HOME, 7)
    assert Choice(6).shown(fine, levels) == _parent(HOME, 5)
    assert Choice(0).shown(fine, levels) == 0
    assert Choice(zones={HOME: False}).shown(fine, levels) == _parent(HOME, 7)
    assert Choice(5, {HOME: False}).shown(fine, levels) == _parent(HOME, 5)
    assert Choice(zones={HOME: True}).shown(fine, levels) == 0
    assert Choice(zones={NEXT: True}).shown(fine, levels) == HOME


def test_who_hears_what() -> None:
    seven, five = _parent(HOME, 7), _parent(HOME, 5)
    assert RULES.hears(0) == frozenset()
    assert RULES.hears(HOME) == {*h3.grid_disk(HOME, 1), seven, five}
    assert RULES.hears(seven) == {seven, five}
    assert RULES.hears(five) == {five}


def test_how_far_one_gets() -> None:
    near, far = _fine(HERE), _fine(AWAY)
    for choice, level in ((Choice(), 8), (Choice(5), 5), (Choice(0), 8)):
        places = [h3.cell_to_latlng(h3.cell_to_parent(fine, level)) for fine in (near, far)]
        metres = h3.great_circle_distance(*places, unit="m") - 2 * h3.average_hexagon_edge_length(level, unit="m")
        seconds = metres / RULES.fastest_mps
        assert RULES.possible(choice, near, near, (0, 0)) == (True,)
        assert RULES.possible(choice, near, far, (0, seconds * 0.99)) == (False,)
        assert RULES.possible(choice, near, far, (seconds * 1.01, 2 * seconds)) == (True,)
        assert set(RULES.possible(choice, near, far, (seconds * 0.9, seconds * 1.1))) == {True, False}
        assert Rules(scale=600).possible(choice, near, far, (seconds / 599, seconds / 500)) == (True,)


def test_when_a_crossing_counts() -> None:
    assert RULES.due((10, 11), (10, 11)) == (130, 191)
    assert RULES.due((10, 11), (250, 251)) == (310, 311)  # five minutes after the first of many
    assert Rules(scale=60).due((10, 11), (10, 11)) == (12, 14)


# A life


def test_the_first_fix_is_shown_and_heard_from_at_once() -> None:
    life = _home()
    assert life.notes.problem == ""
    assert life.notes.between(-5, -1) == [0]
    assert sorted(life.notes.between(0.2, 0.3)) == [0, HOME]
    assert life.notes.between(1.5, 100) == [HOME]
    assert Life().fix(0, HERE).fix(10, HERE).notes.problem  # nobody was told that they are shown


def test_hearing_follows_a_move_at_once_and_showing_after_a_while() -> None:
    life = _home().fix(60, THERE)
    assert life.notes.between(62, 70) == [NEXT]
    for at, explained in ((100, False), (181, True), (240, True)):
        told = _home().fix(60, THERE).told(at, NEXT)
        assert (told.notes.problem == "") is explained, at
        assert told.notes.between(62, 300) == [NEXT]


def test_a_crossing_that_is_never_shown_breaks_the_rules() -> None:
    assert _home().fix(60, THERE).fix(200, THERE).notes.problem == ""
    assert _home().fix(60, THERE).fix(260, THERE).notes.problem


def test_a_crossing_taken_back_is_not_shown() -> None:
    life = _home().fix(60, THERE).fix(90, HERE).fix(400, HERE)
    assert life.notes.problem == ""
    assert life.told(401, NEXT).notes.problem


def test_somebody_who_never_rests_is_shown_all_the_same() -> None:
    walk = [HOME, *(h3.grid_ring(HOME, k)[0] for k in range(1, 12))]
    life = _home()
    for step, cell in enumerate(walk[1:], 1):
        life.fix(60 * step, centre(cell))
        if step == 6:
            assert life.notes.problem == ""
    assert life.notes.problem  # five minutes after the first crossing something had to be shown


def test_a_jump_changes_nothing_until_it_has_lasted() -> None:
    life = _home().fix(60, AWAY)
    assert life.notes.between(62, 100) == [HOME]
    back = _home().fix(60, AWAY).fix(120, HERE).fix(500, HERE)
    assert (back.notes.problem, back.notes.between(2, 600)) == ("", [HOME])
    stayed = _home().fix(60, AWAY).fix(120, AWAY).told(210, FAR).fix(220, AWAY)
    assert stayed.notes.problem == ""
    assert stayed.notes.between(215, 300) == [FAR]
    assert sorted(stayed.notes.between(190, 205)) == sorted([HOME, FAR])
    assert stayed.notes.between(100, 150) == [HOME]
    assert _home().fix(60, AWAY).told(150, FAR).fix(220, AWAY).notes.problem  # too soon


def test_less_is_shown_at_once_and_more_later() -> None:
    seven = _parent(HOME, 7)
    life = _home().choose(10, Choice(7)).told(10.5, seven).choose(20, Choice(8))
    assert life.notes.problem == ""
    assert life.notes.between(22, 100) == [seven]
    assert life.told(50, HOME).notes.problem  # the dwell time is not over


def test_a_ghost_hears_nothing() -> None:
    life = _home().choose(10, Choice(0)).told(10.5, 0).fix(60, THERE)
    assert (life.notes.problem, life.notes.between(12, 100)) == ("", [0])
    again = life.choose(100, Choice(8)).told(240, NEXT)
    assert again.notes.problem == ""
    assert again.notes.between(242, 300) == [NEXT]


def test_in_a_zone_one_is_shown_coarsely() -> None:
    seven = _parent(NEXT, 7)
    life = _home().choose(10, Choice(zones={NEXT: False})).fix(60, THERE).told(200, seven).fix(210, THERE)
    assert life.notes.problem == ""
    assert life.notes.between(205, 300) == [seven]


def test_words_are_said_where_one_is_shown() -> None:
    life = _home().fix(60, THERE)
    life.notes.spoke(HOME, 70, 71)
    assert life.notes.problem == ""
    life.notes.spoke(NEXT, 80, 81)
    assert life.notes.problem == f"words in {NEXT:x} at 80.00"
    ghost = _home().choose(10, Choice(0)).told(10.5, 0)
    ghost.notes.spoke(0, 20, 21)
    assert ghost.notes.problem == ""


def test_a_push_may_come_while_a_request_is_under_way() -> None:
    life = _home().fix(60, THERE)
    life.notes.fix(*HERE, 200)
    life.told(200.5, NEXT)
    life.notes.settle(202)
    assert life.notes.problem == ""
    assert life.notes.between(203, 210) == [HOME]


@pytest.mark.parametrize("shown", [NEXT, HOME])
def test_a_restarted_server_shows_where_the_client_comes_back(shown: int) -> None:
    life = _home().fix(60, THERE)
    life.notes.lost(100)
    life.notes.opened(105, shown)
    life.fix(110, THERE)
    assert (life.notes.problem == "") is (shown == NEXT)
    assert life.notes.absences == [(100, 105)]


def test_what_was_under_way_in_a_restart_is_asked_again() -> None:
    life = _home()
    life.notes.fix(*THERE, 60)
    life.notes.lost(60.5)
    life.notes.opened(65, HOME)
    life.notes.settle(66)
    assert life.notes.problem == ""
    assert set(life.notes.between(60.2, 60.3)) == {HOME, NEXT}
    assert life.notes.between(70, 99) == [NEXT]  # a border may be crossed in an instant
    assert life.fix(100, THERE).notes.between(102, 110) == [NEXT]
