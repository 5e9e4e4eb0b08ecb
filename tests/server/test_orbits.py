"""One frame in three dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.orbit import pca_space, turned_to
from chroma.server.home.context import Context
from chroma.server.home.orbit_requests import request_orbit
from chroma.server.jobs.orbit import draw_orbit
from chroma.server.store.films import orbits
from tests.server import filming
from tests.server.filming import Alone


def drawn(context: Context, method: str = "pca") -> str:
    film = filming.ask(context, method)
    filming.draw(context, film)
    return film.id


def test_pca_is_shown_with_its_third_component_behind_the_frame(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film_id = drawn(opened)
    orbit = request_orbit(opened, film_id, 1, "pca")
    assert draw_orbit(opened.store, orbit.key, Alone())
    xyz = np.frombuffer(opened.store.files.read_sealed(orbit.path) or b"", "<f4").reshape(3, -1).T
    vectors = filming.vectors_at(1).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    components = np.linalg.svd(vectors, full_matrices=False)[2][:3]
    wanted = vectors @ components.T
    gaps = [np.linalg.norm(a[:, None] - a[None], axis=2) for a in (xyz.astype(np.float64), wanted)]
    np.testing.assert_allclose(gaps[0] / gaps[0].max(), gaps[1] / gaps[1].max(), atol=1e-3)
    assert np.abs(xyz).max() == pytest.approx(1)
    with opened.store.reading() as catalog:
        film = catalog.session.get_one(type(orbit.film), film_id)
        index = orbits.orbit_of(catalog, film, 1, "pca")
    assert index.digest == orbit.digest
    # Asked for again, nothing is drawn.
    request_orbit(opened, film_id, 1, "pca")


def test_the_front_is_like_the_frame_and_missing_samples_stay_missing() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((50, 6)).astype(np.float32) * [5, 4, 3, 1, 1, 1]
    vectors[7] = np.nan
    xyz = pca_space(vectors)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    frame = (xyz[:, :2] @ turn + 3).astype(np.float32)
    found = turned_to(xyz, frame)
    assert np.isnan(found[7]).all()
    there = np.arange(50) != 7
    centred = frame[there] - frame[there].mean(axis=0)
    scale = np.abs(found[there, :2]).max() / np.abs(centred).max()
    np.testing.assert_allclose(found[there, :2], centred * scale, atol=0.02)


@pytest.mark.timeout(300)  # umap-learn is compiled first
def test_umap_keeps_neighbours_in_three_dimensions(opened: Context) -> None:
    filming.whole_run(opened, 4).close()
    film_id = drawn(opened)
    orbit = request_orbit(opened, film_id, None, "umap")
    assert draw_orbit(opened.store, orbit.key, Alone())
    xyz = np.frombuffer(opened.store.files.read_sealed(orbit.path) or b"", "<f4").reshape(3, -1).T
    assert xyz.shape == (120, 3)
    assert np.isfinite(xyz).all()
    assert xyz.std(axis=0).min() > 0.05  # it fills the space
    labels = filming.digits(120)[1]
    gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (labels[np.argsort(gaps, axis=1)[:, :5]] == labels[:, None]).mean() > 0.7


ASK = """mutation O($id: ID!, $method: String!) {
  requestOrbit(filmId: $id, method: $method) { status error digest }
}"""


def test_an_orbit_is_drawn_on_request_and_fetched_as_bytes(client: TestClient, kept: Context) -> None:
    filming.whole_run(kept, 1).close()
    film = filming.ask(kept, "pca")

    def asked(method: str) -> Any:
        variables = {"id": film.id, "method": method}
        return client.post("/graphql", json={"query": ASK, "variables": variables}).json()

    def ready() -> Any:
        answer = asked("pca")
        found = answer["data"] and answer["data"]["requestOrbit"]
        return found and found["status"] == "READY" and found["digest"]

    digest = filming.until(ready)
    body = client.get(f"/api/films/{film.id}/orbit/{digest}")
    assert (body.status_code, len(body.content)) == (200, 3 * 4 * 120)
    assert client.get(f"/api/films/{film.id}/orbit/{digest}x").status_code == 404
    (file,) = kept.store.files.root.rglob("*.orbit")
    file.write_bytes(bytes(len(body.content)) + file.read_bytes()[-16:])
    assert client.get(f"/api/films/{film.id}/orbit/{digest}").status_code == 404
    assert filming.until(ready) == digest
    assert client.get(f"/api/films/{film.id}/orbit/{digest}").content == body.content
    assert "by 'tsne'; give pca or umap" in asked("tsne")["errors"][0]["message"]


def test_what_is_not_drawn_yet_has_no_orbit(opened: Context) -> None:
    filming.whole_run(opened, 1).close()
    film = filming.ask(opened)
    with pytest.raises(NotFoundError, match="wait until it is drawn"):
        request_orbit(opened, film.id, None, "pca")
    with pytest.raises(ConfigError, match="give pca or umap"):
        request_orbit(opened, film.id, None, "localmap")
