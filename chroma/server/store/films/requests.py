"""Requests for films: the snapshots, samples and method of a request determine the film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.methods import METHODS as DRAWN_BY
from chroma.projection.methods import Method, check_installed
from chroma.server.store import lookups
from chroma.server.store.catalog import Catalog
from chroma.server.store.films import points
from chroma.server.store.films.job_queue import enqueue
from chroma.server.store.films.logged_coordinates import LOGGED, logged_snapshots
from chroma.server.store.films.partners import refuse_others
from chroma.server.store.films.sources import KIND, chosen_layer, is_up_to_date, layers_at, moments
from chroma.server.store.samples.load import split_samples
from chroma.server.store.tables import Film, Layer, Run, Split, stable_id

Axis = Literal["epochs", "layers", "runs"]
METHODS: Mapping[str, Method] = {
    **DRAWN_BY,
    LOGGED: Method("Logged", "The coordinates that you logged, unchanged", offered=True),
}
DEFAULT_METHOD = "umap"


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """What a film is of.

    Attributes:
        run_id: Whose snapshots; over runs the first, whose samples are the points.
        split: Whose samples.
        layer: Over epochs and runs; None for the run's default layer.
        method: A key of `chroma.projection.methods.METHODS`; or logged: coordinates as the user gave them,
            over epochs only.
        axis: What the frames run over.
        steps: Over epochs: only the snapshots of these steps; None for all there are and will be.
        layers: Over layers: these, in this order; None for all, in the order of the model.
        runs: Over runs: ids of the runs, in this order, `run_id` first.
        epoch: Over layers and runs: the last snapshot of this epoch; None for the last of all.
        step: Over layers: instead of an epoch.
        sample_ids: Ids, as text, of the samples to show; None for all of the split.
        samples_of: Instead: the samples that were picked for this film.
    """

    run_id: str
    split: str
    layer: str | None = None
    method: str = "umap"
    axis: Axis = "epochs"
    steps: Sequence[int] | None = None
    layers: Sequence[str] | None = None
    runs: Sequence[str] | None = None
    epoch: int | None = None
    step: int | None = None
    sample_ids: Sequence[str] | None = None
    samples_of: str | None = None


def request_film(catalog: Catalog, request: FilmRequest) -> Film:
    """Request a film; the same request gives the same film, and a failed one is tried again.

    Raises:
        NotFoundError: No such run, layer, split, step, epoch or sample.
        MissingDependencyError: The method's package is not installed.
        ConfigError: What is asked for does not belong together, or runs that did not follow the same data.
    """
    _check(request)
    run = _active_run(catalog, request.run_id)
    split = lookups.split_by(catalog, run.id, request.split)
    film = _film(catalog, request, run, split)
    picked, sample_ids = None, request.sample_ids
    if request.samples_of is not None:
        sample_ids = points.picked_of(catalog.files, request.samples_of)
    if sample_ids is not None:
        picked = points.pick(split_samples(catalog, split), sample_ids)
        film.subset = points.subset_digest(picked)
    film.id = _id(catalog, film)
    known = catalog.session.get(Film, film.id)
    if known is None:
        if picked is not None:
            points.keep_subset(catalog.files, film.id, picked)
        catalog.session.add(film)
        catalog.session.flush()
        known = film
    if not is_up_to_date(catalog, known):
        enqueue(catalog, KIND, known.id)
    return known


def _check(request: FilmRequest) -> None:
    if request.method not in METHODS:
        raise ConfigError(f"a film cannot be drawn by {request.method!r}; give one of {', '.join(METHODS)}")
    if request.method in DRAWN_BY:
        check_installed(request.method)
    if request.method == LOGGED and request.axis != "epochs":
        raise ConfigError(
            f"a film of logged coordinates runs over epochs, not over {request.axis}; change what the frames "
            "run over, or have it drawn by umap"
        )
    belongs = {
        "steps": ("epochs",),
        "layers": ("layers",),
        "step": ("layers",),
        "runs": ("runs",),
        "epoch": ("layers", "runs"),
    }
    for name, axes in belongs.items():
        if getattr(request, name) is not None and request.axis not in axes:
            raise ConfigError(
                f"{name} is given for a film over {request.axis} and belongs to one over "
                f"{' or '.join(axes)}; leave it out, or change what the frames run over"
            )
    if request.epoch is not None and request.step is not None:
        raise ConfigError(
            f"epoch {request.epoch} and step {request.step} are two ways to name one snapshot; "
            "give one of them"
        )
    if request.sample_ids is not None and request.samples_of is not None:
        raise ConfigError("sample_ids and samples_of both pick the samples; give one of them")
    for name in ("steps", "layers", "runs"):
        if getattr(request, name) is not None and not getattr(request, name):
            raise ConfigError(f"{name} is an empty list, so the film has no frame; name at least one")


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
    if request.method == LOGGED:
        _check_logged(catalog, film, request.steps)
    elif request.steps is not None:
        film.steps = sorted(set(request.steps))
        for step in film.steps:
            lookups.snapshot_at(catalog, layer, split, step)
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


def _check_logged(catalog: Catalog, film: Film, steps: Sequence[int] | None) -> None:
    """Take the steps that were asked for, if coordinates were logged at them."""
    layer, split = (
        catalog.session.get_one(Layer, film.layer_id),
        catalog.session.get_one(Split, film.split_id),
    )
    known = [row.step for row in logged_snapshots(catalog, layer, split)]
    if not known:
        raise NotFoundError("logged coordinates", f"{layer.name} of {split.name}")
    if steps is not None:
        film.steps = sorted(set(steps))
        for step in film.steps:
            if step not in known:
                raise NotFoundError("coordinates at step", step, map(str, known))


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
    split = catalog.session.get_one(Split, film.split_id).name
    if film.axis == "epochs":
        key: list[object] = ["film", film.run_id, layer, split, film.method]
        more = [f"steps={film.steps}"] if film.steps is not None else []
    elif film.axis == "layers":
        key = ["film", film.run_id, split, film.method, "layers", film.step]
        more = [f"layers={film.layers}"] if film.layers is not None else []
    else:
        key = ["film", *(film.run_ids or ()), layer, split, film.method, "runs"]
        more = [f"epoch={film.epoch}"] if film.epoch is not None else []
    return stable_id(*key, *more, *([f"subset={film.subset}"] if film.subset else []))


def _active_run(catalog: Catalog, run_id: str) -> Run:
    run = catalog.session.get(Run, run_id)
    if run is None or run.deleted_at is not None:
        alive = catalog.session.exec(select(Run.id).where(col(Run.deleted_at).is_(None))).all()
        raise NotFoundError("run", run_id, alive)
    return run
