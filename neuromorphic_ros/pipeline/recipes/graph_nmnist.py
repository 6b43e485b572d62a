"""Digits by a graph of their events, in place of the convolutions of `nmnist`."""

from __future__ import annotations

from neuromorphic_ros.pipeline.recipes import nmnist
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.graph.event_graph_spec import Neighbourhood, random_spec
from neuromorphic_ros.snn.spec import EventGraphLayers, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

(DVS,) = nmnist.NETWORK.inputs
GRAPH = random_spec(
    DVS.shape,
    features=(8, 32),
    cells=(7, 7),
    seed=0,
    neighbourhood=Neighbourhood(ages=2, newest=1),
)
NETWORK = NetworkSpec(
    name="graph_nmnist",
    dt_ms=nmnist.NETWORK.dt_ms,
    inputs=(DVS,),
    populations=(
        Population("features", graph=EventGraphLayers(DVS.name, GRAPH)),
        nmnist.NETWORK.population("output"),
    ),
    projections=(Projection("features", "output", Normal(0.0, 0.04)),),
    readouts=nmnist.NETWORK.readouts,
)
RECIPE: SurrogateRecipe = nmnist.RECIPE._replace(
    name="graph_nmnist",
    task=f"{nmnist.RECIPE.task}, by a graph of events",
    spec=NETWORK,
    parameters=nmnist.RECIPE.parameters | {"rate_cost": 20.0},
)
