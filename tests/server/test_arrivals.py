"""Segments that come by PUT: each is there once, as it was written, whatever happens on the way."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from chroma import liveness, segment
from chroma.journal import Entry, JournalWriter, entries
from chroma.records import Metrics, Notes, RunOpened
from chroma.segment import ReadSegment
from chroma.server.home import arrivals
from chroma.server.home.context import Context
from chroma.server.home.ingest import catch_up
from chroma.server.http import limits, segment_routes
from chroma.server.store import tables
from chroma.untrusted import stamp_of
from tests.captured import capture
from tests.server.training import rows

pytestmark = pytest.mark.databases

ALL = 15  # segments that `capture` writes


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The segments of a training on another machine."""
    home = tmp_path_factory.mktemp("sender")
    capture(home)
    return list(entries(home / "journal"))


def address(entry: Entry) -> str:
    return f"/api/runs/{entry.run}/segments/{entry.writer}/{entry.number}"


def until(client: TestClient, kept: Context, status: str) -> None:
    """Wait until the run has a status."""
    for _ in range(2000):
        if [row.status for row in rows(kept, tables.Run)] == [status]:
            return
        time.sleep(0.01)
    raise AssertionError(f"the run is {[row.status for row in rows(kept, tables.Run)]}, not {status}")


def settle(kept: Context) -> None:
    """Wait until all that was sent is in the catalog: the home's own thread takes it in, too."""
    assert kept.progress.caught_up.wait(60)
    catch_up(kept)


def stored(kept: Context) -> dict[tuple[str, int], bytes]:
    """The bytes of what is in the store, by key."""
    return {
        (row.writer, row.number): kept.store.files.path(row.path).read_bytes()
        for row in rows(kept, tables.Segment)
    }


def test_what_is_sent_is_there_to_the_bit_and_sent_again_it_is_known(
    client: TestClient, kept: Context, written: list[Entry]
) -> None:
    for expected in (201, 200):
        for entry in written:
            answer = client.put(address(entry), content=entry.path.read_bytes())
            assert answer.status_code == expected, answer.text
    until(client, kept, "finished")
    assert stored(kept) == {(each.writer, each.number): each.path.read_bytes() for each in written}
    assert len(written) == ALL
    keys = [[each.writer, each.number] for each in written]
    answer = client.post("/api/runs/run-a/segments/known", json={"keys": [*keys, [written[0].writer, 99]]})
    digests = {(writer, number): digest for writer, number, digest in answer.json()["known"]}
    assert digests == {(e.writer, e.number): segment.open_segment(e.path).digest for e in written}
    again = client.put(address(written[3]), content=written[3].path.read_bytes())
    assert (again.status_code, len(rows(kept, tables.Segment))) == (200, ALL)


def test_segments_in_any_order_make_a_placeholder_first(
    client: TestClient, kept: Context, written: list[Entry]
) -> None:
    for entry in reversed(written[1:]):
        assert client.put(address(entry), content=entry.path.read_bytes()).status_code == 201
    settle(kept)
    (run,) = rows(kept, tables.Run)
    assert (run.placeholder, run.name) == (True, "run-a")
    client.put(address(written[0]), content=written[0].path.read_bytes())
    settle(kept)
    (run,) = rows(kept, tables.Run)
    assert (run.placeholder, run.name, run.status) == (False, "brave-fox", "finished")


def test_another_segment_of_the_same_key_is_refused(
    client: TestClient, kept: Context, written: list[Entry], tmp_path: Path
) -> None:
    writer = JournalWriter(tmp_path, "run-a")
    writer.writer, writer.number = written[4].writer, written[4].number
    writer.commit(Metrics(epoch=0, step=1, values={"loss": 1.0}))
    other = next(entries(tmp_path)).path.read_bytes()
    body = written[4].path.read_bytes()
    assert client.put(address(written[4]), content=body).status_code == 201
    for _ in range(2):  # in the journal, then in the store
        answer = client.put(address(written[4]), content=other)
        assert (answer.status_code, answer.json()["code"]) == (409, "OtherSegmentError")
        settle(kept)
    assert stored(kept) == {(written[4].writer, written[4].number): body}
    writer.close()


