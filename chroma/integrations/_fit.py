"""One `Trainer.fit` that is captured: what the callback's hooks come down to."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

from torch.utils.data import DataLoader

from chroma.capture.layers import Chosen
from chroma.capture.session import CaptureSession, Identity
from chroma.capture.thinning import Thinning
from chroma.guard import Guard
from chroma.integrations._loader import (
    IndexTap,
    Pass,
    class_names_of,
    ids_of,
    knows_ids,
    samples_in,
    tap,
    untap,
)
from chroma.integrations._options import CaptureOptions
from chroma.integrations._watcher import ModelWatcher
from chroma.records import Ids
from chroma.run import Run
from chroma.run.naming import new_run_id
from chroma.run.receipt import Receipt, announce, forecast
from chroma.run.recording import status_of
from chroma.settings import load_settings

P = ParamSpec("P")


class FitCapture:
    """Captures the validation passes of one fit.

    Attributes:
        run: The run, None until it is open.
        receipt: What was captured, None until the run is closed.
    """

    def __init__(self, options: CaptureOptions, trainer: Any, model: Any) -> None:
        self.run: Run | None = None
        self.receipt: Receipt | None = None
        self._options = options
        self._trainer = trainer
        self._model = model
        self._guard = Guard()
        self._silent = options.silent
        self._prepare: Any = None
        self._taps: dict[DataLoader[Any], IndexTap] = {}
        self._reader = options.reader()
        self._watcher: ModelWatcher | None = None
        self._thinning: Thinning | None = None
        self._capturing = False
        self._loader = -1  # index of the loader whose pass is open
        self._indices: Pass | None = None
        self._base: Any = None
        self._logged: dict[str, Any] = {}
        self._of_epoch: set[str] = set()  # names of metrics that come at the end of an epoch

    def guarded(self, do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do a part of the capture: its errors stop here, its time is counted."""
        before = self._guard.count
        start = time.perf_counter()
        try:
            with self._guard.fail_safe(f"capture ({do.__name__.replace('_', ' ')})"):
                do(*args, **kwargs)
        finally:
            if self.run is not None:
                self.run.recording.tally.seconds += time.perf_counter() - start
                if self._guard.count > before and self.receipt is None:
                    self.run.recording.tally.miss("a step of the capture failed")

    def listen(self) -> None:
        """Tap each validation loader as soon as the trainer has made it, before it is first iterated."""
        connector = self._trainer._data_connector
        original = connector._prepare_dataloader

        def prepare(dataloader: Any, shuffle: bool, mode: Any) -> Any:
            prepared = original(dataloader, shuffle, mode)
            with self._guard.fail_safe("listening to the validation loader"):
                if mode.value in ("validate", "sanity_check") and knows_ids(prepared):
                    self._taps[prepared] = tap(prepared)
            return prepared

        connector._prepare_dataloader = self._prepare = prepare

    def open(self) -> None:
        """Open the run."""
        trainer, options = self._trainer, self._options
        package = type(trainer).__module__.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "")
        self.run = Run(
            **options.run() | _shared_id(trainer, options.run_id),
            config=_hyperparameters(self._model),
            framework=f"{package} {version}".strip(),
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            guard=self._guard,
        )
        self._silent = options.silent or trainer.global_rank > 0
        if trainer.world_size > 1:
            self.run.recording.tally.note(
                "ranks",
                f"{trainer.world_size} ranks write to this run; this counts rank {trainer.global_rank}",
            )
        self._thinning = options.thinning(_validations(trainer))
        session = CaptureSession(
            self.run.recording,
            max_samples=options.max_samples and -(-options.max_samples // trainer.world_size),
            log_inputs=options.log_inputs,
        )
        self._watcher = ModelWatcher(self._model, session, self._reader, options.layers, self._say)

    def begin_validation(self) -> None:
        """A validation pass begins."""
        self._capturing = False
        self._loader = -1
        if self._watcher is None or self._thinning is None or self.run is None:
            return
        if self._watcher.refused:
            self.run.recording.tally.miss("validation passes of a model without a layer to capture")
            return
        self._capturing = self._thinning.wants(self._trainer.current_epoch, self._trainer.global_step)
        if self._capturing:
            self._begin_loader(0)

    def begin_batch(self, batch: Any, number: int, loader: int) -> None:
        """A batch is about to go through the model."""
        if not self._capturing or self._watcher is None:
            return
        if loader != self._loader:
            self._watcher.end_pass()
            self._begin_loader(loader)
        if self._reader.gives_ids:
            ids: Ids | None = self._reader.ids(batch)
        else:
            ids = None if self._indices is None else ids_of(self._indices.take(number), self._base)
        self._watcher.begin_batch(batch, ids)

    def end_batch(self) -> None:
        """The batch has gone through the model."""
        if self._capturing and self._watcher is not None:
            self._watcher.end_batch()

    def end_validation(self) -> None:
        """The validation pass is complete."""
        if self._capturing and self._watcher is not None:
            self._capturing = False
            self._watcher.end_pass()

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
            self.run.log_metrics(fresh, epoch=self._trainer.current_epoch, step=self._trainer.global_step)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the fit ended, and say what was captured."""
        self.release()
        if self.run is None or self.receipt is not None:
            return
        said = self._thinning.said() if self._thinning else None
        if said:
            self.run.recording.tally.note("thinning", said)
        status, error = status_of(exception)
        self.receipt = self.run.finish(status, error=error)
        if not self._silent:
            announce(str(self.receipt))

    def release(self) -> None:
        """Remove hooks and taps; ours only."""
        if self._watcher is not None:
            self._watcher.cancel()
        connector = self._trainer._data_connector
        if self._prepare is not None and vars(connector).get("_prepare_dataloader") is self._prepare:
            del connector._prepare_dataloader
        for loader in self._taps:
            untap(loader)
        self._taps.clear()

    def _begin_loader(self, number: int) -> None:
        assert self._watcher is not None
        self._loader = number
        loaders = self._trainer.val_dataloaders
        if isinstance(loaders, Mapping):
            loaders = list(loaders.values())
        loaders = loaders if isinstance(loaders, (list, tuple)) else [loaders]
        loader = loaders[number] if number < len(loaders) else None
        tapped = self._taps.get(loader) if isinstance(loader, DataLoader) else None
        self._indices = tapped.latest if tapped else None
        self._base = tapped.base if tapped else None
        identity: Identity = "order" if self._indices is None else "index"
        if self._reader.gives_ids:
            identity = "key"
        self._watcher.begin_pass(
            "val" if number == 0 else f"val:{number}",
            self._trainer.current_epoch,
            self._trainer.global_step,
            identity=identity,
            of=samples_in(loader),
            class_names=class_names_of(loader),
        )

    def _say(self, chosen: Sequence[tuple[Chosen, int]]) -> None:
        if not self._silent and self.run is not None and self._thinning is not None:
            followed, of = self._watcher.following if self._watcher else (0, 0)
            size = 4 if self.run.recording.dtype == "float32" else 2
            announce(
                forecast(
                    self.run.name,
                    [(layer.name, dim, layer.reason) for layer, dim in chosen],
                    n=followed,
                    of=of,
                    size=size,
                    snapshots=self._thinning.expected,
                )
            )


def _hyperparameters(model: Any) -> dict[str, Any]:
    """The module's saved hyperparameters, if it has any."""
    return dict(getattr(model, "hparams", None) or {})


def _shared_id(trainer: Any, run: str | None) -> dict[str, Any]:
    """One run and attempt for all ranks: rank 0's, by the framework's own broadcast."""
    if trainer.world_size == 1:
        return {"run_id": run}
    mine = (load_settings(run_id=run).run_id or new_run_id(), secrets.token_hex(4))
    run_id, attempt = trainer.strategy.broadcast(mine)
    return {"run_id": run_id, "attempt": attempt}


def _validations(trainer: Any) -> int | None:
    """How many validation passes the fit will make; None if it depends."""
    epochs = trainer.max_epochs
    if (
        epochs is None
        or epochs < 0
        or trainer.max_steps not in (None, -1)
        or not trainer.check_val_every_n_epoch
    ):
        return None
    interval = trainer.val_check_interval
    if not isinstance(interval, float) or interval <= 0:
        return None
    return (epochs // trainer.check_val_every_n_epoch) * int(1 / interval)
