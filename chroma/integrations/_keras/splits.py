"""Which samples a call of a Keras model follows: what it validates with, trains on, evaluates, predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from chroma.capture.labels import LabelReader
from chroma.capture.session import max_samples_of
from chroma.capture.splits import Identity
from chroma.errors import ConfigError
from chroma.integrations._keras.calls import KerasCall, Method
from chroma.integrations._keras.options import KerasOptions
from chroma.integrations._keras.samples import ProbeSamples, holds_batches, probe_samples, validation_start
from chroma.records import Array, Ids

Take = Callable[[], ProbeSamples]
_DEFAULT_BATCH = 32  # samples: Keras's own


@dataclass(frozen=True, slots=True)
class Followed:
    """The samples of a split that are followed, and what is known of them.

    Attributes:
        name: Name of the split.
        samples: The samples.
        passes: Whether Keras itself passes over their source, so that one can ride on it.
        ids: `[n]` the user's keys, or indices.
        identity: How they are known.
        labels: `[n]`, None without.
        inputs: `[n, …]` to show, None without.
        metadata: Name to `[n]` values.
    """

    name: str
    samples: ProbeSamples
    passes: bool
    ids: Ids
    identity: Identity
    labels: Array | None
    inputs: Array | None
    metadata: Mapping[str, Array]


def sources_of(call: KerasCall | None, options: KerasOptions) -> dict[str, Take]:
    """How to take the samples of each split that the user asks for and the call has.

    Raises:
        ConfigError: There is nothing to take samples from.
    """
    if call is not None and call.method != "fit":
        return {split_of(call.method): _passed_over(call, options)}
    if options.data is not None:
        given = options.data
        named = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {"val": given}
        return {name: partial(probe_samples, source, _most(name, options)) for name, source in named.items()}
    if call is None or call.arguments.get("x") is None:
        raise ConfigError("fit was called in a way Chroma does not see; give ChromaCallback(data=(x, y))")
    how = options.how()
    found: dict[str, Take] = {}
    if validates(call) and (how is None or "val" in how):
        found["val"] = _validated(call.arguments, options)
    if "train" in how if how is not None else not found:
        found["train"] = _trained_on(call.arguments, options)
    return found


def split_of(method: Method) -> str:
    """The split whose samples Keras passes over in inference."""
    return {"fit": "val", "evaluate": "test", "predict": "predict"}[method]


def validates(call: KerasCall) -> bool:
    """Whether a fit validates."""
    return call.arguments.get("validation_data") is not None or bool(call.arguments.get("validation_split"))


def follow(
    name: str, samples: ProbeSamples, options: KerasOptions, reader: LabelReader, *, passes: bool
) -> Followed:
    """The samples of a split with what the user says of them.

    Raises:
        ConfigError: What the user says does not fit them.
    """
    ids = options.ids_of(name, samples)
    identity: Identity = samples.identity if ids is None else "key" if ids.dtype == object else "index"
    return Followed(
        name,
        samples,
        passes,
        ids=samples.ids if ids is None else ids,
        identity=identity,
        labels=options.labels_of(name, samples, reader),
        inputs=options.inputs_of(samples) if options.log_inputs else None,
        metadata=options.metadata_of(name, samples),
    )


def _validated(arguments: Mapping[str, Any], options: KerasOptions) -> Take:
    steps, most = arguments.get("validation_steps"), _most("val", options)
    batch = arguments.get("validation_batch_size") or arguments.get("batch_size") or _DEFAULT_BATCH
    source, start = arguments.get("validation_data"), 0
    if source is None:
        x = arguments.get("x")
        source = (x, arguments.get("y"), arguments.get("sample_weight"))
        start = validation_start(x, arguments["validation_split"])
    stop = start + steps * batch if steps else None
    return lambda: probe_samples(source, most, start=start, stop=stop, steps=steps)


def _trained_on(arguments: Mapping[str, Any], options: KerasOptions) -> Take:
    x, most = arguments.get("x"), _most("train", options)
    source = x if holds_batches(x) else (x, arguments.get("y"), arguments.get("sample_weight"))
    stop = None
    if arguments.get("validation_split") and arguments.get("validation_data") is None:
        stop = validation_start(x, arguments["validation_split"])
    return lambda: probe_samples(source, most, stop=stop)


def _passed_over(call: KerasCall, options: KerasOptions) -> Take:
    arguments, most = call.arguments, _most(split_of(call.method), options)
    x, steps = arguments.get("x"), arguments.get("steps")
    source = x if holds_batches(x) else (x, arguments.get("y"), arguments.get("sample_weight"))
    stop = steps * (arguments.get("batch_size") or _DEFAULT_BATCH) if steps else None
    return lambda: probe_samples(source, most, stop=stop, steps=steps)


def _most(split: str, options: KerasOptions) -> int | None:
    return max_samples_of(split, options.max_samples)
