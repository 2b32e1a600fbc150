"""Who the simulated people are and what they say: all of it written for this demonstration."""

from __future__ import annotations

from typing import Final, NamedTuple

SIMULATED: Final = "(demo)"
NAMES: Final = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Esra", "Femi", "Greta", "Hassan", "Ines", "Jonas", "Keiko", "Luis", "Mina", "Noor",
    "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tilda", "Uma", "Viktor", "Wanda", "Xavi", "Yusuf", "Zoe",
)  # fmt: skip


class Place(NamedTuple):
    """A room of the demonstration: metres north and east of the crowd's middle, and its radius."""

    name: str
    kind: str
    description: str
    north_m: float
    east_m: float
    radius_m: int


ROOMS: Final = (
    Place("Demo: the square", "social", "Simulated people, talking about nothing much.", 0, 0, 2000),
    Place("Demo: five-a-side", "casual", "A simulated game that always needs one more.", 300, -450, 1600),
    Place("Demo: what is on tonight", "event", "Simulated plans for a simulated evening.", -400, 350, 1800),
)

# Each exchange is spoken by people 0, 1 and 2 of those who are there; where there are two, 2 is 0.
EXCHANGES: Final = (
    ((0, "Is the bakery on the corner still open?"), (1, "Until seven, I think."), (2, "They had rye left ten minutes ago."),
     (0, "On my way!")),
    ((0, "Did anybody else hear that thunder?"), (1, "Yes, and I left the windows open."), (2, "It is going round us, I think.")),
    ((0, "We are one short for five-a-side at six."), (1, "I can come, but I am slow."), (0, "Slow is fine. Bring water.")),
    ((0, "Found a set of keys by the fountain, red ribbon on them."), (1, "Leave them at the kiosk."), (0, "Done.")),
    ((0, "Who plays the trumpet every afternoon?"), (1, "That is the music school."), (2, "They are getting better!")),
    ((0, "The lift at the station is working again."), (1, "At last. Thank you for saying so.")),
    ((0, "Any good place to sit and read?"), (1, "The library's courtyard, before four."), (2, "And there is shade.")),
    ((0, "Free concert in the park at eight."), (1, "What do they play?"), (0, "A string quartet, if the rain holds off."),
     (2, "I'll come.")),
    ((0, "Lost: one grey glove."), (1, "Seen on the fence by the school."), (0, "You are a treasure.")),
    ((0, "Is the market on Thursdays or Fridays?"), (1, "Thursdays, until two."), (2, "The cheese comes every other week.")),
    ((0, "Careful on the bridge, the planks are wet."), (1, "Thanks, I am about to cross it.")),
    ((0, "Chess by the pond, two boards free."), (1, "Give me ten minutes."), (0, "I keep you the one in the sun.")),
    ((0, "The coffee cart has moved round the corner."), (1, "To the sunny side?"), (0, "Where else.")),
    ((0, "Does somebody have a bicycle pump?"), (1, "I do, at the blue gate."), (0, "I owe you a coffee."), (1, "Deal.")),
)  # fmt: skip
ANSWERS: Final = (
    "I am only simulated, but that arrived: hello!",
    "Heard you. Nobody here is real but you, and your message went the same way a neighbour's would.",
    "This is a demonstration, so I cannot say anything clever. Your message is stored, though.",
    "Welcome! When real people are in these hexagons, they will hear you just like this.",
)


def label(name: str, number: int) -> str:
    """What simulated person ``number`` is called: nobody can take them for real."""
    return f"{name}{' ' + str(number // len(NAMES) + 1) if number >= len(NAMES) else ''} {SIMULATED}"
