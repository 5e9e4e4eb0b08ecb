"""Runs to film: real digits whose classes come apart from epoch to epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from chroma.journal import JournalWriter
from chroma.records import LayerNote, Outputs, RunClosed, RunOpened, Samples, Snapshot
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.requests import request_film

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
LAYER = "encoder.fc1"
RUN = "swift-otter"


@cache
def digits(n: int) -> tuple[Any, Any]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images[:n].astype(np.float32), labels[:n].astype(np.int64)


def vectors_at(epoch: int, n: int = 120) -> Any:
    noise = np.random.default_rng(7).normal(scale=8, size=(n, 64))
    share = min(1.0, 0.2 + 0.2 * epoch)
    return (share * digits(n)[0] + (1 - share) * noise).astype(np.float16)


def snapshot(epoch: int, n: int = 120, *, layer: str = LAYER, **other: Any) -> Snapshot:
    record: dict[str, Any] = {"ids": np.arange(n), "vectors": vectors_at(epoch, n), "of": n}
    note = LayerNote(default=layer == LAYER)
    return Snapshot(layer=layer, split="val", epoch=epoch, step=epoch * 10, note=note, **record | other)


def begin(writer: JournalWriter, n: int = 120, **more: Any) -> None:
    labels = digits(n)[1].copy()
    labels[0] = -1
    writer.commit(RunOpened("digits", "swift otter"))
    known: dict[str, Any] = {
        "labels": labels,
        "of": n,
        "class_names": [f"digit {value}" for value in range(10)],
        "images": [PNG, None] + [PNG] * (n - 2),
        "texts": [f"number {at}" for at in range(n)],
        "metadata": {
            "brightness": digits(n)[0].mean(axis=1).astype(np.float64),
            "writer/hand": np.array(["left", None] * (n // 2) + ["left"] * (n % 2), dtype=object),
        },
    }
    writer.commit(Samples("val", np.arange(n), **known | more))


def outputs(epoch: int, n: int = 120) -> Outputs:
    prediction = digits(n)[1].copy()
    prediction[epoch] = (prediction[epoch] + 1) % 10
    ramp = np.linspace(0, 1, n).astype(np.float32) + epoch
    return Outputs("val", epoch, epoch * 10, np.arange(n), prediction, ramp, ramp, ramp)


def train(writer: JournalWriter, epochs: Iterable[int], n: int = 120) -> None:
    for epoch in epochs:
        writer.commit(snapshot(epoch, n))
        writer.commit(outputs(epoch, n))


def take_in(context: Context) -> None:
    """Ingest; on return all is committed, by whichever thread took it."""
    ingest_journal(context)
    with context.store.writing():
        pass


def whole_run(context: Context, epochs: int, n: int = 120, run: str = RUN) -> JournalWriter:
    """A run of so many epochs in the catalog; its writer is still open."""
    writer = JournalWriter(context.settings.journal, run)
    begin(writer, n)
    train(writer, range(epochs), n)
    take_in(context)
    return writer


def finish(context: Context, writer: JournalWriter) -> None:
    writer.commit(RunClosed("finished"))
    writer.close()
    take_in(context)


def ask(context: Context, method: str = "umap", layer: str | None = LAYER, **more: Any) -> tables.Film:
    request = FilmRequest(RUN, "val", layer, method, **more)
    with context.store.writing() as catalog:
        return request_film(catalog, request)


def on_screen(context: Context, film: tables.Film) -> tuple[tables.Revision | None, list[tables.Frame]]:
    with context.store.reading() as catalog:
        history = stored.revisions(catalog, [film.id]).get(film.id, [])
        revision = stored.shown(history, film.method)
        return revision, stored.frames_of(catalog, [revision.id]).get(revision.id, []) if revision else []


class Alone:
    """A worker that nothing else waits for."""

    def advance(
        self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
    ) -> None:
        assert 0 <= progress <= 1

    def pause(self) -> bool:
        return False

    def park(self) -> bool:
        return False


class Turns:
    """A worker that writes down what it hears."""

    def __init__(
        self, context: Context, film: tables.Film, *, stop_at: str = "", pauses: bool = False
    ) -> None:
        self._context, self._film = context, film
        self._stop_at, self._pauses = stop_at, pauses
        self.heard: list[tuple[str, str]] = []

    def advance(
        self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
    ) -> None:
        assert 0 <= progress <= 1
        revision, _ = on_screen(self._context, self._film)
        self.heard.append((message, revision.method if revision else "nothing"))
        if self._stop_at and message.startswith(self._stop_at):
            raise KeyboardInterrupt

    def pause(self) -> bool:
        return self._pauses

    def park(self) -> bool:
        return False


def draw(
    context: Context, film: tables.Film, *, stop_at: str = "", pauses: bool = False, workers: int = 1
) -> Turns:
    turns = Turns(context, film, stop_at=stop_at, pauses=pauses)
    assert draw_film(context.store, film.id, turns, workers=workers) is not pauses
    return turns


def until(true: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
    return found
