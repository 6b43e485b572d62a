"""Gestures by a graph of their events, in place of the convolutions of `gestures`."""

from __future__ import annotations

from neuromorphic_ros.pipeline.recipes import gestures
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.graph.event_graph_spec import Neighbourhood, random_spec
from neuromorphic_ros.snn.spec import EventGraphLayers, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.weights import Normal

(DVS,) = gestures.NETWORK.inputs
GRAPH = random_spec(
    DVS.shape,
    features=(4, 16),
    cells=(7, 7),
    seed=0,
    neighbourhood=Neighbourhood(ages=2, newest=2),
)
NETWORK = NetworkSpec(
    name="graph_gestures",
    dt_ms=gestures.NETWORK.dt_ms,
    inputs=(DVS,),
    populations=(
        Population("features", graph=EventGraphLayers(DVS.name, GRAPH)),
        gestures.NETWORK.population("output"),
    ),
    projections=(Projection("features", "output", Normal(0.0, 0.04)),),
    readouts=gestures.NETWORK.readouts,
)
RECIPE: SurrogateRecipe = gestures.RECIPE._replace(
    name="graph_gestures",
    task=f"{gestures.RECIPE.task}, by a graph of events",
    spec=NETWORK,
    parameters=gestures.RECIPE.parameters | {"label_smoothing": 0.05, "rate_cost": 20.0},
)
