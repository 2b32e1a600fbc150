from math import inf

import h3.api.basic_int as h3
import pytest

from bench.oracle import Oracle, Timeline, disclosed_cell

HOME = disclosed_cell(31.57, 120.30)
NEXT = h3.grid_ring(HOME, 1)[0]
FAR = h3.grid_ring(HOME, 4)[0]


PLACES: dict[tuple[Oracle, str], Timeline[int]] = {}


def _at(oracle: Oracle, who: str, cell: int, sent: float, acked: float | None) -> None:
    """``who`` moves to where they hear ``cell``; the rules that say so are not the oracle's concern."""
    place = PLACES.get((oracle, who))
    if place is None:
        place = PLACES[oracle, who] = Timeline(0)
        oracle.follow(who, place)
    place.change(cell, sent)
    if acked is not None:
        place.settle(acked)


def _post(oracle: Oracle, sent: float = 10, acked: float = 11, stream: object = HOME, key: str = "hi") -> None:
    oracle.post(key, stream, "speaker", sent).acked = acked


def test_a_listener_in_reach_throughout_must_hear_it() -> None:
    oracle = Oracle()
    _at(oracle, "near", NEXT, 1, 2)
    _at(oracle, "far", FAR, 1, 2)
    _post(oracle)
    verdict = oracle.judge()
    assert (verdict.required, verdict.undecided) == (1, 0)
    assert verdict.missing == [("near", "hi")]
    oracle.heard("near", "hi", HOME, 12)
    verdict = oracle.judge()
    assert (verdict.missing, verdict.unexpected, verdict.latencies) == ([], [], [2])


def test_a_listener_out_of_reach_must_not() -> None:
    oracle = Oracle()
    _at(oracle, "far", FAR, 1, 2)
    _post(oracle)
    oracle.heard("far", "hi", HOME, 12)
    assert oracle.judge().unexpected == [("far", "hi")]


@pytest.mark.parametrize(
    ("sent", "acked"),
    [(9, 10), (9, 10.5), (9, 12), (10.5, 10.8), (11, 12), (10.5, None)],
    ids=["acked as it is sent", "acked during", "acked after", "within", "sent as it is acked", "never acked"],
)
@pytest.mark.parametrize(("before", "after"), [(HOME, FAR), (FAR, HOME)], ids=["leaving", "coming"])
def test_a_move_on_the_way_makes_it_undecidable(sent: float, acked: float | None, before: int, after: int) -> None:
    for delivered in (True, False):
        oracle = Oracle()
        _at(oracle, "mover", before, 1, 2)
        _at(oracle, "mover", after, sent, acked)
        _post(oracle)
        if delivered:
            oracle.heard("mover", "hi", HOME, 12)
        verdict = oracle.judge()
        assert (verdict.undecided, verdict.required, verdict.missing, verdict.unexpected) == (1, 0, [], [])


@pytest.mark.parametrize(("sent", "acked", "must"), [(8, 9, False), (11.5, 12, True)], ids=["gone before", "goes after"])
def test_a_move_before_or_after_decides(sent: float, acked: float, must: bool) -> None:
    oracle = Oracle()
    _at(oracle, "mover", HOME, 1, 2)
    _at(oracle, "mover", FAR, sent, acked)
    _post(oracle)
    assert bool(oracle.judge().missing) is must


def test_a_move_between_two_places_that_both_hear_it_decides_nothing_away() -> None:
    oracle = Oracle()
    _at(oracle, "mover", HOME, 1, 2)
    _at(oracle, "mover", NEXT, 10.2, None)
    _post(oracle)
    assert oracle.judge().missing == [("mover", "hi")]


def test_passing_through_during_the_post_is_seen() -> None:
    oracle = Oracle()
    _at(oracle, "mover", FAR, 1, 2)
    _at(oracle, "mover", HOME, 10.1, 10.2)
    _at(oracle, "mover", FAR, 10.3, 10.4)
    _post(oracle)
    assert oracle.judge().undecided == 1


def test_a_lost_move_is_overtaken_by_its_repeat() -> None:
    oracle = Oracle()
    _at(oracle, "mover", FAR, 1, 2)
    _at(oracle, "mover", HOME, 5, None)
    _at(oracle, "mover", HOME, 6, 7)
    _post(oracle)
    assert oracle.judge().missing == [("mover", "hi")]


def test_an_unacknowledged_post_may_arrive_but_need_not() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle, acked=inf)
    assert (oracle.judge().undecided, oracle.judge().missing) == (1, [])


def test_duplicates_unknown_texts_and_wrong_streams() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle)
    for _ in range(2):
        oracle.heard("near", "hi", HOME, 12)
    oracle.heard("near", "never said", HOME, 12)
    verdict = oracle.judge()
    assert verdict.duplicates == [("near", "hi")]
    assert verdict.unexpected == [("near", "never said")]


def test_a_post_that_arrives_on_another_stream_is_unexpected() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle)
    oracle.heard("near", "hi", NEXT, 12)
    assert oracle.judge().unexpected == [("near", "hi")]


def test_where_a_post_went_may_never_be_known() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle, acked=inf, stream=None)
    oracle.heard("near", "hi", HOME, 12)
    assert (oracle.judge().undecided, oracle.judge().unexpected, oracle.judge().missing) == (1, [], [])


def test_a_refused_post_must_not_be_heard() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    oracle.refuse(oracle.post("hi", HOME, "speaker", 10))
    assert oracle.judge().missing == []
    oracle.heard("near", "hi", HOME, 12)
    assert oracle.judge().unexpected == [("near", "hi")]


