"""What memory knows of accounts: which sign-ins are over, who is banned, and what changed lately.

Three questions are asked of every token, and answered at once: is its sign-in over, are all of its user's up to then, is the user
banned. Nothing else of accounts stays in memory.

An operation on an account reads it from disk first, where a change under way is not yet. So whatever changes is also kept here
for a while (``Recent``), and wins over what was read: of two who use one refresh token, one code, or one login at a time, the
second is told so. A commit takes milliseconds and an operation seconds; ``RECENT_S`` is far beyond both.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from fwber_rt.core.access import Kind
from fwber_rt.core.instant import Instant
from fwber_rt.core.limits import Buckets
from fwber_rt.core.quotas import LIMITS_ENABLED
from fwber_rt.core.settings import Rate, Setting, Settings
from fwber_rt.core.world import World
from fwber_rt.errors import RATE_LIMITED, Refused
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.errors import USER_BANNED
from fwber_rt.registry import SyncReader

LIMIT_SIGN_IN = Setting("limits.sign_in", Rate(0.5, 30), "attempts to sign in, per address", "requests")
LIMIT_REGISTER = Setting("limits.register", Rate(0.02, 10), "new accounts, per address", "requests")
LIMIT_LOGIN = Setting("limits.login", Rate(1 / 60, 60), "passwords and codes tried for one login, from anywhere", "requests")
LIMIT_LOGIN_ADDRESS = Setting(
    "limits.login_address", Rate(1 / 30, 10), "passwords and codes tried for one login from one address", "requests"
)
LIMIT_CODE = Setting(
    "limits.second_factor", Rate(1 / 600, 10), "codes of the second factor tried for one user, with the right password",
    "requests",
)  # fmt: skip
LIMIT_RESET_LOGIN = Setting("limits.reset_login", Rate(1 / 600, 3), "codes sent to one user; more are not sent", "letters")
RECENT_S: Final = 120.0
MOST_COOKIES: Final = 10_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Secret(Struct, omit_defaults=True):
    """What a user proves to be themselves by. ``step``: the last time step of which a code was used; each is good once."""

    password: str
    totp: str = ""
    pending: str = ""  # of a second factor that waits for its first code
    step: int = 0
    recovery: list[str] = []


class Profile(Struct, omit_defaults=True):
    """``email`` is verified, ``pending`` is not yet."""

    login: str
    email: str = ""
    pending: str = ""


class Credentials(Struct, frozen=True):
    """How a user signs in. ``version`` grows by one with each change."""

    user: int
    version: int
    secret: Secret
    profile: Profile


class SignIn(Struct, frozen=True):
    """A live sign-in, or with ``ends`` 0 one that is over. ``generation`` counts the refresh tokens given out after the first.

    ``nonce`` is a hash of the one under which the last was asked for. ``access_ends``: the end of the last access token.
    """

    id: int
    user: int
    created: int
    used: int
    ends: int
    access_ends: int
    generation: int = 0
    nonce: bytes = b""
    browser: bool = False

    @property
    def sid(self) -> str:
        """What tokens call it."""
        return str(self.id)


class OneTimeCode(Struct, frozen=True):
    """A code that is out; with ``ends`` 0 it was used or taken back."""

    hash: bytes
    ends: int
    tries: int = 0


class Cutoff(NamedTuple):
    """All of a user's sign-ins up to ``id`` are over, except ``kept``."""

    id: int
    kept: str


class Cookie(NamedTuple):
    """Whose cookie it is, and when its sign-in ends by itself."""

    user: int
    ends: int


