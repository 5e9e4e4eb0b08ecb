"""Runs are picked and listed page by page: what is found does not depend on where a page ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chroma
from chroma.cli import app
from chroma.errors import ConfigError, NotFoundError
from chroma.reader import _lists
from chroma.reader.catalog import Catalog


def trained(name: str, project: str, values: list[float]) -> str:
    with chroma.init(project, name) as run:
        for step, value in enumerate(values):
            run.log_metrics({"acc": value}, epoch=step)
        return run.id


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A home with runs of these names and values, oldest first: the newest two are empty."""
    home = tmp_path_factory.mktemp("lists")
    named = [
        ("long name", "one", [0.9, float("nan")]),
        ("long name", "one", [0.5]),
        ("name long", "two", [0.7]),
        ("long name", "two", [float("nan")]),
        ("bare", "two", []),
        ("long name", "two", []),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(home))
        return home, [trained(name, project, values) for name, project, values in named]


@pytest.fixture
def db(ids: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    monkeypatch.setattr(_lists, "_PAGE", 2)
    monkeypatch.setattr(_lists, "_AT_ONCE", 4)
    with chroma.open(ids[0]) as catalog:
        yield catalog


def test_a_run_is_the_newest_of_its_name_that_is_not_empty(db: Catalog, ids: tuple[Path, list[str]]):
    made = ids[1]
    assert [db.run(name).id for name in ("long name", "name long", "bare", "latest", made[1])] == [
        made[3],
        made[2],
        made[4],
        made[3],
        made[1],
    ]
    for other in ("name", "long  name", "LONG NAME"):
        with pytest.raises(NotFoundError, match="no run named"):
            db.run(other)


def test_lists_of_some(db: Catalog, ids: tuple[Path, list[str]]):
    made = ids[1]
    assert list(db.runs()["id"]) == made[::-1]
    assert list(db.runs(limit=2)["id"]) == [made[5], made[4]]
    assert list(db.runs("one", limit=1)["id"]) == [made[1]]
    assert list(db.runs(limit=0)["id"]) == []
    assert db.runs()["bytes"].dtype == db.runs(limit=0)["bytes"].dtype == "int64"
    assert list(db.runs(run_ids=["none", *made])["id"]) == made
    assert list(db.projects()["runs"]) == [2, 4]
    with pytest.raises(ConfigError, match="limit is -1"):
        db.runs(limit=-1)
    with pytest.raises(ConfigError, match="leave out project and limit"):
        db.runs("one", run_ids=made)


def test_the_best_of_each_project_stays(db: Catalog, ids: tuple[Path, list[str]]):
    made = ids[1]
    for rule, best in (("acc", (made[0], made[2])), ("acc:min", (made[1], made[2]))):
        gone = db.prune(max_bytes=0, keep_best=rule, dry_run=True)
        assert set(gone["id"]) == set(made) - set(best)


def test_the_terminal_says_of_how_many(ids: tuple[Path, list[str]]):
    home = str(ids[0])
    said = CliRunner().invoke(app, ["runs", "list", "--limit", "2", "--home", home]).output
    assert "The newest 2 of 6 runs; all: --limit 6" in said
    assert "name long" not in said
    said = CliRunner().invoke(app, ["runs", "list", "--project", "one", "--home", home]).output
    assert said.count("long name") == 2
    assert "newest" not in said


def test_a_link_is_to_the_run_that_the_reader_picks(ids: tuple[Path, list[str]]):
    home, made = ids
    for given in ("latest", "long name", "bare", made[0]):
        done = CliRunner().invoke(app, ["links", "create", given, "--home", str(home)])
        assert done.exit_code == 0, done.output
    listed = CliRunner().invoke(app, ["links", "list", "--home", str(home), "--json"]).output
    assert sorted(link["run"] for link in json.loads(listed)) == sorted(made[at] for at in (3, 3, 4, 0))
