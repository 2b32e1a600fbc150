"""Pages of people as they are sent: cut out of what was written of a crowd's first members, or written for one viewer alone.

What it costs to answer with fifty people, with ten thousand and with a million in town (as many in a hexagon; us, medians):

| people are | 10 000 | 1 000 000 |
|---|---|---|
| looked for, and looked at one by one | 13.7 | 42.6 |
| in one string for each crowded hexagon, dropped when one of them changes | 8.6 | 13.0, but 130 when it was dropped |
| in one list for each, which changes with them | 9.1 | 15.3 |
| the same, and the first page in one string | 7.3 | 10.8 |

The steps are the same in both towns, 2 791 bytecodes to look for them and 585 to find them at hand: the rest is cache misses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from fwber_rt.core import geo, privacy
from fwber_rt.core.front import Front
from fwber_rt.core.people import Person


class Page(NamedTuple):
    """``text``: ``named`` cards, commas between them. ``last``: (ring, order) of the last one where more follow, else None."""

    text: bytes
    named: int
    last: tuple[int, int] | None


def written(found: Sequence[tuple[int, Person]], coarse: int) -> list[bytes]:
    """The card of each (ring, person), for a viewer at the ``coarse`` cell, or 0 for one seen as finely as people are."""
    cards, at_cell, at_ring, tail = [], 0, -1, b""
    for ring, person in found:
        if person.disclosed != at_cell or ring != at_ring:  # neighbours come hexagon by hexagon
            at_cell, at_ring = person.disclosed, ring
            cell = privacy.as_seen(at_cell, coarse) if coarse else at_cell
            tail = f',"cell":"{geo.to_text(cell)}","band":{ring}}}'.encode()
        cards.append(person.card + tail)
    return cards


def cut(front: Front[Person], coarse: int, limit: int, order: int | None, without: Collection[Person]) -> Page | None:
    """The ``limit`` members of a front after ``order``, ``without`` some; None where it does not hold one more than that."""
    end = start = front.after(order) if order is not None else 0
    missing = [place for place in front.places(without) if place >= start]
    end += limit
    for place in missing:
        end += place < end
    if end + sum([place >= end for place in missing]) >= len(front.orders):
        return None
    missing = [place for place in missing if place < end]
    if start:
        text = b",".join(_cards(front, coarse, start, end, [place - start for place in missing]))
    else:
        text = _first(front, coarse, limit, end, missing)
    return Page(text, limit, (0, front.orders[end - 1]))


def _first(front: Front[Person], coarse: int, limit: int, end: int, missing: Sequence[int]) -> bytes:
    """The first page, which most ask for: all but those ``missing`` in one piece, then one more for each of these."""
    if not front.together or front.together[0] != limit:
        front.together = (limit, b",".join(_cards(front, coarse, 0, limit, ())) + b",")
    text: bytes = front.together[1]
    for place in missing:
        if place < limit:
            at, size = text.find(front.made[place]), len(front.made[place])
            text = text[:at] + text[at + size + 1 :]
    if end > limit:
        more = _cards(front, coarse, limit, end, [place - limit for place in missing if place >= limit])
        return text + b",".join(more)
    return text[:-1]


def _cards(front: Front[Person], coarse: int, start: int, end: int, missing: Sequence[int]) -> list[bytes]:
    """The cards of a front's members from ``start`` up to before ``end``, but for those at the places ``missing`` in it."""
    cards: list[bytes] = front.made[start:end]
    if None in cards:
        unwritten = [place for place in range(start, end) if front.made[place] is None]
        told = [(0, front.members[place]) for place in unwritten]
        for place, card in zip(unwritten, written(told, coarse), strict=True):
            front.made[place] = cards[place - start] = card
    for place in reversed(missing):
        del cards[place]
    return cards
