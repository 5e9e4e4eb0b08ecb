"""What was captured comes back as it was, whoever asks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError, HomeError, JobError, NotFoundError, SegmentError, TransportError
from chroma.reader import Catalog, StoredRun
from chroma.reader.dashboard import page
from chroma.server.home.lock import find_owner
from chroma.settings import load_settings
from tests.captured import CLASSES, Captured, capture


@pytest.fixture(scope="module")
def stored_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader") / "home"


@pytest.fixture(scope="module")
def captured(stored_home: Path) -> Captured:
    return capture(stored_home)


@pytest.fixture(scope="module")
def db(stored_home: Path, captured: Captured) -> Iterator[Catalog]:
    with chroma.open(stored_home) as catalog:
        yield catalog


@pytest.fixture(scope="module")
def run(db: Catalog) -> StoredRun:
    return db.run("latest")


def test_lists(db: Catalog, run: StoredRun):
    assert db.projects()[["name", "runs"]].values.tolist() == [["digits", 1]]
    runs = db.runs()
    assert runs[["id", "name", "project", "status"]].values.tolist() == [
        ["run-a", "brave-fox", "digits", "finished"]
    ]
    assert str(runs["created_at"].dt.tz) == "UTC"
    assert len(db.runs("digits")) == 1
    assert run.layers()[["name", "dim", "default"]].values.tolist() == [
        ["encoder.fc1", 8, True],
        ["head", 3, False],
    ]
    assert run.splits()[["name", "n", "of", "identity"]].values.tolist() == [["val", 60, 120, "index"]]
    assert run.metrics().values.tolist() == [["val_acc", e, 10 * (e + 1), 0.5 + e / 10] for e in range(3)]
    snapshots = run.snapshots("head")
    assert snapshots[["epoch", "step", "n", "of", "dim", "status"]].values.tolist() == [
        [e, 10 * (e + 1), 60, 60, 3, "complete"] for e in range(3)
    ]
    assert len(run.snapshots(split="val")) == 6


def test_a_run_is_found_by_name_and_by_id(db: Catalog):
    assert db.run("brave-fox").id == db.run("run-a").id == db.run().id == "run-a"


def test_vectors_are_those_that_were_written(run: StoredRun, captured: Captured):
    for (layer, epoch), vectors in captured.vectors.items():
        read = run.embeddings(layer, "val", epoch)
        assert (read.layer, read.epoch, read.step, read.of) == (layer, epoch, 10 * (epoch + 1), 60)
        assert read.ids.dtype == np.int64
        assert read.vectors.dtype == np.float32
        np.testing.assert_array_equal(read.ids, captured.ids)
        np.testing.assert_array_equal(read.vectors, vectors)
        np.testing.assert_array_equal(read.parts, 0)


def test_auto_and_last_are_the_defaults(run: StoredRun, captured: Captured):
    last = run.embeddings()
    np.testing.assert_array_equal(last.vectors, captured.vectors["encoder.fc1", 2])
    np.testing.assert_array_equal(run.embeddings(step=20).vectors, captured.vectors["encoder.fc1", 1])
    assert "60 of 60 samples, 8 values" in repr(last)


def test_samples(run: StoredRun, captured: Captured):
    samples = run.samples("val")
    np.testing.assert_array_equal(samples["id"], captured.ids)
    np.testing.assert_array_equal(samples["label"], captured.labels)
    np.testing.assert_array_equal(samples["prediction"], captured.predictions)
    assert run.splits()["class_names"].tolist() == [list(CLASSES)]
    assert (samples["confidence"] == np.float32(0.5)).all()
    assert samples["brightness"].std() > 0.5
    assert samples.index.tolist() == list(range(60))


def test_what_a_manual_run_logs_is_read_back(home: Path):
    random = np.random.default_rng(3)
    ids = np.array([5, 2, 9, 7])
    logged = {epoch: random.normal(size=(4, 6)).astype(np.float32) for epoch in range(2)}
    with chroma.init(project="by-hand", name="quiet-owl") as run:
        for epoch, vectors in logged.items():
            run.log_embeddings(vectors, layer="fc1", ids=ids, split="val", epoch=epoch, labels=[0, 1, 0, 1])
            run.log_metrics({"val_acc": 0.5 + epoch / 4}, epoch=epoch)
    with chroma.open() as db:
        stored = db.run("quiet-owl")
        for epoch, vectors in logged.items():
            read = stored.embeddings("fc1", epoch=epoch)
            np.testing.assert_array_equal(read.ids, ids)
            np.testing.assert_array_equal(read.vectors, vectors.astype(np.float16).astype(np.float32))
        assert stored.metrics()[["name", "epoch", "value"]].values.tolist() == [
            ["val_acc", 0, 0.5],
            ["val_acc", 1, 0.75],
        ]
        assert stored.samples("val")["label"].tolist() == [0, 1, 0, 1]


def test_float16_is_read_as_the_rounded_value(tmp_path: Path):
    written = capture(tmp_path, dtype="float16", n=20, epochs=1)
    with chroma.open(tmp_path) as db:
        read = db.run().embeddings(epoch=0)
    assert read.vectors.dtype == np.float32
    np.testing.assert_array_equal(read.vectors, written.vectors["encoder.fc1", 0].astype(np.float32))


def test_keys_of_a_user_come_back(tmp_path: Path):
    written = capture(tmp_path, keys=True, n=20, epochs=1)
    with chroma.open(str(tmp_path)) as db:
        run = db.run()
        assert run.embeddings().ids.tolist() == written.ids.tolist()
        key = written.ids[4]
        near = run.neighbors(key, k=3)
        assert set(near.ids.tolist()) < set(written.ids.tolist()) - {key}
        run.tag("odd", [key])
        assert run.tags().values.tolist() == [["odd", "val", key]]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda db: db.run("brave-fix"), "no run named 'brave-fix'; there is brave-fox"),
        (lambda db: db.runs("digit"), "no project named 'digit'; there is digits"),
        (lambda db: db.run().embeddings("encoder.fc2"), "no layer named 'encoder.fc2'; there is encoder.fc1"),
        (lambda db: db.run().embeddings(split="train"), "no split named 'train'; there is val"),
        (lambda db: db.run().samples("vall"), "no split named 'vall'; there is val"),
        (lambda db: db.run().embeddings(epoch=9), "no epoch named '9'; there is 0, 1, 2"),
        (lambda db: db.run().embeddings(step=21), "no step named '21'; there is 20"),
        (lambda db: db.run().film("encoder"), "no layer named 'encoder'; there is encoder.fc1"),
        (lambda db: db.run().neighbors(1), "no sample named '1'; there is"),
        (lambda db: db.run().film(method="logged"), "there are none yet: give them to run.log_projection"),
        (lambda db: db.restore("brave-fox"), "no deleted run named 'brave-fox'; there is no deleted run yet"),
        (lambda db: db.prune(max_bytes=0, keep_best="val_ac"), "no metric named 'val_ac'; there is val_acc"),
    ],
)
def test_a_name_that_is_not_there(db: Catalog, ask: Callable[[Catalog], object], sentence: str):
    with pytest.raises(NotFoundError) as caught:
        ask(db)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_epoch_and_step_together_are_refused(run: StoredRun):
    with pytest.raises(ConfigError, match="give one of them"):
        run.embeddings(epoch=1, step=20)
    with pytest.raises(ConfigError, match="over='epoch' is not possible; give 'layers' or 'epochs'"):
        run.similarity("epoch")
    with pytest.raises(ConfigError, match="over='runs' is not possible; give 'epochs' or 'layers'"):
        run.film(over="runs")


def test_neighbors_are_the_nearest_vectors(run: StoredRun, captured: Captured):
    vectors = captured.vectors["encoder.fc1", 1]
    distances = np.linalg.norm(vectors - vectors[5], axis=1)
    expected = np.argsort(distances)[1:8]
    ids, found = run.neighbors(int(captured.ids[5]), epoch=1, k=7)
    np.testing.assert_array_equal(ids, captured.ids[expected])
    np.testing.assert_allclose(found, distances[expected], rtol=1e-5)


def test_tags(run: StoredRun, captured: Captured):
    some = [int(each) for each in captured.ids[:3]]
    run.tag("mislabelled", some)
    run.tag("mislabelled", some[:1])
    assert sorted(run.tags()["id"]) == sorted(some)
    assert set(run.tags()["tag"]) == {"mislabelled"}
    run.untag("mislabelled", some[1:])
    assert run.tags().values.tolist() == [["mislabelled", "val", some[0]]]
    run.untag("mislabelled", some)
    assert run.tags().empty
    with pytest.raises(NotFoundError, match="no split named 'test'"):
        run.tag("mislabelled", some, split="test")
    with pytest.raises(NotFoundError, match="no sample named '1'"):
        run.tag("mislabelled", [1])


@pytest.mark.timeout(240)  # the worker may be drawing the film by UMAP, for which numba compiles
def test_film_by_pca(run: StoredRun, captured: Captured):
    film = run.film(method="pca")
    assert film.xy.shape == (3, 60, 2)
    assert film.xy.dtype == np.float32
    assert np.isfinite(film.xy).all()
    np.testing.assert_array_equal(film.ids, captured.ids)
    assert film.epochs.tolist() == [0, 1, 2]
    assert film.steps.tolist() == [10, 20, 30]
    assert not film.preview
    assert film.quality["trustworthiness"].between(0.5, 1).all()
    np.testing.assert_array_equal(run.film(method="pca").xy, film.xy)


@pytest.mark.timeout(240)
def test_film_by_umap(run: StoredRun):
    there = run.film(wait=False)  # whatever is drawn so far: no frames yet, a preview, or all of it
    assert there.xy.shape[1:] in {(0, 2), (60, 2)}
    film = run.film()
    assert film.method == "umap"
    assert film.xy.shape == (3, 60, 2)
    assert film.quality["trustworthiness"].min() > 0.7
    # the classes move apart, and the film shows it
    assert film.quality["neighborhood_hit"].iloc[2] > film.quality["neighborhood_hit"].iloc[0]
    assert film.quality[["stress", "stress_pca"]].gt(0).all(axis=None)
    assert film.quality["continuity"].between(0.5, 1).all()
    assert film.quality["spread"].gt(0).all()
    assert film.quality["effective_rank"].between(1, 8).all()
    assert film.quality["equal"].tolist() == [1, 1, 1]
    assert film.motion.keys() == {"jitter", "movement", "rho"}
    refined = run.film(refine=True)
    assert not refined.preview
    assert refined.xy.shape == film.xy.shape
    np.testing.assert_array_equal(run.film(refine=True).xy, refined.xy)


def test_a_film_of_logged_coordinates(home: Path):
    xy = np.random.default_rng(3).normal(size=(3, 20, 2)).astype(np.float32)
    with chroma.init("maps", "by hand") as run:
        for epoch in range(3):
            run.log_projection(xy[epoch], layer="map", ids=np.arange(20), epoch=epoch)
    with chroma.open(home) as db:
        stored = db.run("by hand")
        film = stored.film(method="logged")
        np.testing.assert_array_equal(film.xy, xy)
        assert (film.method, film.preview, list(film.epochs)) == ("logged", False, [0, 1, 2])
        assert stored.snapshots().empty, "coordinates are not vectors"
        with pytest.raises(NotFoundError, match="map of val"):
            stored.film(method="umap")
        with pytest.raises(NotFoundError, match="map of val"):
            stored.embeddings()


@pytest.mark.of_homes
def test_a_film_that_cannot_be_drawn(tmp_path: Path):
    capture(tmp_path, n=20, epochs=1)
    with chroma.open(tmp_path) as db:
        run = db.run()
        with pytest.raises(ConfigError, match="cannot be drawn by 'mds'; give one of pca, umap"):
            run.film(method="mds")
        for segment in tmp_path.glob("store/runs/run-a/segments/*"):
            segment.write_bytes(segment.read_bytes()[:100])
        with pytest.raises(JobError, match="is cut short"):
            run.film("head", method="pca")
        with pytest.raises(SegmentError, match="is cut short"):
            run.embeddings()


@pytest.mark.of_homes
def test_a_second_reader_asks_the_first(db: Catalog, stored_home: Path, captured: Captured):
    with chroma.open(stored_home) as second:
        assert second.url == db.url
    assert len(db.runs()) == 1  # closing the second leaves the first alone
    code = (
        "import sys, chroma\n"
        "with chroma.open(sys.argv[1]) as db:\n"
        "    print(db.url, db.run().embeddings().vectors.sum(dtype='f8'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(stored_home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == [db.url, str(captured.vectors["encoder.fc1", 2].sum(dtype="f8"))]


@pytest.mark.of_homes
def test_a_reader_outlives_the_owner_it_asked(tmp_path: Path):
    capture(tmp_path, n=20, epochs=1)
    code = "import sys, chroma\ndb = chroma.open(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        with chroma.open(tmp_path) as db:
            owner_url = db.url
            owner.communicate(timeout=30)
            assert owner.returncode == 0
            assert len(db.runs()) == 1  # this process has taken the home over
            assert db.url != owner_url
    assert find_owner(load_settings(home=tmp_path)) is None


@pytest.mark.of_homes
def test_left_open_it_is_closed_at_exit(home: Path):
    capture(home, n=20, epochs=1)
    code = "import chroma; db = chroma.open(); print(len(db.runs()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)
    assert not (home / "server.json").exists()


@pytest.mark.of_homes
def test_a_url_asks_for_its_token(db: Catalog, stored_home: Path):
    owner = find_owner(load_settings(home=stored_home))
    assert owner is not None
    assert owner.token
    with chroma.open(owner.url, token=owner.token) as remote:
        assert remote.run().id == "run-a"
    with pytest.raises(TransportError, match="refused the token"):
        chroma.open(owner.url, token="wrong")
    with pytest.raises(TransportError, match=r"cannot be reached .* start it with: chroma ui"):
        chroma.open("http://127.0.0.1:9")


def test_works_inside_a_running_event_loop(stored_home: Path, db: Catalog):
    async def cell() -> int:
        with chroma.open(stored_home) as inside:
            return len(inside.runs())

    assert asyncio.run(cell()) == 1


@pytest.mark.of_homes
def test_a_living_run_grows(tmp_path: Path):
    capture(tmp_path, "first", n=20, epochs=1)
    with chroma.open(tmp_path) as db:
        assert len(db.runs()) == 1
        capture(tmp_path, "second", n=20, epochs=1)
        _until(lambda: len(db.runs()) == 2)
        assert db.run("latest").id == "second"


def test_a_closed_catalog_says_so(tmp_path: Path):
    db = chroma.open(tmp_path)
    db.close()
    db.close()
    with pytest.raises(ConfigError, match="was closed; open it again"):
        db.runs()
    assert find_owner(load_settings(home=tmp_path)) is None


@pytest.mark.of_homes
def test_ui_finds_the_dashboard(db: Catalog, stored_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHROMA_HOME", str(stored_home))
    with chroma.ui(run="brave-fox", open=False) as dashboard:
        assert dashboard.url.startswith(db.url)
        assert dashboard.url.endswith("&run=run-a")
        assert "<iframe " in dashboard._repr_html_()
    assert len(db.runs()) == 1


def test_pages_carry_what_they_need():
    assert page("http://h:1", None) == "http://h:1/"
    assert page("http://h:1", "a b", "run&1") == "http://h:1/?token=a+b&run=run%261"
    assert page("http://h:1", "t", None, "/user/me") == "http://h:1/user/me/?token=t"


@pytest.mark.of_homes
def test_ui_starts_one_on_an_empty_home(home: Path):
    dashboard = chroma.ui(open=False)
    owner = find_owner(load_settings())
    assert owner is not None
    assert dashboard.url == page(owner.url, owner.token)
    dashboard.stop()
    assert find_owner(load_settings()) is None


@pytest.mark.of_homes
def test_a_home_that_is_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HomeError):
        chroma.open(tmp_path / "file" / "home")
    assert (tmp_path / "file").read_text() == "mine"


def _until(true: Callable[[], bool]) -> None:
    """Wait until something is true; the test's own timeout ends it if it never is."""
    while not true():
        time.sleep(0.05)
