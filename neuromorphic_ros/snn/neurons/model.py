"""The neuron models a population may have."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif


def _model(value: Any) -> str:
    # `model` may be left out of a file: lif.
    return str(
        value.get("model", "lif") if isinstance(value, dict) else getattr(value, "model", "")
    )


Neuron = Annotated[
    Annotated[If, Tag("if")]
    | Annotated[Lif, Tag("lif")]
    | Annotated[Li, Tag("li")]
    | Annotated[Integrator, Tag("integrator")]
    | Annotated[CubaLif, Tag("cuba_lif")]
    | Annotated[CubaLi, Tag("cuba_li")]
    | Annotated[Alif, Tag("alif")]
    | Annotated[AdEx, Tag("adex")]
    | Annotated[DendriticLif, Tag("dendritic_lif")],
    Discriminator(
        _model,
        custom_error_type="neuron",
        custom_error_message=(
            "model must be if, lif, li, integrator, cuba_lif, cuba_li, alif, adex or dendritic_lif"
        ),
    ),
]
