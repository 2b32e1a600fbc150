from pathlib import Path

import pytest

from bench.traces import BadTrace, Fix, read, span

GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>walk</name><trkseg>
<trkpt lat="31.5" lon="120.3"><time>2020-07-18T08:00:10Z</time></trkpt>
<trkpt lat="31.6" lon="120.4"><ele>5</ele><time>2020-07-18T08:00:00Z</time></trkpt></trkseg></trk>
<trk><trkseg><trkpt lat="1" lon="2"><time>2020-07-18T08:00:00Z</time></trkpt></trkseg></trk></gpx>"""


def _file(directory: Path, text: str, name: str = "t.csv") -> Path:
    file = directory / name
    file.write_text(text)
    return file


def test_csv_keeps_every_fix_in_order_of_time(tmp_path: Path) -> None:
    file = _file(tmp_path, "time_s,taxi,lat,lng\n20,a,31.2,120.2\n10,a,31.1,120.1\n10,a,31.1,120.1\n10,b,-90,180\n")
    assert read(file) == {
        "a": [Fix(10, 31.1, 120.1), Fix(10, 31.1, 120.1), Fix(20, 31.2, 120.2)],
        "b": [Fix(10, -90, 180)],
    }
    assert span(read(file)) == (10, 20)


def test_columns_may_have_other_names_and_order(tmp_path: Path) -> None:
    file = _file(tmp_path, "\ufeffLongitude,Latitude,device,timestamp\n120.5,31.5,x,2020-07-18T00:00:01+00:00\n")
    assert read(file) == {"x": [Fix(1595030401.0, 31.5, 120.5)]}


def test_gpx_is_read_by_track(tmp_path: Path) -> None:
    traces = read(_file(tmp_path, GPX, "t.gpx"))
    assert list(traces) == ["walk", "2"]
    assert [(fix.lat, fix.lng) for fix in traces["walk"]] == [(31.6, 120.4), (31.5, 120.3)]
    assert traces["walk"][1].at - traces["walk"][0].at == 10


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("t.csv", "time_s,lat,lng\n1,2,3\n", "no column taxi"),
        ("t.csv", "time_s,taxi,lat,lng\n1,a,91,3\n", "line 2"),
        ("t.csv", "time_s,taxi,lat,lng\n1,a,nan,3\n", "line 2"),
        ("t.csv", "time_s,taxi,lat,lng\n1,a\n", "line 2"),
        ("t.csv", "time_s,taxi,lat,lng\n", "no fixes"),
        ("t.gpx", "<gpx", "cannot read"),
        ("t.gpx", '<!DOCTYPE g [<!ENTITY a "b">]><gpx/>', "document type"),
        ("t.gpx", GPX.replace("2020-07-18T08:00:10Z", "noon"), "trkpt"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(BadTrace, match=says):
        read(_file(tmp_path, text, name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadTrace, match="cannot read"):
        read(tmp_path / "none.csv")
