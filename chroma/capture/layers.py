"""Which layers are captured, and why: names, globs, or "auto" judged by what fired on the first batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chroma.capture.heads import Proof, decoder_of
from chroma.capture.modules import Channels, Module, of_the_batch
from chroma.capture.pooling import Pool, pooling_of
from chroma.errors import ConfigError, NotFoundError
from chroma.run.outputs import MAX_CLASSES

_LEAST_DIM = 3  # a layer with fewer values has no space to be shown
_WRAPPED = re.compile(r"(^|(?<=\.))(_forward_module|_orig_mod|module)\.")  # what wrappers add to names
_MEAN = re.compile(r"(^|_)(mu|mean)(_|\d|$)")  # names of the layer that gives a latent distribution's mean
_SPREAD = re.compile(r"(^|_|log)(var|variance|sigma|std|scale)(_|\d|$)")  # and of the one for its spread


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer to capture.

    Attributes:
        name: A module's qualified name ("encoder.fc1"), a glob ("blocks.*"), or either with ":input" for what
            goes in instead of what comes out.
        pool: How `[B, …]` becomes `[B, d]`: "auto" (as is for `[B, D]`, mean over space, mean over tokens),
            "mean", "cls" (first token), "last" (last token), or a function of the values.
    """

    name: str
    pool: Pool = "auto"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A layer that is captured.

    Attributes:
        name: As stored: the module's name, or with ":input".
        module: Qualified name of the module.
        of_input: Whether its input is taken.
        pool: How values become vectors.
        pooling: Name of that rule.
        reason: Why it was chosen, for people.
        default: Whether the dashboard opens it first.
        channels: Where features stand in its values.
    """

    name: str
    module: str
    of_input: bool
    pool: Pool
    pooling: str
    reason: str
    default: bool = False
    channels: Channels = ""


def choose(
    wanted: str | Layer | Sequence[str | Layer],
    names: Sequence[str],
    fired: Sequence[Module],
    rows: int,
    proof: Proof,
) -> list[Chosen]:
    """Choose the layers to capture.

    Args:
        wanted: "auto", a name or glob, a `Layer`, or several of these.
        names: All module names of the model.
        fired: Those that fired on the first batch, in the order of firing.
        rows: Samples in that batch.
        proof: What the last layer is.

    Raises:
        NotFoundError: A name that no module has.
        ConfigError: A named layer did not fire, or nothing in the model can be captured.
    """
    if wanted == "auto":
        return _auto(fired, rows, proof)
    seen = {module.name: module for module in fired}
    chosen: list[Chosen] = []
    silent: list[str] = []
    for stored, layer in matching(wanted, names).items():
        name, _, side = stored.partition(":")
        if name in seen:
            reason = "named by the user" if layer.name == stored else f"matches {layer.name!r}"
            chosen.append(_chosen(seen[name], bool(side), reason, layer.pool, default=not chosen))
        elif layer.name == stored:
            silent.append(name)
    if silent or not chosen:
        raise ConfigError(
            f"layer {', '.join(silent) or wanted!r} was not called on the first batch, so nothing can be "
            "captured; name a module that the forward pass calls"
        )
    return chosen


def matching(wanted: str | Layer | Sequence[str | Layer], names: Sequence[str]) -> dict[str, Layer]:
    """The layers that names and globs stand for: name as stored ("fc1", "fc1:input") to what was asked.

    Raises:
        NotFoundError: A name that no module has.
        ConfigError: A suffix that is not ":input".
    """
    if wanted == "auto":
        return {}
    found: dict[str, Layer] = {}
    for entry in [wanted] if isinstance(wanted, (str, Layer)) else wanted:
        layer = entry if isinstance(entry, Layer) else Layer(entry)
        pattern, colon, side = layer.name.partition(":")
        if colon and side != "input":
            raise ConfigError(
                f"layer {layer.name!r} ends in ':{side}'; only ':input' can follow a layer's name"
            )
        here = _named(pattern, names) or _named(_WRAPPED.sub("", pattern), names)
        if not here:
            raise NotFoundError("layer", pattern, [name for name in names if name])
        for name in here:
            found.setdefault(f"{name}{colon}{side}", layer)
    return found


def _named(pattern: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name and (name == pattern or fnmatchcase(name, pattern))]


def _auto(fired: Sequence[Module], rows: int, proof: Proof) -> list[Chosen]:
    called, fired = fired, of_the_batch(fired)
    known = [each for each in called if each.known]
    if called and not fired:
        raise ConfigError(
            "every layer is called several times per batch, and it is not known which call is on the batch's "
            "rows; forward=function(model, batch) makes one call, and layers=['module.name'] takes the first"
        )
    if proof.module is not None and proof.kind is not None:
        return _of_head(proof.module, rows, binary=proof.kind == "binary")
    decoder = None if proof.of_places else decoder_of(known)
    if decoder is not None and (found := _bottleneck(known, rows, decoder)) is not None:
        reason = (
            f"the narrowest layer: {decoder.name} gives as many values as went in, as an autoencoder does"
        )
        return [_chosen(found, False, reason, default=True)]
    if (mean := _latent_mean(fired, rows)) is not None:
        reason = "the mean of the latent distribution, as the encoder of a VAE gives it beside the spread"
        return [_chosen(mean, False, reason, default=True)]
    for module in reversed(fired):
        if not (module.leaf and module.parametrised):
            continue
        inward, outward = _width(module.input, rows), _width(module.output, rows)
        if module is _first_with_parameters(fired) and module.values_in == fired[0].values_in:
            inward = 0  # what goes in are the data
        if not module.matrix and outward >= _LEAST_DIM:  # a norm: what it gives is the embedding
            inward = 0
        if inward < _LEAST_DIM and not _LEAST_DIM <= outward <= MAX_CLASSES:
            continue
        no_head = f"no classifier head: {proof.why}"
        goes_in = f"{no_head}; this goes into the last layer with weights"
        comes_out = f"{no_head}; this comes out of the last layer with weights"
        if inward < _LEAST_DIM:
            return [_chosen(module, False, comes_out, default=True)]
        layers = [_chosen(module, True, goes_in, module.pooled or "auto", default=True)]
        of_parts = module.output is not None and len(module.output) > 2  # of tokens or pixels
        if _LEAST_DIM <= outward <= MAX_CLASSES and (module.pooled or not of_parts):
            layers.append(_chosen(module, False, comes_out, module.pooled or "auto"))
        return layers
    raise ConfigError(
        "no layer of this model gives one vector per sample, so there is nothing to capture; "
        "name one with layers=['module.name'], or give chroma.Layer(name, pool=function)"
    )


def _of_head(head: Module, rows: int, *, binary: bool) -> list[Chosen]:
    about = "binary" if binary else f"{head.values_out}-way"
    kind = "probabilities" if head.probabilities else "logits"
    scores = f"the {kind}: output of the {about} classifier head"
    pool: Pool = head.pooled or "auto"
    if _width(head.input, rows) < _LEAST_DIM:
        return [_chosen(head, False, scores, pool, default=True)]
    features = f"the penultimate features: what goes into the {about} classifier head"
    layers = [_chosen(head, True, features, pool, default=True)]
    return layers if binary else [*layers, _chosen(head, False, scores, pool)]


def _bottleneck(fired: Sequence[Module], rows: int, decoder: Module) -> Module | None:
    """The layer of an autoencoder with the fewest values: of several the mean, or the first."""
    before = [
        each
        for each in fired[: fired.index(decoder)]
        if each.leaf
        and each.parametrised
        and _width(each.output, rows) > 1
        and each.values_out < fired[0].values_in
    ]
    if not before:
        return None
    fewest = min(each.values_out for each in before)
    narrow = [each for each in before if each.values_out == fewest]
    found = next((each for each in narrow if _MEAN.search(_own_name(each))), narrow[0])
    for module in sorted(fired, key=lambda each: len(each.name)):  # the whole encoder, if it ends there
        if found.name.startswith(f"{module.name}.") and module.output == found.output:
            return module
    return found


def _latent_mean(fired: Sequence[Module], rows: int) -> Module | None:
    """The layer that gives a latent distribution's mean, where another one gives its spread beside it."""
    ends = [each for each in fired if each.leaf and each.matrix and each.gives is not None]
    for each in ends:
        beside = [other for other in ends if (other.input, other.output) == (each.input, each.output)]
        has_spread = any(_SPREAD.search(_own_name(other)) for other in beside)
        if has_spread and _MEAN.search(_own_name(each)) and _width(each.output, rows) > 1:
            return each
    return None


