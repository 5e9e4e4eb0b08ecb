"""Ask for a film, wait for it, fetch its frames."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chroma.errors import ConfigError, JobError, NotFoundError
from chroma.reader import _tables
from chroma.reader._tables import frame
from chroma.reader.connection import Connection
from chroma.reader.results import Film

_FIELDS = """fragment F on Film {
  id layer split splits together method axis n followed snapshotCount status progress message error
  parameters { name value }
  revision {
    preview method jitter movement rho
    frames {
      index run layer epoch step digest n of trustworthiness continuity neighborhoodHit stress stressPca
      qualityN spread effectiveRank equal explained
    }
  }
}"""
_REQUEST = (
    """mutation F(
  $runId: ID!, $split: String!, $layer: String, $method: String!, $axis: FilmAxis!, $steps: [BigInt!],
  $layers: [String!], $runIds: [ID!], $epoch: BigInt, $step: BigInt, $sampleIds: [String!]
  $parameters: [ParameterInput!]
) {
  requestFilm(
    runId: $runId, split: $split, layer: $layer, method: $method, axis: $axis, steps: $steps,
    layers: $layers, runIds: $runIds, epoch: $epoch, step: $step, sampleIds: $sampleIds
    parameters: $parameters
  ) { ...F }
}
"""
    + _FIELDS
)
_REFINE = "mutation F($id: ID!) { refineFilm(filmId: $id) { ...F } }\n" + _FIELDS
_FILM = "query F($id: ID!) { film(id: $id) { ...F } }\n" + _FIELDS
_MEASURES = (
    "trustworthiness",
    "continuity",
    "neighborhood_hit",
    "stress",
    "stress_pca",
    "spread",
    "effective_rank",
)  # None where not computed
_MOTION = ("jitter", "movement", "rho")
_PAUSE = 0.25  # seconds between two looks at a film that is being drawn


def read_film(
    connection: Connection, asked: dict[str, Any], *, refine: bool = False, wait: bool = True
) -> Film:
    """Ask for a film, wait for it if wanted, and fetch its frames; see `draw_film`."""
    return _fetch_film(connection, draw_film(connection, asked, refine=refine, wait=wait))


def draw_film(
    connection: Connection, asked: dict[str, Any], *, refine: bool = False, wait: bool = True
) -> dict[str, Any]:
    """Ask for a film, and wait for it if wanted.

    Args:
        connection: To the dashboard.
        asked: The arguments of `requestFilm`, by their GraphQL names; what is left out is null.
        refine: Draw all frames together anew.
        wait: Until it is ready; else what is there is returned.

    Raises:
        JobError: It could not be drawn.
    """
    film: dict[str, Any] = connection.query(_REQUEST, **asked)["requestFilm"]
    if refine:
        film = connection.query(_REFINE, id=film["id"])["refineFilm"]
    return _wait_for_film(connection, film) if wait else film


def axis(name: str, value: str, offered: Sequence[str]) -> str:
    """What runs over what, as GraphQL names it.

    Raises:
        ConfigError: It is none of those that are offered.
    """
    if value not in offered:
        raise ConfigError(f"{name}={value!r} is not possible; give {' or '.join(map(repr, offered))}")
    return value.upper()


def listed(values: Iterable[Any] | None) -> list[Any] | None:
    """A list that JSON can say: NumPy's numbers become plain ones."""
    return None if values is None else [each.item() if hasattr(each, "item") else each for each in values]


def parameters(components: tuple[int, int] | None, **given: float | None) -> list[dict[str, Any]]:
    """Parameters of a method as `requestFilm` takes them.

    Raises:
        ConfigError: `components` are not two whole numbers from 0.
    """
    if components is not None:
        listed_components = listed(components) or []
        whole = all(isinstance(each, int) and not isinstance(each, bool) for each in listed_components)
        if len(listed_components) != 2 or not whole or min(listed_components) < 0:
            raise ConfigError(
                f"components={components!r} are not two whole numbers from 0; (0, 1) is the default"
            )
        # The server and the dashboard count components from 1, as people do.
        given |= {"first": listed_components[0] + 1, "second": listed_components[1] + 1}
    return [
        {"name": name, "value": value}
        for name, value in zip(given, listed(given.values()) or [], strict=True)
        if value is not None
    ]


