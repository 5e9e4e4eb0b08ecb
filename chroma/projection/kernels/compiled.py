"""How kernels are compiled: on the first call, once, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from chroma.projection.kernels.kept import KernelCache

P = ParamSpec("P")
R = TypeVar("R")
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer[Any]]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def read(kind: Any, axes: int) -> Any:
    """The type of an array that is only read: it may come from a file, mapped into memory."""
    return types.Array(kind, axes, "C", readonly=True)


F1, F2 = read(types.float32, 1), read(types.float32, 2)
I1, I2 = read(types.int32, 1), read(types.int32, 2)
L1, L2 = read(types.int64, 1), read(types.int64, 2)
B1, B2 = read(types.boolean, 1), read(types.boolean, 2)
H2 = read(types.uint16, 2)
ROWS, FILM = types.float32[:, ::1], types.float32[:, :, ::1]
INT, FLOAT, DOUBLE = types.int64, types.float32, types.float64
# Sums in the order that is fastest; it is the same every time.
ANY_ORDER = "contract arcp nsz reassoc"
# A plain 2 would make float64 of float32.
TWO = np.float32(2)


def compiled(*arguments: Any, fast: str = "contract arcp nsz") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile on the first call, for these types of arguments and no others."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @cache
        def kernel() -> Callable[P, R]:
            made: Any = numba.njit(nogil=True, fastmath=set(fast.split()))(function)
            made._cache = KernelCache(function)
            made.compile(arguments)
            made.disable_compile()
            return made

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return kernel()(*args, **kwargs)

        return call

    return decorate


def part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of kernels, compiled into them."""
    return cast("Callable[P, R]", numba.njit(fastmath={"contract", "arcp", "nsz"})(function))
