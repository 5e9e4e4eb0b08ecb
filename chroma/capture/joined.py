"""Fits of one model one after another: which of them are one training, and so one run.

A fit joins the run of an earlier fit of the same model where it has the same name or run id, given by the
user, the same counter of steps (a Keras optimizer, a Lightning trainer) and the same data, and the earlier
one ended well. Steps go on by themselves then; epochs that begin anew are counted on. Every other fit is a
run of its own; of runs that would have one name the later ones are numbered. Knows no framework.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from chroma.settings import load_settings


class Same:
    """Stands for an object of the user's, without keeping it alive; equal to another of the same object.

    Args:
        value: The object. Of NumPy's arrays the memory counts: two slices of one array are the same if they
            show the same part of it. What cannot be referred to weakly equals nothing.
    """

    def __init__(self, value: Any) -> None:
        self._about: Any = None
        if isinstance(value, np.ndarray):
            array = cast("np.ndarray[Any, Any]", value)
            self._about = (array.__array_interface__["data"], array.shape, array.strides, array.dtype)
            while isinstance(array.base, np.ndarray):
                array = array.base
            value = array
        try:
            self._refer = weakref.ref(value)
        except TypeError:
            self._refer = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same) or self._refer is None or other._refer is None:
            return False
        mine = self._refer()
        return mine is not None and mine is other._refer() and self._about == other._about

    __hash__ = None  # pyright: ignore[reportAssignmentType]


def same_parts(value: Any) -> Any:
    """A nest of lists, tuples and mappings with a `Same` in place of each object that is no plain value."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return [(key, same_parts(part)) for key, part in cast("Mapping[Any, Any]", value).items()]
    if isinstance(value, (list, tuple)):
        return [same_parts(part) for part in cast("list[Any]", value)]
    return Same(value)


@dataclass(frozen=True, slots=True)
class FinishedFit:
    """A fit that ended well.

    Attributes:
        run_id: Its run.
        epoch: The last one that it counted.
        about: What another fit must have too, to join its run.
    """

    run_id: str
    epoch: int
    about: Any


_fits: weakref.WeakKeyDictionary[Any, FinishedFit] = weakref.WeakKeyDictionary()
_names: Counter[tuple[str, str, str]] = Counter()


def what_must_be_same(name: str | None, run_id: str | None, counter: Any, data: Any) -> Any:
    """What a fit must share with an earlier one to join its run; None if it can join none.

    Args:
        name: Name of the run, if the user gave one.
        run_id: Id of the run, likewise.
        counter: What counts the steps; None if nothing does.
        data: What is trained and validated with.
    """
    run_id = run_id or load_settings().run_id
    if counter is None or not (name or run_id):
        return None
    return [str(load_settings().home), name, run_id, Same(counter), same_parts(data)]


def earlier_fit(model: Any, about: Any) -> FinishedFit | None:
    """The fit of a model whose run another fit joins."""
    known = None if about is None else _fits.get(model)
    return known if known is not None and known.about == about else None


def remember(model: Any, about: Any, run_id: str, epoch: int) -> None:
    """A fit has ended well."""
    if about is not None:
        _fits[model] = FinishedFit(run_id, epoch, about)


def numbered_name(project: str | None, name: str | None, run_id: str | None) -> str | None:
    """The name of a run that is captured: with a number, where this process has captured one of that name.

    Args:
        project: Of the run.
        name: As asked for; None for one that is made of the id.
        run_id: Id that is continued, whose name stays; None for a new run.
    """
    settings = load_settings(run_id=run_id)
    if name is None or settings.run_id is not None:
        return name
    _names[key := (str(settings.home), project or "", name)] += 1
    return name if _names[key] == 1 else f"{name}-{_names[key]}"
