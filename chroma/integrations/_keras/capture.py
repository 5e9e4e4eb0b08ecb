"""Implements the hooks of the Keras callback for one call of `fit`, `evaluate` or `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from chroma.capture.call import CapturedCall
from chroma.capture.labels import LabelReader
from chroma.capture.schedule import Clock, Moment, Schedule
from chroma.capture.session import CaptureSession, max_samples_of
from chroma.integrations._keras.calls import KerasCall, Method
from chroma.integrations._keras.class_names import class_names_in
from chroma.integrations._keras.data_tap import Step
from chroma.integrations._keras.first_pass import FirstPass
from chroma.integrations._keras.inner_models import called_model
from chroma.integrations._keras.joining import Joining
from chroma.integrations._keras.layer_choice import choose_layers
from chroma.integrations._keras.layer_values import LayerValues
from chroma.integrations._keras.loop_capture import LoopCapture
from chroma.integrations._keras.model_facts import (
    config_of,
    devices_of,
    last_epoch,
    refuse_processes,
    step_of,
)
from chroma.integrations._keras.options import KerasOptions, targets_of
from chroma.integrations._keras.passes import comes_in_keras_passes, count_passes, passes_after
from chroma.integrations._keras.samples import ProbeSamples
from chroma.integrations._keras.split_capture import (
    EvaluationContext,
    ProbeEvaluation,
    SplitCapture,
    SplitContext,
)
from chroma.integrations._keras.splits import (
    SplitSamples,
    outputs_of_training,
    split_of,
    splits_of,
    with_descriptions,
)
from chroma.integrations._keras.targets import numbers_of
from chroma.integrations._sources.reading import UnreadableError
from chroma.run import Run
from chroma.run.ending import status_of

keras: Any = import_module("keras")  # its types are not complete

_LEAST_BATCH = 128  # samples: below this the calls cost more than the arithmetic


class KerasCapture(CapturedCall):
    """Captures the passes of one `fit`, `evaluate` or `predict`.

    Args:
        options: What the user asked for.
        model: The model.
        method: What was called.
        call: What it was called with; None where that is not seen.
        joining: The run of an earlier call to continue.

    Attributes:
        method: What was called.
        active: Whether the call still runs.
        joining: The run that the call belongs to.
    """

    def __init__(
        self,
        options: KerasOptions,
        model: Any,
        method: Method,
        call: KerasCall | None,
        joining: Joining,
    ) -> None:
        super().__init__(silent=options.silent)
        self.joining = joining
        self.method: Method = method
        self.active = True
        self._options = options
        self._model = model
        self._call = call
        self._arguments: Mapping[str, Any] = call.arguments if call else {}
        joining.run_id = options.run_id or joining.run_id
        self._labels = LabelReader(options.task, numbers=numbers_of(model))
        self._captures: dict[str, SplitCapture] = {}
        self._awaited: dict[str, FirstPass] = {}  # splits whose samples come in Keras's own first pass
        self._context: EvaluationContext | None = None
        self._epoch = 0
        if call is not None:
            call.captures.append(self)

    def open(self) -> None:
        """Open the run, take the samples to follow, and choose the layers."""
        options = self._options
        if self.method == "fit" and self._call is not None:
            self.joining.join(options, self._model, self._arguments)
        self.run = Run(
            **self.joining.run_options(options),
            config=config_of(self._model, self._arguments),
            framework=f"keras {keras.__version__} ({keras.backend.backend()})",
            guard=self.guard,
        )
        refuse_processes(self._model)
        options.watch(self.run.recording)
        session = CaptureSession(
            self.run.recording, max_samples=options.max_samples, log_inputs=options.log_inputs
        )
        self._clock, self._session = Clock(self.run.recording), session
        for samples in self._take_samples():
            self._capture(samples)

    def begin_epoch(self, epoch: int) -> None:
        """An epoch begins."""
        self._epoch = epoch + self.joining.epochs_before
        self._await("train")

    def begin_pass(self) -> None:
        """Keras begins a pass in inference."""
        split = split_of(self.method)
        self._await(split)
        if capture := self._captures.get(split):
            capture.begin(self._now())

    def end_pass(self) -> None:
        """Keras has made the pass."""
        split = split_of(self.method)
        if capture := self._captures.get(split):
            capture.end()
        if split in self._awaited:
            self._awaited[split].end()

    def end_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Record the metrics of the epoch, and the snapshots that are due."""
        if self.run is None:
            return
        self._epoch = epoch + self.joining.epochs_before
        self._take_awaited()
        now = self._now()
        self.run.log_metrics(logs, epoch=now[0], step=now[1])
        self.heed_alarms()
        for capture in self._captures.values():
            if passes_after(self._call, capture.context.samples, epoch):
                capture.end_epoch(now)
            if getattr(self._model, "stop_training", False):  # before weights of another epoch are restored
                capture.finish(now)

    def stop_training(self) -> None:
        """As EarlyStopping does."""
        self._model.stop_training = True

    def end_call(self, logs: Mapping[str, Any]) -> None:
        """Record what `evaluate` or `predict` gave."""
        if self.run is None:
            return
        now = self._now()
        split = split_of(self.method)
        if logs:
            named = {f"{split}_{name}": value for name, value in logs.items()}
            self.run.log_metrics(named, epoch=now[0], step=now[1])
        self._take_awaited()
        for capture in self._captures.values():
            capture.end_epoch(now)

    def finish(self) -> None:
        """The call ends well."""
        for capture in self._captures.values():
            capture.finish(self._now())
        self.close()

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended, and say what was captured."""
        self.active = False
        captures, self._captures = self._captures, {}
        for awaited in self._awaited.values():
            awaited.end()
        self._awaited.clear()
        for capture in captures.values():
            capture.end()
            capture.context.schedule.close()
        status, error = status_of(exception)
        self.end_run(status, error)
        if self.run is not None and status == "finished" and self.method == "fit":
            self.joining.remember(self._model, self.run.id, self._epoch)

    def fail(self, error: BaseException) -> None:
        """The call ended with an error of the user's, which is raised on."""
        self.guarded(self.close, error)

    def _take_samples(self) -> list[SplitSamples]:
        """The splits whose samples can be taken now; notes of the others what becomes of them."""
        assert self.run is not None
        tally = self.run.recording.tally
        own_data = self._options.data is not None
        taken: list[SplitSamples] = []
        for split, take in splits_of(self._call, self._options).items():
            with self.guard.fail_safe(f"taking the samples of {split}"):
                try:
                    taken.append(self._described(split, take()))
                except UnreadableError as error:
                    if own_data or not self._is_awaitable():
                        raise
                    most = max_samples_of(split, self._options.max_samples)
                    step: Step = (
                        "train" if split == "train" else "predict" if self.method == "predict" else "test"
                    )
                    self._awaited[split] = FirstPass(self._model, step, most, self)
                    tally.note(
                        f"{split} order",
                        f"the samples of {split} are those of Keras's first pass, each known by a key made "
                        f"of its content: {error.reason}",
                    )
        found = [*(samples.split for samples in taken), *self._awaited]
        if not found:
            tally.miss("no samples could be followed")
        elif found == ["val"] and self._options.how() is None and not own_data:
            tally.note(
                "splits", "features of training samples are not captured; splits=('train', 'val') adds them"
            )
        return taken

    def _described(self, split: str, samples: ProbeSamples) -> SplitSamples:
        assert self.run is not None
        if samples.note:
            self.run.recording.tally.note(f"{split} source", samples.note)
        in_keras_passes = self._options.data is None and split != "train"
        names = class_names_in(self._arguments)
        described = with_descriptions(
            self._model, split, samples, self._options, self._labels, names, in_keras_passes=in_keras_passes
        )
        if len(described.targets) > 1:
            self.run.recording.tally.note("labels", f"labels are {described.about}")
        return described

    def _is_awaitable(self) -> bool:
        """Whether each call of the compiled step is given one batch, on one device."""
        return self._model.steps_per_execution == 1 and devices_of(self._model) == 1

    def _await(self, split: str) -> None:
        if split in self._awaited:
            self._awaited[split].begin()

    def _take_awaited(self) -> None:
        """Follow the samples that came in first passes, where these are over."""
        for split, awaited in list(self._awaited.items()):
            awaited.end()
            if (samples := awaited.samples()) is not None:
                del self._awaited[split]
                self._capture(self._described(split, samples))

    def _capture(self, samples: SplitSamples) -> None:
        """Follow the samples of a split; the first split also tells which layers to capture."""
        assert self.run is not None
        if self._context is None:
            self._context = self._make_context(samples)
        self._captures[samples.split] = self._capture_of(samples, self._context)

    def _make_context(self, samples: SplitSamples) -> EvaluationContext:
        assert self.run is not None
        targets = targets_of(samples.samples)
        task = self._labels.task(samples.labels, targets[0] if targets else None)
        layers = self._options.layers
        x, labels, names = samples.samples.x, samples.labels, samples.class_names
        called = called_model(self._model, x)
        choice = choose_layers(
            self._model, called, x, labels, self._labels, layers, task, names, targets, samples.targets
        )
        if self.method != "predict":  # which is given no targets
            self.run.recording.describe(choice.task)
        if choice.task == "classification" and choice.proof.kind is None:
            self.run.recording.tally.note("head", f"no predictions: {choice.proof.why}")
        if choice.proof.kind in ("classes", "binary") and self.method == "fit" and self._options.outputs:
            probed = samples.split == "train"
            self.run.recording.tally.note("train outputs", outputs_of_training(self._options, probed=probed))
        size = self._arguments.get("validation_batch_size") or self._arguments.get("batch_size") or 0
        return EvaluationContext(
            self,
            self._session,
            self._model,
            called,
            choice,
            LayerValues(self._model, choice.read, self.guard),
            max(_LEAST_BATCH, size),
        )

    def _capture_of(self, samples: SplitSamples, context: EvaluationContext) -> SplitCapture:
        assert self.run is not None
        schedule = Schedule(
            [samples.split],
            self._options.limits(),
            self.run.recording,
            self._clock,
            passes=lambda: count_passes(self._call, self.method, samples),
        )
        split = SplitContext(samples, schedule, context)
        if not comes_in_keras_passes(self._model, samples, self._options.how()):
            return ProbeEvaluation(split)
        return LoopCapture(split, "predict" if self.method == "predict" else "test")

    def _now(self) -> Moment:
        if self.method != "fit":  # after the last epoch that was trained
            self._epoch = last_epoch(self._model) + self.joining.epochs_before
        return self._epoch, step_of(self._model, self._epoch)
