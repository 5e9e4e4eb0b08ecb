"""A head is proved by what is known of the classes; where nothing does there is none, and it is said why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chroma.capture.heads import Facts, Proof, SeenLabels, prove, task_of
from chroma.capture.modules import Module

ROWS = 8
TEN, TWO = np.arange(10), np.array([0, 1, 1])


def layer(width: int, **more: Any) -> Module:
    known: dict[str, Any] = {"leaf": True, "parametrised": True, "matrix": True, "gives": 0}
    known |= {"input": (ROWS, 20), "output": (ROWS, width), **more}
    return Module("out", **known)


def seen(*batches: Any, several: int = 0) -> SeenLabels:
    labels = SeenLabels()
    for batch in batches:
        labels.add(batch, several)
    return labels


def test_calls_on_other_rows_and_networks_that_do_not_learn_hold_no_head() -> None:
    fakes, target = layer(10, known=False), layer(10, learns=False)
    assert prove([FIRST, fakes], ROWS, Facts(seen(TEN))).module is None
    head = layer(10)
    assert prove([FIRST, head, target], ROWS, Facts(seen(TEN))).module is head
    assert prove([replace(FIRST, learns=False), target], ROWS, Facts(seen(TEN))).module is target


FIRST = Module("fc", leaf=True, parametrised=True, input=(ROWS, 64), output=(ROWS, 20), matrix=True)
WORDS = np.array(["cat", "dog"], dtype=object)


def proved(last: Module, facts: Facts) -> Proof:
    return prove([FIRST, last], ROWS, facts)


@pytest.mark.parametrize(
    ("last", "facts", "kind"),
    [
        (layer(10), Facts(seen(TEN)), "classes"),
        (layer(10), Facts(seen(TEN[:4], TEN[4:])), "classes"),  # of a whole pass
        (layer(10), Facts(seen(TEN[:9])), "classes"),  # one class did not come
        (layer(10), Facts(seen(TEN[:4])), None),
        (layer(32), Facts(seen(TEN)), None),  # an embedding
        (layer(32), Facts(seen(TEN), loss="classes"), "classes"),
        (layer(32), Facts(seen(TEN), loss="classes", scores=10), None),  # what goes into the head
        (layer(10), Facts(seen(TEN), loss="classes", scores=10), "classes"),
        (layer(9), Facts(seen(TEN)), None),  # a label has no score
        (layer(9), Facts(seen(TEN), loss="classes"), None),
        (layer(10), Facts(named=10), "classes"),
        (layer(10), Facts(seen(WORDS), named=10), "classes"),
        (layer(1000), Facts(seen(TEN), named=10), "classes"),
        (layer(100), Facts(seen(TEN), named=10), None),  # an embedding
        (layer(100), Facts(seen(TEN), named=10, loss="classes"), "classes"),
        (layer(5), Facts(seen(TEN[:5]), named=10), None),
        (layer(3), Facts(declared=3), "classes"),
        (layer(3), Facts(seen(TEN), declared=3), None),
        (layer(10), Facts(), None),
        (layer(10), Facts(seen(TEN - 1)), None),
        (layer(10), Facts(seen(TEN + 0.5)), None),
        (layer(10), Facts(seen(TEN), loss="quantities"), None),
        (layer(10), Facts(seen(TEN), loss="others"), None),
        (layer(1), Facts(seen(TWO)), None),  # least squares of zeros and ones have another threshold
        (layer(1), Facts(seen(TWO), named=2), "binary"),
        (layer(1, squashed=True), Facts(seen(TWO)), "binary"),
        (layer(1, probabilities=True), Facts(seen(TWO)), "binary"),
        (layer(1), Facts(seen(TWO), loss="classes"), "binary"),
        (layer(1), Facts(seen(TWO.astype(float)), loss="classes"), "binary"),
        (layer(1, output=(ROWS,)), Facts(seen(TWO), loss="classes"), "binary"),
        (layer(1), Facts(seen(TEN), loss="classes"), None),
        (layer(1), Facts(seen(TWO[1:]), loss="classes"), None),  # ones alone do not tell
        (layer(1), Facts(seen(TWO), loss="quantities"), None),
        (layer(1), Facts(seen(TWO), declared=1), None),
        (layer(2), Facts(seen(TWO)), "classes"),
        (layer(3), Facts(seen(WORDS, several=3)), "several"),
        (layer(4), Facts(seen(WORDS, several=3)), None),
        (layer(50_000), Facts(seen(np.arange(50_000)), named=50_000), None),
        (layer(10, output=(ROWS, 6, 10)), Facts(seen(TEN)), None),  # of tokens
        (layer(10, output=(ROWS, 6, 10), pooled="last"), Facts(seen(TEN)), "classes"),  # of one token
        (layer(10, output=(ROWS, 10, 6, 6), pooled="mean"), Facts(seen(TEN)), "classes"),  # mean over space
        (layer(10, output=(ROWS, 6, 10), pooled="mean"), Facts(seen(TEN[:4])), None),
        (layer(10, output=(4, 10)), Facts(seen(TEN)), None),  # not one row per sample
        (layer(10, gives=None), Facts(seen(TEN)), None),  # it feeds another layer
        (layer(10, matrix=False), Facts(seen(TEN)), None),
        (layer(10, leaf=False), Facts(seen(TEN)), None),
        (layer(10, calls=2), Facts(seen(TEN)), "classes"),
        (layer(10, calls=2, differs=True), Facts(seen(TEN)), None),
        (layer(64), Facts(seen(TEN), named=10), None),  # an autoencoder
        (layer(64), Facts(seen(np.arange(64))), "classes"),
    ],
)
def test_a_head_is_proved_or_there_is_none(last: Module, facts: Facts, kind: str | None) -> None:
    proof = proved(last, facts)
    assert proof.kind == kind
    assert bool(proof.why) == (kind is None)
    assert proof.module is (last if kind else proof.module)


def test_a_model_without_a_narrower_layer_is_no_autoencoder() -> None:
    policy = Module("in", leaf=True, parametrised=True, input=(ROWS, 2), output=(ROWS, 16), matrix=True)
    hidden = prove([layer(32)], ROWS, Facts(seen(TEN), loss="classes", scores=10))
    assert "gives 32 values per sample, but the loss compares 10" in hidden.why
    assert "autoencoder" not in prove([policy, layer(2)], ROWS, Facts()).why
    narrow = replace(policy, input=(ROWS, 16), output=(ROWS, 2))
    assert "autoencoder" in prove([narrow, layer(16)], ROWS, Facts()).why


def test_of_several_outputs_the_one_that_fits_is_the_head() -> None:
    embedding = layer(32, gives=0)
    head = Module(
        "head", leaf=True, parametrised=True, input=(ROWS, 32), output=(ROWS, 10), matrix=True, gives=1
    )
    assert prove([FIRST, embedding, head], ROWS, Facts(seen(TEN))).module is head


@pytest.mark.parametrize(
    ("said", "last", "facts", "task"),
    [
        ("classification", layer(1), Facts(seen(TEN)), "regression"),
        ("classification", layer(1), Facts(seen(TEN), named=10), "classification"),
        ("classification", layer(1, squashed=True), Facts(seen(TEN)), "classification"),  # of a GAN
        ("classification", layer(1), Facts(seen(TEN), loss="others"), "classification"),
        ("classification", layer(1), Facts(seen(TWO)), "classification"),
        ("regression", layer(1), Facts(seen(TWO.astype(float))), "regression"),
        ("regression", layer(1), Facts(seen(TWO.astype(float)), loss="classes"), "classification"),
        ("classification", layer(4), Facts(seen(TEN), loss="quantities"), "regression"),
        ("classification", layer(1), Facts(seen(TEN), declared=1), "regression"),
        ("classification", layer(10), Facts(seen(TEN)), "classification"),
        ("classification", layer(32), Facts(seen(TEN)), "classification"),
        ("unlabelled", layer(1), Facts(), "unlabelled"),
    ],
)
def test_what_is_learned(said: str, last: Module, facts: Facts, task: str) -> None:
    assert task_of(said, proved(last, facts), [FIRST, last], facts) == task
