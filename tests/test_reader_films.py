"""Films read back whose frames run over layers or runs, and films of some of the samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError, NotFoundError
from chroma.journal import JournalWriter
from chroma.reader import Catalog, StoredRun
from chroma.records import RunClosed, Snapshot
from chroma.server.jobs.worker_process import WorkerProcess
from tests.captured import Captured, capture

pytestmark = pytest.mark.timeout(300)  # the worker may be drawing by UMAP, for which numba compiles


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films") / "home"


@pytest.fixture(scope="module")
def captured(home: Path) -> Captured:
    capture(home, "run-b", name="calm-heron", epochs=2)
    capture(home, "run-c", name="shy-lynx", n=40, epochs=1)  # ids and labels do not belong together as in a
    found = capture(home)
    writer = JournalWriter(home / "journal", found.run)
    random = np.random.default_rng(0)
    for epoch in range(2):
        vectors = random.normal(size=(20, 8)).astype(np.float32)
        step = 10 * (epoch + 1)
        writer.commit(Snapshot("encoder.fc1", "train", epoch, step, np.arange(20), vectors, of=20))
    writer.commit(RunClosed("finished"))
    writer.close()
    return found


@pytest.fixture(scope="module")
def db(home: Path, captured: Captured) -> Iterator[Catalog]:
    with chroma.open(home) as catalog:
        yield catalog


@pytest.fixture(scope="module")
def run(db: Catalog) -> StoredRun:
    return db.run("brave-fox")


def test_a_film_over_layers(run: StoredRun):
    film = run.film(method="pca", over="layers", epoch=1)
    assert (film.over, film.layers, film.runs) == ("layers", ["encoder.fc1", "head"], ["brave-fox"] * 2)
    assert film.xy.shape == (2, 60, 2)
    assert film.epochs.tolist() == [1, 1]
    assert repr(film) == "<Film over layers of val, pca: 2 frames, 60 points>"
    turned_round = run.film(method="pca", over="layers", layers=["head", "encoder.fc1"])
    assert turned_round.layers == ["head", "encoder.fc1"]
    assert turned_round.epochs.tolist() == [2, 2]
    with pytest.raises(NotFoundError, match="no epoch named '7'; there is 0, 1, 2"):
        run.film(over="layers", epoch=7)
    with pytest.raises(ConfigError, match="epoch is given for a film over epochs"):
        run.film(epoch=1)


def test_a_film_over_layers_by_umap(run: StoredRun):
    film = run.film(over="layers")
    assert film.method == "umap"
    assert np.isfinite(film.xy).all()
    assert film.motion.keys() == {"jitter", "movement", "rho"}


def test_a_film_of_some_samples(run: StoredRun, captured: Captured):
    picked = captured.ids[5:25]
    film = run.film(method="pca", ids=picked)
    np.testing.assert_array_equal(film.ids, picked)
    assert film.xy.shape == (3, 20, 2)
    assert film.followed == 60
    assert repr(film) == "<Film encoder.fc1 of val, pca: 3 frames, 20 of 60 points>"
    with pytest.raises(NotFoundError, match="no sample named '1'"):
        run.film(ids=[1])


def test_a_film_of_chosen_steps(run: StoredRun):
    film = run.film(method="pca", steps=np.array([30, 10]))
    assert film.steps.tolist() == [10, 30]


def test_a_film_over_runs(db: Catalog, run: StoredRun, captured: Captured):
    film = db.film(["brave-fox", "run-b"], method="pca")
    assert (film.over, film.runs) == ("runs", ["brave-fox", "calm-heron"])
    assert film.epochs.tolist() == [2, 1]
    np.testing.assert_array_equal(film.ids, captured.ids)
    assert np.isfinite(film.xy).all()
    assert db.film([run, db.run("run-b")], method="pca", epoch=0).epochs.tolist() == [0, 0]
    with pytest.raises(ConfigError, match=r"run 'shy-lynx' cannot be a frame of this film: sample .* label"):
        db.film([run, "shy-lynx"])
    with pytest.raises(ConfigError, match="runs is an empty list"):
        db.film([])


def test_a_film_on_other_components(run: StoredRun):
    plain, other = run.film(method="pca"), run.film(method="pca", components=(0, 2))
    assert (plain.parameters, other.parameters) == ({}, {"second": 3})
    assert plain.explained is not None
    assert other.explained is not None
    np.testing.assert_allclose(plain.explained[:, 0], other.explained[:, 0], rtol=1e-4)
    assert plain.explained[-1, 1] > other.explained[-1, 1]  # the axes are those of the last frame
    with pytest.raises(ConfigError, match="both component 1"):
        run.film(method="pca", components=(0, 0))
    with pytest.raises(ConfigError, match="not two whole numbers from 0"):
        run.film(method="pca", components=(-1, 0))
    with pytest.raises(ConfigError, match="takes n_neighbors, min_dist"):
        run.film(perplexity=5)


def test_a_film_of_two_splits(run: StoredRun, captured: Captured):
    film = run.film(split="train+val", method="pca")
    assert (film.split, film.together) == ("train+val", "2 of 3 epochs have both")
    assert film.xy.shape == (2, 80, 2)
    assert film.epochs.tolist() == [0, 1]
    assert film.split_of is not None
    assert film.split_of.tolist() == ["train"] * 20 + ["val"] * 60
    assert film.ids.tolist() == [f"train:{at}" for at in range(20)] + [f"val:{at}" for at in captured.ids]
    assert run.film(split="val", method="pca").split_of is None
    with pytest.raises(NotFoundError, match="no split named 'test'"):
        run.film(split="val+test", method="pca")


@pytest.mark.of_homes
def test_a_film_whose_run_goes_while_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def nothing_is_drawn(_: WorkerProcess) -> None: ...

    monkeypatch.setattr(WorkerProcess, "start", nothing_is_drawn)
    capture(tmp_path, n=20, epochs=1)
    with chroma.open(tmp_path) as db, ThreadPoolExecutor(1) as pool:
        film = pool.submit(db.run().film, method="pca")
        time.sleep(1)
        assert film.running()
        db.run().delete()
        db.purge()
        with pytest.raises(NotFoundError, match="no film named"):
            film.result(20)
