"""What the numbers on a command line may be; argparse says which flag was wrong."""

from __future__ import annotations

import argparse
from math import isfinite


def whole(text: str) -> int:
    """A whole number from 1 up."""
    return _whole(text, 1)


def whole_or_0(text: str) -> int:
    """A whole number from 0 up."""
    return _whole(text, 0)


def real(text: str) -> float:
    """A number above 0."""
    if (found := real_or_0(text)) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return found


def real_or_0(text: str) -> float:
    """A number from 0 up."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not isfinite(found) or found < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return found


def _whole(text: str, least: int) -> int:
    try:
        found = int(text)
    except ValueError:
        found = -1
    if found < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} up")
    return found
