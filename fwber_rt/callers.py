"""Who a request is from: what a client presents, turned into an Actor.

A token (``Authorization: Bearer``, or in ``connect``), a browser's cookie (REST alone; ``transport.cookies`` has seen to it that
our own page sent it), or a ticket (WebSocket alone). Each names a user and a sign-in; one that is taken back opens nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from fwber_rt.arrivals import Arrivals
from fwber_rt.core.effects import Effects
from fwber_rt.core.people import Actor
from fwber_rt.core.tickets import tickets
from fwber_rt.errors import FIELD_INVALID, TOKEN_EXPIRED, TOKEN_INVALID, Refused
from fwber_rt.features.accounts.sign_ins import check_cookie
from fwber_rt.features.accounts.state import accounts
from fwber_rt.features.accounts.users import kind_now
from fwber_rt.transport.cookies import CREDENTIAL
from fwber_rt.transport.proxies import network
from fwber_rt.transport.session import Session

if TYPE_CHECKING:
    from fwber_rt.dispatch import Dispatcher

COOKIES: Final = 1024
"""Cookies whose user is remembered, to tell their senders how much is left to ask."""


class Callers:
    """For one dispatcher, whose world may be replaced.

    Every method raises Refused: token.missing, .invalid or .expired, user.banned.
    """

    __slots__ = ("_arrivals", "_cookies", "_dispatcher")

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._arrivals = Arrivals(lambda: dispatcher.reader)
        self._cookies: OrderedDict[str, int] = OrderedDict()  # the genuine ones seen last, and whose

    async def in_frame(self, token: str, ticket: str, session: Session) -> Actor:
        """Whoever the token or the ticket in a frame stands for. A ticket is used up by this, whatever comes of it."""
        if not ticket:
            if token.startswith(CREDENTIAL):
                raise Refused(TOKEN_INVALID)
            return await self.by_token(token, session.address, session)
        dispatcher = self._dispatcher
        now = dispatcher.clock.now()
        held = tickets(dispatcher.world).redeem(ticket, now.mono)
        if token:
            raise Refused(FIELD_INVALID, field="ticket", detail="Give a token or a ticket, not both.")
        if held is None:
            raise Refused(TOKEN_INVALID, field="ticket", detail="The ticket was used before, or is older than 30 s.")
        if held.expires_ms <= now.wall:
            raise Refused(TOKEN_EXPIRED, field="ticket", detail="The sign-in that the ticket was made with has ended.")
        dispatcher.tokens.check_sid(held.user, held.sid)
        return await self._admit(held.user, held.sid, held.expires_ms, session.address, session)

    async def by_token(self, token: str, address: str, session: Session | None = None) -> Actor:
        """The actor a token names, or (over REST) a browser's cookie."""
        if token.startswith(CREDENTIAL):
            dispatcher = self._dispatcher
            value = token.removeprefix(CREDENTIAL)
            user, sid, ends = await check_cookie(dispatcher.world, value, dispatcher.clock.now(), dispatcher.reader)
            self._cookies[token] = user
            self._cookies.move_to_end(token)
            if len(self._cookies) > COOKIES:
                self._cookies.popitem(last=False)
            return await self._admit(user, sid, ends, address, session)
        claims = self._dispatcher.tokens.verify(token, self._dispatcher.clock.now().wall, remember=session is None)
        return await self._admit(claims.user, claims.sid, claims.expires_ms, address, session)

    def known(self, token: str | None) -> int | None:
        """The user of a token or cookie that was just presented, whether or not it is still good; None for nobody."""
        if token and token.startswith(CREDENTIAL):
            return self._cookies.get(token)
        try:
            return self._dispatcher.tokens.verify(token, self._dispatcher.clock.now().wall, remember=True).user
        except Refused:
            return None

    def check(self, user: int, sid: str) -> None:
        """Whether somebody admitted before would be now: refused when the sign-in has ended since, or the user is banned."""
        dispatcher = self._dispatcher
        dispatcher.tokens.check_sid(user, sid)
        accounts(dispatcher.world).check_banned(user, dispatcher.clock.now())

    async def _admit(self, user: int, sid: str, expires_ms: int, address: str, session: Session | None) -> Actor:
        """A user as the actor of a request under a sign-in, loading them when they are not here yet."""
        dispatcher = self._dispatcher
        accounts(dispatcher.world).check_banned(user, dispatcher.clock.now())
        if user not in dispatcher.world.people:
            stored = await self._arrivals.load(user)
            if stored is None:
                raise Refused(TOKEN_INVALID, detail="The token is of a user who no longer exists.")
            if user not in dispatcher.world.people:
                kind = kind_now(dispatcher.world, user, stored.kind)
                person, changes = dispatcher.world.admit(user, stored.name, kind, dispatcher.clock.now())
                person.consents = stored.consents
                dispatcher.apply(Effects(changes=changes))
        person = dispatcher.world.people[user]
        if not person.sessions:
            dispatcher.world.release(person, dispatcher.clock.now())  # a grace time about to end must not end meanwhile
        actor = Actor(person, person.kind, session, network(address))
        actor.sid = sid
        actor.token_expires = expires_ms
        return actor
