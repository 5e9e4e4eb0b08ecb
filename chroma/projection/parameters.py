"""The parameters that people may give to a method: which there are, and what they may be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chroma.errors import ConfigError
from chroma.projection.append import FilmParams


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a method takes.

    Attributes:
        name: As Python and GraphQL (in camel case) take it.
        title: Its name for people.
        description: What it does, for people, in one phrase.
        least: The smallest that makes sense.
        most: The largest.
        default: What is taken where it is not given.
        whole: Whether it is a whole number.
    """

    name: str
    title: str
    description: str
    least: float
    most: float
    default: float
    whole: bool = False


_NEIGHBORS = Parameter(
    "n_neighbors", "Neighbours", "More show the whole, fewer what is near", 2, 200, 15, whole=True
)
_MIN_DIST = Parameter("min_dist", "Least distance", "How close neighbours are drawn", 0.0, 0.99, 0.1)
UMAP = (_NEIGHBORS, _MIN_DIST)
TSNE = (
    Parameter("perplexity", "Perplexity", "About how many neighbours a sample has", 2, 100, 30),
)  # fmt: skip
PACMAP = (
    replace(_NEIGHBORS, default=10, description="Near pairs of each sample"),
    Parameter("mn_ratio", "Mid-near pairs", "For each near pair: more keep the whole shape", 0.0, 10.0, 0.5),
    Parameter("fp_ratio", "Far pairs", "For each near pair: more push clusters apart", 0.0, 10.0, 2.0),
)
_COMPONENT = Parameter(
    "first", "First axis", "Principal component, 1 has most variance", 1, 50, 1, whole=True
)
PCA = (_COMPONENT, replace(_COMPONENT, name="second", title="Second axis", default=2))


def checked(method: str, takes: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Parameters of a film, checked; those that are the defaults left out. None where none is left.

    Args:
        method: Its name, for messages.
        takes: What it takes.
        given: Values by name.

    Raises:
        ConfigError: The method takes no such parameter, or not this value.
    """
    known = {parameter.name: parameter for parameter in takes}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            allowed = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ConfigError(f"a film by {method!r} has no parameter {name!r}; {allowed}")
        number = _number(method, known[name], value)
        if number != known[name].default:
            found[name] = number
    if takes is PCA:
        first, second = components(found)
        if first == second:
            raise ConfigError(
                f"the axes of a film by {method!r} are both component {first + 1}; give two different ones"
            )
    return found or None


def components(params: Mapping[str, Any] | None) -> tuple[int, int]:
    """The two directions that PCA draws on, from 0."""
    first, second = (int((params or {}).get(each.name, each.default)) - 1 for each in PCA)
    return first, second


def film_params(params: Mapping[str, Any] | None) -> FilmParams:
    """How a film is drawn by UMAP with these parameters; None: the defaults."""
    default = FilmParams()
    if not params or "min_dist" not in params:
        return default
    least = float(params["min_dist"])
    return replace(
        default,
        first=replace(default.first, min_dist=least),
        joint=replace(default.joint, min_dist=least),
        next=replace(default.next, min_dist=least),
    )


def _number(method: str, parameter: Parameter, value: Any) -> float | int:
    wanted = f"{'a whole number' if parameter.whole else 'a number'} from {parameter.least:g} to "
    wanted += f"{parameter.most:g}"
    number = value.item() if hasattr(value, "item") else value
    if (
        isinstance(number, bool)
        or not isinstance(number, (int, float))
        or not math.isfinite(number)
        or (parameter.whole and number != int(number))
        or not parameter.least <= number <= parameter.most
    ):
        raise ConfigError(f"{parameter.name}={value!r} is not possible for {method!r}; give {wanted}")
    return int(number) if parameter.whole else float(number)
