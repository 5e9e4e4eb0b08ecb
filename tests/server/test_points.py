from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from chroma.errors import NotFoundError
from chroma.journal import JournalWriter
from chroma.projection.film import dequantize
from chroma.records import Columns, Notes
from chroma.server.home.context import Context
from chroma.server.home.ingest import write_note
from chroma.server.http import film_routes, sample_routes
from chroma.server.http.asked import seen_by
from chroma.server.http.problems import answer_problems
from chroma.server.http.sample_routes import image_type
from chroma.server.jobs.film import draw_film
from chroma.server.jobs.film_data import FilmData
from chroma.server.jobs.previews import show_pca_preview
from chroma.server.store.catalog import Catalog
from chroma.server.store.films import frames as stored
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.lookups import film_by, frame_by
from chroma.server.store.films.points import points_of
from chroma.server.store.films.sources import film_source
from chroma.server.store.tables import Film
from tests.server import filming
from tests.server.filming import Turns

MISSING = 65_535


@pytest.fixture
def film(opened: Context) -> Film:
    """A PCA film of three epochs; one sample has no label, one no image."""
    writer = filming.whole_run(opened, 3)
    for epoch, value in ((0, 1.0), (2, 3.0)):
        half = np.arange(60)
        said = {"iou": np.full(60, value), "ok": half % 2 == 0, "label": half}
        writer.commit(Columns("val", epoch, epoch * 10, half, said))
    filming.finish(opened, writer)
    write_note(
        opened,
        filming.RUN,
        Notes("tag", {"split": "val", "tag": "odd/one", "ids": ["3", "5"]}),
    )
    found = filming.ask(opened, "pca")
    draw_film(opened.store, found.id, Turns(opened, found))
    return found


@pytest.fixture
def routes(opened: Context, film: Film) -> Iterator[TestClient]:
    """The byte routes of the app on that home, without a supervisor that would draw more."""
    app = FastAPI()
    app.dependency_overrides[seen_by] = lambda: opened
    answer_problems(app)
    app.include_router(film_routes.router)
    app.include_router(sample_routes.router)
    with TestClient(app) as client:
        yield client


