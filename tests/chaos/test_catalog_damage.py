"""Whatever happens to the catalog's file, it is served as it was or rebuilt equal, with what users wrote."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chroma.journal import JournalWriter
from chroma.server.home import notes
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal
from chroma.settings import Settings, load_settings
from tests.chaos import TIMES, trials
from tests.chaos.test_kills import plain
from tests.server.training import finish, train

pytestmark = pytest.mark.timeout(120 + 60 * TIMES)

Damage = Callable[[Path, random.Random], None]


def flipped(file: Path, chance: random.Random) -> None:
    body = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 1, 3, 50])):
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    file.write_bytes(bytes(body))


def overwritten(file: Path, chance: random.Random) -> None:
    body = bytearray(file.read_bytes())
    at = chance.randrange(len(body))
    there = body[at : at + 4096]
    body[at : at + 4096] = chance.choice([bytes(len(there)), chance.randbytes(len(there))])
    file.write_bytes(bytes(body))


def cut(file: Path, chance: random.Random) -> None:
    file.write_bytes(file.read_bytes()[: chance.randrange(file.stat().st_size)])


def longer(file: Path, chance: random.Random) -> None:
    file.write_bytes(file.read_bytes() + chance.randbytes(5000))


def gone(file: Path, _: random.Random) -> None:
    file.unlink()


DAMAGES: list[Damage] = [flipped, flipped, overwritten, cut, longer, gone]


def written(settings: Settings) -> Home:
    """A home with two runs and what users wrote of them."""
    home = Home(settings, token=None)
    for run in ("run-1", "run-2"):
        writer = JournalWriter(settings.journal, run)
        train(writer, 0, 10)
        finish(writer)
    ingest_journal(home.context)
    notes.rename_run(home.context, "run-1", "the good one")
    notes.tag_samples(home.context, "run-1", "val", "odd", ["1", "3"])
    notes.tag_run(home.context, "run-2", "keep")
    notes.save_view(home.context, "run-1", "mine", "?run=run-1", None)
    notes.delete_run(home.context, "run-2")
    return home


def comes_back_equal(home: Home, name: str, seed: int, trials_of: str, number: int) -> None:
    """Damage a file of copies of a home, and compare what each is opened with."""
    before = plain(home.context)
    settings, chance = home.context.settings, random.Random(seed)
    if name == "chroma.db":
        home.close()
    with trials(trials_of) as held:
        for trial in range(number):
            copy = settings.home.with_name(f"copy-{trial}")
            shutil.copytree(settings.home, copy)
            DAMAGES[trial % len(DAMAGES)](copy / name, chance)
            again = Home(load_settings(home=copy), token=None)
            again.catch_up()
            assert plain(again.context) == before
            again.close()
            shutil.rmtree(copy)
            held()


def test_of_a_closed_home(settings: Settings) -> None:
    comes_back_equal(written(settings), "chroma.db", 11, "catalogs damaged, of a closed home", 4 * TIMES)


def test_of_a_home_whose_dashboard_was_killed(settings: Settings) -> None:
    """SQLite checks its log, so that any damage there is found; in the file, that of its structure."""
    home = written(settings)
    comes_back_equal(home, "chroma.db-wal", 12, "logs of catalogs damaged, of a killed dashboard", 2 * TIMES)
    home.close()
