"""`kill -9` at random moments loses nothing that was committed, and doubles nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chroma import journal
from chroma.journal import JournalWriter
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal
from chroma.server.home.lock import find_owner
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.settings import Settings, load_settings
from tests.chaos import TIMES, trials
from tests.server import filming
from tests.server.training import another, dump, finish, rows, train

pytestmark = [
    pytest.mark.timeout(120 + 60 * TIMES),
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]

DERIVED = ("film", "revision", "frame", "job", "graph")


def kill(kind: str, home: Path, count: int, longest: float) -> None:
    """Start so many processes of a kind, each killed within so many seconds."""
    command = [sys.executable, "-m", "tests.chaos.killed", kind, str(home), str(count), "7", str(longest)]
    subprocess.run(command, check=True, capture_output=True)


def plain(context: Context) -> dict[str, list[dict[str, Any]]]:
    """All rows but those of films, which a dashboard asks for at other moments."""
    return {name: found for name, found in dump(context).items() if name not in DERIVED}


def fill(folder: Path, runs: int, *steps: int) -> None:
    for number in range(runs):
        writer = JournalWriter(folder, f"run-{number}")
        train(writer, *steps)
        finish(writer)


def test_trainings(opened: Context):
    count = 5 * TIMES
    with trials("trainings killed") as held:
        kill("training", opened.settings.home, count, 0.6)
        written = list(journal.entries(opened.settings.journal))
        report = ingest_journal(opened)
        assert (report.added, report.set_aside, report.left_out) == (len(written), 0, 0)
        assert len(rows(opened, tables.Segment)) == len(written)
        assert {run.status for run in rows(opened, tables.Run)} <= {"interrupted"}
        for _ in range(count):
            held()


@pytest.mark.parametrize(("kind", "longest"), [("ingest", 0.4), ("dashboard", 1.5)])
def test_what_takes_segments_in(settings: Settings, tmp_path: Path, kind: str, longest: float):
    count = (5 if kind == "ingest" else 3) * TIMES
    fill(settings.journal, 3 + count, 0, 10)
    shutil.copytree(settings.home, tmp_path / "control")
    control = another(tmp_path / "control")
    ingest_journal(control)
    with trials(f"{kind} killed") as held:
        kill(kind, settings.home, count, longest)
        assert find_owner(settings) is None
        home = Home(settings, token=None)
        home.catch_up()
        assert plain(home.context) == plain(control)
        home.close()
        for _ in range(count):
            held()
    control.store.close()


def test_workers(settings: Settings, tmp_path: Path):
    count = 5 * TIMES
    context = another(settings.home)
    filming.finish(context, filming.whole_run(context, 3, 60))
    film = filming.ask(context)
    context.store.close()
    shutil.copytree(settings.home, tmp_path / "control")

    def drawn(home: Path) -> list[str]:
        there = Context(load_settings(home=home), another(home).store, context.events, None)
        draw_film(there.store, film.id, filming.Turns(there, film))
        frames = [frame.digest for frame in filming.on_screen(there, film)[1]]
        there.store.close()
        return frames

    with trials("workers killed") as held:
        kill("worker", settings.home, count, 0.8)
        assert drawn(settings.home) == drawn(tmp_path / "control")
        for _ in range(count):
            held()