def _wait_for_film(connection: Connection, film: dict[str, Any]) -> dict[str, Any]:
    """Wait until a film is ready, with a progress bar in a terminal or notebook."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=sys.stderr)
    visible = console.is_terminal or console.is_jupyter
    with Progress(console=console, transient=True, disable=not visible) as bars:
        bar = bars.add_task("film", total=1.0)
        while film["status"] in ("PENDING", "RUNNING"):
            bars.update(bar, completed=film["progress"], description=film["message"] or "waiting")
            time.sleep(_PAUSE)
            film = _look(connection, film["id"])
    if film["status"] == "CANCELLED":
        raise JobError(f"the film of {film['layer']} was cancelled; ask for it again")
    if film["status"] == "FAILED":
        raise JobError(film["error"] or f"the film of {film['layer']} failed without a reason; ask again")
    return film


def _fetch_film(connection: Connection, film: dict[str, Any]) -> Film:
    """Fetch the frames of a film's newest revision; none if there is none yet."""
    try:
        return _fetch(connection, film)
    except NotFoundError:  # a newer revision took the place of the preview while it was read
        return _fetch(connection, _look(connection, film["id"]))


def _look(connection: Connection, film_id: str) -> dict[str, Any]:
    """A film as it is now.

    Raises:
        NotFoundError: It went meanwhile, with its run.
    """
    film = connection.query(_FILM, id=film_id)["film"]
    if film is None:
        raise NotFoundError("film", film_id)
    return film


def _fetch(connection: Connection, film: dict[str, Any]) -> Film:
    none_yet: dict[str, Any] = {"preview": True, "method": film["method"], "frames": []} | dict.fromkeys(
        _MOTION
    )
    revision: dict[str, Any] = film["revision"] or none_yet
    frames: list[dict[str, Any]] = sorted(_tables.numbers(revision["frames"]), key=lambda each: each["index"])
    path = f"/api/films/{film['id']}"
    points = _tables.table(connection.bytes(f"{path}/ids"))
    ids = _tables.column(points, "id")
    xy = np.full((len(frames), len(ids), 2), np.nan, dtype=np.float32)
    for at, each in enumerate(frames):
        body = connection.bytes(f"{path}/frames/{each['digest']}", dtype="f32")
        xy[at] = np.frombuffer(body, dtype="<f4").reshape(2, len(ids)).T
    epochs = [-1 if each["epoch"] is None else each["epoch"] for each in frames]
    quality = ["epoch", "step", "n", "of", "trustworthiness", "continuity", "neighborhoodHit", "stress"]
    quality += ["stressPca", "qualityN", "spread", "effectiveRank", "equal"]
    return Film(
        layer=film["layer"],
        split=film["split"],
        split_of=_tables.column(points, "split") if len(film["splits"]) > 1 else None,
        together=film["together"],
        over=film["axis"].lower(),
        runs=[each["run"] for each in frames],
        layers=[each["layer"] for each in frames],
        snapshots=film["snapshotCount"],
        followed=film["followed"],
        method=revision["method"],
        parameters={each["name"]: each["value"] for each in film["parameters"]},
        preview=revision["preview"],
        ids=ids,
        xy=xy,
        epochs=np.array(epochs, dtype=np.int64),
        steps=np.array([each["step"] for each in frames], dtype=np.int64),
        explained=_explained(frames),
        quality=frame(frames, quality).astype(dict.fromkeys(_MEASURES, float)),
        motion={name: revision[name] for name in _MOTION if revision[name] is not None},
    )


def _explained(frames: list[dict[str, Any]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    shares = [each["explained"] for each in frames]
    return np.array(shares, np.float64) if shares and None not in shares else None
