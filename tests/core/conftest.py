"""Hypothesis for everything pure: the same examples in every run, and no deadline on a busy machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("core", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("core")