def test_two_at_once_of_one_key_leave_one(client: TestClient, kept: Context, written: list[Entry]) -> None:
    entry = written[2]
    with ThreadPoolExecutor(8) as pool:
        body = entry.path.read_bytes()
        puts = [pool.submit(client.put, address(entry), content=body) for _ in range(8)]
        codes = [put.result().status_code for put in puts]
    assert sorted(codes) == [200] * 7 + [201]
    settle(kept)
    assert stored(kept) == {(entry.writer, entry.number): body}


def test_a_changed_byte_is_refused_and_leaves_nothing(
    client: TestClient, kept: Context, written: list[Entry]
) -> None:
    for at in (0.1, 0.5, 0.95):
        body = bytearray(written[1].path.read_bytes())
        body[int(len(body) * at)] ^= 1
        answer = client.put(address(written[1]), content=bytes(body))
        assert answer.status_code == 422
        assert str(kept.settings.home) not in answer.text
    assert not list(kept.settings.home.rglob("*.arrow"))


ODD: tuple[tuple[str, bytes | None, int], ...] = (
    ("run-b/segments/{writer}/{number}", None, 422),  # says it is of run-a
    ("run-a/segments/{writer}/77", None, 422),
    ("run-a/segments/0-zzzzzzzz/0", None, 422),
    ("run-a/segments/{writer}/-1", None, 422),
    ("run-a/segments/{writer}/99999999999999999999", None, 422),
    ("..%2F..%2Fetc/segments/{writer}/{number}", None, 404),  # no route has so many parts
    (".hidden/segments/{writer}/{number}", None, 422),
    ("run-a/segments/{writer}/{number}", b"", 422),
    ("run-a/segments/{writer}/{number}", b"<html>no</html>", 422),
    ("run-a/segments/{writer}/{number}", b"ARROW1\0\0" * 50, 422),
)


def test_what_is_no_such_segment_is_refused(client: TestClient, kept: Context, written: list[Entry]) -> None:
    entry = written[0]
    for path, body, status in ODD:
        where = path.format(writer=entry.writer, number=entry.number)
        answer = client.put(f"/api/runs/{where}", content=entry.path.read_bytes() if body is None else body)
        assert answer.status_code in (status, 405), answer.text
    assert not list(kept.settings.home.rglob("*.arrow"))


def test_an_announced_digest_is_held_to(client: TestClient, written: list[Entry]) -> None:
    body, digest = written[0].path.read_bytes(), segment.open_segment(written[0].path).digest
    wrong = client.put(address(written[0]), content=body, headers={segment_routes.DIGEST: "0" * 32})
    right = client.put(address(written[0]), content=body, headers={segment_routes.DIGEST: digest})
    assert (wrong.status_code, right.status_code) == (422, 201)


def test_a_deleted_run_takes_nothing_more(client: TestClient, kept: Context, written: list[Entry]) -> None:
    client.put(address(written[0]), content=written[0].path.read_bytes())
    settle(kept)
    client.post("/graphql", json={"query": 'mutation { deleteRun(id: "run-a") { id } }'})
    writer = written[0].writer
    for answer in (
        client.put(address(written[1]), content=written[1].path.read_bytes()),
        client.post("/api/runs/run-a/segments/known", json={"keys": []}),
        client.post(f"/api/runs/run-a/writers/{writer}/heartbeat"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "RunDeletedError")
    client.post("/graphql", json={"query": 'mutation { restoreRun(id: "run-a") { id } }'})
    assert client.put(address(written[1]), content=written[1].path.read_bytes()).status_code == 201


def test_no_run_is_deleted_by_a_segment(client: TestClient, kept: Context, tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "run-a")
    writer.commit(RunOpened(project="p", name="n"))
    writer.commit(Notes("delete"))
    writer.commit(Notes("rename", {"name": "mine"}))
    codes = [client.put(address(e), content=e.path.read_bytes()).status_code for e in entries(tmp_path)]
    settle(kept)
    assert (codes, rows(kept, tables.Run)[0].deleted_at) == ([201, 422, 201], None)
    assert rows(kept, tables.Run)[0].name == "mine"
    writer.close()


def test_too_large_and_too_many_are_told_so(
    client: TestClient, kept: Context, written: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_routes, "MOST_BYTES", 1000)
    body = written[1].path.read_bytes()
    announced = client.put(address(written[1]), content=body)
    parts = client.put(address(written[1]), content=iter([body[:900], body[900:]]))
    assert (announced.status_code, parts.status_code) == (413, 413)
    monkeypatch.undo()
    monkeypatch.setattr(segment_routes, "_WAIT", 0.05)
    uploads = client.app.state.uploads  # type: ignore[attr-defined]
    uploads.places._value = 0
    busy = client.put(address(written[1]), content=body)
    uploads.places._value = 32
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "1")
    assert client.put(address(written[1]), content=body).status_code == 201
    assert not list((kept.settings.home / "arriving").iterdir())


