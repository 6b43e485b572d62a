"""The rules of plasticity a projection may have."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from neuromorphic_ros.snn.plasticity.hebbian import Hebbian
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp


def _type(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", "")
    return str(kind)


PlasticityRule = Annotated[
    Annotated[PairStdp, Tag("pair_stdp")]
    | Annotated[TripletStdp, Tag("triplet_stdp")]
    | Annotated[Hebbian, Tag("hebbian")]
    | Annotated[RewardStdp, Tag("reward_stdp")],
    Discriminator(
        _type,
        custom_error_type="plasticity",
        custom_error_message="type must be pair_stdp, triplet_stdp, hebbian or reward_stdp",
    ),
]
