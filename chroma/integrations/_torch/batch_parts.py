"""How a batch is made up: how many samples it holds, and what stands where in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from chroma.errors import ConfigError

Path = tuple[str | int, ...]  # keys, positions and names of attributes, from the batch inwards
Pick = str | int | Callable[[Any], Any]  # a key, position or attribute of the batch, or a function of it

_DEPTH = 3
_MOST_PARTS = 64  # of a container that are looked at
_ATTRIBUTES = ("x", "y", "label", "labels", "target", "targets")
_CHANNELS = (1, 3, 4)  # of an image `[C, H, W]`


def rows_in(batch: Any, expected: int | None = None) -> int | None:
    """The number of samples in a batch; None if nothing tells it.

    What most parts of the batch agree on: tensors by their first axis, lists of strings, of numbers, of
    images or of targets by their length, batches of graphs as they say.

    Args:
        batch: Of any shape.
        expected: How many samples it was made of, if that is known: right if any part agrees.
    """
    first = next(iter(batch), None) if isinstance(batch, (tuple, list)) else batch
    if isinstance(first, Tensor) and first.ndim and len(first) == expected:  # as most are
        return expected
    counts = _counts(batch, 0)
    return expected if expected in counts else counts[0] if counts else None


def parts_of(value: Any) -> list[tuple[str | int, Any]]:
    """What a container holds, by key, position or name; nothing for others."""
    if isinstance(value, Mapping):
        return list(cast("Mapping[str | int, Any]", value).items())
    if isinstance(value, (PackedSequence, str, bytes, Tensor, np.ndarray)):
        return []
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(cast("Any", value)._fields, cast("Sequence[Any]", value), strict=False))
    if isinstance(value, (list, tuple)):
        return list(enumerate(cast("Sequence[Any]", value)))
    return list(_attributes(value))


def part_at(batch: Any, path: Path) -> Any:
    """What stands at a path in a batch; None if it has no such part."""
    for key in path:
        batch = next((part for name, part in parts_of(batch) if name == key), None)
    return batch


def quick_part(batch: Any, path: Path) -> Any:
    """As `part_at` of tuples, lists and dictionaries; None where there are others on the way."""
    for key in path:
        kind = type(batch)
        if kind is dict:
            batch = batch.get(key)
        elif kind in (tuple, list) and isinstance(key, int) and key < len(batch):
            batch = batch[key]
        else:
            return None
    return batch


def text_of_path(path: Path, batch: Any) -> str:
    """A path as one would write it: `batch[1]`, `batch["target"]`, `batch.y`."""
    text = "batch"
    for key in path:
        by_key = isinstance(batch, Mapping) or isinstance(key, int)
        text += f"[{key!r}]".replace("'", '"') if by_key else f".{key}"
        batch = part_at(batch, (key,))
    return text


def pick(batch: Any, where: Pick, argument: str) -> Any:
    """What stands where the user says.

    Raises:
        ConfigError: Nothing does.
    """
    if callable(where):
        return where(batch)
    try:
        if isinstance(batch, Tensor) or (isinstance(batch, np.ndarray) and not batch.dtype.names):
            raise TypeError("it has rows, and no parts")
        return batch[where]
    except (KeyError, IndexError, TypeError) as error:
        found = part_at(batch, (where,))
        if found is None:
            raise ConfigError(
                f"{argument}={where!r} is not in the batch, a {type(batch).__name__}; "
                "give one of its keys or a function"
            ) from error
        return found


def _counts(value: Any, depth: int) -> list[int]:
    """How many rows a part may have, the likeliest first."""
    if isinstance(value, (Tensor, np.ndarray)):
        return [len(value)] if value.ndim else []
    if isinstance(value, PackedSequence):
        return [int(value.batch_sizes[0])] if len(value.batch_sizes) else []
    if (graphs := _graphs_in(value)) is not None:
        return [graphs]
    parts = [part for _, part in parts_of(value)]
    if isinstance(value, (list, tuple)) and parts:
        return _of_list(parts, depth)
    return _vote(parts, depth) if depth < _DEPTH else []


def _graphs_in(value: Any) -> int | None:
    """How many graphs an object joins, by its own word, or by the graph that it names for each node."""
    if isinstance(value, (Mapping, list, tuple)):
        return None
    said, of_nodes = getattr(value, "num_graphs", None), getattr(value, "batch", None)
    if isinstance(said, int):
        return said
    if not isinstance(of_nodes, Tensor) or of_nodes.ndim != 1 or of_nodes.is_floating_point():
        return None
    return int(of_nodes.max()) + 1 if len(of_nodes) else None


def _of_list(parts: list[Any], depth: int) -> list[int]:
    length = len(parts)
    if all(_is_entry(part) for part in parts):
        return [length]
    voted = _vote(parts, depth) if depth < _DEPTH else []
    if _are_images(parts) or _are_samples(parts) or all(isinstance(part, Mapping) for part in parts):
        return _first(length, voted)
    own = len({getattr(part, "ndim", None) for part in parts}) == 1 and len(set(_lengths(parts))) > 1
    may_be_rows = depth or not voted or own or (isinstance(parts[0], (list, tuple)) and _kinds(parts[0]))
    return [*voted, length] if may_be_rows else voted


def _is_entry(part: Any) -> bool:
    """Whether an element of a list is one sample's, and holds nothing more."""
    of_tensor = isinstance(part, Tensor) and part.ndim == 0
    return of_tensor or isinstance(part, (str, bytes, bool, int, float, np.generic))


def _are_images(parts: list[Any]) -> bool:
    """Whether a list holds images `[C, H, W]`, and not parts of a batch."""
    if not all(isinstance(part, (Tensor, np.ndarray)) and part.ndim == 3 for part in parts):
        return False
    return len({str(part.dtype) for part in parts}) == 1 and set(_lengths(parts)) <= set(_CHANNELS)


def _lengths(parts: list[Any]) -> list[int]:
    return [len(part) if getattr(part, "ndim", 0) else -1 for part in parts]


def _are_samples(parts: list[Any]) -> bool:
    """Whether a list holds samples, as pairs of an image and its label, and not the parts of a batch."""
    kinds = {_kinds(part) for part in parts}
    return len(kinds) == 1 and len(set(kinds.pop())) > 1


def _kinds(part: Any) -> tuple[type, ...]:
    return tuple(type(each) for each in part) if isinstance(part, (list, tuple)) else ()


def _vote(parts: Sequence[Any], depth: int) -> list[int]:
    """What most parts agree on comes first, else what the first part says."""
    said = [_counts(part, depth + 1) for part in parts[:_MOST_PARTS]]
    votes = Counter(count for counts in said for count in dict.fromkeys(counts))
    return sorted(votes, key=lambda count: -votes[count])


def _first(count: int, others: Sequence[int]) -> list[int]:
    return [count, *(other for other in others if other != count)]


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of a batch that is an object, also usual ones that it makes when asked, as graphs do."""
    own = cast("Mapping[str, Any]", getattr(value, "__dict__", {}))
    if not own or isinstance(value, type) or callable(value):
        return
    for name in dict.fromkeys([*_ATTRIBUTES, *own]):
        part = None
        with suppress(Exception):  # whatever a property raises
            part = getattr(value, name, None)
        if part is not None:
            yield name, part
