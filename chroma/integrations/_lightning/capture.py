"""Captures one call of Lightning's Trainer: implements the callback's hooks."""

from __future__ import annotations

import math
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from chroma.capture.joined import earlier_fit, remember, what_must_be_same
from chroma.capture.layers import Chosen
from chroma.capture.limits import stops_early
from chroma.capture.options import How
from chroma.capture.schedule import Moment
from chroma.integrations._torch.drawn import expected_of
from chroma.integrations._torch.loss_graph import LossOfBatch
from chroma.integrations._torch.no_trace import plain
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import Rank
from chroma.integrations._torch.sharding import is_sharded
from chroma.integrations._torch.split_capture import Joined, LoopCapture, listed
from chroma.integrations._torch.split_choice import SPLIT_OF_CALL, Call
from chroma.integrations._torch.trainer_capture import TorchTrainerCapture
from chroma.records import WriterId
from chroma.run.run_id import given_or_new_id

_SPLIT_OF_MODE = {"train": "train", "sanity_check": "val", **SPLIT_OF_CALL}


class LightningCapture(TorchTrainerCapture):
    """Captures the passes of one `Trainer.fit`, `validate`, `test` or `predict`.

    Args:
        options: What the user asked for.
        trainer: The Trainer.
        model: The LightningModule.
        call: Which of its methods runs.
        run_id: The run of an earlier call to continue.

    Attributes:
        awaits_loss: Whether the first batch of a training is still to come, or runs.
    """

    def __init__(
        self, options: CaptureOptions, trainer: Any, model: Any, call: Call, run_id: str | None = None
    ) -> None:
        super().__init__(options, model, call)
        self._trainer = trainer
        self._run_id = options.run_id or run_id
        self._joins: Any = None  # what a later fit must share to join this run
        self._prepare: Any = None
        self._logged: dict[str, Any] = {}
        self.awaits_loss = call == "fit"
        self._loss: LossOfBatch | None = None
        self._of_epoch: set[str] = set()  # names of metrics that come at the end of an epoch
        self._trained_before = 0  # batches, in earlier fits

    def attach(self) -> None:
        """Tap the loaders to capture from as soon as the trainer has made them, before they are iterated."""
        connector = self._trainer._data_connector
        original = connector._prepare_dataloader

        def prepare(dataloader: Any, shuffle: bool, mode: Any) -> Any:
            prepared = original(dataloader, shuffle, mode)
            with self.guard.fail_safe("listening to a loader"):
                if self.will_ride(_SPLIT_OF_MODE.get(mode.value, ""), prepared):
                    self.listen(prepared)
            return prepared

        connector._prepare_dataloader = self._prepare = prepare

    def open(self) -> None:
        """Open the run, and decide how each split is captured."""
        trainer = self._trainer
        plain(self.model)  # refuses what cannot be captured
        plain(trainer.strategy.model)
        if self.call == "fit":
            options = self.options
            self._joins = what_must_be_same(options.name, options.run_id, trainer, _data_of(trainer))
            if earlier := earlier_fit(self.model, self._joins):
                self._run_id = earlier.run_id
            self._trained_before = trainer.fit_loop.epoch_loop.total_batch_idx
        package = type(trainer).__module__.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "")
        self.start(
            self._rank_in_run(),
            framework=f"{package} {version}".strip(),
            config=_hyperparameters(self.model),
        )

    def read_losses(self, batch: Any) -> None:
        """The first batch of the training comes: its losses tell what labels are."""
        self._loss = LossOfBatch(self.options.reader())
        self._loss.begin(batch)

    def see_loss(self, loss: Any) -> None:
        """A loss of the first batch, before its gradients are computed."""
        if self._loss is not None:
            self._loss.see(loss)

    def end_losses(self) -> None:
        """The first batch is over."""
        if self._loss is not None:
            self._choice.loss, self._choice.compared = self._loss.compares, self._loss.scores
        self._loss, self.awaits_loss = None, False

    def log_metrics(self, *, of_epoch: bool = False) -> None:
        """Log the trainer's metrics that are new since the last time.

        After a validation the trainer still holds the training metrics of the epoch before: what has proved
        to come at the end of an epoch is logged then only.
        """
        metrics: Mapping[str, Any] = self._trainer.callback_metrics
        fresh = {name: value for name, value in metrics.items() if value is not self._logged.get(name)}
        self._logged.update(fresh)
        if of_epoch:
            self._of_epoch |= fresh.keys()
        else:
            fresh = {name: value for name, value in fresh.items() if name not in self._of_epoch}
        if fresh and self.run is not None:
            epoch, step = self.now()
            self.run.log_metrics(fresh, epoch=epoch, step=step)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended."""
        if self.run is not None and exception is None and self._trained_nothing():
            self.run.recording.tally.note(
                "no passes",
                "fit trained nothing: the trainer had made its epochs, "
                f"max_epochs={self._trainer.max_epochs}; "
                "a new Trainer, or trainer.fit_loop.max_epochs=, trains further",
            )
        super().close(exception)
        if self.run is not None and exception is None:
            remember(self.model, self._joins, self.run.id, self.now()[0] or 0)

    def release(self) -> None:
        """Remove hooks and taps; ours only."""
        super().release()
        connector = self._trainer._data_connector
        if self._prepare is not None and vars(connector).get("_prepare_dataloader") is self._prepare:
            del connector._prepare_dataloader

    def now(self) -> Moment:
        """Epoch and step; after a fit the trainer counts one epoch more than were trained.

        Where the user steps the optimizer by hand, past the trainer, batches are counted instead of steps.
        """
        trainer = self._trainer
        epoch = trainer.current_epoch if self.call == "fit" else max(trainer.current_epoch - 1, 0)
        if trainer.global_step == 0 and not self.model.automatic_optimization:
            return epoch, trainer.fit_loop.epoch_loop.total_batch_idx + 1
        return epoch, trainer.global_step

    def loaders(self, split: str) -> Any:
        """The loaders of a split."""
        name = "train_dataloader" if split == "train" else f"{split}_dataloaders"
        found = getattr(self._trainer, name)
        return Joined(listed(found)) if self._in_one_step(split) else found

    def ends(self) -> bool:
        """Whether the trainer was told to stop, or has made all its steps."""
        trainer = self._trainer
        return trainer.should_stop or 0 <= trainer.max_steps <= trainer.global_step

    def stop_training(self) -> None:
        """As EarlyStopping does; the trainer still makes its `min_epochs` and `min_steps`."""
        self._trainer.should_stop = True

    def passes(self, split: str) -> int | None:
        """How many passes over a split will come, with the one that begins; None if it depends."""
        trainer = self._trainer
        epochs, steps = trainer.max_epochs, trainer.max_steps
        if epochs is None or epochs < 0 or steps not in (None, -1) or stops_early(trainer.callbacks):
            return None
        to_come = range(trainer.current_epoch, epochs)
        if split == "train":
            return len(to_come)
        often = trainer.check_val_every_n_epoch
        batches, interval = trainer.num_training_batches, trainer.val_check_batch
        if not often or not interval:
            return None
        an_epoch = 1 if trainer.val_check_interval == 1.0 else batches / interval
        if math.isinf(an_epoch) or math.isnan(an_epoch):  # the loader has no length
            return None
        return sum((epoch + 1) % often == 0 for epoch in to_come) * int(an_epoch)

    def validates(self) -> How | None:
        """The trainer validates in passes of its own, or not at all."""
        return "ride" if self._trainer.enable_validation else None

    def evaluates(self) -> bool:
        """A module may do all of its work in its steps, and have no `forward` of its own."""
        own = type(self.model).forward.__module__.partition(".")[0]
        return self.options.forward is not None or own not in ("lightning", "pytorch_lightning", "torch")

    def shards(self) -> bool:
        """As the trainer's strategy says, or what it made of the model."""
        return is_sharded(self._trainer.strategy) or is_sharded(self._trainer.strategy.model)

    def running_pass(self, split: str) -> Callable[[], Any] | None:
        """For training: the trainer makes its iterator after the hook that begins an epoch."""
        return self._running_train_pass if split == "train" else None

    def transfer(self, batch: Any) -> Any:
        """As the trainer's strategy does it."""
        trainer = self._trainer
        return trainer.strategy.batch_to_device(trainer.precision_plugin.convert_input(batch))

    def precision(self) -> AbstractContextManager[Any]:
        """As the trainer's precision plugin has it."""
        return self._trainer.precision_plugin.val_step_context()

    def _trained_nothing(self) -> bool:
        """Whether a fit went on where an earlier one had made all epochs."""
        trained: int = self._trainer.fit_loop.epoch_loop.total_batch_idx
        return self.call == "fit" and trained == self._trained_before > 0

    def _in_one_step(self, split: str) -> bool:
        """Whether the trainer takes a batch from each of several loaders in every step."""
        trainer = self._trainer
        loops = {
            "train": trainer.fit_loop,
            "val": trainer.fit_loop.epoch_loop.val_loop if self.call == "fit" else trainer.validate_loop,
            "test": trainer.test_loop,
            "predict": trainer.predict_loop,
        }
        combined = loops[split]._combined_loader
        return combined is not None and combined._mode != "sequential" and len(combined.flattened) > 1

    def _say(self, chosen: Sequence[tuple[Chosen, int]], split: str, **what: Any) -> None:
        """As many samples as sampler and `limit_val_batches` and the like let through."""
        name, _, number = split.partition(":")
        if isinstance(self.splits[name], LoopCapture):
            limits: Any = getattr(
                self._trainer, "num_training_batches" if name == "train" else f"num_{name}_batches"
            )
            limit = limits[int(number or 0)] if isinstance(limits, list) else limits
            loader = listed(self.loaders(name))[int(number or 0)]
            what["followed"], what["at_most"] = expected_of(what["followed"], loader, limit)
        super()._say(chosen, split, **what)

    def _running_train_pass(self) -> Any:
        """What the trainer's iterator over the training loader reads indices from."""
        combined = self._trainer.fit_loop._combined_loader
        iterators = getattr(getattr(combined, "_iterator", None), "iterators", None) or [None]
        return getattr(iterators[0], "_sampler_iter", None)

    def _rank_in_run(self) -> Rank:
        """One run and attempt for all ranks: rank 0's, by the framework's own broadcast."""
        number, of = self._trainer.global_rank, self._trainer.world_size
        if of == 1:
            return Rank(self._run_id)
        mine = (given_or_new_id(self._run_id), secrets.token_hex(4))
        run_id, attempt = self._trainer.strategy.broadcast(mine)
        return Rank(run_id, WriterId(attempt, number, of))


def _data_of(trainer: Any) -> list[Any]:
    """The datasets that a fit goes through, of loaders; else what gives the loaders."""
    given = [
        getattr(getattr(loop, "_data_source", None), "instance", None)
        for loop in (trainer.fit_loop, trainer.fit_loop.epoch_loop.val_loop)
    ]
    listed = [each if isinstance(each, (list, tuple)) else [each] for each in given]
    return [[getattr(loader, "dataset", loader) for loader in each] for each in listed]


def _hyperparameters(model: Any) -> dict[str, Any]:
    """The module's saved hyperparameters, if it has any."""
    return dict(getattr(model, "hparams", None) or {})
