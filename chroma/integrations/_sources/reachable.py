"""Everything that can be reached from a source of samples, and may be changed by reading it."""

from __future__ import annotations

import datetime
import enum
import functools
import io
import multiprocessing.context
import pathlib
import re
import threading
import types
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, cast

import numpy as np

from chroma.integrations._sources import pipelines
from chroma.integrations._sources.contents import (
    restore_cache,
    restore_contents,
    restore_dict,
    restore_entry,
)
from chroma.integrations._sources.generators import Restore, is_a, restore_of
from chroma.integrations._sources.libraries import APART, DATA, hidden_draws, is_known, root_of

_MOST = 50_000  # objects that are looked at
_LONG = 10_000  # elements: of a longer container the types are looked at first
_PLAIN = (
    *(str, bytes, int, float, complex, type(None), type(...), range, slice, enum.Enum, memoryview),
    *(np.generic, np.dtype, np.ufunc, re.Pattern, pathlib.PurePath, weakref.ref, datetime.datetime),
    *(types.ModuleType, types.CodeType, types.WrapperDescriptorType, types.MethodDescriptorType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, types.MethodWrapperType, types.GenericAlias),
    *(types.ClassMethodDescriptorType, datetime.date, datetime.timedelta, datetime.tzinfo),
    multiprocessing.context.BaseContext,
)


class Reachable:
    """Looks at objects and at all that they hold: attributes, elements, closures, variables of functions.

    Args:
        roots: Where to begin.
        generators: Look for random generators only.
        apart: Objects that are not looked at.

    Attributes:
        restores: What puts back the state of each as it is now.
        obstacle: What cannot be put back, as the subject of a sentence; None if all can.
    """

    def __init__(self, roots: Sequence[Any], *, generators: bool = False, apart: Sequence[Any] = ()) -> None:
        self.restores: list[Restore] = []
        self.obstacle: str | None = None
        self._generators = generators
        # what is in here is not freed, so that no other has its id
        self._seen: dict[int, Any] = {id(each): each for each in apart}
        self._left: deque[tuple[Any, str, bool]] = deque()  # thing, path to it, whether TensorFlow traced it
        try:
            for root in roots:
                self._add(root, type(root).__name__, False)
            while self._left and self.obstacle is None:
                self._look(*self._left.popleft())
        except Exception as error:  # noqa: BLE001 - whatever an attribute of the user's raises
            self._refuse(f"an object that raises {type(error).__name__} when it is looked at")

    def _add(self, thing: Any, path: str, traced: bool) -> None:
        if isinstance(thing, _PLAIN) or id(thing) in self._seen:
            return
        if len(self._seen) >= _MOST:
            self._refuse("it holds more objects than can be looked at")
            return
        self._seen[id(thing)] = thing
        self._left.append((thing, path, traced))

    def _look(self, thing: Any, path: str, traced: bool) -> None:
        restore = restore_of(thing)
        if restore is not None:
            self.restores.append(restore)
            return
        if isinstance(thing, type):
            self._look_at_class(thing, path, traced)
            return
        root = root_of(type(thing))
        if root in APART:
            return
        if not self._generators:
            self._keep_contents(thing, path)
        for name, each in self._parts(thing, path, root, traced):
            self._add(each, f"{path}{name}", traced)

    def _keep_contents(self, thing: Any, path: str) -> None:
        try:
            restore = restore_contents(thing)
        except OSError:
            self._refuse(f"the position in the file {path}")
            return
        if restore is not None:
            self.restores.append(restore)

    def _parts(self, thing: Any, path: str, root: str, traced: bool) -> Iterator[tuple[str, Any]]:
        """What a thing holds, by how one gets there."""
        if isinstance(thing, (dict, types.MappingProxyType)):
            values = cast("dict[Any, Any]", thing)
            if not _is_plain(list(values.values())):
                yield from ((f"[{name!r}]"[:40], value) for name, value in values.items())
            yield from self._attributes(thing, root)
        elif isinstance(thing, (list, tuple, set, frozenset, deque)):
            elements = list(cast("Sequence[Any]", thing))
            if not _is_plain(elements):
                yield from ((f"[{number}]", each) for number, each in enumerate(elements))
            yield from self._attributes(thing, root)
        elif isinstance(thing, types.FunctionType):
            yield from self._of_function(thing, traced)
        elif isinstance(thing, _CACHED):
            yield from self._of_cache(cast("Any", thing), path)
        elif is_a(thing, "tensorflow", "DatasetV2"):
            yield from self._of_pipeline(thing, path)
        elif (wrapped := _wrapped_by(thing)) is not None:
            yield from (("", each) for each in wrapped)
        elif root not in DATA or hasattr(type(thing), "__next__"):
            yield from self._of_instance(thing, path, root)

    def _of_cache(self, function: Any, path: str) -> Iterator[tuple[str, Any]]:
        if (clear := restore_cache(function)) is None:
            self._refuse(f"the cache of {path}")
        elif not self._generators:
            self.restores.append(clear)
        yield "", function.__wrapped__

    def _of_pipeline(self, dataset: Any, path: str) -> Iterator[tuple[str, Any]]:
        step = pipelines.look_at(dataset)
        self.restores += step.restores
        if step.obstacle:
            self._refuse(step.obstacle)
        for function in step.functions:
            self._add(function, path, traced=True)
        yield from (("", each) for each in [*step.inputs, *step.called])

    def _of_instance(self, thing: Any, path: str, root: str) -> Iterator[tuple[str, Any]]:
        if isinstance(thing, threading.Thread) and thing.is_alive():
            self._refuse(f"{path}, a thread that runs,")
        elif isinstance(thing, io.IOBase):
            if not thing.closed and not thing.seekable():
                self._refuse(f"{path}, a stream,")
        elif root in ("multiprocessing", "ctypes", "_ctypes"):
            self._refuse(f"{path}, of class {type(thing).__qualname__},")
        else:
            held = list(self._attributes(thing, root))
            opaque = not held and not hasattr(thing, "__dict__")
            is_iterator = opaque and hasattr(type(thing), "__next__")
            if is_iterator or (opaque and not is_known(root) and type(thing) is not object):
                self._refuse(f"{path}, of class {type(thing).__qualname__},")
            yield from held
            yield "", type(thing)

    def _attributes(self, thing: Any, root: str) -> Iterator[tuple[str, Any]]:
        """Attributes, which are put back; of a library's objects only where they hold a random generator."""
        own: dict[str, Any] = {}
        with suppress(AttributeError):
            own = object.__getattribute__(thing, "__dict__")
            if not self._generators:
                self.restores.append(restore_dict(own, generators=is_known(root)))
        # a loader's running iterator is the user's, and not read from
        yield from ((f".{name}", value) for name, value in list(own.items()) if name != "_iterator")
        for kind in type(thing).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in ("__dict__", "__weakref__"):
                    mangled = name.startswith("__") and not name.endswith("__")
                    slot = f"_{kind.__name__.lstrip('_')}{name}" if mangled else name
                    with suppress(AttributeError):
                        value = object.__getattribute__(thing, slot)
                        if not self._generators and not is_known(root):
                            self.restores.append(restore_entry(thing, slot, value))
                        yield f".{name}", value

    def _look_at_class(self, kind: type, path: str, traced: bool) -> None:
        for each in kind.__mro__:
            if is_known(root_of(each)):
                continue
            for name, value in list(vars(each).items()):
                if not (name.startswith("__") and name.endswith("__") and not callable(value)):
                    if not self._generators and not callable(value) and not isinstance(value, _DESCRIPTORS):
                        self.restores.append(restore_entry(each, name, value))
                    self._add(value, f"{each.__name__}.{name}", traced)

    def _of_function(self, function: Any, traced: bool) -> Iterator[tuple[str, Any]]:
        yield from (("", cell) for cell in function.__closure__ or ())
        yield from (("", value) for value in function.__defaults__ or ())
        yield from (("", value) for value in (function.__kwdefaults__ or {}).values())
        yield "", vars(function)
        if is_known(root_of(function)):
            return
        variables, names = function.__globals__, set(_names(function.__code__))
        for name in sorted(names & variables.keys()):
            value = variables[name]
            if isinstance(value, types.ModuleType):
                self._look_at_module(value, names, traced)
            else:
                if not self._generators:
                    self.restores.append(restore_entry(variables, name, value))
                self._add(value, name, traced)

    def _look_at_module(self, module: types.ModuleType, names: set[str], traced: bool) -> None:
        root = root_of(module)
        hidden = None if traced else hidden_draws(root, names)
        if hidden is not None:
            self._refuse(f"the generator that {root}'s {hidden} draws from")
        if is_known(root):
            return
        for name in sorted(names & vars(module).keys()):
            value = vars(module)[name]
            if not isinstance(value, types.ModuleType):
                if not self._generators:
                    self.restores.append(restore_entry(vars(module), name, value))
                self._add(value, f"{module.__name__}.{name}", traced)

    def _refuse(self, what: str) -> None:
        if self.obstacle is None and not self._generators:
            self.obstacle = what


