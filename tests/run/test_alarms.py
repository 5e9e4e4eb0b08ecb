"""Alarms in the thread that writes: an event each, whatever happens to them, and never a lost record."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.insight.alarms import Alarms
from chroma.records import Record, Snapshot
from chroma.run import Run, events
from tests.run.logged import written
from tests.run.test_alerts import events as events_of

HEALTHY = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)


def log(run: Run, steps: int = 6, collapsed_from: int = 3) -> None:
    for step in range(steps):
        scale = 1e-2 if step >= collapsed_from else 1.0
        run.log_embeddings(1 + HEALTHY * scale, layer="fc", split="val", epoch=step, step=10 * step)


def test_an_alarm_is_an_event_a_line_and_stands_in_the_receipt(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with chroma.init("p") as run:
        run.recording.events.start(stop_on=("collapse",))
        log(run)
        run.recording.flush(10)
        assert run.recording.events.stop == "collapse"
    (alarm,) = events_of(home)
    assert (alarm.rule, alarm.step, alarm.epoch, alarm.split, alarm.layer) == ("collapse", 30, 3, "val", "fc")
    (line,) = run.finish().events
    assert line.startswith("epoch 3, step 30: Collapse of fc (")
    assert [record.getMessage() for record in caplog.records] == [
        f"chroma: alarm (collapse) in {run.name}, {line}"
    ]


def test_nothing_is_looked_for_unless_asked_and_nothing_stops_that_was_not_named(home: Path) -> None:
    with chroma.init("p") as run:
        log(run)
    assert not events_of(home)
    with chroma.init("p") as run:
        run.recording.events.start(stop_on=("leak",), silent=True)
        log(run)
        run.recording.flush(10)
        assert run.recording.events.stop is None
    assert len(events_of(home)) == 1


def test_an_error_of_ours_costs_alarms_and_no_record(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")

    def fail(self: Alarms, record: Record) -> None:
        raise RuntimeError("alarms are broken")

    monkeypatch.setattr(Alarms, "find", fail)
    with chroma.init("p") as run:
        run.recording.events.start()
        log(run)
    receipt = run.finish()
    assert (receipt.layers[0].snapshots, receipt.missing) == (6, {})
    assert len([record for record in written(home) if isinstance(record, Snapshot)]) == 6
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "looking for alarms failed" in caplog.text


def test_where_there_is_no_time_snapshots_are_left_out_and_counted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_AT_FIRST", 0.0)
    monkeypatch.setattr(events, "_SHARE", 0.0)
    with chroma.init("p") as run:
        run.recording.events.start()
        log(run)
    receipt = run.finish()
    assert "alarms looked at 0 of 6 snapshots, for the time they take" in receipt.notes
    assert receipt.layers[0].snapshots == 6
