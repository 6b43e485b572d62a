from __future__ import annotations

import numpy as np
import pytest
import torch
from peers.frameworks import FRAMEWORKS, Framework, installed
from peers.kernel import Kernel, build
from peers.works import DECAY, Layer, Work, compared, scaled, simulate

WORKS = [*compared(0.05), *scaled(0.05)]


def chain(*weights: float, threshold: float = 1.1) -> Layer:
    return Layer(np.array([weights], np.float32), threshold)


def test_simulate_leaks_fires_and_resets() -> None:
    fired = np.array([[True], [True], [False], [True]])
    # 0.75, then 0.375 + 0.75 fires, then 0, then 0.75 again; the other never gets there.
    expected = [[False, False], [True, False], [False, False], [False, False]]
    assert simulate(chain(0.75, 0.5), fired).tolist() == expected
    assert DECAY == 0.5


def test_simulate_takes_recurrent_spikes_a_tick_later() -> None:
    layer = Layer(
        np.array([[2, 0]], np.float32), 1.1, recurrent=np.array([[0, 2], [0, 0]], np.float32)
    )
    fired = np.array([[True], [False], [False]])
    assert simulate(layer, fired).tolist() == [[True, False], [False, True], [False, False]]


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_works_are_as_active_as_their_input(work: Work) -> None:
    assert work.neuron_activity == pytest.approx(0.05, rel=0.1)
    assert len(work.spikes) == len(work.answer)
    assert 0 < work.synaptic_events < work.synapses


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_kernel_gives_the_answer(work: Work) -> None:
    step = build()
    assert step is not None
    kernel = Kernel(step, work)
    for spikes, answer in zip(work.spikes, work.answer, strict=True):
        np.testing.assert_array_equal(kernel.fired(kernel.step(kernel.prepare(spikes))), answer)


def test_without_a_compiler_there_is_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert build() is None


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("work", WORKS[:3], ids=lambda work: work.name)
@torch.inference_mode()
def test_frameworks_give_the_answer(name: str, work: Work) -> None:
    if name not in installed():
        pytest.skip(f"{name} is not installed")
    framework = Framework(name, work)
    for spikes, answer in zip(work.spikes, work.answer, strict=True):
        output = framework.step(framework.prepare(spikes))
        np.testing.assert_array_equal(framework.fired(output), answer)
