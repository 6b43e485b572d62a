from __future__ import annotations

import pytest
from threadpoolctl import ThreadpoolController

from neuromorphic_ros.learning.blas_threads import one_thread


def threads() -> list[int]:
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library.get_num_threads() for library in found]


def test_blas_has_one_thread_for_as_long_as_it_lasts() -> None:
    before = threads()
    with one_thread():
        assert set(threads()) <= {1}
    assert threads() == before


def test_threads_come_back_after_an_error() -> None:
    before = threads()
    with pytest.raises(RuntimeError), one_thread():
        raise RuntimeError
    assert threads() == before
