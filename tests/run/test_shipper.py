"""The thread that sends segments goes on, whatever ends it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from chroma.guard import Guard
from chroma.journal import JournalWriter
from chroma.records import Metrics
from chroma.shipper import outbox, shipper
from tests.run.remote import answering

DEATHS = [
    OSError(28, "No space left on device"),
    PermissionError(13, "Permission denied"),
    RuntimeError("no"),
    MemoryError(),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
]


@pytest.mark.parametrize("death", DEATHS, ids=repr)
@pytest.mark.parametrize("place", ["waiting", "acknowledge"])
def test_it_begins_again(
    death: BaseException, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMA_STRICT", "0")
    monkeypatch.setattr(shipper, "_PAUSE", 0.01)
    original, deaths = getattr(outbox, place), [death]

    def dying(*args: Any) -> Any:
        if deaths:
            raise deaths.pop()
        return original(*args)

    monkeypatch.setattr(outbox, place, dying)
    writer = JournalWriter(tmp_path, "run-1")
    for step in range(3):
        writer.commit(Metrics(0, step, {"loss": 0.5}))
    writer.close()
    with answering(201, b'{"segment": "new"}', {"Content-Type": "application/json"}) as url:
        sender = shipper.Shipper(url, tmp_path, "run-1", Guard(), 30.0)
        sender.wrote(writer.writer, writer.number)
        sender.finish()
        assert sender._thread is not None
        sender._thread.join(30.0)
    assert not deaths
    assert (sender.shipment.sent, sender.shipment.left) == (3, 0)
    assert not list(tmp_path.rglob("*.arrow"))


def test_what_never_works_ends_with_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CHROMA_STRICT", "0")
    monkeypatch.setattr(shipper, "_PAUSE", 0.01)

    def refuses(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "outbox/run-1")

    monkeypatch.setattr(outbox, "acknowledge", refuses)
    writer = JournalWriter(tmp_path, "run-1")
    writer.commit(Metrics(0, 0, {"loss": 0.5}))
    with answering(201, b'{"segment": "new"}', {"Content-Type": "application/json"}) as url:
        sender = shipper.Shipper(url, tmp_path, "run-1", Guard(), 30.0)
        sender.wrote(writer.writer, writer.number)
        sender.begin_to_leave()
        with caplog.at_level(logging.WARNING):
            sender.leave(30.0)
    assert sender._thread is not None
    assert not sender._thread.is_alive()
    assert "1 of 1 segments of run run-1" in caplog.text
    assert "Permission denied" in caplog.text
    writer.close()
