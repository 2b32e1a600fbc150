"""Where I am, how finely that is shown, who is near me, and the presence of hexagons.

Everything others can observe here is computed from ``person.disclosed`` alone (privacy.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.world import GRACE, World
from fwber_rt.errors import CONFLICT, CONSENT_REQUIRED, LOCATION_REQUIRED, NOT_FOUND
from fwber_rt.features.location import choices, nearby, presence, update
from fwber_rt.features.location.shapes import (
    AddZone,
    Cleared,
    ListPeople,
    Located,
    LocationCleared,
    People,
    Presence,
    RemoveZone,
    SetPrecision,
    SharingView,
    Shown,
)  # fmt: skip
from fwber_rt.protocol.shapes import Fix, Nothing
from fwber_rt.registry import Command, Feature, Migration, PushSpec, Sealed, State, SyncReader, Table

LIMIT_LOCATION = Setting("limits.location", Rate(2, 20), "location updates, per user", "requests")
LIMIT_NEARBY = Setting("limits.nearby", Rate(2, 20), "searches for people and rooms, per user", "requests")
LIMIT_CLEAR = Setting(
    "limits.clear", Rate(0.2, 10), "times the map is left, which everybody around and in one's rooms is told; per user",
    "requests",
)  # fmt: skip
LIMIT_SHARING = Setting("limits.sharing", Rate(0.2, 10), "changes of what is shared, per user", "requests")

CLEARING_MS = 60_000  # a snapshot takes a while to be made: who cleared during that time may be in it

# Who withdrew their consent has left the map like anybody who did so by hand, and stays off it when they consent again.
SELECT_CLEARED = (
    "SELECT user, max(at) FROM (SELECT user, at FROM cleared "
    "UNION ALL SELECT user, at FROM consents WHERE purpose = 'location' AND given = 0) GROUP BY user"
)
CLEARED_MIGRATION = Migration(
    40,
    "who left the map",
    "CREATE TABLE cleared(user INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;",
    "DROP TABLE cleared;",
)
SHARING_MIGRATION = Migration(
    41,
    "how finely people choose to be seen",
    "CREATE TABLE sharing(user INTEGER PRIMARY KEY, body BLOB) STRICT;",
    "DROP TABLE sharing;",
)


def dump(world: World) -> Iterable[list[int]]:
    """Who is where, as fine cells, and where they are shown, for the encrypted snapshot."""
    return ([person.id, person.fine, person.disclosed] for person in list(world.people.values()) if person.fine)


def restore(world: World, records: Iterable[Sequence[int]], saved_ms: int, now: Instant) -> None:
    """Remember where people were, for those who come back within twice their grace time.

    A snapshot older than that says nothing of now; and whoever left the map after it was made stays off it.
    """
    fresh_s = 2 * world.settings[GRACE]
    if now.wall - saved_ms > fresh_s * 1000:
        return
    world.remembered = {
        user: (fine, shown[0] if shown else 0)
        for user, fine, *shown in records
        if world.left_map.get(user, 0) < saved_ms - CLEARING_MS
    }  # fmt: skip
    world.remembered_until = now.mono + fresh_s


def load(world: World, reader: SyncReader) -> None:
    """What people share, and when they left the map."""
    choices.load(world, reader)
    world.left_map.update(reader.all(SELECT_CLEARED))


feature = Feature(
    name="location",
    commands=[
        Command(
            "location.update", Fix, update.location_update, Located, http="POST /location", limit="location",
            help="Say where I am.", errors=(CONSENT_REQUIRED, CONFLICT),
        ),
        Command(
            "location.clear", Nothing, update.location_clear, Cleared, http="DELETE /location", limit="clear",
            help="Leave the map.",
        ),
        Command(
            "location.sharing", Nothing, choices.sharing_get, SharingView, http="GET /location/sharing", limit="read",
            help="How finely I am shown, and my privacy zones.",
        ),
        Command(
            "location.precision", SetPrecision, choices.precision_set, SharingView, http="PUT /location/precision",
            limit="sharing", durable=True, help="Choose how finely I am shown, or to be a ghost.",
        ),
        Command(
            "zone.add", AddZone, choices.zone_add, SharingView, http="POST /location/zones", limit="sharing", durable=True,
            help="Add a hexagon in which I am shown more coarsely, or not at all.", errors=(CONFLICT,),
        ),
        Command(
            "zone.remove", RemoveZone, choices.zone_remove, SharingView, http="POST /location/zones/remove", limit="sharing",
            durable=True, help="Remove a privacy zone.", errors=(NOT_FOUND,),
        ),
        Command(
            "nearby.people", ListPeople, nearby.nearby_people, People, http="GET /nearby/people", limit="nearby",
            help="People in the hexagons around mine.", errors=(LOCATION_REQUIRED,),
        ),
    ],
    settings=[LIMIT_LOCATION, LIMIT_NEARBY, LIMIT_CLEAR, LIMIT_SHARING, nearby.REACH],
    pushes=[
        PushSpec("presence", Presence, False, "who came to and left a hexagon I hear, once per privacy tick"),
        PushSpec("location.shown", Shown, False, "where others see me has changed"),
        PushSpec("location.cleared", LocationCleared, False, "a fellow member left the map: forget where they were"),
    ],
    migrations=[CLEARED_MIGRATION, SHARING_MIGRATION],
    tables=[
        Table(
            "cleared", "user", "that the user left the map, so that a restart does not put them back", "until erased",
            consent="location",
        ),
        Table("sharing", "user", "how finely the user is shown, and their privacy zones", "until changed or erased",
              sealed=(Sealed("body", ("user",)),), consent="location"),
    ],
    state=State(load=load, due=presence.tick, dump=dump, restore=restore),
)  # fmt: skip
