from __future__ import annotations

import gc
import subprocess
import sys

from fwber_rt import garbage

LOOK = """
import gc
from fwber_rt import garbage
garbage.search_seldom()
print(gc.get_threshold(), gc.get_freeze_count() > 1000)
"""


def test_what_is_there_after_the_start_is_not_searched_again() -> None:
    """In a process of its own: what is frozen stays so."""
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, timeout=30).stdout
    assert told.strip() == f"{garbage.THRESHOLDS} True"
    assert gc.isenabled(), "cycles are still found"


REPLACE = """
import gc, weakref
from fwber_rt import garbage
class World:
    def __init__(self):
        self.me = self
old = World()
gone = weakref.ref(old)
garbage.search_seldom()
del old
gc.collect()
kept = gone() is not None
garbage.search_all()
print(kept, gone() is None)
"""


def test_what_was_there_at_the_start_and_was_replaced_is_freed() -> None:
    told = subprocess.run([sys.executable, "-c", REPLACE], capture_output=True, text=True, check=True, timeout=30).stdout
    assert told.split() == ["True", "True"]
