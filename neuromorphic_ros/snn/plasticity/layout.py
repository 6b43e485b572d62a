"""Lay out a plastic projection in memory: traces, spikes under way, synapses by target."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn import tables
from neuromorphic_ros.snn.plasticity.reward_stdp import (
    Lag,
    RewardConstants,
    RewardStdp,
    settled,
)
from neuromorphic_ros.snn.plasticity.rule import PlasticityRule
from neuromorphic_ros.snn.plasticity.scaling import ScalingConstants
from neuromorphic_ros.snn.plasticity.traces import Trace
from neuromorphic_ros.snn.synapses import Connection, Indices
from neuromorphic_ros.snn.weights import Values

# Of the time constant of eligibilities.
SETTLED_AFTER = 2.0
# 1 GiB of spikes under way.
MAX_WORDS = 2**27

Record = Any


class PlasticLayer(NamedTuple):
    """The arrays of one plastic projection.

    projection: its index. connection: its synapses, whose weights are those at the last settling
    if it learns by reward. arriving: bits of rows, uint64 (delay + 1, words). pre_trace,
    post_trace: float32 (2, rows) and (2, columns). constant: float32 (constants, 1).
    Of each column, if sparse,
    the synapses by_column[c] to by_column[c + 1] are those of the rows `source` with the weights at
    `place`; int64[columns + 1], int32 and int64[synapses]. lag: float32 (2, rows), and
    eligibility: of each synapse, shaped as the weights, if it learns by reward. activity:
    float32[columns], spikes per tick.
    """

    projection: int
    rule: PlasticityRule
    connection: Connection
    arriving: npt.NDArray[np.uint64]
    pre_trace: Values
    post_trace: Values
    constant: Values
    by_column: Indices
    source: npt.NDArray[np.int32]
    place: Indices
    lag: Values
    eligibility: Values
    activity: Values
    scaling: ScalingConstants | None

    def present(self) -> Connection:
        """Return the synapses as they are now; a copy if they learn by reward."""
        kept = self.connection
        if not isinstance(self.rule, RewardStdp):
            return kept
        constants = RewardConstants(*map(np.float32, self.rule.constants()))
        sizes = self.connection.columns if kept.row is None else np.diff(kept.row)
        lag = Lag(*np.repeat(self.lag, sizes, axis=1).reshape(2, *kept.weight.shape))
        weight, _ = settled(constants, kept.weight, self.eligibility, lag)
        return kept._replace(weight=np.asarray(weight))

    def put(self, weight: Values) -> None:
        """Go on from other weights, shaped as the present ones, and forget all spikes."""
        self.start()
        self.connection.weight[:] = weight

    def start(self) -> None:
        """Forget all spikes; the weights stay as they are now."""
        self.connection.weight[:] = self.present().weight
        self.arriving[:] = 0
        self.pre_trace[:] = self.post_trace[:] = 0.0
        self.lag[0], self.lag[1], self.eligibility[:] = 1.0, 0.0, 0.0
        if self.scaling:
            self.activity[:] = self.scaling.target


def lay_out_plastic(
    index: int, connection: Connection, rule: PlasticityRule, delay_ticks: int, dt_ms: float
) -> PlasticLayer:
    """Make the arrays of a projection; raises NetworkError if its delay is too long."""
    words = -(-connection.rows // 64)
    if words * (delay_ticks + 1) > MAX_WORDS:
        raise NetworkError(
            f"{connection.rows} plastic sources with a delay of {delay_ticks} ticks need more than "
            f"{8 * MAX_WORDS} bytes: shorten the delay"
        )
    by_column, source, place = _by_column(connection)
    rewarded = isinstance(rule, RewardStdp)
    layer = PlasticLayer(
        projection=index,
        rule=rule,
        connection=connection,
        arriving=np.zeros((delay_ticks + 1, words), np.uint64),
        pre_trace=np.zeros((len(Trace._fields), connection.rows), np.float32),
        post_trace=np.zeros((len(Trace._fields), connection.columns), np.float32),
        constant=np.array(rule.constants(), np.float32).reshape(-1, 1),
        by_column=by_column,
        source=source,
        place=place,
        lag=np.zeros((len(Lag._fields), connection.rows), np.float32),
        eligibility=np.zeros_like(connection.weight) if rewarded else np.zeros(0, np.float32),
        activity=np.zeros(connection.columns, np.float32),
        scaling=rule.scaling.constants(dt_ms, connection.rows) if rule.scaling else None,
    )
    layer.start()
    return layer


def _by_column(connection: Connection) -> tuple[Indices, npt.NDArray[np.int32], Indices]:
    if connection.row is None or connection.target is None:
        empty = np.empty(0, np.int64)
        return empty, np.empty(0, np.int32), empty
    # A stable sort keeps the rows of a column in order.
    place = np.argsort(connection.target, kind="stable")
    rows = np.repeat(np.arange(connection.rows, dtype=np.int32), np.diff(connection.row))
    found = np.bincount(connection.target, minlength=connection.columns)
    return np.concatenate(([0], np.cumsum(found))), rows[place], place


def fill_plastic(record: Record, layer: PlasticLayer, dt_ms: float) -> None:
    """Fill the record of a projection in `tables.PLASTIC`, but for where its ends are."""
    connection, rule = layer.connection, layer.rule
    record["kind"] = tables.RULES[rule.type]
    record["rows"], record["columns"] = connection.rows, connection.columns
    record["synapses"] = connection.weight.size
    slots, record["words"] = layer.arriving.shape
    record["delay"] = slots - 1
    record["weight"] = connection.weight.ctypes.data
    if connection.row is not None and connection.target is not None:
        record["sparse"] = 1
        record["row"], record["column"] = connection.row.ctypes.data, connection.target.ctypes.data
    for part in layer._fields:
        if isinstance(array := getattr(layer, part), np.ndarray):
            record[part] = array.ctypes.data
    for name, value in (layer.scaling._asdict() if layer.scaling else {}).items():
        record[name] = value
    if isinstance(rule, RewardStdp):
        modulate(record, rule, dt_ms, 0.0)
        # Shares stay far above 0 between two settlings.
        ticks = max(1, int(SETTLED_AFTER * rule.tau_eligibility_ms / dt_ms))
        record["settled_per_tick"] = -(-connection.rows // ticks)
    traces = rule.traces(dt_ms)
    record["slow"] = record["kind"] == tables.TRIPLET_STDP
    for name, value in traces._asdict().items():
        record[name] = value


def modulate(record: Record, rule: RewardStdp, dt_ms: float, serotonin: float) -> None:
    """Put a level of serotonin in force."""
    for name, value in rule.modulation(dt_ms, serotonin)._asdict().items():
        record[name] = value
