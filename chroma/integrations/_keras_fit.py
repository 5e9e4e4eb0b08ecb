"""One Keras `fit` that is captured: what the callback's hooks come down to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, cast

import numpy as np

from chroma.capture.call import CapturedCall
from chroma.capture.layers import Chosen, Module, choose, classifier_head
from chroma.capture.session import CaptureSession, max_samples_of
from chroma.errors import ConfigError
from chroma.integrations._keras_layers import LayerReader, ends_in, layers_of, look
from chroma.integrations._keras_options import KerasOptions
from chroma.integrations._keras_samples import ProbeSamples, probe_samples, rows_of, validation_start
from chroma.records import Array, Head
from chroma.run import Run
from chroma.run.recording import status_of

keras: Any = import_module("keras")  # its types are not complete

_SCORES = ":scores"  # no layer's name
_LEAST_BATCH = 128  # samples: below this the calls cost more than the arithmetic


@dataclass(frozen=True, slots=True)
class FitCall:
    """A call of `Model.fit`.

    Attributes:
        model: The model.
        arguments: What `fit` was called with, by name.
        captures: What captures it; told if it breaks off.
    """

    model: Any
    arguments: Mapping[str, Any]
    captures: list[KerasCapture] = field(default_factory=list["KerasCapture"])


_call: ContextVar[FitCall | None] = ContextVar("chroma_keras_fit", default=None)


def current_call(model: Any) -> FitCall | None:
    """The call of `fit` that trains this model now."""
    call = _call.get()
    return call if call is not None and call.model is model else None


def observed(fit: Callable[..., Any], model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Call `fit`; callbacks of ours learn what it was called with, and how it ended."""
    if current_call(model) is not None:
        return fit(*args, **kwargs)
    try:
        arguments = inspect.signature(fit).bind(*args, **kwargs).arguments
    except TypeError:  # fit will say so itself
        arguments = {}
    call = FitCall(model, arguments)
    token = _call.set(call)
    try:
        return fit(*args, **kwargs)
    except BaseException as error:
        for capture in call.captures:
            capture.guarded(capture.close, error)
        raise
    finally:
        _call.reset(token)