def test_a_full_disk_is_said_before_anything_is_sent(
    client: TestClient, kept: Context, written: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_ROOM", 2**62)
    answer = client.put(address(written[0]), content=written[0].path.read_bytes())
    assert (answer.status_code, answer.json()["code"]) == (507, "DiskFullError")
    monkeypatch.undo()
    assert client.put(address(written[0]), content=written[0].path.read_bytes()).status_code == 201


def test_a_segment_may_be_larger_than_other_bodies(written: list[Entry]) -> None:
    assert arrivals.MOST_BYTES > segment.MAX_BYTES > limits.MOST_BODY


def silent(kept: Context, writer: str, *, for_long: bool) -> None:
    """Make the last sign of life of a writer older than it may be, or gone."""
    heard = kept.settings.journal / "run-a" / f"{writer}.heard"
    then = time.time() - liveness.SILENCE - 1
    os.utime(heard, (then, then)) if for_long else heard.unlink()


@pytest.fixture
def alive(client: TestClient, kept: Context, written: list[Entry]) -> str:
    """A writer that has sent all but its closing segment."""
    for entry in written[:-1]:
        client.put(address(entry), content=entry.path.read_bytes())
    until(client, kept, "running")
    return written[0].writer


def test_a_writer_that_falls_silent_interrupts_its_run_until_it_returns(
    client: TestClient, kept: Context, alive: str, written: list[Entry]
) -> None:
    settle(kept)
    until(client, kept, "running")
    silent(kept, alive, for_long=True)
    until(client, kept, "interrupted")
    assert client.post(f"/api/runs/run-a/writers/{alive}/heartbeat").status_code == 204
    until(client, kept, "running")
    client.delete(f"/api/runs/run-a/writers/{alive}/heartbeat")
    until(client, kept, "interrupted")
    client.put(address(written[-1]), content=written[-1].path.read_bytes())
    until(client, kept, "finished")


def test_a_server_that_was_away_waits_for_the_signs_it_missed(kept: Context, alive: str) -> None:
    silent(kept, alive, for_long=True)
    liveness.hear_all_again(kept.settings.journal)
    assert liveness.is_alive(kept.settings.journal, "run-a", alive)


def test_what_is_left_of_an_upload_goes_with_the_next_start(kept: Context) -> None:
    left = arrivals.new_upload(kept, 10)
    left.write_bytes(b"cut")
    arrivals.remove_unfinished(kept.settings)
    assert not left.exists()


def test_what_was_proved_as_it_came_is_not_read_through_again(
    client: TestClient, kept: Context, written: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    proved: list[str] = []
    verify = ReadSegment.verify

    def counted(self: ReadSegment) -> None:
        proved.append(f"{self.header.writer}-{self.header.number}")
        verify(self)

    monkeypatch.setattr(ReadSegment, "verify", counted)
    for entry in written:
        assert client.put(address(entry), content=entry.path.read_bytes()).status_code == 201
    until(client, kept, "finished")
    assert len(rows(kept, tables.Segment)) == ALL
    assert sorted(proved) == sorted(f"{entry.writer}-{entry.number}" for entry in written)
    assert {row.digest for row in rows(kept, tables.Segment)} == {
        segment.open_segment(entry.path).digest for entry in written
    }


def test_what_was_changed_since_it_was_proved_is_proved_again(kept: Context, written: list[Entry]) -> None:
    path = kept.settings.home / "one.arrow"
    path.write_bytes(written[0].path.read_bytes())
    kept.proofs.note(path, "d" * 32, path)
    stamp = segment.open_segment(path).stamp
    assert kept.proofs.take(path, stamp) == "d" * 32
    assert kept.proofs.take(path, stamp) is None  # asked once
    kept.proofs.note(path, "d" * 32, path)
    path.write_bytes(path.read_bytes() + b"!")
    assert kept.proofs.take(path, stamp_of(path.stat())) is None