def _wrapped_by(thing: Any) -> list[Any] | None:
    """What a callable of Python's own calls; None for anything else."""
    held: list[Any] | None = None
    if isinstance(thing, types.CellType):
        with suppress(ValueError):  # it is empty
            return [thing.cell_contents]
        held = []
    elif isinstance(thing, types.MethodType):
        held = [thing.__self__, thing.__func__]
    elif isinstance(thing, types.BuiltinFunctionType):
        held = [thing.__self__]
    elif isinstance(thing, functools.partial):
        partial = cast("Any", thing)
        held = [partial.func, partial.args, partial.keywords]
    elif isinstance(thing, property):
        held = [thing.fget, thing.fset]
    elif isinstance(thing, (staticmethod, classmethod)):
        held = [cast("Any", thing).__func__]
    return held


_CACHED = type(functools.lru_cache(lambda: None))
_DESCRIPTORS = (property, staticmethod, classmethod, types.MemberDescriptorType, types.GetSetDescriptorType)


def _names(code: types.CodeType) -> Iterator[str]:
    """Names of variables and attributes that a function uses, and the functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _is_plain(elements: list[Any]) -> bool:
    """Whether a long container holds nothing but values, also in rows within it."""
    if len(elements) < _LONG:
        return False
    for _ in range(3):
        kinds = {kind for kind in set(map(type, elements)) if not issubclass(kind, (*_PLAIN, np.ndarray))}
        kinds = {kind for kind in kinds if kind.__name__ != "Tensor"}
        if not kinds:
            return True
        if not kinds <= {tuple, list, dict}:
            return False
        rows = (each for each in elements if type(each) in kinds)
        elements = list(chain.from_iterable(row.values() if isinstance(row, dict) else row for row in rows))
    return False
