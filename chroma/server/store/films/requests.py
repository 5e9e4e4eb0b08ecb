"""Requests for films: the snapshots, samples and method of a request determine the film."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.store import lookups
from chroma.server.store.access import ShownOnlyError
from chroma.server.store.catalog import Catalog
from chroma.server.store.films import points
from chroma.server.store.films.film_request import (
    FilmRequest,
    check_axes_of_pca,
    check_logged,
    check_neighbors,
    check_request,
    checked_params,
    make_joint,
)
from chroma.server.store.films.frames import frames_of, revisions, shown
from chroma.server.store.films.job_requests import Ask, enqueue
from chroma.server.store.films.joint_splits import PLUS, chosen_splits
from chroma.server.store.films.logged_coordinates import LOGGED
from chroma.server.store.films.lookups import film_by
from chroma.server.store.films.partners import refuse_others
from chroma.server.store.films.sources import (
    KIND,
    MOST_FRAMES,
    chosen_layer,
    is_up_to_date,
    layers_at,
    moments,
    snapshots_of,
)
from chroma.server.store.samples.load import split_samples
from chroma.server.store.tables import Film, Layer, Run, Split, stable_id

_FAST = ("pca", "umap", LOGGED)
_SLOWER = 5  # about how much longer other packages take for a frame


def request_film(catalog: Catalog, request: FilmRequest, ask: Ask | None = None) -> Film:
    """Request a film; the same request gives the same film, and a failed one is tried again.

    Args:
        catalog: Open for writing.
        request: What it is of.
        ask: Who asks; None: nobody, it is for snapshots that came.

    Raises:
        NotFoundError: No such run, layer, split, step, epoch or sample.
        MissingDependencyError: The method's package is not installed.
        ConfigError: What is asked for does not belong together, or runs that did not follow the same data.
        ShownOnlyError: Whoever asks sees what is there by a link, and this film is not.
    """
    check_request(request)
    run = _active_run(catalog, request.run_id)
    splits = chosen_splits(catalog, run.id, request.split)
    split = splits[0]
    film = _film(catalog, request, run, split)
    if len(splits) > 1:
        make_joint(catalog, film, request, splits)
    picked, sample_ids = None, request.sample_ids
    if request.samples_of is not None:
        if catalog.reach is not None:
            film_by(catalog, request.samples_of)  # picks are files: the catalog says whose
        sample_ids = points.picked_of(catalog.files, request.samples_of)
    if sample_ids is not None:
        picked = points.pick(split_samples(catalog, split), sample_ids)
        film.subset = points.subset_digest(picked)
    check_neighbors(film, len(picked) if picked is not None else sum(each.n for each in splits))
    film.id = _id(catalog, film)
    known = catalog.session.get(Film, film.id)
    if catalog.is_shown:
        if known is None:
            raise ShownOnlyError
        return known
    if known is None:
        if picked is not None:
            points.keep_subset(catalog.files, film.id, picked)
        catalog.session.add(film)
        catalog.session.flush()
        known = film
    if not is_up_to_date(catalog, known):
        enqueue(catalog, KIND, known.id, replace(ask or Ask(), size=size_of(catalog, known)))
    return known


def size_of(catalog: Catalog, film: Film) -> int:
    """About how much is to be drawn: samples times frames that are missing, as if by UMAP."""
    snapshots = snapshots_of(catalog, film)
    history = revisions(catalog, [film.id]).get(film.id, [])
    drawing = shown(history, film.method)
    there = {} if film.refine or drawing is None or drawing.preview else frames_of(catalog, [drawing.id])
    drawn = {frame.snapshot_id for frames in there.values() for frame in frames}
    n = max((snapshot.n for snapshot in snapshots), default=0)
    missing = min(MOST_FRAMES, sum(snapshot.id not in drawn for snapshot in snapshots))
    return max(n * missing * (1 if film.method in _FAST else _SLOWER), 1)


def _film(catalog: Catalog, request: FilmRequest, run: Run, split: Split) -> Film:
    """The requested film, not yet in the catalog: its ids and step are looked up, nothing is drawn."""
    film = Film(
        id="",
        project_id=run.project_id,
        run_id=run.id,
        layer_id="",
        split_id=split.id,
        method=request.method,
        axis=request.axis,
        params=checked_params(request),
    )
    if request.axis == "layers":
        film.step = _step(catalog, split, request)
        there = layers_at(catalog, split, film.step)
        if request.layers is not None:
            names = {layer.name: layer for layer in there}
            for name in request.layers:
                if name not in names:
                    raise NotFoundError(f"layer at step {film.step}", name, names)
            film.layers = list(dict.fromkeys(request.layers))
            there = [names[name] for name in film.layers]
        film.layer_id = there[-1].id
        return film
    layer = chosen_layer(catalog, split, request.layer)
    film.layer_id = layer.id
    check_axes_of_pca(layer, film.params)
    if request.method == LOGGED:
        check_logged(catalog, film, request.steps)
    elif request.steps is not None:
        film.steps = sorted(set(request.steps))
        for step in film.steps:
            for each in chosen_splits(catalog, run.id, request.split):
                lookups.snapshot_at(catalog, layer, each, step)
    if request.axis == "runs":
        if request.runs is None or request.runs[0] != run.id:
            raise ConfigError(
                f"a film over runs needs runs, the ids of the runs to show, beginning with {run.id!r}"
            )
        film.run_ids = list(dict.fromkeys(request.runs))
        film.epoch = request.epoch
        others = [_active_run(catalog, run_id) for run_id in film.run_ids[1:]]
        refuse_others(catalog, run, others, layer=layer, split=split, epoch=request.epoch)
    return film


def _step(catalog: Catalog, split: Split, request: FilmRequest) -> int:
    """The step that a film over layers is of."""
    rows = moments(catalog, split)
    if not rows:
        raise NotFoundError("snapshot", f"split {split.name}")
    if request.step is not None:
        steps = [step for step, _ in rows]
        if request.step not in steps:
            raise NotFoundError("step", request.step, map(str, steps))
        return request.step
    if request.epoch is None:
        return rows[-1][0]
    by_epoch = {epoch: step for step, epoch in rows if epoch is not None}  # of an epoch the last one stays
    if request.epoch not in by_epoch:
        raise NotFoundError("epoch", request.epoch, map(str, by_epoch))
    return by_epoch[request.epoch]


def _id(catalog: Catalog, film: Film) -> str:
    """The digest of everything in the request."""
    layer = catalog.session.get_one(Layer, film.layer_id).name
    split = PLUS.join(film.splits or [catalog.session.get_one(Split, film.split_id).name])
    if film.axis == "epochs":
        key: list[object] = ["film", film.run_id, layer, split, film.method]
        more = [f"steps={film.steps}"] if film.steps is not None else []
    elif film.axis == "layers":
        key = ["film", film.run_id, split, film.method, "layers", film.step]
        more = [f"layers={film.layers}"] if film.layers is not None else []
    else:
        key = ["film", *(film.run_ids or ()), layer, split, film.method, "runs"]
        more = [f"epoch={film.epoch}"] if film.epoch is not None else []
    more += [f"subset={film.subset}"] if film.subset else []
    more += [f"params={json.dumps(film.params, sort_keys=True)}"] if film.params else []
    more += ["splits"] if film.splits else []  # a split may be named as these are joined
    return stable_id(*key, *more)


def _active_run(catalog: Catalog, run_id: str) -> Run:
    run = catalog.session.get(Run, run_id)
    if run is None or run.deleted_at is not None:
        alive = catalog.session.exec(select(Run.id).where(col(Run.deleted_at).is_(None))).all()
        raise NotFoundError("run", run_id, alive)
    return run
