"""Servers whose jobs are done by the workers of a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import psycopg
import pytest
from sqlmodel import select

import chroma
from chroma.errors import ConfigError
from chroma.server.home.context import Context
from chroma.server.home.film_requests import cancel_film
from chroma.server.home.home import Home
from chroma.server.jobs.supervisor import Supervisor
from chroma.server.serving import serve
from chroma.server.store import tables
from chroma.settings import load_settings
from tests.dask_cluster import DaskCluster
from tests.postgresql import shared_database
from tests.server import filming
from tests.server.drawn import digests
from tests.server.test_two_servers import serving
from tests.server.training import rows

_SECONDS = 80  # for what takes a few on a machine that does nothing else

pytestmark = pytest.mark.timeout(300)  # on a new machine numba compiles first

_NOTED = """
CREATE TABLE ended (key text, owner text);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO ended VALUES (OLD.key, OLD.owner); RETURN NEW; END $$;
CREATE TRIGGER note_end AFTER UPDATE ON job FOR EACH ROW
    WHEN (OLD.status = 'running' AND NEW.status = 'ready') EXECUTE FUNCTION note_end()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[DaskCluster]:
    with closing(DaskCluster(folder, shared_database(), (folder / "store").as_uri())) as found:
        found.add_workers(2)
        yield found


@pytest.fixture
def server(
    folder: Path, tmp_path: Path, cluster: DaskCluster, postgresql: str
) -> Iterator[Callable[[], Context]]:
    """Starts one more server: a home with its watcher and its supervisor, as the app keeps them."""
    rmtree(folder / "store", ignore_errors=True)  # of the test before: what it has would be taken in
    with ExitStack() as running:

        def start() -> Context:
            home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
            settings = load_settings(
                home=home, store_url=(folder / "store").as_uri(), scheduler=cluster.address
            )
            settings.journal.mkdir(parents=True)
            opened = Home(settings, token=None)
            running.callback(opened.close)
            supervisor = Supervisor(opened.context)
            supervisor.start()
            running.callback(supervisor.stop)
            return opened.context

        yield start


@contextmanager
def ends_noted(url: str) -> Generator[Callable[[], list[tuple[str, str]]]]:
    """Which jobs were done since, and by whom."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_NOTED)
        try:
            yield lambda: connection.execute("SELECT key, owner FROM ended").fetchall()
        finally:
            connection.execute("DROP TRIGGER note_end ON job; DROP FUNCTION note_end; DROP TABLE ended")


def jobs(context: Context) -> list[Any]:
    return [job for job in rows(context, tables.Job) if job.kind == "film"]


def all_ready(context: Context, count: int) -> bool:
    found = jobs(context)
    assert all(job.status != "failed" for job in found), found
    return len(found) == count and all(job.status == "ready" for job in found)


def film_of(context: Context, run: str) -> tables.Film:
    with context.store.reading() as catalog:
        return catalog.session.exec(select(tables.Film).where(tables.Film.run_id == run)).one()


def numbers(context: Context, run: str) -> list[str]:
    """Digests of what a run's film shows, whichever run it is."""
    return [digest[:24] for digest in digests(context, film_of(context, run))]


def until(true: Callable[[], Any]) -> Any:
    return filming.until(true, _SECONDS)


def address_of(job: Any) -> str:
    """The worker that holds a job."""
    return job.owner.partition(" ")[0]


def test_two_servers_and_two_workers_do_each_job_once(
    server: Callable[[], Context], cluster: DaskCluster, postgresql: str
) -> None:
    servers = server(), server()
    with ends_noted(postgresql) as ended:
        for number in range(6):
            filming.whole_run(servers[number % 2], 2, 60, f"run-{number}").close()
        until(lambda: all_ready(servers[0], 6))
        films = [film for film in ended() if film[0] in {job.key for job in jobs(servers[0])}]
    assert len(films) == len({key for key, _ in films}) == 6
    assert {owner.partition(" ")[0] for _, owner in films} == set(cluster.workers)
    drawn = [numbers(servers[1], f"run-{number}") for number in range(6)]
    assert len(drawn[0]) == 2
    assert drawn == [drawn[0]] * 6  # of the same vectors, whoever draws them
    assert not servers[0].parts.down()


