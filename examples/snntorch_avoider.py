"""Train a network in snntorch that steers away from what a lidar sees, and export it as NIR.

It knows nothing of neuromorphic_ros: only the order of inputs and outputs must be those of the
robot. Inputs are 24 sectors of the lidar from right to left, which spike the faster the nearer
something is. Outputs are forward, turn left, turn right; speed and turn follow their rates.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nir
import numpy as np
import snntorch as snn
import torch
from snntorch import utils
from snntorch.export_nir import export_to_nir

SECTORS, HIDDEN = 24, 32
TICKS, STEPS, BATCH = 40, 200, 64
# Of a tick of 1 ms in which a sector spikes whose distance is the nearest: 200 Hz.
LARGEST_RATE = 0.2


def leaky(neurons: int, output: bool = False) -> snn.Leaky:
    """Return a layer as the NIR of snntorch can hold it: vectors, and a reset to zero at once."""
    return snn.Leaky(
        beta=torch.full((neurons,), 0.9),
        threshold=torch.ones(neurons),
        reset_mechanism="zero",
        reset_delay=False,
        init_hidden=True,
        output=output,
    )


def rooms(generator: torch.Generator) -> torch.Tensor:
    """Draw how near the nearest thing in each sector is, 0 (far) to 1, (BATCH, SECTORS)."""
    centre = torch.rand(BATCH, 3, 1, generator=generator) * SECTORS
    width = 1.0 + torch.rand(BATCH, 3, 1, generator=generator) * SECTORS / 4
    near = torch.rand(BATCH, 3, 1, generator=generator)
    covered = (torch.arange(SECTORS) - centre).abs() < width
    return (covered * near).amax(1)


def wanted(nearness: torch.Tensor) -> torch.Tensor:
    """Return the rates per tick to learn: slow before obstacles, turn away from the nearer side."""
    right, ahead, left = (part.amax(1) for part in nearness.split((9, 6, 9), dim=1))
    blocked = (ahead - 0.2).clamp(min=0.0)
    # Straight ahead is passed on the left, unless that is the nearer side.
    to_left = ((right >= left) * blocked + (right - left).clamp(min=0.0)) * 0.4
    to_right = ((right < left) * blocked + (left - right).clamp(min=0.0)) * 0.4
    return torch.stack([0.5 * (1.0 - 1.5 * ahead).clamp(min=0.0), to_left, to_right], 1)


def spikes(nearness: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw what the lidar's encoder makes of it, (TICKS, BATCH, SECTORS)."""
    drawn = torch.rand(TICKS, *nearness.shape, generator=generator)
    return (drawn < nearness * LARGEST_RATE).float()


def fired(network: torch.nn.Sequential, given: torch.Tensor) -> torch.Tensor:
    """Return what the network fires from rest, (TICKS, BATCH, 3)."""
    utils.reset(network)
    return torch.stack([network(tick)[0] for tick in given])


def train(seed: int) -> torch.nn.Sequential:
    """Return a network that fires at the wanted rates."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(
        torch.nn.Linear(SECTORS, HIDDEN),
        leaky(HIDDEN),
        torch.nn.Linear(HIDDEN, 3),
        leaky(3, output=True),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for step in range(STEPS):
        nearness = rooms(generator)
        rates = fired(network, spikes(nearness, generator))[TICKS // 4 :].mean(0)
        loss = torch.nn.functional.mse_loss(rates, wanted(nearness))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0 or step == STEPS - 1:
            print(f"step {step}: mean squared error of rates {loss.item():.4f}")
    return network


def main() -> None:
    """Train, export, and write one drawn example with what snntorch makes of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    network = train(arguments.seed)
    nir.write(arguments.out / "avoider.nir", export_to_nir(network, torch.zeros(SECTORS)))
    generator = torch.Generator().manual_seed(arguments.seed + 1)
    given = spikes(rooms(generator), generator)
    with torch.no_grad():
        made = fired(network, given)
    np.savez(arguments.out / "given.npz", input=given[:, 0].numpy())
    np.savez(arguments.out / "snntorch.npz", output=made[:, 0].numpy())


if __name__ == "__main__":
    main()
