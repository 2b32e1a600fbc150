"""A statistical attacker: does anything the server says tell where in their hexagon people are?

Many accounts ask everything there is to ask, from many places, for hours of virtual time. Before, the attacker rehearses: it runs
a server of its own, with people who live the same way and whose places it knows, and learns from what is observed of them.
Estimates are weighted sums of what was observed (bands, order, numbers, words, rooms, the way somebody came), fitted to the
rehearsal and chosen among by cross-validation. A leak in any of these, of whatever form, shows as weights that help; without
one, nothing beats the middle of the hexagon, but for what the sequence of disclosed hexagons says by itself.

Options that lost: solving for the point whose distances explain the bands (as good where bands leak, blind to all else), and
learning from accounts of the attacker's own among the people hunted (too few: the noise learnt made it worse than guessing).
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median

from bench import hunt
from bench.flags import whole
from bench.hunt import Account, Hunt, Vector, disclosed_of, metres
from bench.indoors import Plan, Refusal
from bench.places import centre
from bench.report import Bar, Progress, Report, Table, Unmeasurable

HELP = "twenty attackers with 2 000 queries each try to find 200 people inside their hexagons; in process, virtual clock"
TEACH = """\
The figure is the attacker's median error divided by that of guessing the middle of the disclosed hexagon: 1 is no better.

  python -m bench attacker
  python -m bench attacker --attackers 40 --queries 4000 --seed 7
"""
LEAST_RATIO = 0.95
EVERY = 4  # rounds between two samples
FOLDS = 5

Features = Mapping[str, Vector]
Weights = Mapping[str, float]

GROUPS: Mapping[str, Sequence[str]] = {
    "bands": ("band", "direction", "distance"),
    "order": ("order",),
    "numbers": ("count",),
    "words": ("words",),
    "rooms": ("joined", "left"),
    "the way they came": (
        "came lately", "came", "came long ago", "came lately, in haste", "came, in haste", "came long ago, in haste"
    ),
}  # fmt: skip
EVERYTHING = "everything"
MIDDLE = "the middle"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was noted of somebody at a moment, and where in the hexagon they truly were: metres from its middle."""

    who: str
    features: Features
    truth: Vector


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--attackers", type=whole, default=20, metavar="N", help="accounts of the attacker (default 20)")
    parser.add_argument("--queries", type=whole, default=2000, metavar="N", help="queries of each (default 2000)")
    parser.add_argument("--victims", type=whole, default=200, metavar="N", help="people hunted (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of everybody's way (default 1)")


def run(arguments: argparse.Namespace) -> Report:
    """Hunt, and compare."""
    rounds = arguments.queries // hunt.QUERIES_EACH_ROUND
    if rounds < 2 * EVERY or arguments.attackers < 1:
        raise Unmeasurable("too few attackers or queries to learn anything from")
    plan = Plan({"rooms.per_user": "1000"})
    learnt, _ = asyncio.run(_hunt(plan, arguments, rounds, f"rehearsal {arguments.seed}"))
    hunted, play = asyncio.run(_hunt(plan, arguments, rounds, f"{arguments.seed}"))
    if not learnt or not hunted:
        raise Unmeasurable("nobody was seen")
    still = {victim.visitor.id for victim in play.victims if victim.body.homebody}
    return _report(learnt, hunted, still, min(attacker.queries for attacker in play.attackers))


async def _hunt(plan: Plan, arguments: argparse.Namespace, rounds: int, seed: str) -> tuple[list[Sample], Hunt]:
    """Samples of all victims in the second half of a hunt."""
    try:
        play = await hunt.begin(plan, arguments.victims, arguments.attackers, seed)
    except Refusal as refusal:
        raise Unmeasurable(f"not everybody could take their place: {refusal}") from None
    samples: list[Sample] = []
    with Progress("rounds", rounds) as progress:
        for turn in range(1, rounds + 1):
            await play.play()
            progress.to(turn)
            if turn % EVERY == 0 and turn >= rounds / 2:
                samples += _samples(play, play.victims)
    play.server.close()
    return samples, play


def _samples(play: Hunt, accounts: Sequence[Account]) -> list[Sample]:
    """One sample of everybody whom the attackers see where they are shown."""
    found = []
    for account in accounts:
        sighting, cell = play.sightings.get(account.visitor.id), disclosed_of(play, account)
        if sighting is not None and sighting.cell == cell:
            features = sighting.features(play.turn, play.rooms)
            found.append(Sample(account.visitor.id, features, metres(centre(cell), account.body.at)))
    return found


# Estimating


