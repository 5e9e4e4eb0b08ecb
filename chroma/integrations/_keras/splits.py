"""The splits of a Keras call, and their samples: what it validates with, trains on, evaluates or predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from chroma.capture.labels import LabelReader
from chroma.capture.session import max_samples_of
from chroma.errors import ConfigError
from chroma.integrations._keras.calls import KerasCall, Method
from chroma.integrations._keras.label_targets import LabelTarget, about, columns, label_targets
from chroma.integrations._keras.options import KerasOptions
from chroma.integrations._keras.samples import ProbeSamples
from chroma.integrations._keras.sources import holds_batches, probe_samples, validation_start
from chroma.records import Array, Identity, Ids

TakeSamples = Callable[[], ProbeSamples]
_DEFAULT_BATCH = 32  # samples: Keras's own


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """The samples of a split that are followed, and what is known of them.

    Attributes:
        split: Name of the split.
        samples: The samples.
        in_keras_passes: Whether Keras itself passes over their source: those passes can be captured.
        ids: `[n]` the user's keys, or indices.
        identity: How they are known.
        labels: `[n]`, None without.
        inputs: `[n, …]` to show, None without.
        texts: `[n]` to show, None without.
        metadata: Name to `[n]` values.
        class_names: Names of the classes, by index.
        targets: The targets that may be the labels, the one that is first; none where the user says.
        about: Where labels are, for people.
    """

    split: str
    samples: ProbeSamples
    in_keras_passes: bool
    ids: Ids
    identity: Identity
    labels: Array | None
    inputs: Array | None
    metadata: Mapping[str, Array]
    class_names: Sequence[str] = ()
    texts: Sequence[str] | None = None
    targets: Sequence[LabelTarget] = ()
    about: str = ""


def split_of(method: Method) -> str:
    """The split whose samples Keras passes over in inference."""
    return {"fit": "val", "evaluate": "test", "predict": "predict"}[method]


def splits_of(call: KerasCall | None, options: KerasOptions) -> dict[str, TakeSamples]:
    """How to take the samples of each split that the user asks for and the call has.

    Raises:
        ConfigError: There is nothing to take samples from.
    """
    if call is not None and call.method != "fit":
        return {split_of(call.method): _of_evaluation(call, options)}
    if options.data is not None:
        given = options.data
        named = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {"val": given}
        return {name: partial(probe_samples, source, _most(name, options)) for name, source in named.items()}
    if call is None or call.arguments.get("x") is None:
        raise ConfigError("fit was called in a way Chroma does not see; give ChromaCallback(data=(x, y))")
    how = options.how()
    found: dict[str, TakeSamples] = {}
    if validates(call) and (how is None or "val" in how):
        found["val"] = _of_validation(call.arguments, options)
    if "train" in how if how is not None else not found:
        found["train"] = _of_training(call.arguments, options)
    return found


def validates(call: KerasCall) -> bool:
    """Whether a fit validates."""
    return call.arguments.get("validation_data") is not None or bool(call.arguments.get("validation_split"))


def validates_after(call: KerasCall | None, epoch: int) -> bool:
    """Whether a fit validates after this epoch, as `validation_freq` says."""
    if call is None or not validates(call):
        return False
    often: Any = call.arguments.get("validation_freq", 1)
    return (epoch + 1) % often == 0 if isinstance(often, int) else epoch + 1 in often


def outputs_of_training(options: KerasOptions, *, probed: bool) -> str:
    """Where outputs of training samples come from, for the receipt.

    Keras shuffles within `fit`, and a step that also returned its scores would be compiled to other code.

    Args:
        options: What the user asked for.
        probed: Whether training samples are evaluated separately without being asked for.
    """
    probed = probed or "train" in (options.how() or {})
    which = "those of the train probe" if probed else "not kept"
    return f"outputs of training samples are {which}: Keras does not tell which samples its batches hold"


def with_descriptions(
    model: Any,
    split: str,
    samples: ProbeSamples,
    options: KerasOptions,
    labels: LabelReader,
    class_names: Sequence[str],
    *,
    in_keras_passes: bool,
) -> SplitSamples:
    """The samples of a split with what the user says of them.

    Raises:
        ConfigError: What the user says does not fit them.
    """
    ids, identity = options.ids_of(split, samples), samples.identity
    if ids is not None:
        identity = "key" if ids.dtype == object else "index"
    elif samples.keys is not None:
        ids, identity = samples.keys, "content"
    given = options.labels is not None or options.task == "unlabelled"
    targets = [] if given else label_targets(model, samples, labels.said)
    said = "as labels= gives them" if options.labels is not None else "none, as task= says"
    return SplitSamples(
        split,
        samples,
        in_keras_passes,
        ids=samples.ids if ids is None else ids,
        identity=identity,
        labels=options.labels_of(split, samples, labels, targets),
        inputs=options.inputs_of(samples) if options.log_inputs else None,
        metadata={**columns(targets), **options.metadata_of(split, samples)},
        class_names=class_names,
        targets=targets,
        about=said if given else about(targets),
        texts=options.texts_of(samples) if options.log_inputs else None,
    )


def _of_validation(arguments: Mapping[str, Any], options: KerasOptions) -> TakeSamples:
    steps, most = arguments.get("validation_steps"), _most("val", options)
    batch = arguments.get("validation_batch_size") or arguments.get("batch_size") or _DEFAULT_BATCH
    source, start = arguments.get("validation_data"), 0
    if source is None:
        source, start = _given(arguments), validation_start(arguments["x"], arguments["validation_split"])
    stop = start + steps * batch if steps else None
    return lambda: probe_samples(source, most, start=start, stop=stop, steps=steps)


def _of_training(arguments: Mapping[str, Any], options: KerasOptions) -> TakeSamples:
    stop = None
    if arguments.get("validation_split") and arguments.get("validation_data") is None:
        stop = validation_start(arguments["x"], arguments["validation_split"])
    return lambda: probe_samples(_given(arguments), _most("train", options), stop=stop)


def _of_evaluation(call: KerasCall, options: KerasOptions) -> TakeSamples:
    arguments, most = call.arguments, _most(split_of(call.method), options)
    steps = arguments.get("steps")
    stop = steps * (arguments.get("batch_size") or _DEFAULT_BATCH) if steps else None
    return lambda: probe_samples(_given(arguments), most, stop=stop, steps=steps)


def _given(arguments: Mapping[str, Any]) -> Any:
    """What a method was called with, as a source of samples."""
    x = arguments.get("x")
    return x if holds_batches(x) else (x, arguments.get("y"), arguments.get("sample_weight"))


def _most(split: str, options: KerasOptions) -> int | None:
    return max_samples_of(split, options.max_samples)
