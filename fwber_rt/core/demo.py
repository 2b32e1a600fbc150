"""Where a demonstration's simulated crowd begins; a server that has none is no demonstration."""

from __future__ import annotations

from typing import Any, Final

from fwber_rt.core.settings import Setting

NEAR_DEFAULT: Final = "52.5200,13.4050"


def place(text: str) -> tuple[float, float]:
    """``lat,lng`` in degrees as two numbers. ValueError says what is wrong."""
    try:
        lat, lng = map(float, text.split(","))
    except ValueError:
        raise ValueError("must be LATITUDE,LONGITUDE in degrees, such as 52.5200,13.4050") from None
    if not (-85 <= lat <= 85 and -180 <= lng <= 180):  # not at a pole: there is no walking east there
        raise ValueError("latitude must be from -85 to 85, longitude from -180 to 180")
    return lat, lng


def _complaint(text: str) -> str | None:
    try:
        if text:
            place(text)
    except ValueError as problem:
        return str(problem)
    return None


NEAR = Setting(
    "demo.near", "", "where the simulated people of `fwber-rt demo` begin; empty: nobody is simulated", "latitude,longitude",
    check=_complaint, development_only=True,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (NEAR,)