def fit(samples: Sequence[Sample], kinds: Sequence[str]) -> Weights:
    """The weights of ``kinds`` that best explain where the samples are (least squares, a little ridge); east and north alike."""
    rows = [([sample.features[kind][axis] for kind in kinds], sample.truth[axis]) for sample in samples for axis in (0, 1)]
    scales = [max((sum(row[i] ** 2 for row, _ in rows) / len(rows)) ** 0.5, 1e-12) for i in range(len(kinds))]
    rows = [([value / scale for value, scale in zip(row, scales, strict=True)], truth) for row, truth in rows]
    size, ridge = range(len(kinds)), 0.01 * len(rows)
    matrix = [[sum(row[i] * row[j] for row, _ in rows) + ridge * (i == j) for j in size] for i in size]
    right = [sum(row[i] * truth for row, truth in rows) for i in size]
    solved = solve(matrix, right)
    return {kind: weight / scale for kind, weight, scale in zip(kinds, solved, scales, strict=True)}


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a system of linear equations whose matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(size):
            if k != i and rows[k][i]:
                factor = rows[k][i]
                rows[k] = [value - factor * other for value, other in zip(rows[k], rows[i], strict=True)]
    return [row[size] for row in rows]


def errors(samples: Sequence[Sample], weights: Weights) -> list[float]:
    """How far estimates are from the truth, metres; without weights, how far the middle is."""
    found = []
    for sample in samples:
        east = sum(weight * sample.features[kind][0] for kind, weight in weights.items())
        north = sum(weight * sample.features[kind][1] for kind, weight in weights.items())
        found.append(hypot(sample.truth[0] - east, sample.truth[1] - north))
    return found


def choose(samples: Sequence[Sample]) -> str:
    """The kinds of observation that help most, judged on people the weights were not fitted to."""
    names = sorted({sample.who for sample in samples})
    folds = [set(names[start::FOLDS]) for start in range(min(FOLDS, len(names)))]

    def judged(estimate: Callable[[Sequence[Sample]], Weights]) -> float:
        found: list[float] = []
        for fold in folds:
            weights = estimate([sample for sample in samples if sample.who not in fold])
            found += errors([sample for sample in samples if sample.who in fold], weights)
        return median(found)

    figures = {name: judged(lambda known, kinds=kinds: fit(known, kinds)) for name, kinds in candidates().items()}  # type: ignore[misc]
    figures[MIDDLE] = judged(lambda known: {})
    return min(figures, key=lambda name: figures[name])


def candidates() -> Mapping[str, Sequence[str]]:
    """What may be used: each kind of observation alone, and all together."""
    return {**GROUPS, EVERYTHING: [kind for kinds in GROUPS.values() for kind in kinds]}


def _report(learnt: Sequence[Sample], hunted: Sequence[Sample], still: set[str], queries: int) -> Report:
    chosen = choose(learnt)
    columns = ["observed", "median error m", "ratio", "ratio of those at home", "ratio of the others"]
    table = Table("What helps to find people inside their hexagon", columns)
    attacks = {name: fit(learnt, kinds) if kinds else {} for name, kinds in {MIDDLE: (), **candidates()}.items()}
    for name, weights in attacks.items():
        found = [f"{_ratio(samples, weights):.3f}" for samples in _groups(hunted, still)]
        table.rows.append([name, median(errors(hunted, weights)), *found])
    guess, attack = median(errors(hunted, {})), median(errors(hunted, attacks[chosen]))
    bars = [Bar("attacker's median error / guessing the middle", attack / guess, LEAST_RATIO)]
    notes = [
        f"{queries} queries of each account; learnt from {len(learnt)} samples of a rehearsal, judged on {len(hunted)}",
        f"the attacker relies on: {chosen}; median error {attack:.0f} m, guessing the middle {guess:.0f} m",
        "the way they came is the sequence of disclosed hexagons itself, which everybody may see",
    ]
    figures = {
        "ratio": attack / guess, "chosen": chosen, "attack_m": attack, "guess_m": guess, "queries": queries,
        "ratios": {name: _ratio(hunted, weights) for name, weights in attacks.items()}, "samples": len(hunted),
        "learnt": len(learnt),
    }  # fmt: skip
    return Report("attacker", [table], bars, notes, figures)


def _groups(hunted: Sequence[Sample], still: set[str]) -> tuple[Sequence[Sample], Sequence[Sample], Sequence[Sample]]:
    return hunted, [sample for sample in hunted if sample.who in still], [sample for sample in hunted if sample.who not in still]


def _ratio(samples: Sequence[Sample], weights: Weights) -> float:
    return median(errors(samples, weights)) / median(errors(samples, {})) if samples else float("nan")
