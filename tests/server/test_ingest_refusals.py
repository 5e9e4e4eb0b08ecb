"""Segments that cannot be used are set aside, never deleted."""

from __future__ import annotations

import numpy as np
import pytest

from chroma import segment
from chroma.errors import NotFoundError
from chroma.journal import JournalWriter
from chroma.records import Header, Metrics, Notes, RunOpened, Segment, Snapshot
from chroma.server.home import copied
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, write_note
from tests.server.training import IDS, dump, snapshot, train, vectors_of

pytestmark = pytest.mark.databases


def test_a_segment_sent_again_does_no_harm_and_another_under_its_key_is_set_aside(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    folder = opened.settings.journal / "run-1"
    copies = {path.name: path.read_bytes() for path in folder.glob("*.arrow")}
    ingest_journal(opened)
    before = dump(opened)
    for name, body in copies.items():
        (folder / name).write_bytes(body)
    assert ingest_journal(opened).known == len(copies)
    assert dump(opened) == before

    name = f"{writer.writer}-000002.arrow"
    header = segment.read(opened.store.files.path(f"runs/run-1/segments/{name}")).header
    (folder / name).write_bytes(segment.encode(Segment(header, snapshot(0, value=99))))
    report = ingest_journal(opened)
    assert (report.known, report.set_aside) == (0, 1)
    assert "already has another segment" in (folder / "set-aside" / name).with_suffix(".txt").read_text()
    assert dump(opened) == before
    assert vectors_of(opened, 0).vectors[0, 0] == 0
    writer.close()


def test_what_is_no_segment_is_set_aside_and_never_deleted(
    opened: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "SETTLED", -1.0)  # nobody copies them
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    folder = opened.settings.journal / "run-1"
    damaged = folder / f"{writer.writer}-000002.arrow"
    cut = damaged.read_bytes()[:-100]
    damaged.write_bytes(cut)
    foreign = folder / "0-00000000-000000.arrow"
    foreign.write_bytes(b"not an Arrow file")
    moved = folder / "0-11111111-000000.arrow"
    moved.write_bytes((folder / f"{writer.writer}-000000.arrow").read_bytes())
    header = segment.read(moved).header
    timeless = folder / f"{writer.writer}-000098.arrow"
    named = Header(header.run, header.writer, 98, header.attempt, created_at="soon")  # type: ignore[arg-type]
    timeless.write_bytes(segment.encode(Segment(named, Metrics(0, 0, {"a": 1.0}))))
    wrong = folder / f"{writer.writer}-000099.arrow"
    named = Header(header.run, header.writer, 99, header.attempt)
    wrong.write_bytes(segment.encode(Segment(named, RunOpened({"a": 1}, [], config="text"))))  # type: ignore[arg-type]
    report = ingest_journal(opened)
    assert (report.added, report.set_aside) == (4, 5)
    aside = folder / "set-aside"
    assert (aside / damaged.name).read_bytes() == cut
    reasons = {path.name: path.with_suffix(".txt").read_text() for path in aside.glob("*.arrow")}
    assert "cut short" in reasons[damaged.name]
    assert "not an Arrow file" in reasons[foreign.name]
    assert "keeps the name" in reasons[moved.name]
    assert "is wrong" in reasons[wrong.name]
    assert "is wrong" in reasons[timeless.name]
    assert not ingest_journal(opened)
    writer.close()


def test_what_needs_a_lost_file_is_set_aside_and_says_which(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer)
    writer.commit(snapshot(0, ids=[0, 1], ends=False))
    ingest_journal(opened)
    lost = opened.store.files.path(f"runs/run-1/segments/{writer.writer}-000002.arrow")
    lost.unlink()
    writer.commit(snapshot(0, ids=[2]))
    writer.commit(Metrics(0, 0, {"a": 1.0}))
    report = ingest_journal(opened)
    assert (report.added, report.set_aside) == (1, 1)
    (reason,) = (opened.settings.journal / "run-1" / "set-aside").glob("*.txt")
    assert str(lost) in reason.read_text()
    writer.close()


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (snapshot(0, ids=["a", "b"]), "ids of one type"),
        (Snapshot("fc1", "val", 0, 0, IDS, np.zeros((6, 7), np.float16), 6), "pool them to one size"),
    ],
)
def test_what_contradicts_its_run_is_set_aside(opened: Context, odd: Snapshot, why: str) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    ingest_journal(opened)
    before = dump(opened)
    writer.commit(odd)
    assert ingest_journal(opened).set_aside == 1
    (reason,) = (opened.settings.journal / "run-1" / "set-aside").glob("*.txt")
    assert why in reason.read_text()
    assert dump(opened) == before
    writer.close()


def test_a_note_of_an_unknown_run_names_the_known_ones(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer)
    ingest_journal(opened)
    with pytest.raises(NotFoundError, match="run-1"):
        write_note(opened, "run-2", Notes("delete"))
    writer.close()
