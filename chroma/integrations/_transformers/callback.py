"""The callback for Hugging Face's Trainer; its public name is that of `chroma.integrations.transformers`."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from chroma.capture.switch import is_disabled
from chroma.errors import MissingDependencyError
from chroma.guard import Guard

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise MissingDependencyError("transformers", "transformers") from error

from chroma.integrations._torch.options import TakesOptions
from chroma.integrations._torch.split_choice import SPLIT_OF_CALL, Call
from chroma.integrations._transformers.capture import TransformersCapture
from chroma.run import Run
from chroma.run.receipt import Receipt


class ChromaCallback(TakesOptions, TrainerCallback):
    """Captures the layers of a model while `Trainer.train` trains it; the weights stay the same to the bit.

    Evaluations of `eval_dataset` are captured as the Trainer makes them; without an evaluation strategy its
    samples, or those of the training, are evaluated separately after each epoch. `[B, T, D]` becomes the mean
    of the tokens that the attention mask calls valid, and where the Trainer has a tokenizer as
    `processing_class`, the texts of the samples are kept as previews. `Trainer.evaluate` and `predict`
    outside a training are captured if `splits` names "val" or "test"; after a training of the same model
    they belong to its run. Chroma's own errors are warned of once and never reach the training.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default `TrainingArguments.run_name`, else one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one; a known one continues that run.
        tags: Names given to the run.
        layers: "auto" (the input and output of the classifier head, else of the last layer), or
            module names, globs, "name:input", `chroma.Layer`s.
        splits: "auto": val where there is one, else train; or some of "train", "val", "test". Val
            is the `eval_dataset`. Of train a probe set is fetched once and evaluated after each epoch, in
            evaluation mode and without a trace; {"train": "ride"} captures the training's own forward passes,
            and {"val": "probe"} evaluates val separately. Several evaluation datasets are "val", "val:1", …
            in order.
        every: Epochs between snapshots, or steps as in "500 steps".
        max_samples: Most samples to follow in each split, the same ones all along; None for all; or by split,
            as {"train": 5_000, "val": None}.
        max_snapshots: Most snapshots to show: of long trainings at growing distance, the last among them;
            None for all.
        dtype: Of stored vectors: "float16", or "float32".
        task: "auto", or what is learned: "classification", "multilabel", "regression", "sequence",
            "unlabelled", "custom".
        log_inputs: Keep inputs that look like images as thumbnails, and the texts of tokens.
        max_overhead: Largest share of the training's time that capture may take, as 0.02: judged after 30 s,
            every second, fourth … snapshot is taken as need be. None for any.
        outputs: Keep what a classifier says of each training sample in each epoch, from the training's own
            passes: 16 bytes besides its id.
        alarms: Look at each snapshot for collapse, divergence and the like, in the background.
        stop_on: Alarms that end the training, some of "collapse", "divergence", "dead_layer", "label_shift",
            "forgetting", "drift", "leak".
        silent: Print neither what was chosen nor the receipt.
        forward: Function of the model and a batch that calls the model on a probe set's batch; by default
            `forward` gets the batch's entries by name.
        ids: The user's own sample keys: a key of the batch (with `remove_unused_columns=False`), or a
            function of it; by default dataset indices, recorded from the DataLoader.
        labels: Labels, likewise; by default a key like "labels" with one per sample.
        inputs: Inputs to show, likewise; by default a key like "pixel_values".
        metadata: Further columns: keys of the batch, or a function that gives name to `[B]` values.

    Raises:
        ConfigError: An argument cannot be used.
    """

    _fit: TransformersCapture | None = None  # of the call that runs
    _last: TransformersCapture | None = None
    _model: weakref.ref[Any] | None = None  # of the last training

    @property
    def run(self) -> Run | None:
        """The run of the last call that was captured, None before the first."""
        return self._last.run if self._last else None

    @property
    def receipt(self) -> Receipt | None:
        """What that call captured, None before its end."""
        return self._last.receipt if self._last else None

    def __getstate__(self) -> dict[str, Any]:
        """The options only: a copy follows its own training."""
        return {**self.__dict__, "_fit": None, "_last": None, "_model": None}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the run; a second time in a call if the trainer starts again with smaller batches."""
        if self._fit:
            self._fit.guarded(self._fit.open)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Decide whether the batches of this epoch are captured."""
        if self._fit:
            self._fit.guarded(self._fit.begin_epoch)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Evaluate what is captured every so many steps."""
        if self._fit:
            self._fit.guarded(self._fit.end_step)
            self._fit.guarded(self._fit.heed_alarms)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the epoch's own samples, or evaluate the probe set."""
        if self._fit:
            self._fit.guarded(self._fit.end_training_epoch)
            self._fit.guarded(self._fit.end_epoch)
            self._fit.guarded(self._fit.heed_alarms)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Record what the trainer logs."""
        if self._fit:
            self._fit.guarded(self._fit.log_metrics, logs or {})

    def attend(self, method: str, trainer: Any, dataset: Any) -> TransformersCapture | None:
        """What captures a call that begins, None if it is not to be captured.

        Args:
            method: "train", "evaluate" or "predict".
            trainer: The Trainer.
            dataset: What it was called with, if anything.
        """
        if self._fit is not None or is_disabled():
            return None
        if method == "train":
            self._fit = TransformersCapture(self._options, trainer, "fit")
        else:
            asked = self._options.how() or {}
            call: Call = "validate" if method == "evaluate" else "test" if "test" in asked else "predict"
            own = method == "predict" or dataset is None or dataset is trainer.eval_dataset
            if not own or SPLIT_OF_CALL[call] not in asked:
                return None
            known = self._last.run if self._last and self._model and self._model() is trainer.model else None
            self._fit = TransformersCapture(self._options, trainer, call, known.id if known else None)
        self._last, self._model = self._fit, weakref.ref(trainer.model)
        self._fit.guarded(self._fit.attach)
        if method != "train":
            self._fit.guarded(self._fit.open)
            self._fit.guarded(self._fit.begin_evaluation, SPLIT_OF_CALL[self._fit.call])
        return self._fit

    def leave(self, method: str, error: BaseException | None) -> None:
        """The call has ended."""
        capture, self._fit = self._fit, None
        if capture is not None:
            if method != "train" and error is None:
                capture.guarded(capture.end_evaluation)
            capture.guarded(capture.close, error)


def observed(call: Callable[..., Any], trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Call `train`, `evaluate` or `predict`; a callback of ours learns of the trainer, and how it ended."""
    method, attending = call.__name__, None
    with _guard.fail_safe(f"capture of Trainer.{method}"):
        callbacks = trainer.callback_handler.callbacks
        ours = next((each for each in callbacks if isinstance(each, ChromaCallback)), None)
        dataset = args[0] if args else kwargs.get("eval_dataset")
        attending = ours if ours is not None and ours.attend(method, trainer, dataset) else None
    if attending is None:
        return call(*args, **kwargs)
    try:
        result = call(*args, **kwargs)
    except BaseException as error:
        with _guard.fail_safe(f"the end of Trainer.{method}"):
            attending.leave(method, error)
        raise
    with _guard.fail_safe(f"the end of Trainer.{method}"):
        attending.leave(method, None)
    return result


_guard = Guard()
ChromaCallback.__module__ = "chroma.integrations.transformers"  # where pickles look for it
