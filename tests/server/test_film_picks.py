"""Films of picked samples and steps, and how films are asked for and cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.home.context import Context
from chroma.server.store import tables
from chroma.server.store.films import lifecycle
from chroma.server.store.films.columns import column_values
from chroma.server.store.films.points import film_ids
from tests.server import filming
from tests.server.axes import LAYERS, OTHER, N, deep_run, draw, view_of


def test_only_picked_samples_are_drawn_and_their_neighbours_are_among_them(opened: Context) -> None:
    deep_run(opened).close()
    picked = [str(at) for at in range(90, 30, -2)]
    film = filming.ask(opened, sample_ids=picked)
    whole = filming.ask(opened)
    assert film.id != whole.id
    assert filming.ask(opened, sample_ids=list(reversed(picked))).id == film.id
    draw(opened, whole)
    _, frames = draw(opened, film)
    wanted = list(range(32, 91, 2))
    assert [xy.shape for xy in frames] == [(30, 2)] * 2
    with opened.store.reading() as catalog:
        row = catalog.session.get_one(tables.Film, film.id)
        _, positions = column_values(catalog, row, "position", None)
        _, labels = column_values(catalog, row, "label", None)
        graphs = catalog.session.exec(select(tables.Graph).where(tables.Graph.subset == row.subset)).all()
    assert positions.tolist() == wanted
    assert labels.tolist() == filming.digits(N)[1][wanted].tolist()
    assert [graph.n for graph in graphs] == [30, 30]
    view = view_of(opened, film)
    assert (view.film.n, view.followed, view.of) == (30, N, N)
    assert all(frame.of == 30 and frame.quality_n == 30 for frame in view.frames)
    assert film_ids_of(opened, film) == wanted
    # The same samples in another film, even where the catalog was rebuilt and knows of none.
    same = filming.ask(opened, "pca", None, axis="layers", samples_of=film.id)
    draw(opened, same)
    assert film_ids_of(opened, same) == wanted
    with pytest.raises(NotFoundError, match="no film of picked samples named"):
        filming.ask(opened, samples_of=whole.id)
    with pytest.raises(NotFoundError, match="no film of picked samples named"):
        filming.ask(opened, samples_of="../../runs")


def film_ids_of(context: Context, film: tables.Film) -> list[int]:
    import pyarrow as pa

    with context.store.reading() as catalog:
        body = film_ids(catalog, catalog.session.get_one(tables.Film, film.id))
    return pa.ipc.open_stream(body).read_all()["id"].to_pylist()


def test_a_film_of_chosen_steps_shows_them_all(opened: Context) -> None:
    deep_run(opened, range(5)).close()
    film = filming.ask(opened, "pca", steps=[30, 10])
    draw(opened, film)
    view = view_of(opened, film)
    assert [frame.step for frame in view.frames] == [10, 30]
    assert view.snapshot_count == 2
    with pytest.raises(NotFoundError, match=r"no step of layer encoder.fc1 named '35'"):
        filming.ask(opened, "pca", steps=[35])


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"axis": "layers", "layer": None, "epoch": 9}, "no epoch named '9'; there is 0, 1"),
        ({"axis": "layers", "layer": None, "step": 3}, "no step named '3'; there is 0, 10"),
        ({"axis": "layers", "layer": None, "layers": ["stern"]}, "no layer at step 10 named 'stern'"),
        ({"axis": "layers", "layer": None, "epoch": 0, "step": 0}, "two ways to name one snapshot"),
        ({"axis": "runs"}, "a film over runs needs runs"),
        ({"axis": "runs", "runs": []}, "runs is an empty list"),
        ({"epoch": 1}, "epoch is given for a film over epochs and belongs to one over layers or runs"),
        ({"axis": "runs", "runs": [filming.RUN, "gone"]}, "no run named 'gone'"),
        ({"sample_ids": []}, "no sample is picked"),
        ({"sample_ids": ["3", "12000", "x"]}, "no sample named '12000' or 'x'; there is"),
    ],
)
def test_what_cannot_be_asked_for_is_said(opened: Context, request_: dict[str, Any], says: str) -> None:
    deep_run(opened).close()
    with pytest.raises((ConfigError, NotFoundError), match=says):
        filming.ask(opened, **request_)


def test_a_cancelled_film_rests_until_it_is_asked_for_again(opened: Context) -> None:
    writer = deep_run(opened)
    film = filming.ask(opened)
    with opened.store.writing() as catalog:
        assert lifecycle.cancel_film(catalog, film.id).id == film.id
    filming.train(writer, [2], N)
    filming.take_in(opened)
    writer.close()

    def status() -> str:
        with opened.store.reading() as catalog:
            return catalog.session.exec(select(tables.Job).where(tables.Job.key == film.id)).one().status

    with opened.store.reading() as catalog:
        wanted = lifecycle.wanted_films(catalog, [filming.RUN])
    assert (wanted.films, wanted.requests, status()) == ([], [], "cancelled")
    filming.ask(opened)
    assert status() == "pending"


REQUEST = """mutation F($run: ID!, $axis: FilmAxis!, $runs: [ID!], $ids: [String!]) {
  requestFilm(runId: $run, split: "val", axis: $axis, runIds: $runs, sampleIds: $ids, method: "pca") {
    id axis subset n followed of snapshotCount runIds step
    revision { frames { runId run layer epoch } }
  }
}"""


def test_the_axes_are_asked_for_in_graphql(client: TestClient, kept: Context) -> None:
    deep_run(kept, [0, 1]).close()
    deep_run(kept, [0], OTHER, seed=2).close()

    def ask(query: str, **variables: Any) -> Any:
        answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def drawn(film: str) -> Any:
        query = "query F($id: ID!) { film(id: $id) { status n revision { preview frames { run layer } } } }"
        found = ask(query, id=film)["film"]
        return found if found["status"] == "READY" else None

    layers = ask(REQUEST, run=filming.RUN, axis="LAYERS")["requestFilm"]
    assert (layers["axis"], layers["step"], layers["snapshotCount"]) == ("LAYERS", 10, 3)
    shown = filming.until(lambda: drawn(layers["id"]))
    assert [frame["layer"] for frame in shown["revision"]["frames"]] == list(LAYERS)
    runs = ask(REQUEST, run=filming.RUN, axis="RUNS", runs=[filming.RUN, OTHER])["requestFilm"]
    assert runs["runIds"] == [filming.RUN, OTHER]
    filming.until(lambda: drawn(runs["id"]))
    picked = ask(REQUEST, run=filming.RUN, axis="EPOCHS", ids=["3", "5", "8"])["requestFilm"]
    assert picked["subset"]
    assert filming.until(lambda: drawn(picked["id"]))["n"] == 3
    partners = ask(
        'query P($run: ID!) { filmPartners(runId: $run, split: "val") { of found { refusal run { id } } } }',
        run=filming.RUN,
    )["filmPartners"]
    assert partners == {"of": 1, "found": [{"refusal": None, "run": {"id": OTHER}}]}
    stopped = ask("mutation C($id: ID!) { cancelFilm(filmId: $id) { status } }", id=picked["id"])
    assert stopped["cancelFilm"]["status"] == "READY"  # there was nothing left to cancel
