"""A store in a bucket of a real S3 server."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

import chroma
from chroma import segment
from chroma.errors import ConfigError
from chroma.journal import Entry, entries
from chroma.server.app import create_app
from chroma.server.home import notes
from chroma.server.home.checking import check_home
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import bucket, bucket_files, orphans, tables
from chroma.server.store.bucket import Bucket
from chroma.server.store.bucket_files import BucketFiles, open_files
from chroma.settings import load_settings
from tests import s3
from tests.captured import capture
from tests.server.training import rows

ALL = 15  # segments that `capture` writes
NAMES = (f"bucket-{number}" for number in range(1000))


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, which every home of the test uses; its URL."""
    found = s3.shared().url(next(NAMES))
    monkeypatch.setenv("CHROMA_STORE_URL", found)
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The segments of a training on another machine."""
    home = tmp_path_factory.mktemp("sender")
    capture(home)
    return list(entries(home / "journal"))


def folder(url: str) -> Path:
    """Where the S3 server keeps the objects of a bucket."""
    return s3.shared().folder / url.split("@")[1].partition("?")[0]


def _is_object(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 1  # see `Bucket.remove`


def objects(url: str, below: str = "") -> list[str]:
    place = folder(url)
    return sorted(
        path.relative_to(place).as_posix() for path in (place / below).rglob("*") if _is_object(path)
    )


def address(entry: Entry) -> str:
    return f"/api/runs/{entry.run}/segments/{entry.writer}/{entry.number}"


@contextmanager
def serving() -> Generator[TestClient]:
    """The real app of a home."""
    with TestClient(create_app(load_settings(), token=None), base_url="http://127.0.0.1") as client:
        yield client


def kept(client: TestClient) -> Context:
    app: Any = client.app
    return app.state.context


def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_in_the_bucket_to_the_bit_and_is_read_from_there(url: str, tmp_path: Path) -> None:
    captured = capture(tmp_path / "home")
    sent = {path.name: path.read_bytes() for path in (tmp_path / "home/journal/run-a").glob("*.arrow")}
    with chroma.open(tmp_path / "home") as catalog:
        run = catalog.run("run-a")
        xy = run.film(layer="encoder.fc1", method="pca").xy
    assert {path.name: path.read_bytes() for path in folder(url).glob("runs/run-a/segments/*")} == sent
    shutil.rmtree(tmp_path / "home/bucket")  # copies: this machine may lose them
    with chroma.open(tmp_path / "home") as catalog:
        run = catalog.run("run-a")
        for (layer, epoch), vectors in captured.vectors.items():
            assert np.array_equal(run.embeddings(layer=layer, epoch=epoch).vectors, vectors)
        assert np.array_equal(run.film(layer="encoder.fc1", method="pca").xy, xy)


def test_a_home_that_is_lost_is_rebuilt_from_the_bucket(
    url: str, written: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as client:
        for entry in written:
            assert client.put(address(entry), content=entry.path.read_bytes()).status_code == 201
        # on the disk of a machine that may be lost there is nothing yet, perhaps
        assert len(objects(url)) == len(written)
    monkeypatch.setenv("CHROMA_HOME", str(tmp_path / "another machine"))
    with serving() as client:
        until(lambda: len(rows(kept(client), tables.Segment)) == len(written))
        again = [client.put(address(entry), content=entry.path.read_bytes()) for entry in written]
        assert {answer.status_code for answer in again} == {200}
    assert len(objects(url)) == len(written)


def test_a_store_that_does_not_answer_is_said_and_costs_nothing(
    tmp_path: Path, written: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "_SILENCE", 1.0)
    server = s3.S3(tmp_path / "s3")
    server.start()
    monkeypatch.setenv("CHROMA_STORE_URL", server.url("bucket"))
    with serving() as client:

        def put(entry: Entry) -> Response:
            return client.put(address(entry), content=entry.path.read_bytes())

        assert put(written[0]).status_code == 201
        server.halt()
        hung = put(written[1])
        server.stop()
        down = put(written[1])
        for answer in (hung, down):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "s3://bucket/chroma does not answer" in answer.json()["detail"]
            assert "secret" not in answer.text
        assert "store" in {part.part for part in kept(client).parts.down()}
        server.start()
        for entry in written:
            until(lambda entry=entry: put(entry).status_code in (200, 201))
        until(lambda: len(rows(kept(client), tables.Segment)) == len(written))
        assert "store" not in {part.part for part in kept(client).parts.down()}
    server.stop()


def test_another_segment_under_the_key_of_an_object_is_refused(url: str, written: list[Entry]) -> None:
    first, second = written[0], written[-1]
    relative = f"runs/{first.run}/segments/{first.path.name}"
    other = segment.decode(first.path.read_bytes())
    changed = segment.encode(replace(other, header=replace(other.header, created_at=1.0)))
    Bucket(url).put(relative, changed)  # another server took it a moment ago
    with serving() as client:
        assert client.put(address(first), content=first.path.read_bytes()).status_code == 409
        assert (folder(url) / relative).read_bytes() == changed
        assert client.put(address(second), content=second.path.read_bytes()).status_code == 201


def test_deleting_frees_the_bucket(url: str, opened: Context, home: Path) -> None:
    capture(home)
    ingest_journal(opened)
    captured = sum(path.stat().st_size for path in folder(url).rglob("*.arrow"))
    opened.store.files.write("graphs/run-a/x.arrow", b"123")
    notes.delete_run(opened, "run-a")
    assert len(objects(url)) == ALL + 2
    (purged,) = notes.purge_runs(opened)
    assert purged.bytes == captured + 3
    (left,) = objects(url)  # the note that the run is deleted
    assert left.startswith("runs/run-a/segments/0-")


def test_a_damaged_copy_is_fetched_again_and_a_damaged_object_is_found(
    url: str, opened: Context, home: Path
) -> None:
    capture(home)
    ingest_journal(opened)
    row, other = rows(opened, tables.Segment)[2:4]
    copy = opened.store.files.own(row.path)
    sound = copy.read_bytes()
    copy.write_bytes(sound[:-100] + bytes(100))
    assert opened.store.files.open_segment(row.path).body.to_pybytes() == sound
    opened.store.files.own(other.path).unlink()
    place = folder(url) / other.path
    place.write_bytes(place.read_bytes()[:-300] + bytes(300))
    opened.store.close()
    (damage,) = check_home(opened.settings, repair=False).damaged
    assert (damage.kind, damage.path.name) == ("segment", place.name)


def test_files_that_nothing_names_are_found_and_removed(
    url: str, opened: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(home)
    ingest_journal(opened)
    files = opened.store.files
    sound = objects(url)
    spare = ["films/0f/x.f32", "films/0f/basis.f64", "graphs/run-a/x.arrow", "findings/run-b/x.json"]
    for path in (*spare, "films/0f/subset.json"):
        files.write(path, b"1234")
    opened.store.close()
    assert check_home(opened.settings, repair=True).damaged == []  # their rows may be on their way
    monkeypatch.setattr(orphans, "_YOUNG", -60.0)
    named = check_home(opened.settings, repair=False)
    assert sorted(damage.path.relative_to(files.root).as_posix() for damage in named.damaged) == sorted(spare)
    assert len(check_home(opened.settings, repair=True).repaired) == len(spare)
    assert objects(url) == sorted([*sound, "films/0f/subset.json"])
    assert check_home(opened.settings, repair=False).damaged == []


def test_copies_do_not_outgrow_what_they_may_have(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_files, "_IN_USE", 0.0)
    files = BucketFiles(tmp_path / "copies", Bucket(url), most=10_000)
    for number in range(30):
        files.write(f"films/f/{number}.f32", bytes([number]) * 1000)
    assert sum(path.stat().st_size for path in files.root.rglob("*.f32")) <= 11_000
    assert [files.path(f"films/f/{number}.f32").read_bytes()[0] for number in range(30)] == list(range(30))
    assert not files.path("films/f/30.f32").exists()


@pytest.mark.parametrize("given", ["s3://bucket/p?nothing=1", "abfs://nowhere", "s3://k:secret@/"])
def test_an_address_that_is_none_is_refused_without_its_secrets(given: str, home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_files(load_settings(store_url=given))
    assert "secret" not in str(caught.value)
