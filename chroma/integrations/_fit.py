"""One call of a Trainer that is captured: what the callback's hooks come down to."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch.utils.data import DataLoader

from chroma.capture.call import CapturedCall
from chroma.capture.layers import Chosen
from chroma.capture.options import How
from chroma.capture.session import CaptureSession, max_samples_of
from chroma.integrations._aside import forward_of, is_compiled, plain
from chroma.integrations._landing import buffer_for, to_half
from chroma.integrations._loader import IndexTap, knows_ids, tap, untap
from chroma.integrations._options import CaptureOptions
from chroma.integrations._probe import Probe
from chroma.integrations._ranks import Rank
from chroma.integrations._stage import Aside, Clock, Riding, Stage, listed
from chroma.integrations._watcher import ModelWatcher
from chroma.run import Run
from chroma.run.naming import new_run_id
from chroma.run.recording import status_of
from chroma.settings import load_settings

Call = Literal["fit", "validate", "test", "predict"]

SPLIT_OF_CALL = {"validate": "val", "test": "test", "predict": "predict"}
_SPLIT_OF_MODE = {"train": "train", "sanity_check": "val", **SPLIT_OF_CALL}


class FitCapture(CapturedCall):
    """Captures the passes of one `Trainer.fit`, `validate`, `test` or `predict`.

    Args:
        options: What the user asked for.
        trainer: The Trainer.
        model: The LightningModule.
        call: Which of its methods runs.
        run_id: The run of an earlier call to continue.

    Attributes:
        call: Which method of the Trainer runs.
        stages: What is captured, by split.
    """

    def __init__(
        self, options: CaptureOptions, trainer: Any, model: Any, call: Call, run_id: str | None = None
    ) -> None:
        super().__init__(silent=options.silent)
        self.stages: dict[str, Stage] = {}
        self._options = options
        self._trainer = trainer
        self._model = model
        self.call: Call = call
        self._run_id = options.run_id or run_id
        self._prepare: Any = None
        self._taps: dict[DataLoader[Any], IndexTap] = {}
        self._reader = options.reader()
        self._logged: dict[str, Any] = {}
        self._of_epoch: set[str] = set()  # names of metrics that come at the end of an epoch

    def listen(self) -> None:
        """Tap each loader to ride on as soon as the trainer has made it, before it is first iterated."""
        connector = self._trainer._data_connector
        original = connector._prepare_dataloader
        given = self._options.how()
        ridden = {"val"} if given is None else {split for split, how in given.items() if how == "ride"}

        def prepare(dataloader: Any, shuffle: bool, mode: Any) -> Any:
            prepared = original(dataloader, shuffle, mode)
            with self.guard.fail_safe("listening to a loader"):
                wanted = _SPLIT_OF_MODE.get(mode.value) in ridden
                if wanted and prepared not in self._taps and knows_ids(prepared):
                    self._taps[prepared] = tap(prepared)
            return prepared

        connector._prepare_dataloader = self._prepare = prepare

    def open(self) -> None:
        """Open the run, and decide how each split is captured."""
        trainer, options = self._trainer, self._options
        plain(self._model)  # refuses what cannot be captured
        plain(trainer.strategy.model)
        package = type(trainer).__module__.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "")
        self.run = Run(
            **options.run() | self._shared_id(),
            config=_hyperparameters(self._model),
            framework=f"{package} {version}".strip(),
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            guard=self.guard,
        )
        self.silent = options.silent or trainer.global_rank > 0
        rank = Rank(trainer.global_rank, trainer.world_size)
        rank.say(self.run.recording.tally)
        self.run.recording.to_half = to_half
        session = CaptureSession(
            self.run.recording,
            max_samples=rank.share(options.max_samples),
            log_inputs=options.log_inputs,
            make_buffer=buffer_for,
        )
        clock = Clock(self.run)
        for split, how in self._wanted().items():
            passes = None if self.call != "fit" else _passes(trainer, split)
            watcher = ModelWatcher(self._model, session, self._reader, options.layers, self._say)
            about = (split, self.run, watcher, options.thinning(passes), clock, self._now)
            self.stages[split] = self._riding(*about) if how == "ride" else self._aside(*about)

    def begin(self, split: str) -> None:
        """A pass over a split begins."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.begin()

    def begin_batch(self, split: str, batch: Any, loader: int = 0) -> None:
        """A batch is about to go through the model."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.begin_batch(batch, loader)

    def end_batch(self, split: str) -> None:
        """The batch has gone through the model."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.end_batch()

    def end(self, split: str) -> None:
        """The pass is complete; where it was not ridden on, it is made aside now."""
        stage = self.stages.get(split)
        if isinstance(stage, Riding):
            stage.end()
            if stage.watcher.silent and stage.watcher.mends_silence:
                self._say_aside(split, "compiled code called none of the model's modules")
                stage = self.stages[split] = self._renewed(stage)
        if isinstance(stage, Aside):
            stage.take()

    def end_step(self) -> None:
        """A step of the training is done: `every` may count steps."""
        stage = self.stages.get("train")
        if isinstance(stage, Aside) and stage.thinning.by_step:
            stage.take()

    def end_epoch(self) -> None:
        """An epoch of the training is done."""
        stage = self.stages.get("train")
        if not (isinstance(stage, Aside) and stage.thinning.by_step):
            self.end("train")

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
            epoch, step = self._now()
            self.run.log_metrics(fresh, epoch=epoch, step=step)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended, and say what was captured."""
        self.release()
        if self.run is None or self.receipt is not None:
            return
        for split, stage in self.stages.items():
            if said := stage.thinning.said():
                self.run.recording.tally.note(f"thinning {split}", f"{split}: {said}")
        status, error = status_of(exception)
        self.end_run(status, error)

    def release(self) -> None:
        """Remove hooks and taps; ours only."""
        for stage in self.stages.values():
            stage.watcher.cancel()
        connector = self._trainer._data_connector
        if self._prepare is not None and vars(connector).get("_prepare_dataloader") is self._prepare:
            del connector._prepare_dataloader
        for loader in self._taps:
            untap(loader)
        self._taps.clear()

    def _now(self) -> tuple[int, int]:
        """Epoch and step; after a fit the trainer counts one epoch more than were trained.

        Where the user steps the optimizer by hand, past the trainer, batches are counted instead of steps.
        """
        trainer = self._trainer
        epoch = trainer.current_epoch if self.call == "fit" else max(trainer.current_epoch - 1, 0)
        if trainer.global_step == 0 and not self._model.automatic_optimization:
            return epoch, trainer.fit_loop.epoch_loop.total_batch_idx + 1
        return epoch, trainer.global_step

    def _wanted(self) -> dict[str, How]:
        """How each split of this call is captured."""
        assert self.run is not None
        tally = self.run.recording.tally
        wanted: dict[str, How] | None = self._options.how()
        if wanted is None and self._trainer.enable_validation:
            tally.note("splits", "training samples are not captured; splits=('train', 'val') adds them")
            wanted = {"val": "ride"}
        elif wanted is None:
            wanted = {"train": "probe"}
        here = ("train", "val") if self.call == "fit" else (SPLIT_OF_CALL[self.call],)
        wanted = {split: how for split, how in wanted.items() if split in here}
        if "val" in wanted and self.call == "fit" and not self._trainer.enable_validation:
            tally.note("splits", "val is not captured: the trainer has no validation loader")
            del wanted["val"]
        for split, how in wanted.items():
            if how == "ride" and is_compiled(self._model):
                self._say_aside(split, "compiled code does not call hooks that it does not know")
                wanted[split] = "probe"
        return wanted

    def _say_aside(self, split: str, reason: str) -> None:
        assert self.run is not None
        self.run.recording.tally.note(
            f"{split} silent", f"{split} is evaluated beside the training, uncompiled, since {reason}"
        )

    def _riding(self, split: str, *about: Any) -> Riding:
        about[1].mends_silence = True
        return Riding(
            split,
            *about,
            reader=self._reader,
            taps=self._taps,
            loaders=lambda: self._loaders(split),
            living=self._living_train_pass if split == "train" else None,
        )

    def _aside(self, split: str, *about: Any) -> Aside:
        trainer, run = self._trainer, about[0]
        most = max_samples_of(split, self._options.max_samples)
        share = (trainer.global_rank, trainer.world_size)

        def probes() -> Sequence[Probe]:
            most_bytes = load_settings().probe_bytes
            return [
                Probe(loader, split, most, share, most_bytes, run.recording.tally)
                for loader in listed(self._loaders(split))
            ]

        def transfer(batch: Any) -> Any:
            return trainer.strategy.batch_to_device(trainer.precision_plugin.convert_input(batch))

        return Aside(
            split,
            *about,
            probes=probes,
            model=self._model,
            reader=self._reader,
            forward=self._options.forward or forward_of,
            transfer=transfer,
            precision=trainer.precision_plugin.val_step_context,
        )

    def _renewed(self, stage: Riding) -> Aside:
        """The same split, evaluated aside; a pass that gave nothing is not counted."""
        watcher = stage.watcher.again()
        stage.thinning.forget()
        return self._aside(stage.split, stage.run, watcher, stage.thinning, stage.clock, stage.now)

    def _loaders(self, split: str) -> Any:
        if split == "train":
            return self._trainer.train_dataloader
        return getattr(self._trainer, f"{split}_dataloaders")

    def _living_train_pass(self) -> Any:
        """What the trainer's iterator over the training loader reads indices from."""
        combined = self._trainer.fit_loop._combined_loader
        iterators = getattr(getattr(combined, "_iterator", None), "iterators", None) or [None]
        return getattr(iterators[0], "_sampler_iter", None)

    def _shared_id(self) -> dict[str, Any]:
        """One run and attempt for all ranks: rank 0's, by the framework's own broadcast."""
        if self._trainer.world_size == 1:
            return {"run_id": self._run_id}
        mine = (load_settings(run_id=self._run_id).run_id or new_run_id(), secrets.token_hex(4))
        run_id, attempt = self._trainer.strategy.broadcast(mine)
        return {"run_id": run_id, "attempt": attempt}

    def _say(self, chosen: Sequence[tuple[Chosen, int]], followed: int, of: int, split: str) -> None:
        stage = self.stages[split.partition(":")[0]]
        self.say(chosen, followed=followed, of=of, snapshots=stage.thinning.expected)


def _hyperparameters(model: Any) -> dict[str, Any]:
    """The module's saved hyperparameters, if it has any."""
    return dict(getattr(model, "hparams", None) or {})


def _passes(trainer: Any, split: str) -> int | None:
    """How many passes over a split the fit will make; None if it depends."""
    epochs = trainer.max_epochs
    if epochs is None or epochs < 0 or trainer.max_steps not in (None, -1):
        return None
    if split == "train":
        return epochs
    interval = trainer.val_check_interval
    if not trainer.check_val_every_n_epoch or not isinstance(interval, float) or interval <= 0:
        return None
    return (epochs // trainer.check_val_every_n_epoch) * int(1 / interval)
