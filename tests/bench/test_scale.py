from collections import Counter
from collections.abc import Sequence

import h3.api.basic_int as h3
import pytest

from bench import places, scale
from bench.report import HELD, MISSED, Report, Unmeasurable
from bench.scale import Costs
from bench.town import GUESTS, MEMBERS, PER_ROOM, Town
from fwber_rt.features.location.shapes import ListPeople
from fwber_rt.features.messages.shapes import SendMessage


def _report(small: Sequence[float], large: Sequence[float]) -> Report:
    def costs(nearby: float) -> Costs:
        return {"nearby": [nearby, nearby], "move": [1000.0, 1000.0], "its part in the tick": [500.0]}

    return scale.report({10: [costs(each) for each in small], 1000: [costs(each) for each in large]}, "")


def test_the_ratio_is_the_largest_by_the_smallest() -> None:
    report = _report([10_000, 11_000, 90_000], [16_000, 12_000, 16_000])
    assert report.figures["ratios"]["nearby"] == pytest.approx(16 / 11)
    assert report.figures["mean_us"]["nearby"] == {"10": 11, "1000": 16}
    assert report.exit_code == HELD
    assert _report([10_000], [15_100]).exit_code == MISSED


def test_the_plot_has_a_point_for_each_size() -> None:
    [plot] = _report([10_000], [15_000]).plots
    assert plot.as_json()["series"]["nearby"] == [(10, 10), (1000, 15)]


def test_memory_is_looked_at_beforehand() -> None:
    scale.check_memory(1)
    with pytest.raises(Unmeasurable, match=r"GiB are needed.*smaller --sizes"):
        scale.check_memory(1 << 60)


def _crowding(town: Town) -> float:
    """In how many people's hexagon somebody lives, on average."""
    cells = Counter(h3.latlng_to_cell(*point, places.RESOLUTION) for point in town.at)
    return sum(count * count for count in cells.values()) / town.size


def test_a_town_is_as_dense_whatever_its_size() -> None:
    small, large = Town(8000), Town(24_000)
    assert _crowding(large) == pytest.approx(_crowding(small), rel=0.15)


def test_a_town_as_wide_as_a_larger_one_is_emptier() -> None:
    assert _crowding(Town(4000, as_wide_as=24_000)) == pytest.approx(_crowding(Town(24_000)) / 6, rel=0.3)


def test_everybody_is_somewhere_and_rooms_have_members() -> None:
    town = Town(PER_ROOM)
    assert town.world.statistics().located == PER_ROOM
    [room] = town.rooms
    assert len(town.world.rooms[int(room.room)].members) == 1 + MEMBERS
    assert len(room.strangers) == GUESTS - 1 - MEMBERS
    assert town.ask("nearby.people", room.owner, ListPeople(limit=5)).reply is not None
    assert town.ask("message.send", room.owner, SendMessage(room.room, text="hello")).pushes


def test_a_move_is_believed_and_seen_after_the_tick() -> None:
    town = Town(PER_ROOM)
    costs = scale._move(town, 300)
    assert len(costs["move"]) == 300
    shown = {actor.someone.disclosed for actor in town.actors}
    homes = {h3.latlng_to_cell(*point, places.RESOLUTION) for point in town.at}
    assert len(shown & homes) / len(homes) > 0.9
