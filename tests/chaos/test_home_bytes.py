"""One bad file costs itself: all others are taken in and shown, and `chroma check` names it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chroma.cli import app
from chroma.errors import SegmentError
from chroma.journal import JournalWriter
from chroma.server.home import copied
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.settings import Settings
from tests.chaos.test_segment_bytes import CRAFTED, ODD
from tests.server import filming
from tests.server.training import finish, rows, snapshot, train, vectors_of


def trained(context: Context, run: str = "run-1", *steps: int) -> JournalWriter:
    writer = JournalWriter(context.settings.journal, run)
    train(writer, *(steps or (0, 10)))
    return writer


def stored(context: Context, writer: JournalWriter, number: int) -> Path:
    return context.store.files.path(f"runs/{writer.run}/segments/{writer.writer}-{number:06d}.arrow")


def flip(path: Path, at: float = 0.5) -> None:
    body = bytearray(path.read_bytes())
    body[int(len(body) * at)] ^= 4
    path.write_bytes(bytes(body))


@pytest.mark.timeout(60)
def test_odd_and_crafted_files_cost_themselves(opened: Context):
    writer = trained(opened)
    folder = opened.settings.journal / "run-1"
    names = [f"0-{number:08x}-000000.arrow" for number in range(len(ODD) + len(CRAFTED))]
    for make, name in zip(ODD, names, strict=False):
        make(folder / name)
    for body, name in zip(CRAFTED.values(), names[len(ODD) :], strict=True):
        (folder / name).write_bytes(body)
    (folder / "0-ffffffff.lock").mkdir()
    report = ingest_journal(opened)
    not_whole = 2  # the giant and the empty one: as half of a copy is
    assert (report.added, report.set_aside, report.left_out) == (8, len(names) - not_whole, 1)
    finish(writer)
    assert ingest_journal(opened).added == 1
    assert rows(opened, tables.Run)[0].status == "finished"


@pytest.mark.timeout(60)
def test_a_home_with_odd_files_opens(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    for place in (settings.journal / "run-1", settings.store / "runs" / "run-1" / "segments"):
        place.mkdir(parents=True)
        for number, make in enumerate(ODD):
            make(place / f"0-{number:08x}-000000.arrow")
    monkeypatch.setattr(copied, "SETTLED", -1.0)
    home = Home(settings, token=None)
    home.catch_up()
    home.close()
    assert len(list(settings.home.rglob("set-aside/*.txt"))) == 2 * len(ODD)


def test_a_flipped_bit_in_the_journal_is_set_aside(opened: Context):
    writer = trained(opened)
    flip(opened.settings.journal / "run-1" / f"{writer.writer}-000002.arrow")
    assert ingest_journal(opened).set_aside == 1
    (reason,) = opened.settings.journal.rglob("set-aside/*.txt")
    assert "damaged" in reason.read_text()
    writer.close()


def test_a_flipped_bit_in_the_store_costs_its_snapshot(opened: Context):
    writer = trained(opened)
    ingest_journal(opened)
    vectors_of(opened, 0)
    flip(stored(opened, writer, 2))
    with pytest.raises(SegmentError, match="damaged"):
        vectors_of(opened, 0)
    assert vectors_of(opened, 10).vectors[0, 0] == 10
    writer.close()


def test_swapped_files_are_found(opened: Context):
    writer = trained(opened)
    ingest_journal(opened)
    first, second = stored(opened, writer, 2), stored(opened, writer, 5)
    other = first.with_suffix(".other")
    first.rename(other)
    second.rename(first)
    other.rename(second)
    for step in (0, 10):
        with pytest.raises(SegmentError, match="swapped"):
            vectors_of(opened, step)
    writer.close()


@pytest.mark.parametrize("missing", [True, False])
def test_a_run_goes_on_without_a_stored_file(opened: Context, missing: bool):
    writer = trained(opened)
    ingest_journal(opened)
    lost = stored(opened, writer, 2)
    lost.unlink() if missing else flip(lost)
    opened.store.files._verified.clear()
    writer.commit(snapshot(20))
    finish(writer)
    assert ingest_journal(opened).set_aside == 0
    assert vectors_of(opened, 20).vectors.shape == (6, 3)
    assert rows(opened, tables.Run)[0].status == "finished"


def test_a_run_that_cannot_be_moved_is_named_and_the_others_come_in(
    opened: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """As root, who runs tests in containers, every file is accessible: the refusal is made."""
    ours, theirs = trained(opened), trained(opened, "run-2")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "run-2" and access(path, mode))
    for _ in range(2):
        ingest_journal(opened)
    assert [run.id for run in rows(opened, tables.Run)] == ["run-1"]
    assert list(opened.left_out) == ["run-2"]
    assert caplog.text.count("not all files of run run-2") == 1
    monkeypatch.undo()
    assert ingest_journal(opened).added == 8
    assert not opened.left_out
    ours.close()
    theirs.close()


def frames(context: Context) -> dict[str, bytes]:
    """The numbers of all frames by path."""
    files = context.store.files
    return {frame.path: files.path(frame.path).read_bytes() for frame in rows(context, tables.Frame)}


def run_check(home: Path, *options: str) -> tuple[int, list[dict[str, object]]]:
    done = CliRunner().invoke(app, ["check", "--home", str(home), "--json", *options])
    return done.exit_code, json.loads(done.stdout)["damaged"]


def test_check_names_what_is_damaged_and_repair_makes_films_anew(opened: Context):
    home = opened.settings.home
    filming.finish(opened, filming.whole_run(opened, 3))
    film = filming.ask(opened, "pca")
    draw_film(opened.store, film.id, filming.Turns(opened, film))
    assert run_check(home) == (0, [])
    drawn = frames(opened)
    flip(opened.store.files.path(next(iter(drawn))))
    code, (found,) = run_check(home)
    assert (code, found["kind"], found["run"], found["layer"]) == (1, "film", filming.RUN, filming.LAYER)
    code, (found,) = run_check(home, "--repair")
    assert (code, found["repaired"]) == (0, True)
    assert run_check(home) == (0, [])
    draw_film(opened.store, film.id, filming.Turns(opened, film))
    assert frames(opened) == drawn


def test_check_names_segments_and_what_was_set_aside(opened: Context):
    writer = trained(opened)
    ingest_journal(opened)
    flip(stored(opened, writer, 2))
    stored(opened, writer, 5).unlink()
    (opened.settings.journal / "run-1" / "0-00000000-000000.arrow").write_bytes(b"ARROW1 and ARROW1")
    ingest_journal(opened)
    finish(writer)
    done = CliRunner().invoke(app, ["check", "--home", str(opened.settings.home)])
    assert done.exit_code == 1
    for words in ("layer fc1, split val, epoch 0, step 0", "damaged", "step 10", "is missing", "set aside"):
        assert words in done.stdout
    assert "3 damaged" in done.stdout


def test_repair_adds_what_the_catalog_lost(opened: Context):
    writer = trained(opened)
    finish(writer)
    ingest_journal(opened)
    opened.store.close()
    for file in opened.settings.home.glob("chroma.db*"):
        file.unlink()
    assert run_check(opened.settings.home, "--repair") == (0, [])
    assert len(rows(opened, tables.Segment)) == 9
    assert not reconcile(opened)


def test_a_film_whose_frames_are_gone_is_drawn_again_at_the_next_start(opened: Context):
    filming.finish(opened, filming.whole_run(opened, 2))
    film = filming.ask(opened, "pca")
    draw_film(opened.store, film.id, filming.Turns(opened, film))
    shutil.rmtree(opened.store.files.path("films"))
    home = Home(opened.settings, token=None)
    home.catch_up()
    home.close()
    assert rows(opened, tables.Frame) == []
    draw_film(opened.store, film.id, filming.Turns(opened, film))
    assert all(opened.store.files.path(frame.path).is_file() for frame in rows(opened, tables.Frame))
