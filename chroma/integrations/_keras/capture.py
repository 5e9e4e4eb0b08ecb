"""One call of a Keras model that is captured: what the callback's hooks come down to."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from time import perf_counter
from typing import Any

from chroma.capture.call import CapturedCall
from chroma.capture.labels import LabelReader
from chroma.capture.session import CaptureSession
from chroma.errors import ConfigError
from chroma.integrations._keras.calls import KerasCall, Method
from chroma.integrations._keras.layer_choice import choose_layers
from chroma.integrations._keras.layer_values import LayerValues
from chroma.integrations._keras.options import KerasOptions, targets_of
from chroma.integrations._keras.split_capture import About, Moment, RidingStage, Stage
from chroma.integrations._keras.splits import Followed, follow, sources_of, split_of, validates
from chroma.integrations._keras.targets import numbers_of
from chroma.run import Run
from chroma.run.recording import status_of

keras: Any = import_module("keras")  # its types are not complete

_LEAST_BATCH = 128  # samples: below this the calls cost more than the arithmetic


class KerasCapture(CapturedCall):
    """Captures the passes of one `fit`, `evaluate` or `predict`.

    Args:
        options: What the user asked for.
        model: The model.
        method: What was called.
        call: What it was called with; None where that is not seen.
        run_id: The run of an earlier call to continue.

    Attributes:
        method: What was called.
        runs: Whether it is not over.
    """

    def __init__(
        self,
        options: KerasOptions,
        model: Any,
        method: Method,
        call: KerasCall | None,
        run_id: str | None = None,
    ) -> None:
        super().__init__(silent=options.silent)
        self.method: Method = method
        self.runs = True
        self._options = options
        self._model = model
        self._call = call
        self._arguments: Mapping[str, Any] = call.arguments if call else {}
        self._run_id = options.run_id or run_id
        self._stages: dict[str, Stage] = {}
        self._labels = LabelReader(options.task, numbers=numbers_of(model))
        self._epoch = 0
        self._began: tuple[float, float] | None = None  # seconds captured, and the time, after the set-up
        if call is not None:
            call.captures.append(self)

    def open(self) -> None:
        """Open the run, take the samples to follow, and choose the layers."""
        options = self._options
        asked: dict[str, Any] = {**options.run(), "run_id": self._run_id}
        self.run = Run(
            **asked,
            config=_config(self._model, self._arguments),
            framework=f"keras {keras.__version__} ({keras.backend.backend()})",
            guard=self.guard,
        )
        _refuse_processes(self._model)
        session = CaptureSession(
            self.run.recording, max_samples=options.max_samples, log_inputs=options.log_inputs
        )
        splits = self._follow()
        if not splits:
            return
        first = splits[0]
        choice = choose_layers(self._model, first.samples.x, first.labels, self._labels, options.layers)
        if self.method != "predict":  # which is given no targets
            targets = targets_of(first.samples)
            self.run.recording.describe(self._labels.task(first.labels, targets[0] if targets else None))
        size = self._arguments.get("validation_batch_size") or self._arguments.get("batch_size") or 0
        about = About(
            self,
            session,
            self._model,
            choice,
            LayerValues(self._model, choice.read, self.guard),
            max(_LEAST_BATCH, size),
            self._clock,
        )
        self._stages = {split.name: self._stage(split, about) for split in splits}
        self._began = (self.run.recording.tally.seconds, perf_counter())

    def begin_epoch(self, epoch: int) -> None:
        """An epoch begins."""
        self._epoch = epoch

    def begin_pass(self) -> None:
        """Keras begins a pass in inference."""
        if stage := self._stages.get(split_of(self.method)):
            stage.begin(self._now())

    def end_pass(self) -> None:
        """Keras has made the pass."""
        if stage := self._stages.get(split_of(self.method)):
            stage.stop()

    def end_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Record the metrics of the epoch, and the snapshots that are due."""
        if self.run is None:
            return
        self._epoch = epoch
        now = self._now()
        self.run.log_metrics(logs, epoch=now[0], step=now[1])
        for stage in self._stages.values():
            if not stage.split.passes or self._validated(epoch):
                stage.end(now)

    def end_call(self, logs: Mapping[str, Any]) -> None:
        """Record what `evaluate` or `predict` gave."""
        if self.run is None:
            return
        now = self._now()
        split = split_of(self.method)
        if logs:
            self.run.log_metrics(
                {f"{split}_{name}": v for name, v in logs.items()}, epoch=now[0], step=now[1]
            )
        for stage in self._stages.values():
            stage.end(now)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended, and say what was captured."""
        self.runs = False
        for stage in self._stages.values():
            stage.stop()
            if self.run is not None and self.receipt is None and (said := stage.thinning.said()):
                self.run.recording.tally.note(f"thinning {stage.split.name}", f"{stage.split.name}: {said}")
        self._stages = {}
        status, error = status_of(exception)
        self.end_run(status, error)

    def broke_off(self, error: BaseException) -> None:
        """The call ended with an error of the user's, which goes its way."""
        self.guarded(self.close, error)

    def _follow(self) -> list[Followed]:
        """The splits whose samples could be taken; why not, if there are none."""
        assert self.run is not None
        passes = self._options.data is None
        followed: list[Followed] = []
        for name, take in sources_of(self._call, self._options).items():
            with self.guard.fail_safe(f"taking the samples of {name}"):
                samples = take()
                if samples.note:
                    self.run.recording.tally.note(f"{name} source", samples.note)
                followed.append(
                    follow(name, samples, self._options, self._labels, passes=passes and name != "train")
                )
        if not followed:
            self.run.recording.tally.miss("no samples could be followed")
        elif followed[0].name == "val" and len(followed) == 1 and self._options.how() is None and passes:
            self.run.recording.tally.note(
                "splits", "training samples are not captured; splits=('train', 'val') adds them"
            )
        return followed

    def _stage(self, split: Followed, about: About) -> Stage:
        thinning = self._options.thinning(self._passes(split))
        how = (self._options.how() or {}).get(split.name, "ride")
        rides = (
            split.passes
            and how == "ride"
            and split.samples.order != "unknown"
            # of several steps in one call Keras returns the last only
            and self._model.steps_per_execution == 1
            and not _replicas(self._model) > 1
        )
        if not rides:
            return Stage(split, about, thinning)
        return RidingStage(split, about, thinning, "predict" if self.method == "predict" else "test")

    def _passes(self, split: Followed) -> int:
        """How many passes over a split the call makes."""
        if self.method != "fit":
            return 1
        epochs = range(self._arguments.get("initial_epoch", 0), self._arguments.get("epochs", 1))
        return sum(1 for epoch in epochs if not split.passes or self._validated(epoch))

    def _validated(self, epoch: int) -> bool:
        if self._call is None or not validates(self._call):
            return False
        often: Any = self._arguments.get("validation_freq", 1)
        return (epoch + 1) % often == 0 if isinstance(often, int) else epoch + 1 in often

    def _now(self) -> Moment:
        if self.method != "fit":  # after the last epoch that was trained
            epochs = getattr(getattr(self._model, "history", None), "epoch", None)
            self._epoch = epochs[-1] if epochs else 0
        optimizer = getattr(self._model, "optimizer", None)
        step = self._epoch if optimizer is None else int(keras.ops.convert_to_numpy(optimizer.iterations))
        return self._epoch, step

    def _clock(self) -> tuple[float, float]:
        """Seconds capture took on the training's thread, of seconds since its set-up."""
        if self.run is None or self._began is None:
            return 0.0, 0.0
        seconds, began = self._began
        return self.run.recording.tally.seconds - seconds, perf_counter() - began


