"""What compiled code needs beyond numba."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba import float32

from neuromorphic_ros.snn import compiled
from neuromorphic_ros.snn.compiled import (
    array_at,
    as_float32,
    column,
    revision,
    set_column,
    trailing_zeros,
)


class Pair(NamedTuple):
    left: Any
    right: Any


@numba.njit
def _floats(weights: Any) -> Any:
    out = np.empty(weights.size, np.float32)
    for place in range(weights.size):
        out[place] = as_float32(weights[place])
    return out


def test_every_finite_float16_becomes_its_float32() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    half = bits.view(np.float16)
    finite = np.isfinite(half)
    # By bits, to tell the zeros apart.
    assert np.array_equal(
        _floats(bits[finite]).view(np.uint32), half[finite].astype(np.float32).view(np.uint32)
    )


@pytest.mark.parametrize("dtype", [np.int8, np.float32])
def test_other_weights_become_float32(dtype: Any) -> None:
    weights = np.arange(-128, 128).astype(dtype)
    assert np.array_equal(_floats(weights), weights.astype(np.float32))


@numba.njit
def _swapped(matrix: Any, index: int) -> None:
    pair = column(Pair, matrix, index)
    set_column(matrix, index, Pair(pair.right, pair.left + float32(1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_column_is_read_and_written_as_a_tuple(dtype: Any) -> None:
    matrix = np.arange(6).reshape(2, 3).astype(dtype)
    _swapped(matrix, 1)
    assert matrix.tolist() == [[0, 4, 2], [3, 2, 5]]


@numba.njit
def _sum_at(address: int, size: int) -> Any:
    return array_at(address, size, float32).sum()


def test_an_array_is_found_by_its_address() -> None:
    values = np.arange(10, dtype=np.float32)
    assert _sum_at(values.ctypes.data, 10) == 45
    assert _sum_at(values[4:].ctypes.data, 2) == 9


@numba.njit
def _lowest(bits: Any) -> Any:
    return trailing_zeros(bits)


@pytest.mark.parametrize(("bits", "zeros"), [(1, 0), (0b1011000, 3), (2**63, 63), (2**64 - 1, 0)])
def test_the_lowest_one_of_a_word(bits: int, zeros: int) -> None:
    assert _lowest(np.uint64(bits)) == zeros


@pytest.mark.parametrize("changed", ["kernel.py", "neurons/leaky.py", "plasticity/update.py"])
def test_the_revision_changes_with_any_source(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in compiled.FOLDERS:
        (tmp_path / folder).mkdir()
    for name in (*(f"{part}.py" for part in compiled.PARTS), changed):
        (tmp_path / name).write_text("one = 1")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    before = revision()
    assert revision() == before
    (tmp_path / changed).write_text("one = 2")
    assert revision() != before


@pytest.mark.parametrize("part", compiled.PARTS)
def test_the_revision_covers_what_compiled_modules_use(part: str) -> None:
    source = Path(compiled.__file__).with_name(f"{part}.py").read_text()
    used = re.findall(r"neuromorphic_ros\.snn\.(\w+)", source)
    assert set(used) <= {*compiled.PARTS, *compiled.FOLDERS}
