"""NIR graphs as networks, against what their equations give by hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif
from neuromorphic_ros.snn.nir.reading import read_nir

from .graphs import chain, fired, full, lif, membranes, read, write

PULSE = [1, 0, 0, 0]


def linear(*rows: Any) -> Any:
    return nir.Linear(np.array(rows, np.float32))


def test_a_lif_by_its_equation(tmp_path: Path) -> None:
    # tau = 10 ms, r = 2, dt = 1 ms by Euler: v <- 0.9 v + 0.2 I.
    model = read(tmp_path, chain(lif(r=2.0)), integrator="euler")
    assert membranes(model, "n0", [1, 1, 0, 2])[:, 0] == pytest.approx(
        [0.2, 0.38, 0.342, 0.7078], rel=1e-6
    )
    assert model.outputs == {"output": "n0"}


def test_the_exact_integrator_is_the_default(tmp_path: Path) -> None:
    model = read(tmp_path, chain(lif(r=2.0)))
    gone = 1 - np.exp(-0.1)
    assert membranes(model, "n0", [1, 0])[:, 0] == pytest.approx(
        [2 * gone, 2 * gone * (1 - gone)], rel=1e-6
    )


@pytest.mark.parametrize(
    ("conventions", "after"),
    [
        ({}, [0.0, 0.0]),
        ({"reset": "subtract"}, [1.5, 1.5]),
        ({"reset": "subtract", "multi_spike": True}, [0.5, 0.5]),
        ({"reset": "subtract", "reset_in": "next_tick"}, [2.5, 1.5]),
    ],
)
def test_resets_of_an_if(tmp_path: Path, conventions: Any, after: list[float]) -> None:
    node = nir.IF(full(1.0), full(1.0), full(0.0))
    model = read(tmp_path, chain(node), if_input="jump", **conventions)
    assert membranes(model, "n0", [2.5])[0, 0] == after[0]


def test_strict_and_not(tmp_path: Path) -> None:
    node = nir.IF(full(1.0), full(1.0))
    for strict, spikes in ((True, [[], [0]]), (False, [[0], []])):
        model = read(tmp_path, chain(node), if_input="jump", strict=strict)
        assert fired(model, "n0", [1.0, 0.25]) == spikes


def test_a_threshold_keeps_nothing(tmp_path: Path) -> None:
    model = read(tmp_path, chain(nir.Threshold(full(1.0))))
    assert fired(model, "n0", [1.0, 1.5, 0.9, 2.0]) == [[], [0], [], [0]]


def test_an_integrator_sums(tmp_path: Path) -> None:
    # r = 500 / s, dt = 2 ms: v <- v + I.
    model = read(tmp_path, chain(nir.I(full(500.0))), dt_ms=2.0)
    assert isinstance(model.spec.population("n0").neuron, Integrator)
    assert membranes(model, "n0", [1, 2, 0, -4])[:, 0].tolist() == [1, 3, 3, -1]


def test_an_li_gives_out_its_membrane_for_what_follows(tmp_path: Path) -> None:
    nodes = chain(nir.LI(full(0.002), full(2.0), full(0.0)), linear([3.0]), nir.I(full(1000.0)))
    model = read(tmp_path, nodes, integrator="euler")
    # v <- v / 2 + I; what it drives gets 3 v.
    assert membranes(model, "n0", PULSE)[:, 0].tolist() == [1, 0.5, 0.25, 0.125]
    assert membranes(model, "n2", PULSE)[:, 0].tolist() == [3, 4.5, 5.25, 5.625]


@pytest.mark.parametrize(
    ("conventions", "expected"),
    [
        # tau_syn = 2 ms, w_in = 4: i <- i / 2 + 2 I; tau_mem = 4 ms, r = 2: v <- 3/4 v + i / 2.
        ({}, [1.0, 1.25]),
        ({"synapse_in": "next_tick"}, [0.0, 1.0]),
        ({"synapse_input": "jump"}, [2.0, 2.5]),
        ({"synapse_input": "decayed"}, [1.0, 1.25]),
        ({"li_input": "jump"}, [2.0, 2.5]),
        ({"li_input": "decayed"}, [1.5, 1.875]),
    ],
)
def test_a_cuba_li(tmp_path: Path, conventions: Any, expected: list[float]) -> None:
    node = nir.CubaLI(full(0.002), full(0.004), full(2.0), full(0.0), full(4.0))
    model = read(tmp_path, chain(node), integrator="euler", **conventions)
    assert membranes(model, "n0", [1, 0])[:, 0] == pytest.approx(expected, rel=1e-6)


def test_a_gain_that_is_nearly_one_is_one(tmp_path: Path) -> None:
    tau = np.float32(1e-4) / (np.float32(1) - np.float32(0.9))
    node = nir.LIF(*(np.full(2, value, np.float32) for value in (tau, tau / 1e-4, 0, 1)))
    model = read(tmp_path, chain(node, before=2, after=2), integrator="euler", dt_ms=0.1)
    assert model.spec.population("n0").neuron.constants(0.1).gain == 1


def test_parameters_of_each_neuron_stay_apart(tmp_path: Path) -> None:
    node = nir.IF(full(1.0, 2), np.array([1.0, 3.0]))
    model = read(tmp_path, chain(node, before=2, after=2), if_input="jump")
    assert fired(model, "n0", [[2, 2], [0, 2]]) == [[0], [1]]


def test_one_parameter_serves_all_neurons(tmp_path: Path) -> None:
    nodes = chain(linear(*np.eye(3)), nir.IF(full(1.0), full(1.0)), before=3, after=3)
    model = read(tmp_path, nodes, if_input="jump")
    assert model.spec.population("n1").shape == (3,)


def test_floors(tmp_path: Path) -> None:
    node = nir.IF(full(1.0), full(2.0))
    for floor, expected in (("none", -5), ("minus_threshold", -2), (-1, -1)):
        model = read(tmp_path, chain(node), if_input="jump", if_floor=floor)
        assert membranes(model, "n0", [-5])[0, 0] == expected


def test_where_membranes_start(tmp_path: Path) -> None:
    node = nir.LIF(full(0.01), full(1.0), full(0.5), full(9.0), full(-0.25))
    for initial, expected in (("leak", 0.5), ("zero", 0.0), ("reset", -0.25)):
        model = read(tmp_path, chain(node), integrator="euler", initial=initial)
        start = membranes(model, "n0", [0])[0, 0]
        assert start == pytest.approx(expected + 0.1 * (0.5 - expected))


def test_linear_nodes_in_a_row_are_one_projection(tmp_path: Path) -> None:
    nodes = chain(
        nir.Affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0])),
        nir.Scale(np.array([2.0, -1.0])),
        linear([1.0, 1.0]),
        before=2,
    )
    model = read(tmp_path, nodes)
    (projection,) = model.spec.projections
    assert [stage.pattern.type for stage in projection.before] == ["all_to_all", "one_to_one"]
    # 2 (1 a + 2 b + 10) - (3 a + 4 b + 20), given out by a population that keeps nothing.
    assert membranes(model, "output", [[1, 1], [0, 1], [0, 0]])[:, 0].tolist() == [-1, 0, 0]


def test_images_pass_convolutions_and_pools(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    kernel = generator.integers(-4, 5, (2, 3, 3, 3)).astype(np.float32)
    image = generator.integers(0, 3, (3, 6, 6)).astype(np.float32)
    two = np.array([2, 2])
    nodes = {
        "input": nir.Input(np.array([3, 6, 6])),
        "conv": nir.Conv2d((6, 6), kernel, 1, "same", 1, 1, np.array([0.5, -1.0])),
        "sum": nir.SumPool2d(two, two, np.zeros(2, int)),
        "average": nir.AvgPool2d(np.array([3, 3]), np.ones(2, int), np.zeros(2, int)),
        "flat": nir.Flatten({"input": np.array([2, 1, 1])}, 0, -1),
        "output": nir.Output(np.array([2])),
    }
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    convolved = np.einsum("cyxij,ocij->oyx", windows, kernel) + np.array([0.5, -1.0])[:, None, None]
    expected = convolved.sum((1, 2)) / 9
    made = membranes(read(tmp_path, nodes), "output", [image])
    assert made[0] == pytest.approx(expected, rel=1e-5)


def test_rows_of_an_image_are_a_sequence(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([1, 2, 2])),
        "flat": nir.Flatten({"input": np.array([1, 2, 2])}, 1, 2),
        "conv": nir.Conv1d(4, np.array([[[1.0, -1.0]]]), 1, 0, 1, 1, np.zeros(1)),
        "output": nir.Output(np.array([1, 3])),
    }
    made = membranes(read(tmp_path, nodes), "output", [[[1, 2], [4, 8]]])
    assert made[0].tolist() == [-1, -2, -4]


def test_a_sequence_passes_a_grouped_convolution(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([2, 4])),
        "conv": nir.Conv1d(4, np.array([[[1.0, 2.0]], [[3.0, 4.0]]]), 2, 0, 1, 2, np.zeros(2)),
        "output": nir.Output(np.array([2, 2])),
    }
    made = membranes(read(tmp_path, nodes), "output", [[[1, 1, 0, 1], [1, 0, 2, 1]]])
    assert made[0].tolist() == [3, 2, 3, 10]


def test_delays_become_ticks(tmp_path: Path) -> None:
    model = read(tmp_path, chain(nir.Delay(full(0.0021))))
    assert membranes(model, "output", PULSE)[:, 0].tolist() == [0, 0, 1, 0]


def test_elements_with_different_delays_are_split(tmp_path: Path) -> None:
    nodes = chain(
        nir.Affine(np.eye(2), np.array([8.0, 16.0])),
        nir.Delay(np.array([0.0, 0.002])),
        nir.Affine(np.array([[1.0, 2.0]]), np.array([64.0])),
        before=2,
    )
    model = read(tmp_path, nodes)
    assert sorted(each.delay_ticks for each in model.spec.projections) == [0, 2]
    # Biases of both affine nodes count once: 8 + 2 16 + 64.
    made = membranes(model, "output", [[1, 1], [0, 0], [0, 0], [0, 0]])[:, 0] - 104
    assert made.tolist() == [1, 0, 2, 0]


def test_a_node_that_two_drive_adds_its_bias_once(tmp_path: Path) -> None:
    nodes = {
        "a": nir.Input(np.array([1])),
        "b": nir.Input(np.array([1])),
        "sum": nir.Affine(np.array([[2.0]]), np.array([10.0])),
        "again": nir.Affine(np.array([[1.0]]), np.array([5.0])),
        "output": nir.Output(np.array([1])),
    }
    edges = [("a", "sum"), ("b", "sum"), ("sum", "output"), ("sum", "again"), ("again", "output")]
    model = read(tmp_path, nodes, edges)
    assert len(model.spec.projections) == 4
    # (2 (a + b) + 10) + (2 (a + b) + 10) + 5
    assert membranes(model, "output", [[1, 0], [1, 1]])[:, 0].tolist() == [29, 33]


RECURRENT = {
    "lif": nir.IF(full(1.0), full(1.0)),
    "rec": linear([2.0]),
}
CYCLE = [("lif", "rec"), ("rec", "lif")]


def test_recurrent_weights_see_the_last_tick(tmp_path: Path) -> None:
    nodes = {**chain(before=1), **RECURRENT}
    edges = [("input", "lif"), ("lif", "output"), *CYCLE]
    model = read(tmp_path, nodes, edges, if_input="jump")
    assert fired(model, "lif", [2, 0, 0]) == [[0], [0], [0]]
    assert model.delayed == ("lif -> lif",)
    (delayed,) = [each for each in model.spec.projections if each.pre == "lif"]
    assert delayed.delay_ticks == 1


def test_a_nested_recurrent_graph_is_flattened(tmp_path: Path) -> None:
    inner = nir.NIRGraph(
        {**chain(before=1), **RECURRENT},
        [("input", "lif"), ("lif", "output"), *CYCLE],
        type_check=False,
    )
    nodes = {"input": chain()["input"], "layer": inner, "output": chain()["output"]}
    model = read(tmp_path, nodes, if_input="jump")
    assert model.outputs == {"output": "layer_lif"}
    assert fired(model, "layer_lif", [2, 0]) == [[0], [0]]


def test_the_edge_that_leads_back_is_delayed(tmp_path: Path) -> None:
    nodes = {"z": lif(), "a": lif(), "m": lif(), **chain()}
    edges = [("input", "a"), ("a", "m"), ("a", "z"), ("m", "z"), ("z", "a"), ("z", "output")]
    model = read(tmp_path, nodes, edges)
    assert model.delayed == ("z -> a",)


def test_a_delay_in_a_cycle_is_kept(tmp_path: Path) -> None:
    nodes = {**chain(), "lif": lif(), "delay": nir.Delay(full(0.003))}
    edges = [("input", "lif"), ("lif", "delay"), ("delay", "lif"), ("lif", "output")]
    model = read(tmp_path, nodes, edges)
    assert model.delayed == ()
    assert sorted(each.delay_ticks for each in model.spec.projections) == [0, 3]


def test_a_cycle_without_delay_is_refused(tmp_path: Path) -> None:
    nodes = {**chain(), **RECURRENT}
    edges = [("input", "lif"), ("lif", "output"), *CYCLE]
    with pytest.raises(NetworkError, match=r"graph\.nir: .*without delay form a cycle: lif"):
        read(tmp_path, nodes, edges, recurrent_delay_ticks=0)


def test_names_become_valid_and_stay_apart(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([1])),
        "0": lif(),
        "a.b": lif(),
        "a-b": lif(),
        "output": nir.Output(np.array([1])),
    }
    model = read(tmp_path, nodes)
    names = [population.name for population in model.spec.populations]
    assert sorted(names) == ["a_b", "a_b_2", "lif_0"]


def test_the_batch_of_a_sample_is_no_dimension(tmp_path: Path) -> None:
    nodes = {"input": nir.Input(np.array([1, 2])), "weights": linear([1.0, 1.0]), "lif": lif()}
    model = read(tmp_path, {**nodes, "output": nir.Output(np.array([1, 1, 1]))})
    assert model.spec.inputs[0].shape == (2,)
    assert model.spec.population("lif").shape == (1,)


def test_the_tick_is_what_the_metadata_say(tmp_path: Path) -> None:
    file = write(tmp_path / "graph.nir", chain(lif()), dt=2e-3)
    assert read_nir(file).spec.dt_ms == 2
    assert "dt_ms = 2.0 (metadata of the file)" in read_nir(file).assumed
    assert read_nir(file, None, {"dt_ms": 3.0}).spec.dt_ms == 3


@pytest.mark.parametrize(
    ("preset", "node", "dt_ms"),
    [
        ("snntorch", lif(tau=5e-3, r=5.0), 1.0),
        ("spikingjelly", nir.IF(full(2000.0), full(1.0)), 0.5),
        ("spikingjelly", lif(tau=2e-4), 0.1),
        ("rockpool", lif(tau=0.02, r=10 * np.exp(-0.1)), 2.0),
        ("lava-dl", nir.CubaLIF(*(full(x) for x in (1e-2, 2e-2, 10.0, 0, 1))), 2.0),
        ("sinabs", lif(tau=20.0), 1000.0),
    ],
)
def test_the_tick_follows_from_r_where_a_framework_computes_it_so(
    tmp_path: Path, preset: str, node: Any, dt_ms: float
) -> None:
    file = write(tmp_path / "graph.nir", chain(node))
    assert read_nir(file, preset).spec.dt_ms == pytest.approx(dt_ms, rel=1e-5)


def test_time_constants_that_norse_multiplied_by_the_tick_are_restored(tmp_path: Path) -> None:
    file = write(tmp_path / "graph.nir", chain(lif(tau=1e-5)))
    model = read_nir(file, "norse")
    assert model.spec.population("n0").neuron.tau_mem_ms == pytest.approx(10)
    assert "time_scale = 1000.0 (time constants below half a tick)" in model.assumed
    as_written = read_nir(file, "norse", {"time_scale": 1.0})
    assert as_written.spec.population("n0").neuron.tau_mem_ms == pytest.approx(0.01)


def test_in_snntorch_a_plain_lif_is_reset_before_it_integrates(tmp_path: Path) -> None:
    nodes = {**chain(lif(r=10.0)), "lif": lif(r=10.0), "rec": linear([0.5])}
    edges = [("input", "n0"), ("n0", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "output")]
    file = write(tmp_path / "graph.nir", nodes, edges)
    for preset, plain in (("snntorch", "same_tick"), (None, "next_tick")):
        spec = read_nir(file, preset, {"reset_in": "next_tick"}).spec
        assert spec.population("n0").neuron.reset_in == plain
        assert spec.population("lif").neuron.reset_in == "next_tick"


def test_an_unread_population_is_kept(tmp_path: Path) -> None:
    nodes = {**chain(lif()), "probe": nir.LI(full(0.01), full(1.0), full(0.0))}
    edges = [("input", "n0"), ("n0", "output"), ("n0", "probe")]
    model = read(tmp_path, nodes, edges)
    assert isinstance(model.spec.population("probe").neuron, Li)
    assert isinstance(model.spec.population("n0").neuron, Lif)


def test_two_outputs_and_an_output_of_two(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(np.array([1])),
        "a": nir.IF(full(1.0), full(1.0)),
        "b": nir.IF(full(1.0), full(3.0)),
        "first": nir.Output(np.array([1])),
        "sum": nir.Output(np.array([1])),
    }
    edges = [("input", "a"), ("input", "b"), ("a", "first"), ("a", "sum"), ("b", "sum")]
    model = read(tmp_path, nodes, edges, if_input="jump")
    assert model.outputs == {"first": "a", "sum": "sum"}
    assert isinstance(model.spec.population("a").neuron, If)
    assert membranes(model, "sum", [2, 2])[:, 0].tolist() == [1, 2]


ONE = np.array([1])


@pytest.mark.parametrize(
    ("nodes", "edges", "reason"),
    [
        (chain(linear([1.0, 1.0]), lif()), None, r"'n0' has weights \(1, 2\) and gets \(1,\)"),
        (chain(linear([1.0]), lif(2)), None, r"'n1' has shape \(2,\) and gets \(1,\)"),
        (chain(lif(), after=3), None, r"'output' has shape \(3,\) and gets \(1,\)"),
        (chain(nir.Affine(np.eye(1), np.ones(4)), lif()), None, r"'n0' has a bias"),
        (chain(linear([np.nan]), lif()), None, "'n0' holds NaN or infinity in weight"),
        (chain(lif(tau=0.0)), None, "'n0' .*tau_mem_ms"),
        (chain(lif(threshold=-1.0)), None, "'n0' .*threshold"),
        (chain(nir.Delay(full(-1.0)), lif()), None, "'n0' has a negative delay"),
        (chain(nir.Delay(full(1e9)), lif()), None, "'n0' has 1 delays of up to"),
        (
            chain(nir.Conv2d((1, 1), np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1)), lif()),
            None,
            "'n0' does not fit what it gets",
        ),
        (
            {**chain(lif()), "a": linear([1.0]), "b": linear([1.0])},
            [("input", "n0"), ("n0", "output"), ("a", "b"), ("b", "a"), ("a", "n0")],
            "'a' is on a cycle without neurons",
        ),
        ({**chain(lif()), "alone": lif()}, [("input", "n0"), ("n0", "output")], "'alone' has no"),
        (chain(lif()), [("input", "n0"), ("n0", "nobody")], "no node 'nobody'"),
        ({"input": nir.Input(ONE), "lif": lif()}, None, "needs an Input and an Output"),
        ({"lif": lif(), "output": nir.Output(ONE)}, None, "needs an Input and an Output"),
        (
            {"input": nir.Input(np.array([2**40])), "output": nir.Output(np.array([2**40]))},
            None,
            "'input' has shape .* extents are 1 to",
        ),
        (
            {"input": nir.Input(np.array([2**30])), "output": nir.Output(np.array([2**30]))},
            None,
            "exceed max_channels",
        ),
        ({"input": nir.Input(np.array([0])), "output": nir.Output(ONE)}, None, "extents are"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused_with_its_node(
    tmp_path: Path, nodes: dict[str, Any], edges: Any, reason: str
) -> None:
    with pytest.raises(NetworkError, match=rf"graph\.nir: .*{reason}"):
        read(tmp_path, nodes, edges)


def test_more_synapses_than_allowed_are_refused(tmp_path: Path) -> None:
    nodes = chain(nir.Linear(np.ones((30, 40))), lif(30), before=40, after=30)
    file = write(tmp_path / "graph.nir", nodes)
    assert read_nir(file, max_synapses=1230).spec.neurons == 30
    with pytest.raises(NetworkError, match="exceed max_synapses 1000"):
        read_nir(file, max_synapses=1000)
    with pytest.raises(NetworkError, match="declares 1200 elements"):
        read_nir(file, max_synapses=100)


def test_ways_that_multiply_are_refused(tmp_path: Path) -> None:
    nodes, edges, last = dict(chain(lif())), [("n0", "output")], ["input"]
    for step in range(20):
        pair = [f"a{step}", f"b{step}"]
        nodes |= {name: nir.Scale(full(1.0)) for name in pair}
        edges += [(before, after) for before in last for after in pair]
        last = pair
    edges += [(before, "n0") for before in last]
    with pytest.raises(NetworkError, match=r"'n0' is reached on more than 10000 paths"):
        read(tmp_path, nodes, edges)


@pytest.mark.parametrize("count", [200, 1000])
@pytest.mark.parametrize("node", [nir.Scale(full(1.0)), lif()])
def test_long_chains_are_read_or_refused(tmp_path: Path, count: int, node: Any) -> None:
    nodes = chain(*[node] * count)
    if isinstance(node, nir.Scale):
        with pytest.raises(NetworkError, match=r"in a row|too long a chain"):
            read(tmp_path, nodes)
    else:
        assert read(tmp_path, nodes).spec.neurons == count


@pytest.fixture(scope="module")
def every_node(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    two = np.array([2, 2])
    nodes = {
        "input": nir.Input(np.array([2, 4, 4])),
        "conv": nir.Conv2d((4, 4), np.ones((2, 2, 3, 3)), 1, 1, 1, 1, np.ones(2)),
        "pool": nir.SumPool2d(two, two, np.zeros(2, int)),
        "flat": nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1),
        "delay": nir.Delay(np.linspace(0, 0.003, 8)),
        "scale": nir.Scale(np.ones(8)),
        "affine": nir.Affine(np.ones((3, 8)), np.ones(3)),
        "lif": lif(3),
        "layer": nir.NIRGraph(
            chain(lif(3), before=3, after=3), [("input", "n0"), ("n0", "output")]
        ),
        "output": nir.Output(np.array([3])),
    }
    return write(tmp_path_factory.mktemp("nir") / "valid.nir", nodes).read_bytes()


REPLACEMENTS = (
    *(0, -1, 2**40, 0.5, float("nan"), True, 1j, "same", "LIF", "NIRGraph", b"\xff"),
    *(np.zeros(0), np.ones(3), np.ones((3, 8, 1)), np.arange(2), np.array([[b"a", b"b"]])),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_graph_with_parts_replaced_is_read_or_refused(
    tmp_path: Path, every_node: bytes, data: Any
) -> None:
    file = tmp_path / "replaced.nir"
    file.write_bytes(every_node)
    with h5py.File(file, "r+") as opened:
        names: list[str] = []
        opened.visit(names.append)
        name = data.draw(st.sampled_from(names))
        del opened[name]
        if data.draw(st.booleans()):
            opened[name] = data.draw(st.sampled_from(REPLACEMENTS))
    with suppress(NetworkError):
        read_nir(file)


def test_a_graph_with_every_kind_of_linear_node_is_read(tmp_path: Path, every_node: bytes) -> None:
    (tmp_path / "graph.nir").write_bytes(every_node)
    model = read_nir(tmp_path / "graph.nir")
    assert sorted(each.delay_ticks for each in model.spec.projections) == [0, 0, 1, 2, 3]
    assert model.outputs == {"output": "layer_n0"}
