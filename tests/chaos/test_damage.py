"""What is damaged costs itself, is told where people look, and is made again where it can be."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from chroma.errors import JobError, SegmentError
from chroma.server.home import copied
from chroma.server.home.context import Context
from chroma.server.home.damage import known_damage
from chroma.server.home.film_requests import redraw_damaged
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.server.store.films.frames import read_frame
from chroma.server.store.snapshots.neighbor_graphs import read_graph
from chroma.settings import Settings
from tests.chaos import TIMES, trials
from tests.server import filming
from tests.server.training import rows


def flip(path: Path, bit: int) -> None:
    body = bytearray(path.read_bytes())
    body[bit // 8 % len(body)] ^= 1 << bit % 8
    path.write_bytes(bytes(body))


def stored_snapshots(context: Context) -> list[Path]:
    with context.store.reading() as catalog:
        query = select(tables.Segment).where(tables.Segment.kind == "snapshot")
        found = catalog.session.exec(query.order_by(tables.Segment.step)).all()  # pyright: ignore[reportArgumentType]
    return [context.store.files.path(row.path) for row in found]


def steps(context: Context, film: tables.Film) -> list[int]:
    return [frame.step for frame in filming.on_screen(context, film)[1]]


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_a_film_is_drawn_without_a_damaged_snapshot(opened: Context, method: str):
    filming.finish(opened, filming.whole_run(opened, 4, 20))
    first, second, *rest = stored_snapshots(opened)
    first.unlink()
    flip(second, 4000)
    opened.store.files._verified.clear()
    film = filming.ask(opened, method)
    filming.draw(opened, film)
    assert steps(opened, film) == [20, 30]
    for path in rest:
        path.unlink()
    with pytest.raises(JobError, match="none of 4 snapshots"):
        draw_film(opened.store, film.id, filming.Turns(opened, film))


def test_damaged_frames_are_drawn_again(opened: Context):
    filming.finish(opened, filming.whole_run(opened, 3, 20))
    film = filming.ask(opened, "pca")
    filming.draw(opened, film)
    before = {frame.digest for frame in filming.on_screen(opened, film)[1]}
    for damage in (lambda path: flip(path, 99), Path.unlink, lambda path: path.write_bytes(b"")):
        frame = filming.on_screen(opened, film)[1][1]
        damage(opened.store.files.path(frame.path))
        with pytest.raises(SegmentError, match="drawn again"):
            read_frame(opened.store.files, frame)
        redraw_damaged(opened, film.id)
        assert [job.status for job in rows(opened, tables.Job)] == ["pending"]
        filming.draw(opened, film)
        assert {frame.digest for frame in filming.on_screen(opened, film)[1]} == before


def test_a_flipped_bit_in_a_graph_is_found(opened: Context):
    filming.finish(opened, filming.whole_run(opened, 1, 20))
    filming.draw(opened, filming.ask(opened))
    (graph,) = rows(opened, tables.Graph)
    path = opened.store.files.path(graph.path)
    whole = path.read_bytes()
    assert read_graph(opened.store.files, graph) is not None
    chance = random.Random(3)
    with trials("bits of neighbor graphs flipped") as held:
        for _ in range(200 * TIMES):
            flip(path, chance.randrange(len(whole) * 8))
            assert read_graph(opened.store.files, graph) is None
            path.write_bytes(whole)
            held()


def test_damage_is_told(client: TestClient, kept: Context, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(copied, "SETTLED", -1.0)  # nobody copies them
    kept.progress.caught_up.wait(10)
    filming.whole_run(kept, 3, 20).close()
    ingest_journal(kept)
    lost = stored_snapshots(kept)[1]
    lost.unlink()
    (kept.settings.journal / "run-2").mkdir()
    (kept.settings.journal / "run-2" / "0-00000000-000000.arrow").write_bytes(b"nothing")
    ingest_journal(kept)
    kept.store.files._verified.clear()
    answer = client.get(f"/api/runs/{filming.RUN}/snapshots/{rows(kept, tables.Snapshot)[1].id}/vectors")
    assert (answer.status_code, lost.name in answer.text) == (410, True)
    query = "{ home { readOnly damage { runId kind count reason wayOut } } }"
    found = client.post("/graphql", json={"query": query}).json()["data"]["home"]
    assert found["readOnly"] is None
    assert [(each["runId"], each["kind"], each["count"]) for each in found["damage"]] == [
        ("run-2", "set aside", 1),
        (filming.RUN, "damaged", 1),
    ]
    assert all(each["reason"] and each["wayOut"] for each in found["damage"])


def test_missing_files_are_known_from_the_start(settings: Settings, opened: Context):
    filming.finish(opened, filming.whole_run(opened, 3, 20))
    first, second, _ = stored_snapshots(opened)
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    home = Home(settings, token=None)
    home.catch_up()
    (found,) = known_damage(home.context)
    assert (found.run_id, found.kind, found.count) == (filming.RUN, "damaged", 2)
    home.close()
