"""Which layers are captured, and why: names, globs, or "auto" judged by what fired on the first batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chroma.capture.pooling import Pool, pooling_of
from chroma.errors import ConfigError, NotFoundError
from chroma.run.outputs import MAX_CLASSES

_ENCODERS = ("encoder", "backbone", "pooler", "mu", "embed", "embedding", "embeddings", "features")
_LEAST_DIM = 3  # a layer with fewer values has no space to be shown


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
class Module:
    """What was seen of one module on the first batch, in the order of firing.

    Attributes:
        name: Qualified name.
        leaf: It has no children.
        parametrised: It has parameters of its own.
        input: Shape of its first input, None if that is no float tensor.
        output: Shape of its first output, likewise.
        calls: How often it fired.
        probabilities: Its output are probabilities, not logits: it ends in a softmax.
    """

    name: str
    leaf: bool
    parametrised: bool
    input: tuple[int, ...] | None
    output: tuple[int, ...] | None
    calls: int = 1
    probabilities: bool = False


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
    """

    name: str
    module: str
    of_input: bool
    pool: Pool
    pooling: str
    reason: str
    default: bool = False


def classifier_head(fired: Sequence[Module], rows: int, classes: int) -> Module | None:
    """The module that gives `[B, C]` scores: the last parametrised leaf whose C fits the labels.

    Where the classes have no names, a last layer that gives as many values as went into the model is that of
    an autoencoder, unless there are just as many labels: then nothing is a head.

    Args:
        fired: Modules in the order of firing.
        rows: Samples in the batch, B.
        classes: Number of classes where their names are known; else one more than the largest label of the
            batch, as a negative number (-10: ten or more); 0 without class labels.
    """
    whole = _values(fired[0].input) if fired else 0
    for module in reversed(fired):
        if classes == 0 or module.output is None:
            continue
        if module.leaf and module.parametrised and classes < 0 and whole == _values(module.output) > -classes:
            return None
        if len(module.output) != 2 or module.output[0] != rows:
            continue
        width = module.output[1]
        fits = width == classes if classes > 0 else width >= -classes
        if module.leaf and module.parametrised and fits and 2 <= width <= MAX_CLASSES:
            return module
    return None


def choose(
    wanted: str | Layer | Sequence[str | Layer],
    names: Sequence[str],
    fired: Sequence[Module],
    rows: int,
    head: Module | None,
) -> list[Chosen]:
    """Choose the layers to capture.

    Args:
        wanted: "auto", a name or glob, a `Layer`, or several of these.
        names: All module names of the model.
        fired: Those that fired on the first batch, in the order of firing.
        rows: Samples in that batch.
        head: The classifier head, if there is one.

    Raises:
        NotFoundError: A name that no module has.
        ConfigError: A named layer did not fire, or nothing in the model can be captured.
    """
    if wanted == "auto":
        return _auto(fired, rows, head)
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
        here = [name for name in names if name and (name == pattern or fnmatchcase(name, pattern))]
        if not here:
            raise NotFoundError("layer", pattern, [name for name in names if name])
        for name in here:
            found.setdefault(f"{name}{colon}{side}", layer)
    return found


def _auto(fired: Sequence[Module], rows: int, head: Module | None) -> list[Chosen]:
    if head is not None and head.output is not None:
        width = head.output[1]
        kind = "probabilities" if head.probabilities else "logits"
        scores = f"the {kind}: output of the {width}-way classifier head"
        if _width(head.input, rows) < _LEAST_DIM:
            return [_chosen(head, False, scores, default=True)]
        features = f"the penultimate features: what goes into the {width}-way classifier head"
        return [_chosen(head, True, features, default=True), _chosen(head, False, scores)]
    for module in reversed(fired):
        part = module.name.rpartition(".")[2]
        if part in _ENCODERS and _width(module.output, rows) >= _LEAST_DIM:
            reason = f"no classifier head was found, and its name, {part!r}, promises an embedding"
            return [_chosen(module, False, reason, default=True)]
    most = MAX_CLASSES  # a vocabulary's scores are no embedding; what goes in is
    for module in reversed(fired):
        for of_input, shape in ((False, module.output), (True, module.input)):
            if module.leaf and module.parametrised and _LEAST_DIM <= _width(shape, rows) <= most:
                reason = "no classifier head was found; this is the last layer with parameters"
                if of_input:
                    reason = "no classifier head was found; this goes into the last layer with parameters"
                return [_chosen(module, of_input, reason, default=True)]
    raise ConfigError(
        "no layer of this model gives one vector per sample, so there is nothing to capture; "
        "name one with layers=['module.name'], or give chroma.Layer(name, pool=function)"
    )


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
        reason += f"; called {module.calls} times per batch, the first call counts"
    name = f"{module.name}:input" if of_input else module.name
    return Chosen(name, module.name, of_input, pool, pooling_of(shape, pool), reason, default)


def _values(shape: tuple[int, ...] | None) -> int:
    """Values per sample of a batch; 0 if there is none."""
    return math.prod(shape[1:]) if shape is not None and len(shape) > 1 else 0


def _width(shape: tuple[int, ...] | None, rows: int) -> int:
    """Values per sample after pooling; 0 if there is not one row per sample."""
    if shape is None or not 1 <= len(shape) <= 5 or shape[0] != rows:
        return 0
    return 1 if len(shape) == 1 else shape[2] if len(shape) == 3 else shape[1]