class KerasCapture(CapturedCall):
    """Captures the epochs of one fit."""

    def __init__(self, options: KerasOptions, model: Any, call: FitCall | None) -> None:
        super().__init__(silent=options.silent)
        self._options = options
        self._model = model
        self._arguments: Mapping[str, Any] = call.arguments if call else {}
        self._splits: dict[str, _Followed] = {}
        self._session: CaptureSession | None = None
        self._chosen: list[Chosen] = []
        self._scores: _Scores | None = None
        self._read: LayerReader | None = None
        self._size = 0
        self._thinning = options.thinning(None)
        if call is not None:
            call.captures.append(self)

    def open(self) -> None:
        """Open the run, take the samples to follow, and choose the layers."""
        options = self._options
        arguments = self._arguments
        self.run = Run(
            **options.run(),
            config=_config(self._model, arguments),
            framework=f"keras {keras.__version__} ({keras.backend.backend()})",
            guard=self.guard,
        )
        strategy = getattr(self._model, "distribute_strategy", None)
        if getattr(strategy, "num_replicas_in_sync", 1) > 1 or keras.distribution.distribution() is not None:
            raise ConfigError(
                "this model is spread over several devices, which Chroma does not capture yet; "
                "train on one device to see it"
            )
        self._session = CaptureSession(
            self.run.recording, max_samples=options.max_samples, log_inputs=options.log_inputs
        )
        self._splits = self._follow()
        if not self._splits:
            return
        self._size = max(
            _LEAST_BATCH, arguments.get("validation_batch_size") or arguments.get("batch_size") or 0
        )
        self._choose(next(iter(self._splits.values())))
        self._thinning = options.thinning(self._epochs_to_come())

    def epoch_end(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Record the metrics of the epoch, and a snapshot."""
        if self.run is None:
            return
        step = self._step(epoch)
        self.run.log_metrics(logs, epoch=epoch, step=step)
        due = [split for split in self._splits.values() if not split.validates or self._validated(epoch)]
        if self._read is None or not due or not self._thinning.wants(epoch, step):
            return
        for split in due:
            self._snapshot(split, epoch, step)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the fit ended, and say what was captured."""
        if self.run is None or self.receipt is not None:
            return
        said = self._thinning.said()
        if said:
            self.run.recording.tally.note("thinning", said)
        status, error = status_of(exception)
        self._splits.clear()
        self._read = None
        self.end_run(status, error)

    def _follow(self) -> dict[str, _Followed]:
        """The samples to follow of each split; why not, if there are none."""
        assert self.run is not None
        arguments = self._arguments

        def most(split: str) -> int | None:
            return max_samples_of(split, self._options.max_samples)

        x, y = arguments.get("x"), arguments.get("y")
        sources: dict[str, Callable[[], ProbeSamples]] = {}
        validates = False
        if self._options.data is not None:
            given = self._options.data
            named = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {"val": given}
            sources = {split: partial(probe_samples, source, most(split)) for split, source in named.items()}
        elif arguments.get("validation_data") is not None:
            validates, steps = True, arguments.get("validation_steps")
            sources = {"val": lambda: probe_samples(arguments["validation_data"], most("val"), steps=steps)}
        elif arguments.get("validation_split"):
            validates = True
            start = validation_start(x, arguments["validation_split"])
            sources = {"val": lambda: probe_samples((x, y), most("val"), start=start)}
        elif x is not None:
            sources = {"train": lambda: probe_samples(x if y is None else (x, y), most("train"))}
        else:
            raise ConfigError("fit was called in a way Chroma does not see; give ChromaCallback(data=(x, y))")
        followed: dict[str, _Followed] = {}
        for split, take in sources.items():
            with self.guard.fail_safe(f"taking the samples of {split}"):
                followed[split] = self._known(split, take(), validates)
        if not followed:
            self.run.recording.tally.miss("no samples could be followed")
        return followed

    def _known(self, split: str, samples: ProbeSamples, validates: bool) -> _Followed:
        assert self.run is not None
        if samples.note:
            self.run.recording.tally.note(f"{split} source", samples.note)
        ids = self._options.ids_of(split, samples)
        return _Followed(
            split,
            samples,
            validates,
            ids=samples.ids if ids is None else ids,
            identity=samples.identity if ids is None else "key" if ids.dtype == object else "index",
            labels=self._options.labels_of(split, samples),
            inputs=self._options.inputs_of(samples) if self._options.log_inputs else None,
            metadata=self._options.metadata_of(split, samples),
        )

    def _choose(self, split: _Followed) -> None:
        rows = np.resize(np.arange(len(split.samples)), max(2, min(len(split.samples), 8)))
        fired = look(self._model, rows_of(split.samples.x, rows))
        layers = layers_of(self._model)
        head = classifier_head(fired, len(rows), _classes(split.labels, fired))
        wanted = self._options.layers
        self._chosen = choose(wanted, list(layers), fired, len(rows), head)
        last = next((module for module in reversed(fired) if module.leaf and module.parametrised), None)
        self._scores = None
        if head is not None:
            self._scores = _Scores(head.name, "probabilities" if head.probabilities else None)
        elif last is not None and _is_binary(last, layers[last.name], split.labels):
            self._scores = _Scores(last.name, "probabilities")
        scores = [Chosen(_SCORES, self._scores.layer, False, "auto", "none", "")] if self._scores else []
        self._read = LayerReader(self._model, [*self._chosen, *scores], min(self._size, len(split.samples)))

    def _snapshot(self, split: _Followed, epoch: int, step: int) -> None:
        assert self._session is not None
        assert self._read is not None
        passing = self._session.begin(split.name, epoch, step, identity=split.identity, of=split.samples.of)
        n = len(split.samples)
        widths: dict[str, int] = {}
        for first in range(0, n, self._read.size):
            rows = np.arange(first, min(first + self._read.size, n))
            values = self._read(rows_of(split.samples.x, rows))
            passing.batch(split.ids[rows], len(rows))
            if passing.first:
                passing.add_samples(
                    labels=None if split.labels is None else split.labels[rows],
                    inputs=None if split.inputs is None else split.inputs[rows],
                    metadata={name: column[rows] for name, column in split.metadata.items()},
                )
            for layer in self._chosen:
                passing.add(layer, values[layer.name])
                widths[layer.name] = values[layer.name].shape[1]
            if self._scores is not None:
                scores = values[_SCORES]
                if scores.shape[1] == 1:
                    scores = np.concatenate([1 - scores, scores], axis=1)
                passing.add_scores(scores, self._scores.head)
        if passing.first:
            self.say(
                [(layer, widths[layer.name]) for layer in self._chosen],
                followed=len(split.samples),
                of=split.samples.of,
                snapshots=self._thinning.expected,
            )
        passing.end()

    def _validated(self, epoch: int) -> bool:
        often: Any = self._arguments.get("validation_freq", 1)
        return (epoch + 1) % often == 0 if isinstance(often, int) else epoch + 1 in often

    def _epochs_to_come(self) -> int:
        epochs = range(self._arguments.get("initial_epoch", 0), self._arguments.get("epochs", 1))
        every = any(not split.validates for split in self._splits.values())
        return sum(1 for epoch in epochs if every or self._validated(epoch))

    def _step(self, epoch: int) -> int:
        optimizer = getattr(self._model, "optimizer", None)
        if optimizer is None:
            return epoch
        return int(keras.ops.convert_to_numpy(optimizer.iterations))


@dataclass(frozen=True, slots=True)
class _Followed:
    """The samples of a split that are followed, and what is known of them."""

    name: str
    samples: ProbeSamples
    validates: bool  # only when Keras validates
    ids: Any
    identity: Any
    labels: Array | None
    inputs: Array | None
    metadata: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class _Scores:
    layer: str
    head: Head | None


def _classes(labels: Array | None, fired: Sequence[Module]) -> int:
    """As `classifier_head` takes it; 0 without class labels, or where the model gives a single score."""
    last = next((module for module in reversed(fired) if module.leaf and module.parametrised), None)
    if last is None or last.output is None or last.output[-1] == 1:
        return 0
    if labels is None or labels.dtype.kind != "i" or not len(labels) or labels.min() < 0:
        return 0
    return -max(2, int(labels.max()) + 1)


def _is_binary(last: Module, layer: Any, labels: Array | None) -> bool:
    """Whether the model gives one probability for two classes."""
    return (
        last.output is not None
        and len(last.output) == 2
        and last.output[1] == 1
        and ends_in(layer, "sigmoid")
        and labels is not None
        and labels.dtype.kind == "i"
        and bool(np.isin(labels, (0, 1)).all())
    )


def _config(model: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the fit was asked to do, plain numbers and names only."""
    optimizer = getattr(model, "optimizer", None)
    asked = ("epochs", "batch_size", "steps_per_epoch", "validation_split", "shuffle")
    config: dict[str, Any] = {name: arguments[name] for name in asked if name in arguments}
    if optimizer is not None:
        config["optimizer"] = type(optimizer).__name__
    return config
