from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuromorphic_ros.array_header import check_declared, read_header


@given(arrays.arrays(st.sampled_from(["<f4", "<i8", "|b1"]), arrays.array_shapes(min_dims=0)))
def test_the_header_is_that_of_the_array_and_its_content_follows(array: Any) -> None:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    header = read_header(file)
    assert (header.shape, header.dtype) == (array.shape, array.dtype)
    assert header.declared_bytes == array.nbytes == len(file.read())


def test_a_long_header_is_read_too() -> None:
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (2, 3)}
    np.lib.format.write_array_header_2_0(file, header)
    file.seek(0)
    assert read_header(file).shape == (2, 3)


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(ValueError, match="magic"):
        read_header(io.BytesIO(b"no array"))


def test_arrays_are_refused_by_what_they_declare_together(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", a=np.zeros(3, np.float32), b=np.zeros(2, np.int64))
    with zipfile.ZipFile(tmp_path / "data.npz") as archive:
        check_declared(archive, ["a.npy", "b.npy"], 28)
        check_declared(archive, ["b.npy"], 16)
        with pytest.raises(ValueError, match="declares 28 bytes, more than 27"):
            check_declared(archive, archive.namelist(), 27)
