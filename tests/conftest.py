from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.guarantees import Recorder

# beginnings of the ids of tests, in the order in which they are started
FIRST = ("tests/integrations/test_keras.py", "tests/test_wheel.py", "tests/e2e", "")
# files whose tests take minutes each and share nothing: any worker may take one
APART = ("tests/integrations/test_keras.py::test_every_cell_of_the_backend",)
# folders whose tests share a server: one worker takes all
TOGETHER = ("tests/attack/",)
# those that start many processes, compile or draw for seconds: `make check` leaves them out
SLOW = (
    "tests/attack",
    "tests/projection/test_extremes.py",
    "tests/projection/test_film.py",
    "tests/projection/test_joint.py",
    "tests/projection/test_methods.py",
    "tests/run/test_attempts.py",
    "tests/run/test_lifetime.py",
    "tests/run/test_jobs.py",
    "tests/server/test_app.py",
    "tests/server/test_backlog.py",
    "tests/server/test_buckets.py",
    "tests/server/test_dask.py",
    "tests/server/test_film_axes.py",
    "tests/server/test_film_job.py",
    "tests/server/test_film_picks.py",
    "tests/server/test_fuzz.py",
    "tests/server/test_graphql.py",
    "tests/server/test_idle.py",
    "tests/server/test_ingest_lost.py",
    "tests/server/test_large_film.py",
    "tests/server/test_limits.py",
    "tests/server/test_parts.py",
    "tests/server/test_points.py",
    "tests/server/test_soak.py",
    "tests/server/test_space.py",
    "tests/server/test_two_servers.py",
    "tests/server/test_views.py",
    "tests/server/test_worker.py",
    "tests/test_cli.py",
    "tests/test_reader",
)

READER = os.environ.get("READER", "home")  # see tests/readers.py


def pytest_configure(config: pytest.Config) -> None:
    """Before anything heavy is imported: what all processes of the tests share."""
    # numba compiles for about 20 s of CPU the first time on a machine
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(config.rootpath, ".pytest_cache", "numba")))
    # models of tests are too small for threads, which only wait for each other on a busy machine
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if not hasattr(config, "workerinput"):  # pytest-xdist's workers report to the controller
        config.pluginmanager.register(Recorder(), "promises")


class ByFile(LoadScopeScheduling):
    """Gives each file to one worker as a whole, for its fixtures are costly; of `APART` each test,
    of `TOGETHER` whole folders.

    pytest-xdist's own `loadgroup` writes the group into `item._nodeid`, which pytest 9.2 reads no more.
    """

    def _split_scope(self, nodeid: str) -> str:
        together = [folder for folder in TOGETHER if nodeid.startswith(folder)]
        return together[0] if together else nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that all workers end together; mark the slow."""
    for item in items:
        if READER != "home" and item.get_closest_marker("of_homes"):
            item.add_marker(pytest.mark.skip(reason="it is about homes and who owns them"))
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: next(at for at, first in enumerate(FIRST) if item.nodeid.startswith(first)))


@pytest.fixture(scope="session", autouse=True)
def reading() -> Iterator[None]:
    """With `READER=server` or `team`, `chroma.open` reads homes by way of such a server."""
    if READER == "home":
        yield
        return
    import chroma
    from tests.readers import opened  # it imports what most tests do without

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chroma, "open", opened)
        yield


@pytest.fixture
def postgresql(monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database in a real PostgreSQL, which every home of the test uses; its URL."""
    from tests.postgresql import empty, shared_database  # it imports what most tests do without

    url = shared_database()
    empty(url)
    monkeypatch.setenv("CHROMA_DATABASE_URL", url)
    return url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `databases` on SQLite and on PostgreSQL; with DATABASE=postgresql all on that."""
    marked = metafunc.definition.get_closest_marker("databases") is not None
    only = os.environ.get("DATABASE")
    kinds = ["sqlite", "postgresql"] if marked and only is None else [only or "sqlite"]
    if marked or only == "postgresql":
        metafunc.fixturenames.insert(0, "database")  # before what opens a home
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which database holds the catalogs of the test."""
    if request.param == "postgresql":
        request.getfixturevalue("postgresql")
    return request.param


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for every test; Chroma's own errors are raised instead of warned of."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHROMA_HOME", str(folder))
    monkeypatch.setenv("CHROMA_STRICT", "1")
    monkeypatch.delenv("CHROMA_RUN_ID", raising=False)
    return folder