@pytest.mark.parametrize(("who", "whom"), [("near", "speaker"), ("speaker", "near")])
@pytest.mark.parametrize(
    ("ways", "outcome"),
    [
        ([(True, 3, 4)], "forbidden"),
        ([(True, 3, 4), (False, 5, 6)], "required"),
        ([(True, 9, 10.5)], "either"),
        ([(True, 3, 4), (False, 10.5, 13)], "either"),
        ([(True, 12, 13)], "required"),
    ],
)
def test_a_block_silences_both_ways(who: str, whom: str, ways: list[tuple[bool, float, float]], outcome: str) -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle)
    for blocked, sent, acked in ways:
        oracle.block(who, whom).change(blocked, sent)
        oracle.block(who, whom).settle(acked)
    unheard = oracle.judge()
    oracle.heard("near", "hi", HOME, 12)
    heard = oracle.judge()
    assert bool(unheard.missing) is (outcome == "required")
    assert bool(heard.unexpected) is (outcome == "forbidden")
    assert bool(heard.undecided) is (outcome == "either")


def test_two_blocks_are_two() -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _post(oracle)
    for who, whom in (("near", "speaker"), ("speaker", "near")):
        oracle.block(who, whom).change(True, 3)
        oracle.block(who, whom).settle(4)
    oracle.block("near", "speaker").change(False, 5)
    oracle.block("near", "speaker").settle(6)
    oracle.heard("near", "hi", HOME, 12)
    assert oracle.judge().unexpected == [("near", "hi")]


def test_whoever_was_cut_off_is_told_what_is_theirs_when_they_come_back() -> None:
    for blocked_at, missing in ((14, False), (21, True)):
        oracle = Oracle()
        _at(oracle, "near", HOME, 1, 2)
        _post(oracle)
        oracle.absent("near", 11.5, 20)
        oracle.block("speaker", "near").change(True, blocked_at)
        oracle.block("speaker", "near").settle(blocked_at + 1)
        assert bool(oracle.judge().missing) is missing


@pytest.mark.parametrize(("over_at", "right"), [(18, True), (25, False)])
def test_what_a_block_kept_away_may_come_with_a_resume_once_it_is_over(over_at: float, right: bool) -> None:
    oracle = Oracle()
    _at(oracle, "near", HOME, 1, 2)
    _at(oracle, "far", FAR, 1, 2)
    for who in ("near", "far"):
        for blocked, sent in ((True, 3), (False, over_at)):
            oracle.block("speaker", who).change(blocked, sent)
            oracle.block("speaker", who).settle(sent + 1)
        oracle.absent(who, 19, 20)
    _post(oracle)
    for who in ("near", "far"):
        oracle.heard(who, "hi", HOME, 20.1)
    assert sorted(oracle.judge().unexpected) == ([("far", "hi")] if right else [("far", "hi"), ("near", "hi")])


def test_a_membership_may_have_ended_by_itself_before_that_was_known() -> None:
    oracle = Oracle()
    member = oracle.membership("member", "room:1")
    for state, sent, acked in ((True, 1, 2), (False, 11.5, 12)):
        member.change(state, sent)
        member.settle(acked)
    _post(oracle, stream="room:1")
    assert oracle.judge().missing == [("member", "hi")]
    member.sooner(10.5)
    assert (oracle.judge().missing, oracle.judge().undecided) == ([], 1)
    member.sooner(0)
    assert set(member.between(1.5, 1.6)) == {False, True}


def test_the_speaker_hears_it_too_but_is_counted_apart() -> None:
    oracle = Oracle()
    _at(oracle, "speaker", HOME, 1, 2)
    _post(oracle)
    oracle.heard("speaker", "hi", HOME, 12)
    verdict = oracle.judge()
    assert (verdict.own, verdict.required, verdict.latencies, verdict.missing) == (1, 0, [], [])


def test_rooms_follow_membership() -> None:
    oracle = Oracle()
    member, guest = oracle.membership("member", "room:1"), oracle.membership("guest", "room:1")
    member.change(True, 1)
    member.settle(2)
    guest.change(True, 10.5)
    guest.settle(12)
    _post(oracle, stream="room:1")
    oracle.heard("stranger", "hi", "room:1", 12)
    verdict = oracle.judge()
    assert verdict.missing == [("member", "hi")]
    assert verdict.unexpected == [("stranger", "hi")]
    assert verdict.undecided == 1
    assert verdict.undecided_share == 0.5


def test_a_refused_change_never_was() -> None:
    timeline = Timeline(0)
    timeline.change(1, 5)
    timeline.refuse()
    assert timeline.between(6, 7) == [0]
    assert timeline.last == 0


def test_the_same_text_twice_could_not_be_told_apart() -> None:
    oracle = Oracle()
    _post(oracle)
    with pytest.raises(ValueError, match="before"):
        _post(oracle)


def test_cells_come_from_the_fine_cell() -> None:
    """A point whose direct hexagon is not its fine cell's parent: 6 % of all points; the rule decides for the parent."""
    found = 0
    for step in range(2000):
        lat, lng = 31.5 + step * 1e-4, 120.3 + step * 7e-5
        direct, disclosed = h3.latlng_to_cell(lat, lng, 8), disclosed_cell(lat, lng)
        assert disclosed == h3.cell_to_parent(h3.latlng_to_cell(lat, lng, 10), 8)
        found += direct != disclosed
    assert found
