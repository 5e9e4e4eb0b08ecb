"""One call of Hugging Face's Trainer that is captured: what the callback's hooks come down to.

The Trainer tells its callbacks neither of the batches nor of the loaders, so we stand around a few methods
of the very trainer (not of its class) while it runs, and step aside afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch.distributed as dist
import transformers

from chroma.capture.options import How
from chroma.integrations._torch.evaluation import plain, random_states_kept
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import Rank, shared_rank
from chroma.integrations._torch.split_capture import Moment
from chroma.integrations._torch.trainer_capture import Call, TrainingCapture
from chroma.records import Array, WriterId

_NOT_METRICS = ("epoch", "step")


class TrainerCapture(TrainingCapture):
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
        self._shadows: dict[str, Any] = {}
        self._epoch = max(math.ceil(trainer.state.epoch or 0) - 1, 0)
        self._evaluated = ""  # the split that is evaluated now
        self._number: int | None = None  # of its loader that is iterated now; None for other samples
        self._fresh: dict[int, Any] = {}  # the loaders of an evaluation, by number
        self._trained_on: Any = None  # the loader of the training
        self._last_pass: Any = None  # over it
        self._awaited = False  # the first batch of an epoch of the training
        self._lost = False  # the epoch goes over another loader, made to resume amid it
        tokenizer = trainer.processing_class
        if isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
            self.reader.decode = lambda tokens: _text(tokenizer, tokens)

    def attach(self) -> None:
        """Listen to what the trainer does, before it begins."""
        if self.rides("train"):
            self._stand_around("get_train_dataloader", self._training_loader)
            self._stand_around("training_step", self._training_step)
        self._stand_around("get_eval_dataloader", self._evaluation_loader)
        self._stand_around("get_test_dataloader", self._test_loader)
        self._stand_around("prediction_step", self._prediction_step)
        self._stand_around("evaluate", self._evaluation)

    def open(self) -> None:
        """Open the run, and decide how each split is captured."""
        trainer, args = self._trainer, self._trainer.args
        if (
            self.run is not None
        ):  # `auto_find_batch_size`: the same training from its start, in smaller batches
            self._run_id = self.run.id
            self.run.finish("interrupted")
            for stage in self.stages.values():
                stage.watcher.cancel()
            self.stages.clear()
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
        """Remove hooks and taps, and step aside; ours only."""
        super().release()
        for name, shadow in self._shadows.items():
            if vars(self._trainer).get(name) is shadow:
                delattr(self._trainer, name)
        self._shadows.clear()

    def now(self) -> Moment:
        """Epoch and step."""
        return self._epoch, self._trainer.state.global_step

    def loaders(self, split: str) -> Any:
        """The loaders of a split: those of the evaluation that runs, else such as it would have."""
        if split == "train":
            return self._trained_on or _base(self._trainer.callback_handler.train_dataloader)
        return [self._fresh[number] for number in sorted(self._fresh)] or self._unused_loaders()

    def passes(self, split: str) -> int | None:
        """How many passes over a split the training will make; None if it depends."""
        args, state = self._trainer.args, self._trainer.state
        if split == "val" and args.eval_strategy == "steps":
            return state.max_steps // state.eval_steps + int(args.eval_on_start)
        return state.num_train_epochs + int(split == "val" and args.eval_on_start)

    def validates(self) -> How | None:
        """An evaluation strategy is ridden on; without one the evaluation's samples are evaluated aside."""
        if self._trainer.eval_dataset is None:
            return None
        return "ride" if self._trainer.args.eval_strategy != "no" else "probe"

    def living(self, split: str) -> Callable[[], Any]:
        """The trainer begins its passes after it says so."""

        def latest() -> Any:
            loader = self._trained_on if split == "train" else self._fresh.get(self._number or 0)
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

    def _stand_around(self, name: str, around: Callable[..., Any]) -> None:
        """Let `around(original, *args, **kwargs)` see the calls of a method of this trainer."""
        original = getattr(self._trainer, name)

        def shadow(*args: Any, **kwargs: Any) -> Any:
            return around(original, *args, **kwargs)

        self._shadows[name] = shadow
        setattr(self._trainer, name, shadow)

    def _training_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to the training's loader"):
            self._trained_on = _base(loader)
            self.listen(self._trained_on)
        return loader

    def _evaluation_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to an evaluation's loader"):
            self._hear(loader, self._number_of(_first(args, kwargs, "eval_dataset")))
        return loader

    def _test_loader(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loader = original(*args, **kwargs)
        with self.guard.fail_safe("listening to a test's loader"):
            self._hear(loader, 0)
        return loader

    def _hear(self, loader: Any, number: int | None) -> None:
        self._number = number if self._evaluated else None
        if self._number is not None:
            self._fresh[self._number] = _base(loader)
            if self.rides(self._evaluated):
                self.listen(_base(loader))

    def _number_of(self, dataset: Any) -> int | None:
        """Which of the trainer's own evaluation datasets is meant; None if it is another."""
        own = self._trainer.eval_dataset
        if isinstance(dataset, str):
            return list(own).index(dataset)
        if isinstance(own, Mapping):
            known = [id(each) for each in own.values()]
            return known.index(id(dataset)) if id(dataset) in known else None
        return 0 if dataset is None or dataset is own else None

    def _evaluation(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        dataset = _first(args, kwargs, "eval_dataset")
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

    def _prediction_step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        split, number = self._evaluated, self._number
        if not split or number is None:
            return original(*args, **kwargs)
        self.guarded(self.begin_batch, split, _first(args[1:], kwargs, "inputs"), number)
        result = original(*args, **kwargs)
        self.guarded(self.end_batch, split)
        return result

    def _training_step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.guarded(self._begin_training_batch, _first(args[1:], kwargs, "inputs"))
        result = original(*args, **kwargs)
        if not self._lost:
            self.guarded(self.end_batch, "train")
        return result

    def _begin_training_batch(self, batch: Any) -> None:
        if self._awaited:
            self._awaited = False
            tapped = self.taps.get(self._trained_on)
            latest = tapped.latest if tapped else None
            self._lost = tapped is not None and latest is self._last_pass
            self._last_pass = latest
            if self._lost and self.run is not None:
                said = "train: the epoch that the training was resumed amid is not captured"
                self.run.recording.tally.note("resumed", said)
        if not self._lost:
            self.begin_batch("train", batch)

    def _forget_evaluation(self) -> None:
        for loader in self._fresh.values():
            self.forget(loader)
        self._fresh.clear()
        self._number = None

    def _unused_loaders(self) -> list[Any]:
        """Loaders as an evaluation would have them, of which the trainer does not learn."""
        trainer = self._trainer
        own = trainer.eval_dataset
        prepared: list[Any] = trainer.accelerator._dataloaders
        known = len(prepared)
        with random_states_kept():
            made = [
                trainer.get_eval_dataloader(name) for name in (own if isinstance(own, Mapping) else [None])
            ]
        del prepared[known:]
        return [_base(loader) for loader in made]


def _given(args: Any) -> dict[str, Any]:
    """The arguments that are set, secrets left out as the framework does it for its own loggers."""
    return {name: value for name, value in args.to_sanitized_dict().items() if value != "None"}


def _base(loader: Any) -> Any:
    """The DataLoader that is iterated, below what accelerate makes of it."""
    return getattr(loader, "base_dataloader", loader)


def _first(args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str) -> Any:
    return args[0] if args else kwargs.get(name)


def _text(tokenizer: Any, tokens: Array) -> str:
    return tokenizer.decode(tokens.tolist(), skip_special_tokens=True).strip()