def _own_name(module: Module) -> str:
    return module.name.rpartition(".")[2]


def _first_with_parameters(fired: Sequence[Module]) -> Module | None:
    """The layer with parameters that was called first, as far as the order of outputs tells."""
    return next((each for each in fired if each.leaf and each.parametrised), None)


def _chosen(
    module: Module, of_input: bool, reason: str, pool: Pool = "auto", *, default: bool = False
) -> Chosen:
    shape = module.input if of_input else module.output
    if shape is None:
        raise ConfigError(
            f"{'the input' if of_input else 'the output'} of layer {module.name!r} holds no float tensor; "
            "name another layer"
        )
    if module.calls > 1:
        counts = "the first call counts"
        if not module.known:
            counts += ", and it is not known whether that is on the batch's rows"
        elif not module.first:
            counts = "the first call on the batch's own rows counts"
        reason += f"; called {module.calls} times per batch, {counts}"
    name = f"{module.name}:input" if of_input else module.name
    channels = module.channels_in if of_input else module.channels_out
    if len(shape) > 2 and not channels and pool in ("auto", "mean"):
        taken = "[samples, places, features]" if len(shape) == 3 else "[samples, features, places …]"
        reason += (
            f"; which of its axes are features is not known: they are taken for {taken}, "
            "chroma.Layer(name, pool=function) decides"
        )
    return Chosen(name, module.name, of_input, pool, pooling_of(shape, pool), reason, default, channels)


def _width(shape: tuple[int, ...] | None, rows: int) -> int:
    """Values per sample after pooling; 0 if there is not one row per sample."""
    if shape is None or not 1 <= len(shape) <= 5 or shape[0] != rows:
        return 0
    return 1 if len(shape) == 1 else shape[2] if len(shape) == 3 else shape[1]
