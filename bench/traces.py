"""Real journeys from a file: CSV (``time_s,taxi,lat,lng`` or columns named alike) and GPX.

Fixes are taken as they are: repeated ones, outliers and gaps stay in, because real input has them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, parse

_TIME = ("time_s", "time", "timestamp", "t")
_WHO = ("taxi", "id", "user", "device", "vehicle", "trace")
_LAT = ("lat", "latitude")
_LNG = ("lng", "lon", "long", "longitude")


class BadTrace(Exception):
    """The file is not one this reads; the message names the line or the missing column."""


class Fix(NamedTuple):
    """One position: seconds on the trace's clock, degrees in WGS 84."""

    at: float
    lat: float
    lng: float


Traces = dict[str, list[Fix]]


def read(file: Path) -> Traces:
    """Every trace in ``file`` by its name, fixes in order of time (equal times in file order). BadTrace when unreadable."""
    try:
        traces = _read_gpx(file) if file.suffix.lower() == ".gpx" else _read_csv(file)
    except (OSError, UnicodeDecodeError, csv.Error, ParseError) as error:
        raise BadTrace(f"cannot read {file}: {error}") from error
    if not traces:
        raise BadTrace(f"{file} contains no fixes")
    return {who: sorted(fixes, key=lambda fix: fix.at) for who, fixes in traces.items()}


def span(traces: Traces) -> tuple[float, float]:
    """The first and last moment of all traces."""
    return min(fixes[0].at for fixes in traces.values()), max(fixes[-1].at for fixes in traces.values())


def _read_csv(file: Path) -> Traces:
    traces: Traces = {}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
        at, who, lat, lng = (_column(file, columns, names) for names in (_TIME, _WHO, _LAT, _LNG))
        for row in reader:
            try:
                fix = _fix(_seconds(row[at]), float(row[lat]), float(row[lng]))
            except (TypeError, ValueError) as error:
                raise BadTrace(f"{file}, line {reader.line_num}: {error}") from error
            traces.setdefault(row[who].strip(), []).append(fix)
    return traces


def _column(file: Path, columns: Mapping[str, str], names: Iterable[str]) -> str:
    for name in names:
        if name in columns:
            return columns[name]
    raise BadTrace(f"{file} has no column {' or '.join(names)}")


def _fix(at: float, lat: float, lng: float) -> Fix:
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise ValueError(f"{lat}, {lng} is no position")
    return Fix(at, lat, lng)


def _seconds(text: str) -> float:
    """Seconds as a number, or a moment in ISO 8601."""
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text.strip()).timestamp()


def _read_gpx(file: Path) -> Traces:
    """One trace per ``trk``, named by its ``name`` or its place in the file."""
    root = parse(file, XMLParser(target=_NoDoctype())).getroot()  # noqa: S314 -- entities are refused
    traces: Traces = {}
    for place, track in enumerate(_named(root, "trk"), 1):
        points = [_gpx_point(file, point) for segment in _named(track, "trkseg") for point in _named(segment, "trkpt")]
        if points:
            name = next((child.text for child in _named(track, "name")), None) or str(place)
            traces.setdefault(name.strip(), []).extend(points)
    return traces


def _gpx_point(file: Path, point: Element) -> Fix:
    at = next((child.text for child in _named(point, "time")), None)
    try:
        return _fix(_seconds(at or ""), float(point.get("lat", "")), float(point.get("lon", "")))
    except ValueError as error:
        raise BadTrace(f"{file}: a trkpt without a usable time, lat and lon: {error}") from error


def _named(element: Element, name: str) -> Iterable[Element]:
    """Children of that local name: GPX 1.0 and 1.1 differ only in the namespace."""
    return (child for child in element if child.tag.rpartition("}")[2] == name)


class _NoDoctype(TreeBuilder):
    """Refuses a document type declaration: a trace file needs none, and entity expansion is how XML files attack readers."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called by the parser before any entity is declared."""
        raise ParseError("a document type declaration is not accepted")
