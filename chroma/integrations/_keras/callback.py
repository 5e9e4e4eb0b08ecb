"""The callback for Keras 3; its public name is `chroma.integrations.keras.ChromaCallback`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from chroma.capture.layers import Layer
from chroma.capture.options import Splits, Task
from chroma.capture.session import DEFAULT_MAX_SAMPLES, MaxSamples
from chroma.capture.switch import is_disabled
from chroma.errors import MissingDependencyError
from chroma.guard import Guard
from chroma.run import Run
from chroma.run.arguments import Dtype
from chroma.run.receipt import Receipt

try:
    keras: Any = import_module("keras")  # its types are not complete
except ImportError as error:
    raise MissingDependencyError("keras", "keras") from error

from chroma.integrations._keras.calls import Method, current_call
from chroma.integrations._keras.capture import KerasCapture
from chroma.integrations._keras.joining import Joining
from chroma.integrations._keras.options import KerasOptions, Pick
from chroma.integrations._keras.splits import split_of


class ChromaCallback(keras.callbacks.Callback):
    """Captures the epochs of `Model.fit`; the trained weights come out the same to the bit.

    After an epoch the samples that are followed pass through the model once more, in inference. They are
    those Keras validates with (`validation_data`, or the tail that `validation_split` holds out, in the
    epochs that `validation_freq` names), else training samples. Chroma's own errors are warned of once and
    never reach the training.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one; a known one continues that run.
        tags: Names given to the run.
        layers: "auto" (the input and output of the classifier head, else of the last layer), or
            layer names (those of nested models with a dot), globs, "name:input", `chroma.Layer`s.
        splits: "auto": val where there is one, else train; or some of "train", "val".
        every: Epochs between snapshots, or steps as in "500 steps".
        max_samples: Most samples to follow in each split, the same ones all along; None for all; or by split,
            as {"train": 5_000, "val": None}.
        max_snapshots: Most snapshots to show: of long trainings at growing distance, the last among them;
            None for all.
        dtype: Of stored vectors: "float16", or "float32".
        task: "auto", or what is learned: "classification", "multilabel", "regression", "sequence",
            "unlabelled", "custom".
        log_inputs: Keep inputs that look like images as thumbnails.
        max_overhead: Largest share of the training's time that capture may take, as 0.02: judged after 30 s,
            every second, fourth … snapshot is taken as need be. None for any.
        outputs: Keep what a classifier says of each training sample in each epoch, from the training's own
            passes: 16 bytes besides its id.
        alarms: Look at each snapshot for collapse, divergence and the like, in the background.
        stop_on: Alarms that end the training, some of "collapse", "divergence", "dead_layer", "label_shift",
            "forgetting", "drift", "leak".
        silent: Print neither what was chosen nor the receipt.
        data: Samples to follow instead: anything `fit` takes but a generator, or a dict of them by split.
        ids: The user's own sample keys: an array `[N]`, a dict of them by split, the name of an input, or a
            function of `(x, y)`; by default positions in the data.
        labels: Labels, likewise; by default the first target with one per sample.
        inputs: Inputs to show, likewise; by default the first that looks like images.
        metadata: Further columns: a dict of name to values, likewise, or a function of `(x, y)`.

    Raises:
        ConfigError: An argument cannot be used.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        name: str | None = None,
        run_id: str | None = None,
        tags: Sequence[str] = (),
        layers: str | Layer | Sequence[str | Layer] = "auto",
        splits: Splits = "auto",
        every: int | str = 1,
        max_samples: MaxSamples = DEFAULT_MAX_SAMPLES,
        max_snapshots: int | None = 40,
        dtype: Dtype = "float16",
        task: Task = "auto",
        log_inputs: bool = True,
        max_overhead: float | None = None,
        outputs: bool = True,
        alarms: bool = True,
        stop_on: Sequence[str] = (),
        silent: bool = False,
        data: Any = None,
        ids: Pick = None,
        labels: Pick = None,
        inputs: Pick = None,
        metadata: Any = None,
    ) -> None:
        self._options = KerasOptions(**KerasOptions.picked(locals()))
        super().__init__()
        self._capture: KerasCapture | None = None  # of the running call, or of the last one
        self._captured: weakref.ref[Any] | None = None  # its model

    @property
    def run(self) -> Run | None:
        """The run of the last call that was captured, None before the first."""
        return self._capture.run if self._capture else None

    @property
    def receipt(self) -> Receipt | None:
        """What that call captured, None before its end."""
        return self._capture.receipt if self._capture else None

    def __getstate__(self) -> dict[str, Any]:
        """The options only: a copy follows its own fit."""
        return {**self.__dict__, "_capture": None, "_captured": None, "_model": None}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Open the run, take the samples to follow, choose the layers."""
        self._open("fit")

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Note which epoch it is."""
        if capture := self._running("fit"):
            capture.guarded(capture.begin_epoch, epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the metrics and the snapshots that are due."""
        if capture := self._running("fit"):
            capture.guarded(capture.end_epoch, epoch, logs or {})

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Take the last snapshot, close the run and print the receipt."""
        if capture := self._running("fit"):
            capture.guarded(capture.finish)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Wrap the step of a pass of validation, or of `evaluate`."""
        if not self._running("fit"):
            self._open("evaluate")
        if capture := self._running("fit", "evaluate"):
            capture.guarded(capture.begin_pass)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Unwrap the step; record what `evaluate` gave."""
        if capture := self._running("fit", "evaluate"):
            capture.guarded(capture.end_pass)
        if capture := self._running("evaluate"):
            capture.guarded(capture.end_call, logs or {})
            capture.guarded(capture.close)

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Wrap the step of the pass of `predict`."""
        if not self._running("fit"):
            self._open("predict")
        if capture := self._running("predict"):
            capture.guarded(capture.begin_pass)

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Unwrap the step; record what `predict` gave."""
        if capture := self._running("predict"):
            capture.guarded(capture.end_pass)
            capture.guarded(capture.end_call, {})
            capture.guarded(capture.close)

    def _running(self, *methods: Method) -> KerasCapture | None:
        """The capture of the running call, if that is of one of these methods."""
        capture = self._capture
        return capture if capture and capture.active and capture.method in methods else None

    def _open(self, method: Method) -> None:
        """A call begins: start its capture, if the user wants it."""
        last, self._capture = self._capture, None
        with _guard.fail_safe(f"capture of Model.{method}"):
            self._attend(method, last)

    def _attend(self, method: Method, last: KerasCapture | None) -> None:
        call = current_call(self.model)
        if is_disabled():
            return
        joining = Joining(None)
        if method != "fit":
            how = self._options.how()
            if call is None or call.method != method or (how is not None and split_of(method) not in how):
                self._capture = last
                return
            if last and last.run and self._captured and self._captured() is self.model:
                joining = Joining(last.run.id, last.joining.epochs_before)
        capture = self._capture = KerasCapture(self._options, self.model, method, call, joining)
        self._captured = weakref.ref(self.model)
        capture.guarded(capture.open)


_guard = Guard()
ChromaCallback.__module__ = "chroma.integrations.keras"  # where pickles look for it
