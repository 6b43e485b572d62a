"""Connections as Lava has them: of all of the input or a population with all of a population."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.dense import check_delay, check_exponent, stored
from neuromorphic_ros.backends.loihi.engine import FixedNetwork
from neuromorphic_ros.errors import NetworkError


class Block(NamedTuple):
    """A connection; pre, post: 0 is the channels and 1 the first population.

    weights: int32 (neurons of post, of pre), as Lava has them. exponent, delay: as of FixedDense.
    """

    pre: int
    post: int
    weights: npt.NDArray[np.int32]
    exponent: int
    delay: int


def block(network: FixedNetwork, index: int) -> Block:
    """Return a connection with zeros for what it does not connect.

    Raises NetworkError if it does not fit or goes beyond a population.
    """
    connection = network.connections[index]
    check_exponent(connection.exponent, f"connection {index}")
    check_delay(connection.delay, f"connection {index}")
    given = stored(connection.weights)
    sizes = [network.channels, *(population.size for population in network.populations)]
    begin = np.cumsum([0, *sizes])
    starts = connection.source, network.channels + connection.target
    ends = []
    for first, count in zip(starts, given.shape, strict=True):
        node = int(np.searchsorted(begin, first, "right")) - 1
        if not 0 <= node < len(sizes) or first + count > begin[node + 1]:
            raise NetworkError(
                f"connection {index}: {count} from {first} on are not of one population, which "
                "Lava connects; divide it"
            )
        ends.append((node, first - int(begin[node])))
    (pre, row), (post, column) = ends
    rows, columns = given.shape
    weights = np.zeros((sizes[post], sizes[pre]), np.int32)
    weights[column : column + columns, row : row + rows] = given.toarray().T
    return Block(pre, post, weights, connection.exponent, connection.delay)
