"""What a part of a pipeline says of itself."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """A line of diagnostics; level: ok, warn or error."""

    level: str
    message: str
    values: dict[str, object]
