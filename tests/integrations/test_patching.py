from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from chroma.integrations._patching import wrap


class Base:
    def train(self, steps: int, *, rate: float = 0.1) -> int:
        """Train."""
        return steps


class Child(Base):
    pass


def watcher(seen: list[Any]) -> Any:
    def around(train: Any, instance: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        seen.append((instance, args, dict(kwargs)))
        return train(*args, **kwargs)

    return around


def test_calls_are_seen_once_and_the_very_original_comes_back() -> None:
    original = vars(Base)["train"]
    first: list[Any] = []
    second: list[Any] = []
    leave_first = wrap(Child, "train", watcher(first))
    leave_second = wrap(Base, "train", watcher(second))
    child = Child()
    assert child.train(3, rate=0.2) == 3
    assert Base.train(child, 4) == 4
    assert first == second == [(child, (3,), {"rate": 0.2}), (child, (4,), {})]
    assert "train" not in vars(Child)
    leave_first()
    leave_first()
    assert child.train(5) == 5
    assert len(first) == 2
    leave_second()
    assert vars(Base)["train"] is original


def test_name_signature_and_pickles_stay() -> None:
    signature = inspect.signature(Base.train)
    leave = wrap(Base, "train", watcher([]))
    assert inspect.signature(Base.train) == signature
    assert (Base.train.__name__, Base.train.__doc__) == ("train", "Train.")
    unbound, bound = pickle.loads(pickle.dumps((Base.train, Base().train)))
    leave()
    assert pickle.loads(pickle.dumps(Base.train)) is Base.train
    assert unbound(Base(), 2) == bound(2) == 2


def test_a_wrapper_of_somebody_elses_stays_and_ours_below_does_nothing() -> None:
    original, seen = vars(Base)["train"], list[Any]()
    leave = wrap(Base, "train", watcher(seen))
    ours = vars(Base)["train"]
    theirs = Base.train = lambda self, steps: ours.__get__(self, Base)(steps) + 1  # type: ignore[method-assign]
    leave()
    try:
        assert vars(Base)["train"] is theirs
        assert Base().train(1) == 2
        assert not seen
        again = wrap(Base, "train", watcher(seen))
        assert Base().train(1) == 2
        assert len(seen) == 1
        again()
    finally:
        Base.train = ours  # type: ignore[method-assign]
    wrap(Base, "train", watcher(seen))()
    assert vars(Base)["train"] is original


def test_an_error_of_the_original_passes_as_it_is() -> None:
    error = ValueError("the user's own")

    class Fails:
        def train(self) -> None:
            raise error

    leave = wrap(Fails, "train", watcher([]))
    with pytest.raises(ValueError, match="the user's own") as caught:
        Fails().train()
    leave()
    assert caught.value is error


def test_threads_that_come_and_go_leave_the_original() -> None:
    original = vars(Base)["train"]

    def come_and_go() -> None:
        for _ in range(50):
            leave = wrap(Base, "train", watcher([]))
            assert Base().train(1) == 1
            leave()

    threads = [threading.Thread(target=come_and_go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vars(Base)["train"] is original
