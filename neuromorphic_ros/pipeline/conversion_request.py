"""Convert a network because somebody asked for it: from untrusted words to a file in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from neuromorphic_ros.compression.ann.layers import AnnError
from neuromorphic_ros.pipeline.ann_conversion import (
    Conversion,
    Order,
    convert_model,
    find_target,
    write_network,
)
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.measurement import ACCURACY
from neuromorphic_ros.pipeline.model_list import ListedNetwork, list_network

TICKS = 16
"""After which accuracy is told."""
MAX_MEASURED = 100
"""Samples: the robot waits for no table."""


class WrittenNetwork(NamedTuple):
    """What was written, and what became of the network in words."""

    info: ListedNetwork
    summary: str


def prepare(
    order: Order,
    output: str,
    folder: str,
    tell: Callable[[str], None],
    lock: AbstractContextManager[Any],
) -> Callable[[], WrittenNetwork | str]:
    """Check untrusted words and return what converts and writes, for another thread.

    It returns why it could not if it could not; nothing is written then.
    output: name of a .nir file in `folder`. tell: as `convert_model` takes it. lock: held
    meanwhile.
    Raises AnnError if there is no folder or the name leads out of it, BackendError if the target is
    unknown.
    """
    if not folder:
        raise AnnError(
            "nothing may be written: set parameter 'conversion_folder' to the folder of networks "
            "that are converted"
        )
    if not re.fullmatch(r"\w[\w-]{0,199}\.nir", output, re.ASCII):
        raise AnnError(
            f"output '{output}' is no name of a .nir file in conversion_folder, as net_loihi2.nir"
        )
    find_target(order.target)
    path = Path(folder) / output

    def work() -> WrittenNetwork:
        done = convert_model(order._replace(most_measured=MAX_MEASURED), tell)
        tell("writing")
        write_network(done.converted.spec, path)
        info = list_network(str(path))
        if done.measured:
            accuracy = done.measured.here.after(TICKS)
            info = info._replace(metric=ACCURACY, value=accuracy)
        return WrittenNetwork(info, summary(done))

    return answering(work, lock)


def summary(done: Conversion) -> str:
    """Say in a line what became of a network."""
    fit, target = done.fit, done.order.target
    words = [
        f"fits {target}, {fit.cores} of {fit.cores_available} cores"
        if fit.fits
        else f"does not fit {target}: {'; '.join(fit.reasons)}"
    ]
    if measured := done.measured:
        samples = measured.here.samples
        words.append(
            f"right after {TICKS} ticks {measured.here.after(TICKS):.1%} of {samples} held-out "
            f"samples, the conventional network {measured.ann / samples:.1%}"
        )
    return "; ".join(words)
