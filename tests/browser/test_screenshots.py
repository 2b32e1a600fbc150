"""The command behind ``make screenshots``: what it says where it cannot take any."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import NoBrowser, launched
from tests.browser.screenshots import SCREENS, main


def test_an_unknown_screen_is_named_with_the_list_of_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path / "pictures"), "welcome", "wellcome"])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith('usage: make screenshots [ARGS="FOLDER SCREEN..."]')
    assert f"no screen is called wellcome; there are {', '.join(SCREENS)}" in said
    assert {"welcome", "talk", "admin-users", "admin-sign-in", "demo", "gone"} <= set(SCREENS)
    assert len(set(SCREENS)) == len(SCREENS)
    assert not (tmp_path / "pictures").exists()


async def test_without_a_browser_it_says_how_to_come_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="make screenshots: no Chromium or Chrome here; on Debian: apt install chromium"):
        main([str(tmp_path / "pictures")])
    with pytest.raises(NoBrowser, match="apt install chromium"):
        async with launched():
            pass
