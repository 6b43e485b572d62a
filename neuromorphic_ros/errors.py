"""Errors that a user can act on."""

from __future__ import annotations


class NeuromorphicError(Exception):
    """Base of every error that names an object, its value and a way out.

    The command line prints it as one line and exits with 2; a node reports it as a diagnostic.
    """


class SpikeError(NeuromorphicError, ValueError):
    """Addresses, times or shapes of spikes that do not fit together."""


class NetworkError(NeuromorphicError, ValueError):
    """A network description that cannot be built."""


class SensorError(NeuromorphicError, ValueError):
    """A sensor message that cannot be read."""


class BagError(NeuromorphicError):
    """A recording that cannot be read or written."""


class BackendError(NeuromorphicError):
    """A backend that is missing, not implemented or not available on this machine."""


class HardwareModelError(NeuromorphicError, ValueError):
    """A hardware model (prices, limits) that cannot be read."""
