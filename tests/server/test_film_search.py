"""Searches in a film, by GraphQL and as numbers: what was said at a frame, tags, and what lies nearest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from chroma.server.home.context import Context
from chroma.server.store import lookups
from chroma.server.store.snapshots.neighbors import nearest
from tests.server import filming
from tests.server.test_graphql import ask

SEARCH = """query($film: ID!, $words: String!, $frame: Int) {
    searchSamples(filmId: $film, words: $words, frame: $frame, limit: 3) {
        found of problem hits { id position where }
    }
}"""

TAG = """mutation($run: ID!, $ids: [String!]!) {
    tagSamples(runId: $run, split: "val", tag: "hard", sampleIds: $ids) { id }
}"""


@pytest.fixture
def film(client: TestClient, kept: Context) -> str:
    filming.finish(kept, filming.whole_run(kept, 2))
    film = filming.ask(kept, "pca")
    filming.draw(kept, film)
    ask(client, TAG, run=filming.RUN, ids=["3", "5"])
    return film.id


def points(client: TestClient, film: str, words: str, **more: Any) -> list[int]:
    answer = client.get(f"/api/films/{film}/search", params={"words": words, **more})
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<u4").tolist()


def test_a_search_sees_what_was_said_at_its_frame(client: TestClient, kept: Context, film: str) -> None:
    assert points(client, film, "correct:wrong", frame=0) == []  # sample 0 has no label
    assert points(client, film, "correct:wrong") == points(client, film, "correct:wrong", frame=1) == [1]
    assert points(client, film, "tag:hard") == points(client, film, "hard") == [3, 5]
    assert points(client, film, "tag:hard id>3 number") == [5]
    assert points(client, film, "tag~^ha -id:5") == [3]
    assert points(client, film, "writer:left position<4") == [0, 2]
    labels = filming.digits(120)[1]
    fours = np.flatnonzero(labels == 4)
    answer = ask(client, SEARCH, film=film, words='label:"digit 4"')["searchSamples"]
    assert (answer["found"], answer["of"], answer["problem"]) == (len(fours), 120, None)
    assert answer["hits"][0] == {
        "id": str(fours[0]),
        "position": int(fours[0]),
        "where": "label digit 4",
    }
    assert len(answer["hits"]) == 3


def test_like_finds_the_nearest_in_the_full_space(client: TestClient, kept: Context, film: str) -> None:
    with kept.store.reading() as catalog:
        split = lookups.split_by(catalog, filming.RUN, "val")
        layer = lookups.layer_by(catalog, filming.RUN, filming.LAYER)
        snapshot = lookups.snapshot_at(catalog, layer, split, 0)
        near = {7, *(found.position for found in nearest(catalog, snapshot, 7, 50))}
    assert points(client, film, "like:7", frame=0) == sorted(near)
    assert len(near) == 51
    assert points(client, film, "like:7", frame=1) != sorted(near)
    problem = ask(client, SEARCH, film=film, words="like:7000")["searchSamples"]["problem"]
    assert problem == "no sample has the id “7000”, so that none is like it"


def test_what_cannot_be_read_is_said(client: TestClient, film: str) -> None:
    answer = ask(client, SEARCH, film=film, words="lable:4")["searchSamples"]
    assert (answer["found"], answer["hits"]) == (0, [])
    assert answer["problem"].startswith("there is no column “lable”: did you mean “label”?")
    refused = client.get(f"/api/films/{film}/search", params={"words": "lable:4"})
    assert (refused.status_code, refused.json()["detail"]) == (422, answer["problem"])
    assert client.get(f"/api/films/{film}/search", params={"words": "x" * 1001}).status_code == 422