def test_a_film_that_is_stopped_lets_the_worker_go_on(server: Callable[[], Context]) -> None:
    context = server()
    filming.whole_run(context, 6, 360).close()
    until(lambda: any("together" in job.message for job in jobs(context)))
    cancel_film(context, film_of(context, filming.RUN).id)
    filming.whole_run(context, 1, 40, "next").close()
    until(lambda: sorted(job.status for job in jobs(context)) == ["cancelled", "ready"])
    assert numbers(context, "next")


def test_workers_of_another_version_do_nothing_and_it_is_said(
    server: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = chroma.__version__
    monkeypatch.setattr(chroma, "__version__", "0.0.1")
    context = server()
    filming.whole_run(context, 1, 40).close()
    (down,) = until(context.parts.down)
    assert down.part == "worker"
    assert f"does no job: it has Chroma {here}, and the server 0.0.1" in down.reason
    assert "tcp:" not in down.brief
    assert [job.status for job in jobs(context)] == ["pending"]


def test_a_film_whose_worker_is_killed_has_the_same_bits(
    server: Callable[[], Context], cluster: DaskCluster
) -> None:
    context = server()
    filming.whole_run(context, 6, 900, "undisturbed").close()
    until(lambda: all_ready(context, 1))
    filming.whole_run(context, 6, 900, "disturbed").close()

    def drawing() -> Any:
        return next((job for job in jobs(context) if "6 frames together" in job.message), None)

    job = until(drawing)
    killed = time.monotonic()
    cluster.kill_worker(address_of(job))
    until(lambda: all_ready(context, 2))
    assert time.monotonic() - killed < 25  # its lease would have run out after 30 s
    frames = numbers(context, "undisturbed")
    assert len(frames) == 6
    assert numbers(context, "disturbed") == frames


def test_a_server_that_is_killed_loses_nothing(
    server: Callable[[], Context], folder: Path, tmp_path: Path, cluster: DaskCluster, postgresql: str
) -> None:
    """The worker ends the film that the server asked for; what waited goes to the other server's."""
    store = folder / "store"
    home = Home(load_settings(home=tmp_path / "journal", store_url=store.as_uri()), token=None)
    with (
        closing(home),
        ends_noted(postgresql) as ended,
        serving(tmp_path / "first", store, postgresql, "--scheduler", cluster.address) as (first, _),
    ):
        for run in ("first", "second", "third"):
            filming.whole_run(home.context, 6, 600, run).close()
        until(lambda: sum("together" in job.message for job in jobs(home.context)) > 0)
        first.kill()
        first.wait()
        drawn = len(ended())
        assert drawn < 3
        context = server()
        until(lambda: all_ready(context, 3))
        films = [key for key, _ in ended() if key in {job.key for job in jobs(context)}]
    assert len(films) == len(set(films)) == 3
    assert numbers(context, "first") == numbers(context, "second") == numbers(context, "third") != []


def test_a_scheduler_that_is_lost_and_comes_back(server: Callable[[], Context], cluster: DaskCluster) -> None:
    context = server()
    filming.whole_run(context, 1, 40).close()
    until(lambda: all_ready(context, 1))
    cluster.kill_scheduler()
    (down,) = until(context.parts.down)
    assert f"the Dask scheduler {cluster.address} does not answer" in down.reason
    filming.whole_run(context, 1, 40, "next").close()
    until(lambda: len(jobs(context)) == 2)
    cluster.start_scheduler_again()
    until(lambda: any("has no workers" in each.reason for each in context.parts.down()))
    cluster.add_workers(1)
    until(lambda: all_ready(context, 2))
    assert not context.parts.down()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "CHROMA_DATABASE_URL is not set"),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/x"}, "CHROMA_STORE_URL is not set"),
    ],
)
def test_a_server_whose_catalog_or_store_is_its_own_does_not_start(
    home: Path, given: dict[str, str], says: str
) -> None:
    settings = load_settings(home=home, scheduler="tcp://127.0.0.1:1", **given)
    with pytest.raises(ConfigError, match=says):
        serve(settings)
    assert not home.exists()
