"""Which worker of ``make test`` runs what: a file's tests together, those with a browser one file after the other.

The whole of a file stays with one worker, so that what its tests share is made once and they run in the order they are written.
A browser keeps two cores busy, while most of what starts servers waits: so there is one browser for every two cores, whose worker
begins with it, and the others do the rest beside it. Shared out evenly, all workers had a browser at the same time in the end.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSERS = max(1, (os.cpu_count() or 1) // 2)
WITH_A_BROWSER = ("tests/browser/", "tests/bench/test_browser.py")


def has_browser(nodeid: str) -> bool:
    """Whether a test drives a browser, by where it is."""
    return nodeid.startswith(WITH_A_BROWSER)


class Sharing(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out files in their order, those with a browser in at most ``BROWSERS`` bundles."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the order of collection: what takes longest comes first
        self._browsers: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if not has_browser(file):
            return file
        return self._browsers.setdefault(file, f"browser {len(self._browsers) % BROWSERS}")
