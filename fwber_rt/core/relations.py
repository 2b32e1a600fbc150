"""Between two people: who has blocked whom, and who does not want to hear whom.

A block is two-way and silent: neither sees or hears the other, anywhere. A mute is one-way: the muted person's words do not
reach whoever muted them, and nothing else changes. Known for everybody, here or not, because it decides what others receive.

Three sets a user, each absent when empty. ``hidden``: people this user neither sees nor is seen by. ``deaf``: people this user
does not hear. ``unheard``: people who do not hear this user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwber_rt.core.effects import Audience

if TYPE_CHECKING:
    from fwber_rt.core.people import Person

_NOBODY: frozenset[int] = frozenset()


class Relations:
    """All blocks and mutes, by user id."""

    __slots__ = ("_blocks", "_deaf", "_hidden", "_mutes", "_parted", "_unheard")

    def __init__(self) -> None:
        self._blocks: dict[int, set[int]] = {}  # who -> whom they blocked
        self._mutes: dict[int, set[int]] = {}
        self._hidden: dict[int, set[int]] = {}
        self._deaf: dict[int, set[int]] = {}
        self._unheard: dict[int, set[int]] = {}
        self._parted: list[tuple[int, int, bool]] = []

    def block(self, who: int, whom: int) -> bool:
        """``who`` blocks ``whom``; False when they had already."""
        return self._note(self._blocks, who, whom)

    def unblock(self, who: int, whom: int) -> bool:
        """Take the block back (the other's, if any, stays); False when there was none."""
        return self._strike(self._blocks, who, whom)

    def mute(self, who: int, whom: int) -> bool:
        """``who`` no longer hears ``whom``; False when that was so already."""
        return self._note(self._mutes, who, whom)

    def unmute(self, who: int, whom: int) -> bool:
        """Take the mute back; False when there was none."""
        return self._strike(self._mutes, who, whom)

    def blocked_by(self, who: int) -> set[int] | frozenset[int]:
        """Whom ``who`` has blocked."""
        return self._blocks.get(who, _NOBODY)

    def muted_by(self, who: int) -> set[int] | frozenset[int]:
        """Whom ``who`` has muted."""
        return self._mutes.get(who, _NOBODY)

    def hidden(self, user: int) -> set[int] | frozenset[int]:
        """People that ``user`` neither sees nor is seen by."""
        return self._hidden.get(user, _NOBODY)

    def deaf(self, user: int) -> set[int] | frozenset[int]:
        """People that ``user`` does not hear."""
        return self._deaf.get(user, _NOBODY)

    @property
    def any_hidden(self) -> bool:
        """Whether anybody has blocked anybody."""
        return bool(self._hidden)

    def audience(self, user: int) -> Audience | None:
        """What narrows the audience of what ``user`` says; None when everybody hears them."""
        unheard = self._unheard.get(user)
        return Audience(without=unheard) if unheard else None

    def viewers(self, user: int) -> Audience | None:
        """What narrows the audience of what shows ``user`` without their saying anything; None when everybody sees them."""
        hidden = self._hidden.get(user)
        return Audience(without=hidden) if hidden else None

    def parted(self) -> list[tuple[int, int, bool]]:
        """Who can no longer see whom (or can again, False) since the last call: (viewer, other, hidden)."""
        found, self._parted = self._parted, []
        return found

    def forget(self, user: int) -> None:
        """Take back everything ``user`` chose (erasure).

        What others chose stays: that a block of theirs went would tell them that there had been somebody of that id.
        """
        for whom in list(self._blocks.get(user, ())):
            self.unblock(user, whom)
        for whom in list(self._mutes.get(user, ())):
            self.unmute(user, whom)

    def introduce(self, person: Person) -> None:
        """Tell somebody who has just arrived what concerns them."""
        person.hidden = self.hidden(person.id)
        person.deaf = self.deaf(person.id)
        person.audience = self.audience(person.id)

    def _note(self, table: dict[int, set[int]], who: int, whom: int) -> bool:
        mine = table.setdefault(who, set())
        if whom in mine:
            return False
        mine.add(whom)
        self._derive(who, whom)
        return True

    def _strike(self, table: dict[int, set[int]], who: int, whom: int) -> bool:
        mine = table.get(who)
        if mine is None or whom not in mine:
            return False
        mine.discard(whom)
        if not mine:
            del table[who]
        self._derive(who, whom)
        return True

    def _derive(self, who: int, whom: int) -> None:
        apart = whom in self._blocks.get(who, ()) or who in self._blocks.get(whom, ())
        if apart != (whom in self._hidden.get(who, ())):
            self._parted += [(who, whom, apart), (whom, who, apart)]
        for one, other in ((who, whom), (whom, who)):
            _set(self._hidden, one, other, apart)
            deaf = apart or other in self._mutes.get(one, ())
            _set(self._deaf, one, other, deaf)
            _set(self._unheard, other, one, deaf)


def _set(table: dict[int, set[int]], who: int, whom: int, present: bool) -> None:
    if present:
        table.setdefault(who, set()).add(whom)
    elif who in table:
        table[who].discard(whom)
        if not table[who]:
            del table[who]
