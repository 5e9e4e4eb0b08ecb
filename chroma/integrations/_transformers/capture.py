"""Captures one call of Hugging Face's Trainer: implements the callback's hooks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch.distributed as dist
import transformers
from torch import Tensor

from chroma.capture.limits import stops_early
from chroma.capture.options import How
from chroma.capture.schedule import Moment
from chroma.integrations._torch.no_trace import plain
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import Rank, shared_rank
from chroma.integrations._torch.sharding import is_sharded
from chroma.integrations._torch.split_choice import Call
from chroma.integrations._torch.trainer_capture import TorchTrainerCapture
from chroma.integrations._torch.wrapped_loaders import read_instead
from chroma.integrations._transformers.loaders import EvaluationLoaders
from chroma.integrations._transformers.wrapping import MethodWrappers, argument
from chroma.records import Array, WriterId

_NOT_METRICS = ("epoch", "step")


class TransformersCapture(TorchTrainerCapture):
    """Captures the passes of one `Trainer.train`, `evaluate` or `predict`.

    Args:
        options: What the user asked for.
        trainer: The Trainer.
        call: Which of its methods runs: "fit" is `train`, "validate" is `evaluate`; `predict` is "test", or
            "predict" if that is the split the user named.
        run_id: The run of an earlier call to continue.
    """

    def __init__(self, options: CaptureOptions, trainer: Any, call: Call, run_id: str | None = None) -> None:
        super().__init__(options, trainer.model, call)
        self._trainer = trainer
        self._run_id = options.run_id or run_id
        self._wrappers = MethodWrappers(trainer)
        self._epoch = max(math.ceil(trainer.state.epoch or 0) - 1, 0)
        self._evaluated = ""  # the split that is evaluated now
        self._evaluation_loaders = EvaluationLoaders(trainer)
        self._trained_on: Any = None  # the loader of the training
        self._last_pass: Any = None  # over it
        self._awaited = False  # the first batch of an epoch of the training
        self._lost = False  # the epoch was resumed halfway, over a loader that we did not see
        tokenizer = trainer.processing_class
        if isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
            self.reader.decode = lambda tokens: _text(tokenizer, tokens)

    def attach(self) -> None:
        """Wrap the methods that show what the trainer does, before it begins."""
        if self.captures("train") or self.takes_outputs:
            self._wrappers.wrap("get_train_dataloader", self._training_loader)
            self._wrappers.wrap("training_step", self._training_step)
        if self.takes_outputs:
            self._wrappers.wrap("compute_loss", self._loss)
        self._wrappers.wrap("get_eval_dataloader", self._evaluation_loader)
        self._wrappers.wrap("get_test_dataloader", self._test_loader)
        self._wrappers.wrap("prediction_step", self._prediction_step)
        self._wrappers.wrap("evaluate", self._evaluation)
        if self.call == "fit":
            self._wrappers.wrap("_load_best_model", self._best_model)

    def open(self) -> None:
        """Open the run, and decide how each split is captured."""
        trainer, args = self._trainer, self._trainer.args
        if (
            self.run is not None
        ):  # `auto_find_batch_size`: the same training from its start, in smaller batches
            self._run_id = self.run.id
            self.run.finish("interrupted")
            for capture in self.splits.values():
                capture.context.layers.cancel()
            self.splits.clear()
        plain(trainer.model_wrapped)  # refuses what cannot be captured
        self.model = plain(trainer.model)  # `model_init` may have made it just now
        number, of = args.process_index, args.world_size
        if of > 1 and dist.is_available() and dist.is_initialized():
            rank = shared_rank(number, of, self._run_id)
        else:
            rank = Rank(self._run_id, WriterId(rank=number, world_size=of))
        self.start(
            rank,
            framework=f"transformers {transformers.__version__}",
            config={"model": type(self.model).__name__, **_given(args)},
            name=args.run_name if args.run_name != args.output_dir else None,
        )

    def begin_epoch(self) -> None:
        """An epoch of the training begins."""
        self._epoch = int(self._trainer.state.epoch or 0)
        self._awaited = True
        self.guarded(self.begin_training_epoch)
        self.begin("train")

    def begin_evaluation(self, split: str) -> None:
        """The evaluation of a split begins."""
        self._evaluated = split
        self.begin(split)

    def end_evaluation(self) -> None:
        """The evaluation of a split is complete."""
        split, self._evaluated = self._evaluated, ""
        self.end(split)
        self._forget_evaluation()

    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Log what the trainer logs."""
        if self.run is None or not self._trainer.state.is_world_process_zero:
            return
        epoch, step = self.now()
        kept = {name: value for name, value in metrics.items() if name not in _NOT_METRICS}
        self.run.log_metrics(kept, epoch=epoch, step=step)

    def release(self) -> None:
        """Remove hooks, taps and wrappers; ours only."""
        super().release()
        self._wrappers.unwrap()

    def now(self) -> Moment:
        """Epoch and step."""
        return self._epoch, self._trainer.state.global_step

    def loaders(self, split: str) -> Any:
        """The loaders of a split: those of the evaluation that runs, else such as it would have."""
        if split == "train":
            return self._trained_on or read_instead(self._trainer.callback_handler.train_dataloader)
        return self._evaluation_loaders.all()

    def ends(self) -> bool:
        """Whether the trainer was told to stop, or has made all its steps."""
        state = self._trainer.state
        return self._trainer.control.should_training_stop or state.global_step >= state.max_steps > 0

    def stop_training(self) -> None:
        """As EarlyStoppingCallback does."""
        self._trainer.control.should_training_stop = True

    def passes(self, split: str) -> int | None:
        """How many passes over a split will come, with the one that begins; None if it depends."""
        trainer, args, state = self._trainer, self._trainer.args, self._trainer.state
        if stops_early(trainer.callback_handler.callbacks):
            return None
        if split == "val" and args.eval_strategy == "steps":
            return state.max_steps // state.eval_steps - state.global_step // state.eval_steps + 1
        before = split == "val" and args.eval_on_start and state.global_step == 0
        return state.num_train_epochs - self._epoch + int(before)

    def validates(self) -> How | None:
        """Evaluations are captured as the trainer makes them; without any, we evaluate separately."""
        if self._trainer.eval_dataset is None:
            return None
        if self._trainer.args.eval_strategy != "no":
            return "ride"
        return None if self.shards() else "probe"

    def shards(self) -> bool:
        """As of the model that the trainer calls."""
        return is_sharded(self._trainer.model_wrapped)

    def running_pass(self, split: str) -> Callable[[], Any]:
        """The trainer begins its passes after it announces them."""

        def latest() -> Any:
            loader = self._trained_on if split == "train" else self._evaluation_loaders.current()
            tapped = self.taps.get(loader) if loader is not None else None
            return tapped.latest if tapped else None

        return latest

    def hides_modules(self) -> str | None:
        """As of the model the trainer calls, which accelerate may have compiled, or spread over devices."""
        if self._trainer.args.torch_compile:
            return "compiled code does not call hooks that it does not know"
        if type(self._trainer.model_wrapped).__name__ == "DataParallel":
            return "DataParallel calls copies of the model"
        return super().hides_modules()

    def transfer(self, batch: Any) -> Any:
        """As the trainer does it."""
        return self._trainer._prepare_inputs(batch)

    def precision(self) -> AbstractContextManager[Any]:
        """As the trainer computes a loss."""
        return self._trainer.compute_loss_context_manager()

    def _training_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to the training's loader"):
            self._trained_on = read_instead(loader)
            if self.will_ride("train", self._trained_on):
                self.listen(self._trained_on)
        return loader

    def _evaluation_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to an evaluation's loader"):
            self._tap_evaluation(
                loader, self._evaluation_loaders.number_of(argument(args, kwargs, "eval_dataset"))
            )
        return loader

    def _test_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to a test's loader"):
            self._tap_evaluation(loader, 0)
        return loader

    def _tap_evaluation(self, loader: Any, number: int | None) -> None:
        loaders = self._evaluation_loaders
        loaders.number = number if self._evaluated else None
        if loaders.number is not None:
            loaders.made[loaders.number] = read_instead(loader)
            if self.uses_loop(self._evaluated):
                self.listen(read_instead(loader))

    def _evaluation(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        dataset = argument(args, kwargs, "eval_dataset")
        if self._evaluated or not (dataset is None or dataset is self._trainer.eval_dataset):
            return original(*args, **kwargs)
        self.guarded(self.begin_evaluation, "val")
        try:
            metrics = original(*args, **kwargs)
        except BaseException:
            self._evaluated = ""
            self._forget_evaluation()
            raise
        self.guarded(self.end_evaluation)
        return metrics

    def _best_model(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The weights of the last step are about to be replaced by those of the best one."""
        self.guarded(self.finish)
        return original(*args, **kwargs)

    def _prediction_step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        split, number = self._evaluated, self._evaluation_loaders.number
        if not split or number is None:
            return original(*args, **kwargs)
        self.guarded(self.begin_batch, split, argument(args[1:], kwargs, "inputs"), number)
        result = original(*args, **kwargs)
        self.guarded(self.end_batch, split)
        return result

    def _training_step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not (self.rides("train") or self.follows_training):
            return original(*args, **kwargs)
        self.guarded(self._begin_training_batch, argument(args[1:], kwargs, "inputs"))
        result = original(*args, **kwargs)
        if not self._lost:
            self.guarded(self.end_batch, "train")
            self.guarded(self.end_training_batch)
        return result

    def _loss(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        loss = result[0] if isinstance(result, tuple) else result
        if isinstance(loss, Tensor):
            self.guarded(self.see_training_loss, loss)
        return result

    def _begin_training_batch(self, batch: Any) -> None:
        if self._awaited:
            self._awaited = False
            tapped = self.taps.get(self._trained_on)
            latest = tapped.latest if tapped else None
            self._lost = tapped is not None and latest is self._last_pass
            self._last_pass = latest
            if self._lost and self.run is not None:
                said = "train: the epoch that was resumed halfway is not captured"
                self.run.recording.tally.note("resumed", said)
        if self._lost and self.training is not None:
            self.training.cancel()
        if not self._lost:
            if self.rides("train"):
                self.begin_batch("train", batch)
            self.guarded(self.begin_training_batch, batch)

    def _forget_evaluation(self) -> None:
        for loader in self._evaluation_loaders.made.values():
            self.forget(loader)
        self._evaluation_loaders.clear()


def _given(args: Any) -> dict[str, Any]:
    """The arguments that are set, secrets left out as the framework does it for its own loggers."""
    return {name: value for name, value in args.to_sanitized_dict().items() if value != "None"}


def _text(tokenizer: Any, tokens: Array) -> str:
    return tokenizer.decode(tokens.tolist(), skip_special_tokens=True).strip()
