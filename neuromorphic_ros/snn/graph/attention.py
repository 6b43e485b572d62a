"""Graph attention on spike traces: how much a node listens to each of its neighbours.

A node has two traces of the spikes s that it hears, in each head, which decay by
exp(-t / tau_trace) between them: of its messages z, and of its queries y,

    z_j <- z_j exp(-t / tau_trace) + sum over f of s_j[f] message[f]        y_i alike, with query

In a tick in which a message reaches node i, each of its incoming edges has a score and a share,

    e_ij = attention . LeakyReLU(z_j + y_i)        a_ij = exp(e_ij) / sum over k of exp(e_ik)

k over all incoming edges of i, also those along which nothing arrives. What arrives on an edge of
weight w_ij is multiplied by the coefficient a_ij w_ij. This is the dynamic attention of GATv2
(Brody, Alon & Yahav, ICLR 2022, eq. 7), multi-head as GAT (Velickovic et al., ICLR 2018, eq. 5),
on traces in place of features. The slope of LeakyReLU is 1/4, not 0.2, so that products are exact.

What is not exact by itself is rounded, so that sums do not depend on their order: traces, when
they are read, to 1/1024; the distance of a score to the largest one to 1/256, at most 16;
exponentials to 2^-24; coefficients to 2^-16.
"""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.snn.graph.given_graph import Numbers
from neuromorphic_ros.snn.graph.spiking_graph_kernel import STEPS_PER_UNIT

FARTHEST = 16
EXPONENTIAL_GRID = 2.0**24


def exponential_table() -> Numbers:
    """Return exp(-k / 256) of k = 0 to 4096, multiples of 2^-24."""
    steps = np.arange(int(FARTHEST * STEPS_PER_UNIT) + 1)
    table = np.exp(-steps / STEPS_PER_UNIT)
    return np.asarray(np.rint(table * EXPONENTIAL_GRID) / EXPONENTIAL_GRID)
