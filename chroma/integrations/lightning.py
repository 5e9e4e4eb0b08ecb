"""The callback for Lightning's Trainer, from `lightning.pytorch` or `pytorch_lightning`.

```python
from chroma.integrations.lightning import ChromaCallback

trainer = Trainer(callbacks=[ChromaCallback()])
```
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chroma.capture.switch import is_disabled
from chroma.errors import MissingDependencyError
from chroma.guard import Guard
from chroma.integrations._lightning.capture import LightningCapture
from chroma.integrations._torch.options import TakesOptions
from chroma.integrations._torch.split_choice import SPLIT_OF_CALL
from chroma.run import Run
from chroma.run.receipt import Receipt

_NAMESPACES = ("lightning.pytorch", "pytorch_lightning")


class CallbackHooks(TakesOptions):
    """Captures the layers of a model while `Trainer.fit` trains it; the weights come out the same to the bit.

    Chroma's own errors are warned of once and never reach the training. The sanity check and `fast_dev_run`
    are not captured. `Trainer.validate`, `test` and `predict` are if `splits` names "val", "test" or
    "predict"; after a fit of the same model they belong to its run.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one; a known one continues that run.
        tags: Names given to the run.
        layers: "auto" (the input and output of the classifier head, else of the last layer), or
            module names, globs, "name:input", `chroma.Layer`s.
        splits: "auto": val where there is one, else train; or some of "train", "val", "test", "predict". Val,
            test and predict are captured from the trainer's own forward passes. Of train a probe set is
            fetched once and evaluated after each epoch, in evaluation mode and without a trace;
            {"train": "ride"} captures the training's own forward passes, and {"val": "probe"} evaluates val
            separately.
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
        forward: Function of the model and a batch that calls the model on a probe set's batch; by default
            `forward` gets the first of an (x, y) batch, or a mapping's entries by name.
        ids: The user's own sample keys: a key of the batch, or a function of it; by default dataset indices,
            recorded from the DataLoader.
        labels: Labels, likewise; by default the second of an (x, y) batch, or a key like "label".
        inputs: Inputs to show, likewise; by default the first of an (x, y) batch, or a key like "image".
        metadata: Further columns: keys of the batch, or a function that gives name to `[B]` values.

    Raises:
        ConfigError: An argument cannot be used.
    """

    _fit: LightningCapture | None = None  # of the call that runs
    _last: LightningCapture | None = None
    _model: weakref.ref[Any] | None = None  # of the last fit

    @property
    def run(self) -> Run | None:
        """The run of the last call that was captured, None before the first."""
        return self._last.run if self._last else None

    @property
    def receipt(self) -> Receipt | None:
        """What that call captured, None before its end."""
        return self._last.receipt if self._last else None

    def __getstate__(self) -> dict[str, Any]:
        """The options only: a copy, or the same callback in a spawned process, follows its own fit."""
        return {**self.__dict__, "_fit": None, "_last": None, "_model": None}

    def setup(self, trainer: Any, pl_module: Any, stage: Any) -> None:
        """Listen to the loaders, before any of them is iterated."""
        self._fit = None
        with _guard.fail_safe("capture of a Trainer's call"):
            self._attend(trainer, pl_module, stage)

    def _attend(self, trainer: Any, pl_module: Any, stage: Any) -> None:
        if trainer.fast_dev_run or is_disabled():
            return
        run_id = None
        if stage != "fit":
            if SPLIT_OF_CALL.get(stage) not in (self._options.how() or ()):
                return
            if self._last and self._last.run and self._model and self._model() is pl_module:
                run_id = self._last.run.id
        self._fit = self._last = LightningCapture(self._options, trainer, pl_module, stage, run_id)
        self._model = weakref.ref(pl_module)
        self._fit.guarded(self._fit.attach)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the run."""
        self._open("fit")

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Decide whether the batches of this epoch are captured."""
        if self._fit:
            self._fit.guarded(self._fit.begin, "train")
            self._fit.guarded(self._fit.begin_training_epoch)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Take ids, labels and inputs, and listen to the layers."""
        if self._fit and self._fit.awaits_loss:
            self._fit.guarded(self._fit.read_losses, batch)
        if self._fit and "train" in self._fit.splits:
            self._fit.guarded(self._fit.begin_batch, "train", batch)
        if self._fit:
            self._fit.guarded(self._fit.begin_training_batch, batch)

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """See what the first batch's losses compare with its labels."""
        if self._fit and self._fit.awaits_loss:
            self._fit.guarded(self._fit.see_loss, loss)
        if self._fit:
            self._fit.guarded(self._fit.see_training_loss, loss)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check that the layers gave what they should."""
        if self._fit and self._fit.awaits_loss:
            self._fit.guarded(self._fit.end_losses)
        if self._fit:
            self._fit.guarded(self._fit.end_training_batch)
        if self._fit and "train" in self._fit.splits:
            self._fit.guarded(self._fit.end_batch, "train")
            self._fit.guarded(self._fit.end_step)
        if self._fit and self._fit.stop_wanted:
            self._fit.guarded(self._fit.heed_alarms)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the epoch's own samples, or evaluate the probe set, and the metrics of the epoch."""
        if self._fit:
            self._fit.guarded(self._fit.end_epoch)
            self._fit.guarded(self._fit.end_training_epoch)
            self._fit.guarded(self._fit.log_metrics, of_epoch=True)
            self._fit.guarded(self._fit.heed_alarms)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Decide whether this pass is captured."""
        self._open("validate")
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.begin, "val")

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Take ids, labels and inputs, and listen to the layers."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.begin_batch, "val", batch, dataloader_idx)

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Check that the layers gave what they should."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.end_batch, "val")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the pass and the metrics it logged."""
        if self._fit and not trainer.sanity_checking:
            self._fit.guarded(self._fit.end, "val")
            self._fit.guarded(self._fit.log_metrics)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Decide whether this pass is captured."""
        self._open("test")
        if self._fit:
            self._fit.guarded(self._fit.begin, "test")

    def on_test_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Take ids, labels and inputs, and listen to the layers."""
        if self._fit:
            self._fit.guarded(self._fit.begin_batch, "test", batch, dataloader_idx)

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Check that the layers gave what they should."""
        if self._fit:
            self._fit.guarded(self._fit.end_batch, "test")

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the pass and the metrics it logged."""
        if self._fit:
            self._fit.guarded(self._fit.end, "test")
            self._fit.guarded(self._fit.log_metrics)

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Decide whether this pass is captured."""
        self._open("predict")
        if self._fit:
            self._fit.guarded(self._fit.begin, "predict")

    def on_predict_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Take ids, labels and inputs, and listen to the layers."""
        if self._fit:
            self._fit.guarded(self._fit.begin_batch, "predict", batch, dataloader_idx)

    def on_predict_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Check that the layers gave what they should."""
        if self._fit:
            self._fit.guarded(self._fit.end_batch, "predict")

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the pass and the metrics it logged."""
        if self._fit:
            self._fit.guarded(self._fit.end, "predict")
            self._fit.guarded(self._fit.log_metrics)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Close the run as failed or interrupted; the exception goes its way."""
        if self._fit:
            self._fit.guarded(self._fit.close, exception)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Close the run and print the receipt."""
        if self._fit:
            self._fit.guarded(self._fit.close)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Leave nothing of ours on the trainer or the model."""
        if self._fit:
            self._fit.guarded(self._fit.release if stage == "fit" else self._fit.close)

    def _open(self, call: str) -> None:
        """Open the run, if this is the call that is captured and it has none yet."""
        if self._fit and self._fit.call == call and self._fit.run is None:
            self._fit.guarded(self._fit.open)


_guard = Guard()


def _callback_class(names: Sequence[str]) -> type[CallbackHooks]:
    """The callback as a subclass of the `Callback` of each namespace, so that every Trainer takes it."""
    bases = tuple(import_module(name).Callback for name in names)
    about = {"__module__": __name__, "__qualname__": "ChromaCallback", "__doc__": CallbackHooks.__doc__}
    return type("ChromaCallback", (CallbackHooks, *bases), about)


def __getattr__(name: str) -> Any:
    """Make `ChromaCallback` when first asked for it: of the namespaces in use, else of one installed."""
    if name != "ChromaCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    used = [namespace for namespace in _NAMESPACES if namespace in sys.modules]
    installed = [namespace for namespace in _NAMESPACES if find_spec(namespace.partition(".")[0])]
    if not installed:
        raise MissingDependencyError("lightning", "lightning")
    made = globals()[name] = _callback_class(used or installed[:1])
    return made