class Recent(Generic[K, V]):
    """The last value of whatever changed within ``RECENT_S``."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, key: K, value: V, now: Instant) -> None:
        """``value`` counts from here on, whatever the disk says."""
        self._held[key] = now.mono, value
        self._held.move_to_end(key)
        while True:
            oldest, (at, _) = next(iter(self._held.items()))
            if now.mono - at < RECENT_S:
                break
            del self._held[oldest]

    def get(self, key: K) -> V | None:
        """The value, when it changed lately."""
        found = self._held.get(key)
        return found[1] if found else None

    def drop(self, key: K) -> None:
        """Forget it."""
        self._held.pop(key, None)

    def items(self) -> Iterator[tuple[K, V]]:
        """All of them."""
        return ((key, value) for key, (_, value) in list(self._held.items()))


class Accounts:
    """One world's."""

    __slots__ = (
        "_by_address", "_by_login", "_by_login_address", "_enabled", "_letters", "_newcomers", "_next_sweep", "_revoked",
        "_second_factor",
        "bans", "codes", "cookies", "credentials", "cutoffs", "forgotten", "kinds", "logins", "resets", "sign_ins",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._revoked: dict[str, int] = {}  # sid -> wall milliseconds at which its last token ends
        self._next_sweep = 1024
        self.cutoffs: dict[int, Cutoff] = {}
        self.bans: dict[int, int | None] = {}  # user -> when it ends; None: never
        self.cookies: OrderedDict[str, Cookie] = OrderedDict()
        self.credentials: Recent[int, Credentials] = Recent()
        self.sign_ins: Recent[int, SignIn] = Recent()
        self.codes: Recent[tuple[int, str], OneTimeCode] = Recent()
        self.kinds: Recent[int, Kind] = Recent()
        self.logins: Recent[bytes, int] = Recent()  # keyed hash -> user, 0 for nobody
        self.forgotten = 0  # how often somebody was: what was looked up before may have been theirs
        self.resets: dict[bytes, None] = {}  # keyed hashes of logins for which somebody asked for a code, in order
        self._enabled = settings[LIMITS_ENABLED]
        self._by_address: Buckets[str] = Buckets(settings[LIMIT_SIGN_IN])
        self._second_factor: Buckets[int] = Buckets(settings[LIMIT_CODE])
        self._letters: Buckets[int] = Buckets(settings[LIMIT_RESET_LOGIN])  # with codes to verify addresses, per user
        self._newcomers: Buckets[str] = Buckets(settings[LIMIT_REGISTER])
        self._by_login: Buckets[bytes] = Buckets(settings[LIMIT_LOGIN])
        self._by_login_address: Buckets[tuple[bytes, str]] = Buckets(settings[LIMIT_LOGIN_ADDRESS])

    # What tokens are asked

    def is_over(self, user: int, sid: str) -> bool:
        """Whether a sign-in was ended."""
        if sid in self._revoked:
            return True
        cutoff = self.cutoffs.get(user)
        return cutoff is not None and sid != cutoff.kept and number_of(sid) <= cutoff.id

    def check_banned(self, user: int, now: Instant) -> None:
        """Refused (user.banned) while the user is."""
        if user in self.bans:
            until = self.bans[user]
            if until is None or until > now.wall:
                raise Refused(USER_BANNED, retry_after_ms=until - now.wall if until else 0)

    # What ends

    def revoke(self, sid: str, until: int, now: Instant) -> None:
        """The sign-in is over; its last token ends at ``until``."""
        self._revoked[sid] = until
        self.cookies.pop(sid, None)
        if len(self._revoked) >= self._next_sweep:
            self._revoked = {sid: end for sid, end in self._revoked.items() if end > now.wall}
            self._next_sweep = max(1024, 2 * len(self._revoked))

    def cut_off(self, user: int, id: int, kept: str) -> None:
        """All of a user's sign-ins up to ``id`` are over, except ``kept``."""
        self.cutoffs[user] = Cutoff(id, kept)
        for sid in [sid for sid, cookie in self.cookies.items() if cookie.user == user and sid != kept]:
            del self.cookies[sid]

    def forget(self, user: int) -> None:
        """The user is being erased."""
        self.forgotten += 1
        self.cutoffs.pop(user, None)
        self.bans.pop(user, None)
        self.credentials.drop(user)
        self.kinds.drop(user)
        for sid in [sid for sid, cookie in self.cookies.items() if cookie.user == user]:
            del self.cookies[sid]
        for key in [key for key, _ in self.codes.items() if key[0] == user]:
            self.codes.drop(key)
        for id in [id for id, sign_in in self.sign_ins.items() if sign_in.user == user]:
            self.sign_ins.drop(id)
        for hash in [hash for hash, owner in self.logins.items() if owner == user]:
            self.logins.drop(hash)

    # Who tries

    def check_address(self, address: str, now: Instant) -> None:
        """Take one of an address's attempts. For callers who come with a token: others' are taken before."""
        if self._enabled and (wait := self._by_address.take(address, now.mono)):
            raise Refused(RATE_LIMITED, retry_after_ms=wait)

    def check_newcomer(self, address: str, now: Instant) -> None:
        """Take one of the accounts an address may make, for guests, of whom it may make many. Raises Refused (rate.limited)."""
        if self._enabled and (wait := self._newcomers.take(address, now.mono)):
            raise Refused(RATE_LIMITED, retry_after_ms=wait)

    def check_letters(self, user: int, now: Instant) -> None:
        """Take one of the letters to addresses that a user says are theirs. Raises Refused (rate.limited)."""
        if self._enabled and (wait := self._letters.take(user, now.mono)):
            raise Refused(RATE_LIMITED, retry_after_ms=wait)

    def check_tries(self, login: bytes, address: str, now: Instant) -> None:
        """Take one of a login's tries, whether or not there is such a login. Raises Refused (rate.limited)."""
        if not self._enabled:
            return
        wait = self._by_login_address.take((login, address), now.mono) or self._by_login.take(login, now.mono)
        if wait:
            raise Refused(RATE_LIMITED, retry_after_ms=wait)

    def check_code(self, user: int, now: Instant) -> None:
        """Take one of a user's tries at the second factor: six digits are guessed before long. Raises Refused (rate.limited)."""
        if self._enabled and (wait := self._second_factor.take(user, now.mono)):
            raise Refused(RATE_LIMITED, retry_after_ms=wait)

    def clear_tries(self, login: bytes, address: str, user: int) -> None:
        """Whoever succeeded has all tries again from where they are."""
        self._by_login_address.forget((login, address))
        self._second_factor.forget(user)

    def statistics(self) -> dict[str, Any]:
        """Sizes, for metrics and the operator."""
        return {"revoked": len(self._revoked), "cutoffs": len(self.cutoffs), "bans": len(self.bans)}


def number_of(sid: str) -> int:
    """A sign-in's place among all; one that is no number came before all."""
    return int(sid) if sid.isascii() and sid.isdecimal() and len(sid) < 20 else 0


def accounts(world: World) -> Accounts:
    """Those of this world, kept in ``World.state``."""
    found: Accounts | None = world.state.get("accounts")
    if found is None:
        found = world.state["accounts"] = Accounts(world.settings)
    return found


def load(world: World, reader: SyncReader) -> None:
    """Everything tokens are refused for."""
    held = accounts(world)
    for sid, until in reader.all(schema.SELECT_REVOCATIONS):
        held.revoke(sid, until, Instant(0, 0.0))
    held.cutoffs.update((user, Cutoff(id, kept)) for user, id, kept in reader.all(schema.SELECT_CUTOFFS))
    held.bans.update(reader.all(schema.SELECT_BANS))
