"""Saved views: kept, changed, forgotten and brought back; they outlive the catalog."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.store.saved_views import all_views
from tests.server import filming
from tests.server.test_graphql import ask, complaint, run  # noqa: F401  (a fixture)

SAVE = """mutation($name: String!, $address: String!, $id: ID) {
  saveView(runId: "swift-otter", name: $name, address: $address, id: $id) { id runId name address createdAt }
}"""
LIST = "{ views { id name address } }"


def save(client: TestClient, name: str, address: str = "?run=swift-otter", id_: str | None = None) -> Any:
    return ask(client, SAVE, name=name, address=address, id=id_)["saveView"]


@pytest.mark.usefixtures("run")
def test_views_are_kept_changed_forgotten_and_brought_back(client: TestClient, kept: Context) -> None:
    first = save(client, " <b>worst</b> 🦆 ", "?run=swift-otter&colour=margin")
    assert (first["name"], first["runId"]) == ("<b>worst</b> 🦆", filming.RUN)
    second = save(client, "second")
    renamed = save(client, "worst", first["address"], first["id"])
    assert renamed == first | {"name": "worst"}
    assert [view["name"] for view in ask(client, LIST)["views"]] == ["second", "worst"]
    forget = 'mutation { deleteView(id: "%s") { id } }'
    ask(client, forget % second["id"])
    assert [view["name"] for view in ask(client, LIST)["views"]] == ["worst"]
    back = save(client, second["name"], second["address"], second["id"])
    assert back == second
    ask(client, forget % second["id"])

    copy = kept.settings.home.parent / "copy"
    shutil.copytree(kept.settings.store, copy / "store", ignore=shutil.ignore_patterns("films", "graphs"))
    rebuilt = Home(kept.settings.model_copy(update={"home": copy}), token=None)
    rebuilt.catch_up()
    try:
        with rebuilt.context.store.reading() as catalog:
            assert [(view.id, view.name) for view in all_views(catalog)] == [(first["id"], "worst")]
    finally:
        rebuilt.close()

    ask(client, 'mutation { deleteRun(id: "swift-otter") { id } }')
    assert ask(client, LIST) == {"views": []}


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"name": "  ", "address": "?run=a"}, "1 to 200 characters and this one has 0"),
        ({"name": "x" * 201, "address": "?run=a"}, "this one has 201"),
        ({"name": "x", "address": "javascript:alert(1)"}, "it begins with ?"),
        ({"name": "x", "address": "?" + "a" * 9000}, "of 9001 characters cannot be kept"),
        ({"name": "x", "address": "?run=a", "id": "nobody"}, "no saved view named 'nobody'"),
    ],
)
def test_views_that_cannot_be_kept(client: TestClient, variables: dict[str, Any], says: str) -> None:
    assert says in complaint(client, SAVE, **variables)
    assert ask(client, LIST) == {"views": []}
