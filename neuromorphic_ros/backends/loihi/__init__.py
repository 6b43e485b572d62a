"""Loihi 2: networks in its integer arithmetic."""
