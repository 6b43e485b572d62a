from __future__ import annotations

import json

import event_camera
import pytest

FILTERS = {"Resize", "Binning", "RefractoryFilter", "BackgroundActivityFilter", "HotPixelFilter"}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_camera, "ROUNDS", 1)
    monkeypatch.setattr(event_camera, "EVENTS", 10_000)


def test_all_formats_hold_the_same_events() -> None:
    evt3, evt2, mono = map(event_camera.decode, event_camera.made_streams())
    assert len(evt3) == 10_000
    assert evt3 == evt2 == mono


def test_rows_tell_works_and_rates() -> None:
    rows = [event_camera.measure_decoder(stream) for stream in event_camera.made_streams()]
    rows += event_camera.measure_filters(next(event_camera.made_streams()))
    assert {row["work"] for row in rows} == {"decode evt2", "decode evt3", "decode mono"} | FILTERS
    assert all(row["mev_per_s"] > 0 and row["events"] == 10_000 for row in rows)
    assert json.loads(json.dumps(rows)) == rows


def test_expelliarmus_is_measured_where_it_is_installed() -> None:
    pytest.importorskip("expelliarmus")
    rates = [event_camera.peer_s(stream) for stream in event_camera.made_streams()]
    assert rates[2] is None
    assert all(rate and rate > 0 for rate in rates[:2])
