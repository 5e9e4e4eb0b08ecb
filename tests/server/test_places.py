"""What a server tells people elsewhere names no folder of its machine."""

from __future__ import annotations

from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import queries
from tests.captured import capture
from tests.server.two_projects import OWN, app_of, token_of


def test_errors_name_folders_to_this_machine_s_own_people_alone(opened: Context) -> None:
    home = str(opened.settings.home)
    capture(opened.settings.home, n=12, epochs=1)
    ingest_journal(opened)
    with opened.store.reading() as catalog:
        snapshot = queries.run_snapshots(catalog, ["run-a"])["run-a"][0][0].id
    for segment in opened.settings.home.glob("store/runs/run-a/segments/*"):
        segment.write_bytes(b"")
    _, client = app_of(opened)
    elsewhere = token_of(opened, "admin", None)
    moment = '{runId: "run-a", layer: "head", split: "val"}'
    query = f"{{ comparison(first: {moment}, second: {moment}) {{ of }} home {{ damage {{ reason }} }} }}"
    for who, named in (({"Authorization": f"Bearer {OWN}"}, True), (elsewhere, False)):
        vectors = client.get(f"/api/runs/run-a/snapshots/{snapshot}/vectors", headers=who)
        asked = client.post("/graphql", json={"query": query}, headers=who)
        assert vectors.status_code == 410
        for said in (vectors.text, asked.text):
            assert (home in said) == named, said
            assert ("CHROMA_HOME/store/runs/run-a" in said) != named, said
