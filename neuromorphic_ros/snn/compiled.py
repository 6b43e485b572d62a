"""What compiled code of the engine needs beyond numba: arrays by address, columns as named tuples.

An array that is passed to compiled code costs 0.1 us, and counting references to it costs more
inside of loops. The engine therefore passes the address of one table that holds the addresses of
all the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numba.np.numpy_support import carray

F = TypeVar("F", bound=Callable[..., Any])

# Modules with compiled code, and folders of them.
PARTS = ("compiled", "delivery", "elementwise", "kernel", "tables", "update")
FOLDERS = ("neurons", "plasticity")


def revision() -> int:
    """Return a number that changes with the sources of compiled code.

    Compiled code is kept on disk and compiled anew when its own file changes. A function that has
    this number in its closure is compiled anew when any file it calls changes.
    """
    sources = [Path(__file__).with_name(f"{part}.py") for part in PARTS]
    for folder in FOLDERS:
        sources += sorted(Path(__file__).with_name(folder).glob("*.py"))
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return int.from_bytes(digest.digest()[:7], "little")


def named(name: str) -> Callable[[F], F]:
    """Give a function that a factory makes a name of its own, before it is compiled.

    Compiled code that is kept on disk is linked by the names of functions and a number that each
    process counts anew. Of two made by one factory and kept by two processes, one could be taken
    for the other.
    """

    def rename(function: F) -> F:
        function.__qualname__ += f"_{name}"
        return function

    return rename


def _pointer(typing_context: Any, address: Any) -> Any:
    """Return a pointer to an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


_to_pointer: Any = intrinsic(_pointer)


def array_at(address: int, shape: Any, dtype: Any) -> Any:
    """Return the C-ordered array of a shape and dtype that begins at an address.

    For compiled code, which overloads it; raises TypeError elsewhere.
    """
    raise TypeError("array_at runs in compiled code only")


@overload(array_at, strict=False, jit_options={"forceinline": True})
def _array_at(address: Any, shape: Any, dtype: Any) -> Any:
    return lambda address, shape, dtype: carray(_to_pointer(address), shape, dtype)


def _column(typing_context: Any, kind: Any, matrix: Any, index: Any) -> Any:
    """Return column `index` of a matrix as a named tuple of class `kind`, one field per row."""
    fields = len(kind.instance_class._fields)
    result = types.NamedUniTuple(matrix.dtype, fields, kind.instance_class)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        items = [
            builder.load(_item(context, builder, matrix, values[1], row, values[2]))
            for row in range(fields)
        ]
        return context.make_tuple(builder, result, items)

    return result(kind, matrix, index), generate


def _set_column(typing_context: Any, matrix: Any, index: Any, items: Any) -> Any:
    """Set column `index` of a matrix to the items of a tuple."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        unpacked = cgutils.unpack_tuple(builder, values[2])
        for row, (item, kind) in enumerate(zip(unpacked, items, strict=True)):
            cast = context.cast(builder, item, kind, matrix.dtype)
            builder.store(cast, _item(context, builder, matrix, values[0], row, values[1]))
        return context.get_dummy_value()

    return types.none(matrix, index, items), generate


def _item(context: Any, builder: Any, kind: Any, matrix: Any, row: int, column: Any) -> Any:
    array = context.make_array(kind)(context, builder, matrix)
    place = [context.get_constant(types.intp, row), column]
    return cgutils.get_item_pointer(context, builder, kind, array, place)


def _float32_of_bits(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(types.float32))

    return types.float32(types.uint32), generate


def _trailing_zeros(typing_context: Any, bits: Any) -> Any:
    """Return the number of zeros below the lowest one of a uint64 that is not zero."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.cttz(values[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


def _prefetch(typing_context: Any, address: Any) -> Any:
    """Ask the processor to fetch what lies at an address, to be read soon."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.inttoptr(values[0], cgutils.voidptr_t)
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.none(types.int64), generate


# numba replaces the parameters of an intrinsic, which its type does not say.
column: Any = intrinsic(_column)
set_column: Any = intrinsic(_set_column)
prefetch: Any = intrinsic(_prefetch)
trailing_zeros: Any = intrinsic(_trailing_zeros)
_float_of_bits: Any = intrinsic(_float32_of_bits)

# 2^112 moves the exponent of float16 (bias 15) to that of float32 (bias 127), subnormals included.
_EXPONENT = np.float32(2.0**112)


def as_float32(weight: Any) -> Any:
    """Return a stored weight, float32, int8 or the uint16 bits of a finite float16, as float32.

    For compiled code, which overloads it; raises TypeError elsewhere.
    """
    raise TypeError("as_float32 runs in compiled code only")


@overload(as_float32, strict=False)
def _as_float32(weight: Any) -> Any:
    if weight != types.uint16:
        return lambda weight: np.float32(weight)

    def from_float16(weight: Any) -> Any:
        wide = np.uint32(weight)
        sign = (wide & np.uint32(0x8000)) << np.uint32(16)
        rest = (wide & np.uint32(0x7FFF)) << np.uint32(13)
        return _float_of_bits(np.uint32(sign | rest)) * _EXPONENT

    return from_float16
