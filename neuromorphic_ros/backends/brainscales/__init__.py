"""BrainScaleS-2: networks as PyNN runs them on the chip, or on simulators of its neurons."""
