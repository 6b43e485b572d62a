from __future__ import annotations

import json

import dvs
import numpy as np
import pytest
from peers import dvs as c
from peers import v2e

from neuromorphic_ros.encoding.dvs import PRESETS, Dvs


@pytest.mark.parametrize("scene", dvs.SCENES)
def test_scenes_fire_as_much_as_they_say(scene: str) -> None:
    for height, width in dvs.SIZES:
        encoder = Dvs(PRESETS["clean"], height, width, seed=1)
        frames = dvs.SCENES[scene](height, width, np.random.default_rng(0))
        counts = [
            encoder.encode(frame, i * dvs.FRAME_NS).counts() for i, frame in enumerate(frames)
        ]
        firing = np.mean([np.any(count, axis=0).mean() for count in counts[2:]])
        assert firing == pytest.approx({"sparse": 0.012, "dense": 0.46}[scene], rel=0.1)


@pytest.mark.skipif(c.LIBRARY is None, reason="no C compiler")
@pytest.mark.parametrize("preset", PRESETS)
def test_c_fires_like_the_encoder(preset: str) -> None:
    frames = dvs.moving_texture(60, 80, 3, np.random.default_rng(0))
    ours = Dvs(PRESETS[preset], 60, 80, 1)
    in_c = c.CDvs(PRESETS[preset], 60, 80, 1)
    counts = np.zeros((2, 2, 60, 80), np.int64)
    for index, frame in enumerate(frames * 5):
        for which, emulator in enumerate((ours, in_c)):
            batch = emulator.encode(frame, index * dvs.FRAME_NS)
            counts[which] += batch.counts()
            assert np.all(np.diff(batch.time_ns) >= 0)
    # C computes in float32: a change back to where it began, which is a threshold exactly when all
    # are equal, may fall to either side.
    if preset == "noisy":
        assert counts[0].sum() == pytest.approx(counts[1].sum(), rel=0.02)
    elif preset == "clean":
        assert np.mean(counts[0] != counts[1]) < 0.01
    else:
        assert np.mean(np.abs(counts[0] - counts[1])) < 0.1 * counts[0].mean()


def test_every_size_preset_and_scene_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dvs, "ROUNDS", 1)
    monkeypatch.setattr(dvs, "FRAMES_PER_ROUND", 3)
    monkeypatch.delenv("V2E_PATH", raising=False)
    rows = dvs.measure()
    assert len(rows) == len(dvs.SIZES) * len(PRESETS) * len(dvs.SCENES)
    assert {row["v2e_ms"] for row in rows} == {None}
    assert min(row["ours_ms"] for row in rows) > 0
    assert min(row["events"] for row in rows) > 0
    assert json.loads(json.dumps(rows)) == rows


def test_a_checkout_without_v2e_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("V2E_PATH", "/nowhere")
    assert not v2e.installed()
    assert "no v2e in /nowhere" in capsys.readouterr().err
