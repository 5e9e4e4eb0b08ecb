"""What objects hold, and how it is put back: attributes, elements, values, a position in a file."""

from __future__ import annotations

import io
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, MutableMapping
from types import CellType
from typing import Any

import numpy as np

from chroma.integrations._sources.generators import Restore, is_a, restore_of

LARGEST = 65_536  # bytes of an array that is copied: what is larger holds data, not a state


def restore_contents(thing: Any) -> Restore | None:
    """What puts back the contents of a container, an array, a closure or a file; None for anything else.

    Raises:
        OSError: The position in a file is not known.
    """
    for kinds, restore in _KINDS:
        if isinstance(thing, kinds):
            return restore(thing)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(thing, torch.Tensor):
        return _restore_tensor(thing)
    return _restore_variable(thing) if is_a(thing, "tensorflow", "BaseResourceVariable") else None


def restore_dict(given: dict[Any, Any], *, generators: bool = False) -> Restore:
    """What puts back a dict.

    Args:
        given: The dict.
        generators: Only entries that hold a random generator by then.
    """
    before = dict(given)

    def put_back() -> None:
        if generators:
            for name, value in list(dict.items(given)):
                if before.get(name) is not value and restore_of(value) is not None:
                    _put(given, name, before)
        elif len(given) != len(before) or any(given.get(name, before) is not before[name] for name in before):
            kind: Any = OrderedDict if isinstance(given, OrderedDict) else dict
            kind.clear(given)  # of a subclass, as it is without what that does besides
            kind.update(given, before)

    return put_back


def restore_entry(holder: Any, name: str, value: Any) -> Restore:
    """What puts back a variable of a module, or an attribute of a class or in a slot."""

    def put_back() -> None:
        if isinstance(holder, MutableMapping):
            if holder.get(name) is not value:
                holder[name] = value
        elif isinstance(holder, type):
            if vars(holder).get(name) is not value:
                setattr(holder, name, value)
        elif getattr(holder, name, None) is not value:
            object.__setattr__(holder, name, value)

    return put_back


def restore_cache(function: Any) -> Restore | None:
    """What puts back an `lru_cache` that is empty; None if it is not."""
    return function.cache_clear if function.cache_info().currsize == 0 else None


def _put(given: dict[Any, Any], name: Any, before: dict[Any, Any]) -> None:
    if name in before:
        dict.__setitem__(given, name, before[name])
    else:
        dict.__delitem__(given, name)


def _restore_sliced(given: Any) -> Restore:
    before: Any = given[:] if isinstance(given, bytearray) else list(given)

    def put_back() -> None:
        same = given == before if isinstance(given, bytearray) else _are_same(given, before)
        if not same:
            given[:] = before

    return put_back


def _restore_refilled(given: Any) -> Restore:
    before = list(given)

    def put_back() -> None:
        if not _are_same(list(given), before):
            given.clear()
            given.update(before) if isinstance(given, set) else given.extend(before)

    return put_back


def _are_same(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and all(map(lambda one, other: one is other, left, right))


def _restore_cell(cell: CellType) -> Restore | None:
    try:
        before = cell.cell_contents
    except ValueError:  # it is empty
        return None

    def put_back() -> None:
        cell.cell_contents = before

    return put_back


def _restore_array(array: np.ndarray[Any, Any]) -> Restore | None:
    if array.nbytes > LARGEST or not array.flags.writeable or array.dtype.hasobject:
        return None
    before = array.copy()

    def put_back() -> None:
        if array.tobytes() != before.tobytes():
            array[...] = before

    return put_back


def _restore_tensor(tensor: Any) -> Restore | None:
    torch: Any = sys.modules["torch"]
    plain = tensor.device.type == "cpu" and tensor.layout is torch.strided and not tensor.is_quantized
    if not plain or tensor.nbytes > LARGEST or tensor.is_inference():
        return None
    before = tensor.detach().clone()

    def put_back() -> None:
        if not torch.equal(tensor.detach(), before):
            tensor.detach().copy_(before)

    return put_back


def _restore_variable(variable: Any) -> Restore | None:
    if variable.dtype.size * (variable.shape.num_elements() or LARGEST) > LARGEST:
        return None
    before = variable.numpy()
    return lambda: variable.assign(before)


def _restore_position(file: io.IOBase) -> Restore | None:
    if file.closed or not file.seekable():
        return None
    position = file.tell()

    def put_back() -> None:
        if not file.closed:
            file.seek(position)

    return put_back


_KINDS: list[tuple[type | tuple[type, ...], Callable[[Any], Restore | None]]] = [
    (dict, restore_dict),
    ((list, bytearray), _restore_sliced),
    ((set, deque), _restore_refilled),
    (CellType, _restore_cell),
    (np.ndarray, _restore_array),
    (io.IOBase, _restore_position),
]
