"""What the operator's page is told of settings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fwber_rt.core.settings import Setting, Settings
from fwber_rt.oversight import MASK, Overseer
from fwber_rt.registry import Feature, Registry


def test_no_secret_is_shown_be_it_set_or_usual() -> None:
    known = [
        Setting("door.password", "", "opens"),
        Setting("door.token", "usual", "opens"),
        Setting("door.colour", "red", "looks"),
    ]
    settings = Settings({"door.password": "hunter2", "door.colour": "blue"})
    app: Any = SimpleNamespace(settings=settings, registry=Registry([Feature(name="door", settings=known)]))
    shown = {each.name: each for each in Overseer(app).settings()}
    password, token, colour = (shown[setting.name] for setting in known)
    assert (password.value, password.default, password.changed) == (MASK, '""', True)
    assert (token.value, token.default, token.changed) == (MASK, MASK, False)
    assert (colour.value, colour.default, colour.changed) == ('"blue"', '"red"', True)
    assert "hunter2" not in repr(list(shown.values())) and "usual" not in repr(list(shown.values()))
