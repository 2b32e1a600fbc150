"""Whole servers, as in the end-to-end tests."""

from __future__ import annotations

from tests.e2e.conftest import start

__all__ = ["start"]
