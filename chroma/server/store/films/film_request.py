"""A request for a film, and what is asked for together that does not belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.methods import METHODS as DRAWN_BY
from chroma.projection.methods import Method, check_installed
from chroma.projection.parameters import checked
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.joint_splits import PLUS, joint_moments
from chroma.server.store.films.logged_coordinates import LOGGED, logged_snapshots
from chroma.server.store.tables import Film, Layer, Split

Axis = Literal["epochs", "layers", "runs"]
METHODS: Mapping[str, Method] = {
    **DRAWN_BY,
    LOGGED: Method("Logged", "The coordinates that you logged, unchanged", offered=True),
}
DEFAULT_METHOD = "umap"
# A film of more samples is drawn by landmarks, and its movement is measured on some of them.
LARGE = 50_000


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """What a film is of.

    Attributes:
        run_id: Whose snapshots; over runs the first, whose samples are the points.
        split: Whose samples; several joined by `+`, or all, in one space: over epochs only.
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
        params: Parameters of the method by name; None for its defaults.
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
    params: Mapping[str, Any] | None = None


def check_request(request: FilmRequest) -> None:
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


def make_joint(catalog: Catalog, film: Film, request: FilmRequest, splits: Sequence[Split]) -> None:
    """Make a film one of several splits, if it can be."""
    names = [split.name for split in splits]
    if request.axis != "epochs" or request.method == LOGGED:
        raise ConfigError(
            f"a film of several splits runs over epochs and is drawn from vectors, so {PLUS.join(names)} "
            "cannot be combined with this method or what the frames run over; name one split"
        )
    if request.sample_ids is not None or request.samples_of is not None:
        raise ConfigError(
            f"samples cannot be picked for a film of several splits ({PLUS.join(names)}); name one split"
        )
    film.splits = names
    moments, of = joint_moments(catalog, film)
    if not moments:
        layer = catalog.session.get_one(Layer, film.layer_id).name
        raise NotFoundError(f"step that all of {', '.join(names)} have", f"among {of} steps of layer {layer}")


def checked_params(request: FilmRequest) -> dict[str, Any] | None:
    """The parameters of a request, checked.

    Raises:
        ConfigError: They do not fit the method, or what the frames run over.
    """
    takes = DRAWN_BY[request.method].parameters if request.method in DRAWN_BY else ()
    found = checked(request.method, takes, request.params or {})
    if found and request.method == "pca" and request.axis != "epochs":
        raise ConfigError(
            f"the axes of a film by 'pca' can be chosen over epochs, not over {request.axis}: there each "
            "frame has its own; leave them out"
        )
    return found


def check_axes_of_pca(layer: Layer, params: Mapping[str, Any] | None) -> None:
    """Refuse components that a layer does not have."""
    most = max(params.get("first", 1), params.get("second", 2)) if params else 0
    if params and ("first" in params or "second" in params) and most > layer.dim:
        raise ConfigError(
            f"layer {layer.name!r} has {layer.dim} dimensions, so there is no component {most}; "
            f"give components up to {layer.dim}"
        )


def check_neighbors(film: Film, n: int) -> None:
    """Refuse more neighbours than there are samples to draw."""
    wanted = (film.params or {}).get("n_neighbors", 0)
    if wanted >= n > 0:
        raise ConfigError(
            f"n_neighbors={wanted} is not possible for {n} samples; give fewer neighbours than samples"
        )


def check_logged(catalog: Catalog, film: Film, steps: Sequence[int] | None) -> None:
    """Take the steps that were asked for, if coordinates were logged at them."""
    layer, split = (
        catalog.session.get_one(Layer, film.layer_id),
        catalog.session.get_one(Split, film.split_id),
    )
    known = [row.step for row in logged_snapshots(catalog, layer, split)]
    if not known:
        raise NotFoundError("logged coordinates", f"{layer.name} of {split.name}", [])
    if steps is not None:
        film.steps = sorted(set(steps))
        for step in film.steps:
            if step not in known:
                raise NotFoundError("coordinates at step", step, map(str, known))
