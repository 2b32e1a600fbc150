from bench import habits
from bench.oracle import disclosed_cell
from bench.traces import Fix

FIXES = [Fix(60.0 * place, 31.5, 120.3) for place in range(30)]
HOME = disclosed_cell(31.5, 120.3)


def _strays(number: int) -> list[int]:
    made = habits.jumps(FIXES, number)
    assert [fix.at for fix in made] == [fix.at for fix in FIXES]
    return [place for place, (fix, true) in enumerate(zip(made, FIXES, strict=True)) if fix != true]


def test_some_receivers_lose_their_way_now_and_then_and_some_people_go_away_for_a_while() -> None:
    assert _strays(6) == [8, 17, 26]
    assert _strays(17) == [8, 9, 10, 11, 12, 13]
    assert _strays(0) == _strays(9) == []


def test_a_jump_is_one_that_nobody_can_make() -> None:
    there, back = habits.jumps(FIXES, 6)[8], FIXES[9]
    assert abs(there.lat - back.lat) * 111_000 / 60 > 10 * 70


def test_what_is_chosen() -> None:
    assert {number: len(habits.steps(FIXES, number)) for number in range(10)} == {
        0: 0, 1: 1, 2: 2, 3: 3, 4: 2, 5: 2, 6: 0, 7: 0, 8: 0, 9: 0
    }  # fmt: skip
    ghost = habits.steps(FIXES, 13)[4]
    assert (ghost.op, ghost.d, ghost.choice.shown(1, (8, 7, 5))) == ("location.precision", {"res": 0}, 0)
    hidden = habits.steps(FIXES, 5)[1]
    assert hidden.choice.zones == {HOME: True}
    assert hidden.d == {"cell": f"{HOME:015x}", "hide": True}
