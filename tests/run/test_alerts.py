"""`run.alert`: what a user reports is an event of the run, at the moment it was logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError
from chroma.records import RunEvent
from tests.run.logged import written


def events(home: Path) -> list[RunEvent]:
    return [record for record in written(home) if isinstance(record, RunEvent)]


def test_an_alert_is_an_event_at_the_newest_moment(home: Path) -> None:
    with chroma.init("p") as run:
        run.alert("Begins")
        run.log_metrics({"loss": 1.0}, epoch=2, step=40)
        run.log_embeddings(np.ones((3, 2)), layer="fc", epoch=1, step=30)  # logged late
        run.alert("Loss is high", "1.0 at step 40", level="error")
    receipt = run.finish()
    assert events(home) == [
        RunEvent("Begins", "", None, "warning", None, 0),
        RunEvent("Loss is high", "1.0 at step 40", None, "error", 2, 40),
    ]
    assert receipt.events == ("step 0: Begins", "epoch 2, step 40: Loss is high (1.0 at step 40)")
    assert "event    epoch 2, step 40: Loss is high (1.0 at step 40)" in str(receipt)


def test_a_receipt_names_the_first_twenty(home: Path) -> None:
    with chroma.init("p") as run:
        for number in range(23):
            run.alert(f"Alert {number}")
    assert run.finish().events[-2:] == ("step 0: Alert 19", "3 more")
    assert len(events(home)) == 23


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("",), "title="),
        ((5,), "title="),
        (("two\nlines",), "title="),
        (("fine", 5), "text="),
        (("fine", "x" * 10_001), "text="),
        (("fine", "", "fatal"), "level='fatal' is not known; give one of info, warning, error"),
    ],
)
def test_what_cannot_be_used_is_refused(home: Path, given: tuple[Any, ...], why: str) -> None:
    with chroma.init("p") as run, pytest.raises(ConfigError, match=why):
        run.alert(*given)
    assert not events(home)


def test_a_run_that_has_ended_takes_none(home: Path) -> None:
    run = chroma.init("p")
    run.finish()
    with pytest.raises(ConfigError, match="has ended"):
        run.alert("late")
