"""Reading a source of samples apart from the training leaves every state in it as it was, or is not done."""

from __future__ import annotations

import ctypes
import functools
import io
import itertools
import os
import random
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from chroma.integrations._sources.reading import UnreadableError, obstacle_of, read_apart, states_kept

of_module = np.random.default_rng(1)
counted = 0


class Rows(Dataset[Any]):
    """Six samples, each made by a function of the user's."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return torch.tensor(float(self.draw()))


class Slotted:
    __slots__ = ("calls", "own")

    def __init__(self) -> None:
        self.own, self.calls = random.Random(3), 0

    def __call__(self) -> float:
        self.calls += 1
        return self.own.random() + self.calls


class OfClass:
    shared = np.random.default_rng(4)
    calls = 0

    def __call__(self) -> float:
        OfClass.calls += 1
        return self.shared.random() + OfClass.calls


class Lazy:
    """Makes its generator when it first draws."""

    own: Any = None

    def __call__(self) -> float:
        if self.own is None:
            self.own = torch.Generator().manual_seed(3)
        return float(torch.rand(1, generator=self.own))


def in_closure() -> Callable[[], float]:
    own, count = np.random.RandomState(5), 0

    def draw() -> float:
        nonlocal count
        count += 1
        return own.normal() + count  # which keeps every second draw for the next call

    return draw


def from_module() -> float:
    global counted  # noqa: PLW0603
    counted += 1
    return of_module.random() + counted


def in_default(own: random.Random = random.Random(6)) -> float:  # noqa: B008
    return own.random()


def from_containers() -> Callable[[], float]:
    left, seen, value = deque(np.arange(40.0)), {0: {1}}, np.zeros(2)

    def draw() -> float:
        seen[0].add(len(seen[0]) + 1)
        np.add(value, 1, out=value)
        return left.popleft() + len(seen[0]) + value[0]

    return draw


def from_file() -> Callable[[], float]:
    file = io.BytesIO(bytes(range(60)))
    return lambda: float(file.read(1)[0])


def in_tensor() -> Callable[[], float]:
    value = torch.zeros(1)
    return lambda: float(value.add_(1))


STATES: dict[str, Callable[[], Any]] = {
    "bound method of a generator": lambda: np.random.default_rng(2).random,
    "partial of a generator": lambda: functools.partial(random.Random(2).uniform, 0, 1),
    "slots": Slotted,
    "class attributes": OfClass,
    "made when first used": Lazy,
    "closure": in_closure,
    "variables of a module": lambda: from_module,
    "default argument": lambda: in_default,
    "containers and an array": from_containers,
    "position in a file": from_file,
    "tensor": in_tensor,
    "global generators": lambda: lambda: np.random.rand() + random.random() + float(torch.rand(1)),
}


@pytest.mark.parametrize("kind", STATES)
def test_a_source_that_was_read_goes_on_as_if_it_had_not_been(kind: str) -> None:
    rows = Rows(STATES[kind]())
    loader = DataLoader(rows, batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(1))
    with states_kept(rows, loader):
        expected = [batch.tolist() for batch in loader]
    taken = read_apart(lambda: [batch.tolist() for batch in loader], lambda: next(iter(loader)), loader)
    assert taken == expected
    assert [batch.tolist() for batch in loader] == expected
    assert [batch.tolist() for batch in loader] != expected  # there was something to put back


def running() -> Any:
    thread = threading.Thread(target=threading.Event().wait, args=(20,), daemon=True)
    thread.start()
    return thread


class Unbound:
    """A proxy without its object, as web frameworks have them."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("nothing is bound")

    @__class__.setter
    def __class__(self, given: Any) -> None:
        raise RuntimeError("nothing is bound")


@functools.cache
def remembered(number: int) -> float:
    return random.random() + number


OBSTACLES: dict[str, Callable[[], Any]] = {
    "Python generator": lambda: (number for number in range(99)),
    "counter": itertools.count,
    "iterator": lambda: iter([1.0] * 99),
    "running thread": running,
    "proxy without its object": Unbound,
    "function of a C library": lambda: ctypes.CDLL(None).rand,
    "shared memory": lambda: torch.multiprocessing.get_context("spawn").Queue(),
}


@pytest.mark.parametrize("kind", OBSTACLES)
def test_what_cannot_be_put_back_is_not_read(kind: str) -> None:
    held = OBSTACLES[kind]()
    read: list[int] = []

    def draw() -> float:
        read.append(id(held))
        return 1.0

    rows = Rows(draw)
    assert (obstacle_of(rows) or "").startswith("the state of ")
    with pytest.raises(UnreadableError, match="could not be put back"):
        read_apart(lambda: rows[0], lambda: rows[0], rows)
    assert not read


def test_a_cache_in_use_is_an_obstacle_and_an_empty_one_is_emptied_again() -> None:
    remembered.cache_clear()
    rows = Rows(lambda: remembered(1))
    read_apart(lambda: rows[0], lambda: rows[0], rows)
    assert remembered.cache_info().currsize == 0
    remembered(1)
    assert "cache" in (obstacle_of(rows) or "")


def test_what_comes_out_differently_a_second_time_is_refused() -> None:
    rows = Rows(lambda: int.from_bytes(os.urandom(3), "big"))
    with pytest.raises(UnreadableError, match="another one when it was read again"):
        read_apart(lambda: rows[0], lambda: [rows[number] for number in range(6)], rows)


def test_plain_data_of_any_size_are_no_obstacle() -> None:
    rows = Rows(lambda: 1.0)
    rows.samples = [("folder/a.png", number) for number in range(300_000)]  # type: ignore[attr-defined]
    rows.array = np.zeros((1000, 1000))  # type: ignore[attr-defined]
    assert obstacle_of(rows) is None


def test_objects_of_libraries_keep_what_they_did_but_generators() -> None:
    """A picture that is loaded when first looked at closes its file: that cannot be taken back."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (2, 2), 7).save(file, "PNG")
    picture = Image.open(io.BytesIO(file.getvalue()))
    rows = Rows(lambda: picture.getpixel((0, 0)))
    assert float(read_apart(lambda: rows[0], lambda: rows[0], rows)) == 7
    assert float(rows[0]) == 7
