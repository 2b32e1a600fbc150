"""How often Python looks for garbage that only a search can find.

Nearly everything here is freed the moment nobody refers to it; connections that end leave no cycles (a test holds them to it).
The search is for what is left: cycles of libraries and of exceptions. By default it begins at every 700 new objects, walks
through all of a large world again and again, and was 7.6 % of the processor time of durable messages. So what is there after
the start is left out, and the search comes seldom. Medians of three pairs, in turn (of two pairs before, on a busier machine,
one had fewer updates with it, 30 600 against 34 700, the other more, 49 300 against 33 400):

| thresholds | location updates/s | their p99 | durable messages/s | their p99 |
|---|---|---|---|---|
| 700, 10, 10 (default) | 38 900 | 76 ms | 18 000 | 41 ms |
| these, and frozen after the start | 44 700 | 37 ms | 18 200 | 19 ms |

Seldomer still lost. Among 400 hexagons with 4 096 messages in flight, where the queue itself is what is searched, a first
threshold of 50 000 brought 4 % more, 100 000 15 %, no search at all 10 % (7 to 10 pairs in turn); with 4 to 512 in flight,
nothing. But a search that comes seldom takes long: beside a flood of requests for pages that do not exist, honest people's p99
went from 63 to 153 ms.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 20)


def search_all() -> None:
    """After something large has been replaced: what was there at the start is searched too, now and from here on."""
    gc.unfreeze()
    gc.collect()


def search_seldom() -> None:
    """For a process that serves, once it has started: what exists now is not searched, what comes later seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
