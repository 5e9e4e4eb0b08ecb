"""The page of all runs asks for what its cards show, however long the runs are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from graphql import parse, print_ast, separate_operations

from chroma.journal import JournalWriter
from chroma.records import Metrics, RunOpened
from chroma.server.home.context import Context
from chroma.server.jobs.worker_process import WorkerProcess
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.requests import request_film
from chroma.server.store.tables import Film
from tests.server import filming
from tests.server.test_idle import statements

pytestmark = pytest.mark.databases

OPERATIONS = Path(__file__).parents[2] / "chroma-ui/src/api/operations.graphql"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: WorkerProcess) -> None:
        pass

    monkeypatch.setattr(WorkerProcess, "start", start)


def page(client: TestClient, operation: str = "Home", **variables: Any) -> dict[str, Any]:
    """What the dashboard asks for."""
    query = print_ast(separate_operations(parse(OPERATIONS.read_text(encoding="utf-8")))[operation])
    given = {"words": "", "order": "newest", "first": 60, "also": []} | variables
    return client.post("/graphql", json={"query": query, "variables": given}).json()["data"]["runsPage"]


def cards(client: TestClient) -> dict[str, Any]:
    """The cards by run."""
    return {run["id"]: run for run in page(client)["runs"]}


def trained(context: Context, run: str, epochs: int) -> None:
    writer = JournalWriter(context.settings.journal, run)
    filming.begin(writer, 20, images=None)
    filming.train(writer, range(epochs), 20)
    for epoch in range(epochs):
        writer.commit(Metrics(epoch, epoch, {"loss": 1.0 - epoch / 100, "odd": float("nan")}))
    filming.finish(context, writer)


def drawn(context: Context, run: str, method: str = "pca", **more: Any) -> Film:
    with context.store.writing() as catalog:
        film = request_film(catalog, FilmRequest(run, "val", filming.LAYER, method, **more))
    filming.draw(context, film)
    return film


def leaves(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inner is None else sum(map(leaves, inner))


def test_long_runs_cost_as_much_as_short_ones(client: TestClient, kept: Context) -> None:
    for run, epochs in (("short", 1), ("long", 12)):
        trained(kept, run, epochs)
        drawn(kept, run)
    found = cards(client)
    assert [found[run]["cardFilm"]["frames"] for run in ("short", "long")] == [1, 12]
    assert found["long"]["lastMetrics"] == [{"name": "loss", "value": 0.89}, {"name": "odd", "value": "NaN"}]
    assert leaves(found["short"]) == leaves(found["long"]) < 30


def test_the_card_shows_what_opening_the_run_shows(client: TestClient, kept: Context) -> None:
    trained(kept, "run", 2)
    default = cards(client)["run"]["cardFilm"]
    assert default is None or (default["revision"], default["frames"]) == (None, 0)
    film = drawn(kept, "run")
    drawn(kept, "run", steps=(0,))
    drawn(kept, "run", sample_ids=("1", "2", "3", "4"))
    found = cards(client)["run"]["cardFilm"]
    assert (found["id"], found["layer"], found["split"]) == (film.id, filming.LAYER, "val")
    best = drawn(kept, "run", "umap")
    assert cards(client)["run"]["cardFilm"]["id"] == best.id


def test_what_is_fetched_for_all_runs_at_once_is_what_each_run_says(
    client: TestClient, kept: Context
) -> None:
    trained(kept, "drawn", 2)
    drawn(kept, "drawn")
    trained(kept, "plain", 1)
    lost = JournalWriter(kept.settings.journal, "lost")
    filming.begin(lost, 20, images=None)
    lost.accepted = 3
    filming.train(lost, range(1), 20)
    lost.close()
    filming.take_in(kept)
    filming.until(lambda: all(card["cardFilm"] for card in cards(client).values()), 30)
    found = cards(client)
    assert found["lost"]["error"].startswith("1 of 3 snapshots are kept")
    fields = " ".join(
        name + (f" {{ {' '.join(inner)} }}" if (inner := shape(value)) else "")
        for name, value in found["drawn"].items()
    )
    for run, card in found.items():
        answer = client.post("/graphql", json={"query": f'{{ run(id: "{run}") {{ {fields} }} }}'}).json()
        assert answer["data"]["run"] == card


def shape(value: Any) -> list[str]:
    """The fields of an object, or of the first of a list."""
    one = value[0] if isinstance(value, list) and value else value
    return list(one) if isinstance(one, dict) else []


def opened(context: Context, runs: Iterable[int]) -> None:
    """Runs with a metric and a tag, some without a number in it, in two projects."""
    for number in runs:
        writer = JournalWriter(context.settings.journal, f"run-{number:02d}")
        name = f"Ember {number}" if number % 2 else f"ash {number}"
        writer.commit(RunOpened(f"project {number % 2}", name, tags=("kept",) if number < 2 else ()))
        value = float("nan") if number == 3 else number / 10
        writer.commit(Metrics(0, 1, {"acc": 9.0, "loss": 9.0}))
        writer.commit(Metrics(1, 2, {"acc": value, "loss": value} if number < 5 else {"acc": value}))
        filming.finish(context, writer)


def test_a_page_of_runs_is_found_ordered_and_counted_here(client: TestClient, kept: Context) -> None:
    opened(kept, range(6))

    def ids(**variables: Any) -> list[int]:
        return [int(run["id"][-2:]) for run in page(client, **variables)["runs"]]

    assert ids() == [5, 4, 3, 2, 1, 0]
    assert ids(order="oldest", first=2) == [0, 1]
    second = client.post("/graphql", json={"query": "{ runsPage(first: 4, offset: 4) { of runs { id } } }"})
    assert second.json()["data"]["runsPage"] == {"of": 6, "runs": [{"id": "run-01"}, {"id": "run-00"}]}
    assert ids(order="name") == [0, 2, 4, 1, 3, 5]
    assert ids(order="acc") == [5, 4, 2, 1, 0, 3]  # not a number comes last
    assert ids(order="loss") == [0, 1, 2, 4, 5, 3]  # the lowest first: the last value of run 5 is 9
    by_size = client.post("/graphql", json={"query": '{ runsPage(order: "size") { runs { id bytes } } }'})
    sizes = [run["bytes"] for run in by_size.json()["data"]["runsPage"]["runs"]]
    assert len(sizes) == 6
    assert sizes == sorted(sizes, reverse=True) != sorted(sizes)
    assert (ids(words="EMBER kept"), ids(words="nobody")) == ([1], [])
    found = page(client, words="ember", first=2)
    assert (found["found"], found["of"], len(found["runs"])) == (3, 6, 2)
    assert found["projects"] == [{"name": "project 1", "runs": 3}]
    assert page(client, "HomeChoices") == {"metrics": ["acc", "loss"], "tags": ["kept"]}
    listed = page(client, "Runs", words="ash 4", also=["run-04", "run-01", "gone"])["runs"]
    assert [run["id"] for run in listed] == ["run-04", "run-01"]
    client.post("/graphql", json={"query": 'mutation { deleteRun(id: "run-05") { id } }'})
    assert (ids(), page(client)["of"]) == ([4, 3, 2, 1, 0], 5)
    assert page(client, "HomeChoices")["metrics"] == ["acc", "loss"]


def test_more_runs_need_no_more_statements(client: TestClient, kept: Context) -> None:
    def asked() -> int:
        """How many; the fewest of some tries: threads of the server ask, too."""
        counts: list[int] = []
        for _ in range(5):
            with statements(kept.store) as sent:
                page(client)
                counts.append(len(sent))
        return min(counts)

    opened(kept, range(2))
    few = asked()
    opened(kept, range(2, 12))
    assert page(client)["of"] == 12
    assert asked() == few < 25
