from __future__ import annotations

from tests.features.accounts.conftest import desk

__all__ = ["desk"]
