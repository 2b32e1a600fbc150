"""What all tests share: a clock that stands still, settings, and honesty about what was left out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.settings import Settings
from tests.sharing import Sharing, has_browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_SKIPS = os.environ.get("FWBER_RT_CI") == "1"

# The same examples every time, and no failure because the machine is busy.
hypothesis.settings.register_profile(
    "fwber_rt", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("fwber_rt")


def missing(marker: str) -> str | None:
    """What a marked test needs and this machine has not, or None."""
    if marker == "browser" and not any(map(shutil.which, BROWSERS)):
        return "no Chromium or Chrome found"
    if marker == "strace" and not shutil.which("strace"):
        return "no strace found"
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing | None:
    """Files to workers as ``sharing`` says, unless ``--dist`` asks for something else."""
    return Sharing(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not has_browser(item.nodeid))
    for marker in ("browser", "strace"):
        reason = missing(marker)
        if reason:
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"{marker} tests left out: {reason}"))


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which FWBER_RT_CI=1 does not allow: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own FWBER_RT_* variables do not reach the tests."""
    for name in [name for name in os.environ if name.startswith("FWBER_RT_") and name != "FWBER_RT_CI"]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves when told to."""
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The development profile's settings with a data directory of the test's own and any free port."""
    from fwber_rt import config, features

    return config.load(features.registry(), None, {}, {"data_dir": str(tmp_path / "data"), "listen": "127.0.0.1:0"})
