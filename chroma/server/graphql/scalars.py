"""Numbers that GraphQL's Int and Float cannot hold: 64-bit integers, NaN and infinities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

_EXACT = 2**53 - 1  # the largest integer of which JavaScript knows each neighbour
_DIGITS = 20  # and a sign, of a 64-bit integer


def _integer(value: int) -> int | str:
    return value if abs(value) <= _EXACT else str(value)


def _parsed(given: object) -> int:
    """An integer, or its digits."""
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise ValueError("it is no integer")
    value = int(given) if isinstance(given, int) or len(given) <= _DIGITS else None
    if value is None or not -(2**63) <= value < 2**63:
        raise ValueError("it does not fit into 64 bits")
    return value


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


if TYPE_CHECKING:
    BigInt = int
    AnyFloat = float
else:
    BigInt = NewType("BigInt", int)
    AnyFloat = NewType("AnyFloat", float)

SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A 64-bit integer: a number up to 2**53 - 1, a string of digits beyond",
        serialize=_integer,
        parse_value=_parsed,
    ),
    AnyFloat: strawberry.scalar(
        name="AnyFloat",
        description='A number, or one of the strings "NaN", "Infinity" and "-Infinity"',
        serialize=_number,
        parse_value=float,
    ),
}
