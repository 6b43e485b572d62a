"""Small conventional networks of torch that the tests share."""

from __future__ import annotations

import torch
from torch import nn


def convolutional(seed: int = 0) -> nn.Sequential:
    """Return a network of every layer that is converted, with statistics of its own."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, bias=False),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(24, 5),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.Linear(5, 3),
    )
    with torch.no_grad():
        for _ in range(3):
            network(3 * torch.rand(64, 2, 8, 8))
    return network.eval()


def samples(count: int = 20, seed: int = 0) -> torch.Tensor:
    """Return samples of its input."""
    return torch.rand(count, 2, 8, 8, generator=torch.Generator().manual_seed(seed))