def _replicas(model: Any) -> int:
    """Devices that TensorFlow spreads a model over."""
    strategy = getattr(model, "distribute_strategy", None)
    return getattr(strategy, "num_replicas_in_sync", 1)


def _refuse_processes(model: Any) -> None:
    """Several processes would each see a part of the samples, which is not supported.

    Raises:
        ConfigError: There are several.
    """
    processes = 1
    if keras.backend.backend() == "jax":
        processes = import_module("jax").process_count()
    elif keras.backend.backend() == "torch":
        dist = import_module("torch.distributed")
        processes = dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
    elif cluster := getattr(getattr(model, "distribute_strategy", None), "cluster_resolver", None):
        processes = len(cluster.cluster_spec().as_dict().get("worker", ())) or 1
    if processes > 1:
        raise ConfigError(
            f"this model is trained by {processes} processes, which Chroma does not capture with Keras; "
            "train in one process to see it"
        )


def _config(model: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the call was asked to do, plain numbers and names only."""
    optimizer = getattr(model, "optimizer", None)
    asked = ("epochs", "batch_size", "steps_per_epoch", "validation_split", "shuffle")
    config: dict[str, Any] = {name: arguments[name] for name in asked if name in arguments}
    if optimizer is not None:
        config["optimizer"] = type(optimizer).__name__
    return config
