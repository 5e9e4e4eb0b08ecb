"""Which fits are one training, and the names of those that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.capture.joined import earlier_fit, numbered_name, remember, same_parts, what_must_be_same


class Model:
    """Something that a weak reference can point to."""


X = np.zeros((10, 4))
OTHER = np.zeros((10, 4))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (X[:5], X[:5], True),
        ([X[:5], (X[5:], None)], [X[:5], (X[5:], None)], True),
        ({"a": X}, {"a": X.reshape(10, 4)}, True),
        (0.2, 0.2, True),
        (X[:5], X[5:], False),
        (X, OTHER, False),
        (X[::2], X[:5], False),
        (X, X.view(np.int64), False),
        ({"a": X}, {"b": X}, False),
        (object(), object(), False),  # no weak reference can point to these
        (0.2, 0.3, False),
    ],
)
def test_data_are_the_same_if_they_lie_in_the_same_memory(first: Any, second: Any, same: bool) -> None:
    assert (same_parts(first) == same_parts(second)) is same


def test_what_is_gone_equals_nothing() -> None:
    gone = np.zeros(3)
    about = same_parts(gone)
    assert about == same_parts(gone)
    del gone
    assert about != about  # noqa: PLR0124


def test_a_fit_joins_one_of_the_same_model_name_counter_and_data() -> None:
    model, other, counter = Model(), Model(), Model()
    about = what_must_be_same("a", None, counter, [X[:5]])
    remember(model, about, "run-1", 4)
    found = earlier_fit(model, what_must_be_same("a", None, counter, [X[:5]]))
    assert found is not None
    assert (found.run_id, found.epoch) == ("run-1", 4)
    for which, changed in (
        (other, what_must_be_same("a", None, counter, [X[:5]])),
        (model, what_must_be_same("b", None, counter, [X[:5]])),
        (model, what_must_be_same("a", "an-id", counter, [X[:5]])),
        (model, what_must_be_same("a", None, Model(), [X[:5]])),
        (model, what_must_be_same("a", None, counter, [X[5:]])),
        (model, what_must_be_same(None, None, counter, [X[:5]])),  # a run that nobody named is one fit
        (model, what_must_be_same("a", None, None, [X[:5]])),
    ):
        assert earlier_fit(which, changed) is None


def test_names_are_numbered_where_they_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [numbered_name("p", "a", None) for _ in range(3)] == ["a", "a-2", "a-3"]
    assert numbered_name("q", "a", None) == numbered_name("q", "a", "known") == "a"
    assert numbered_name("p", None, None) is None
    monkeypatch.setenv("CHROMA_RUN_ID", "known")
    assert numbered_name("p", "a", None) == "a"