def arrow(answer: httpx2.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    return pa.ipc.open_stream(answer.content).read_all()


def column(routes: TestClient, film: Film, name: str, dtype: str, frame: int | None = None) -> Any:
    query = "" if frame is None else f"?frame={frame}"
    answer = routes.get(f"/api/films/{film.id}/columns/{name}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    return np.frombuffer(answer.content, dtype)


def test_a_frame_is_sent_in_f32_and_in_u16_and_kept_for_ever(
    routes: TestClient, opened: Context, film: Film
) -> None:
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    truth = stored.read_frame(opened.store.files, frames[1])
    address = f"/api/films/{film.id}/frames/{frames[1].digest}"
    full = routes.get(address)
    np.testing.assert_array_equal(np.frombuffer(full.content, "<f4"), truth.T.ravel())
    assert "immutable" in full.headers["cache-control"]
    small = routes.get(f"{address}?dtype=u16&revision={revision.id}")
    codes = np.frombuffer(small.content, "<u2")
    assert len(codes) == 240
    back = dequantize(codes, stored.bounds_of(revision))
    np.testing.assert_allclose(back, truth, atol=revision.scale / 65_534)
    again = routes.get(address, headers={"If-None-Match": full.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert small.headers["etag"] != full.headers["etag"]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/api/films/none/ids", 404, "no film named 'none'"),
        ("/api/films/{film}/frames/abc", 404, "no frame named 'abc'"),
        ("/api/films/{film}/frames/{digest}?dtype=u16", 422, "add &revision=ID"),
        ("/api/films/{film}/frames/{digest}?dtype=u16&revision=x", 404, "no revision named 'x'"),
        ("/api/films/{film}/frames/{digest}?dtype=f64", 422, "dtype cannot be used"),
        ("/api/films/{film}/columns/lable", 404, "no column named 'lable'; there is label"),
        ("/api/films/{film}/columns/correct?frame=3", 404, "no frame named '3'"),
        ("/api/runs/swift/splits/val/samples", 404, "no run named 'swift'; there is swift-otter"),
        ("/api/runs/swift-otter/splits/vall/samples", 404, "no split named 'vall'; there is val"),
        ("/api/runs/swift-otter/snapshots/x/vectors", 404, "no snapshot named 'x'"),
        ("/api/runs/swift-otter/splits/val/samples/1/image", 404, "no image named 'val sample 1'"),
        ("/api/runs/swift-otter/splits/val/samples/120/image", 404, "there is 0 to 119"),
        ("/api/runs/swift-otter/splits/val/samples/x/image", 422, "position cannot be used"),
    ],
)
def test_what_is_not_there_is_named(  # noqa: PLR0917
    routes: TestClient, opened: Context, film: Film, address: str, status: int, says: str
) -> None:
    digest = filming.on_screen(opened, film)[1][0].digest
    answer = routes.get(address.format(film=film.id, digest=digest))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


def test_a_drawing_that_goes_while_it_is_read_is_not_found(opened: Context) -> None:
    filming.finish(opened, filming.whole_run(opened, 2))
    film = filming.ask(opened)
    with opened.store.reading() as catalog:
        source = film_source(catalog, film)
        points = points_of(catalog, film)
    data = FilmData(opened.store, source, points)
    assert show_pca_preview(data, source.snapshots)
    preview = filming.on_screen(opened, film)[1][0]
    asked = 0

    def read(catalog: Catalog) -> bytes:
        nonlocal asked
        asked += 1
        frame = frame_by(catalog, film_by(catalog, film.id), preview.digest)
        if asked == 1:  # the film is drawn between the look at the row and that at its file
            with opened.store.writing() as other:
                stored.drop_previews(other, film.id)
                assert opened.store.files.path(frame.path).is_file(), "whoever finds the row finds the file"
        return stored.read_frame(opened.store.files, frame).tobytes()

    with pytest.raises(NotFoundError, match="no frame named"):
        film_routes.read_drawing(opened.store, read)
    assert asked == 2


def test_labels_and_predictions_share_a_legend(routes: TestClient, film: Film) -> None:
    labels = column(routes, film, "label", "<u2")
    digits = filming.digits(120)[1]
    assert labels[0] == MISSING
    np.testing.assert_array_equal(labels[1:], digits[1:])
    for frame in range(3):
        predicted = column(routes, film, "prediction", "<u2", frame)
        right = column(routes, film, "correct", "<u2", frame)
        wrong = predicted != digits
        assert np.flatnonzero(wrong).tolist() == [frame]
        assert right[0] == MISSING
        np.testing.assert_array_equal(right[1:], ~wrong[1:])


def test_numbers_follow_the_frame(routes: TestClient, film: Film) -> None:
    np.testing.assert_array_equal(column(routes, film, "position", "<f4"), np.arange(120))
    ramp = np.linspace(0, 1, 120).astype(np.float32)
    for name in ("confidence", "margin", "cross_entropy"):
        np.testing.assert_array_equal(column(routes, film, name, "<f4", 2), ramp + 2)
    np.testing.assert_array_equal(column(routes, film, "confidence", "<f4"), ramp + 2)
    brightness = filming.digits(120)[0].mean(axis=1)
    np.testing.assert_array_equal(column(routes, film, "brightness", "<f4"), brightness)


def test_a_users_columns_hold_until_said_again(routes: TestClient, film: Film) -> None:
    for frame, value in enumerate((1.0, 1.0, 3.0)):
        iou = column(routes, film, "iou", "<f4", frame)
        np.testing.assert_array_equal(iou[:60], value)
        assert np.isnan(iou[60:]).all()
    ok = column(routes, film, "ok", "<u2", 0)
    np.testing.assert_array_equal(ok[:4], [1, 0, 1, 0])
    assert (ok[60:] == MISSING).all()
    assert column(routes, film, "columns:label", "<f4", 0)[7] == 7  # the label itself stays the label


def test_texts_and_tags_are_categories(routes: TestClient, film: Film) -> None:
    np.testing.assert_array_equal(column(routes, film, "writer/hand", "<u2")[:3], [0, MISSING, 0])
    tagged = column(routes, film, "tag:odd/one", "<u2")
    assert np.flatnonzero(tagged).tolist() == [3, 5]


def test_samples_vectors_and_ids_are_arrow(routes: TestClient, film: Film) -> None:
    table = arrow(routes.get("/api/runs/swift-otter/splits/val/samples")).to_pydict()
    assert list(table)[:4] == ["position", "id", "label", "text"]
    assert table["label"][:2] == [None, int(filming.digits(120)[1][1])]
    assert table["text"][3] == "number 3"
    assert table["writer/hand"][:2] == ["left", None]
    assert table["confidence"][0] == pytest.approx(2.0)
    assert table["prediction"][2] == (filming.digits(120)[1][2] + 1) % 10
    assert arrow(routes.get(f"/api/films/{film.id}/ids"))["id"].to_pylist() == list(range(120))


def test_vectors_come_back_as_captured(routes: TestClient, opened: Context, film: Film) -> None:
    _, frames = filming.on_screen(opened, film)
    table = arrow(routes.get(f"/api/runs/swift-otter/snapshots/{frames[1].snapshot_id}/vectors"))
    assert table["part"].to_pylist() == [0] * 120
    flat = table["vector"].combine_chunks().flatten().to_numpy()
    assert flat.dtype == np.float16
    np.testing.assert_array_equal(flat.reshape(120, 64), filming.vectors_at(1))


def test_images_are_sent_as_what_they_are(routes: TestClient) -> None:
    answer = routes.get("/api/runs/swift-otter/splits/val/samples/0/image")
    assert (answer.content, answer.headers["content-type"]) == (filming.PNG, "image/png")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert image_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert image_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert image_type(b"<svg onload=alert(1)>") is None


def test_labels_of_text_and_without_class_names(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    labels = np.array(["cat", "dog", None] * 40, dtype=object)
    filming.begin(writer, labels=labels, class_names=[])
    filming.train(writer, [0])
    filming.finish(opened, writer)
    film = filming.ask(opened, "pca")
    draw_film(opened.store, film.id, Turns(opened, film))
    with opened.store.reading() as catalog:
        known = {c.name: c for c in film_columns(catalog, catalog.session.get_one(Film, film.id))}
        legend = known["label"].legend
        assert legend is not None
        assert legend[:2] == ("cat", "dog")
        assert legend == known["prediction"].legend
        _, codes = column_values(catalog, catalog.session.get_one(Film, film.id), "label", None)
    assert codes[:3].tolist() == [0, 1, MISSING]


def test_measured_labels_are_numbers(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(writer, labels=np.linspace(0, 1, 120).astype(np.float32), class_names=[])
    writer.commit(filming.snapshot(0))
    filming.finish(opened, writer)
    film = filming.ask(opened, "pca")
    draw_film(opened.store, film.id, Turns(opened, film))
    with opened.store.reading() as catalog:
        column_, values = column_values(catalog, catalog.session.get_one(Film, film.id), "label", None)
        names = [c.name for c in film_columns(catalog, catalog.session.get_one(Film, film.id))]
    assert column_.legend is None
    assert values[60] == pytest.approx(60 / 119)
    assert "correct" not in names


def test_chosen_samples_are_exported(routes: TestClient) -> None:
    def export(**wanted: Any) -> httpx2.Response:
        return routes.post(f"/api/runs/{filming.RUN}/splits/val/samples/export", json=wanted)

    ids = export(positions=[5, 0, 3], format="ids")
    assert ids.headers["content-type"] == "application/json"
    assert ids.json() == ["5", "0", "3"]
    rows = export(positions=[5, 2], format="json", step=10).json()
    assert [row["id"] for row in rows] == [5, 2]
    assert rows[0]["tags"] == "odd/one"
    assert "tags" not in rows[1]
    assert rows[0]["step"] == 10
    assert {"label", "prediction", "confidence"} <= set(rows[0])
    assert isinstance(rows[0]["prediction"], str)
    lines = export(positions=[1, 2], format="csv").text.splitlines()
    assert lines[0].startswith('"position","id","label"')
    assert len(lines) == 3
    table = pq.read_table(pa.BufferReader(export(format="parquet").content))
    assert table.num_rows == 120
    refused = export(positions=[120], format="csv")
    assert refused.status_code == 404
    assert "0 to 119" in refused.text
    assert export(positions=[1] * 1000, format="csv").status_code == 422
    assert export(format="exe").status_code == 422


def test_points_of_a_film_are_exported_in_the_order_and_with_the_columns_of_a_table(
    routes: TestClient, film: Film
) -> None:
    def export(**wanted: Any) -> httpx2.Response:
        return routes.post(f"/api/films/{film.id}/export", json=wanted)

    answer = export(points=[5, 0, 3], columns=["confidence", "label", "tag:odd/one", "x"], frame=0)
    assert answer.headers["x-chroma-rows"] == "3 of 120"
    lines = answer.text.splitlines()
    assert lines[0] == '"id","confidence","label","tag:odd/one","x"'
    assert [line.split(",")[0] for line in lines[1:]] == ["5", "0", "3"]
    everything = pq.read_table(pa.BufferReader(export(format="parquet", frame=0).content))
    assert everything.num_rows == 120
    assert {"id", "label", "prediction", "confidence", "x", "y"} <= set(everything.column_names)
    frame = np.frombuffer(routes.get(f"/api/films/{film.id}/columns/confidence?frame=0").content, "<f4")
    np.testing.assert_allclose(everything["confidence"].to_numpy(), frame)
    assert export(points=[2], columns=[], format="json").json() == [{"id": 2}]
    for refused in (export(points=[120]), export(columns=["nothing"]), export(points=[-1])):
        assert refused.status_code == 404
    for twice in (export(points=[1, 1]), export(columns=["label"] * 1000)):
        assert (twice.status_code, "named twice" in twice.text) == (422, True)
    assert export(format="exe").status_code == 422


def test_sprite_pages_hold_the_images(routes: TestClient) -> None:
    answer = routes.get(f"/api/runs/{filming.RUN}/splits/val/sprites/0")
    assert answer.headers["content-type"] == "image/webp"
    # one sample has no image yet: the page may change
    assert answer.headers["cache-control"] == "private, no-cache"
    page = Image.open(io.BytesIO(answer.content))
    assert page.size == (1024, 128)
    again = routes.get(
        f"/api/runs/{filming.RUN}/splits/val/sprites/0", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert routes.get(f"/api/runs/{filming.RUN}/splits/val/sprites/1").status_code == 404
    assert routes.get(f"/api/runs/{filming.RUN}/splits/val/sprites/-1").status_code == 404


def test_a_selection_is_kept_under_its_digest(routes: TestClient) -> None:
    address = f"/api/runs/{filming.RUN}/splits/val/selections"
    positions = np.array([0, 1, 5, 59], "<u4")
    kept = routes.post(address, content=positions.tobytes())
    assert kept.status_code == 200
    name = kept.json()["name"]
    assert routes.post(address, content=positions.tobytes()).json()["name"] == name
    assert routes.post(address, content=positions[:2].tobytes()).json()["name"] != name
    found = routes.get(f"{address}/{name}")
    assert np.array_equal(np.frombuffer(found.content, "<u4"), positions)
    assert "immutable" in found.headers["cache-control"]


@pytest.mark.parametrize("body", [b"", b"abc", np.array([5, 5], "<u4").tobytes(), b"\0" * (4 * 2**21 + 4)])
def test_a_selection_that_is_none_is_refused(routes: TestClient, body: bytes) -> None:
    refused = routes.post(f"/api/runs/{filming.RUN}/splits/val/selections", content=body)
    assert refused.status_code == 422
    assert "selection" in refused.json()["detail"]


@pytest.mark.parametrize("name", ["0" * 32, "..%2F..%2Fchroma", "x"])
def test_a_selection_that_is_not_kept_is_not_found(routes: TestClient, name: str) -> None:
    assert routes.get(f"/api/runs/{filming.RUN}/splits/val/selections/{name}").status_code == 404
