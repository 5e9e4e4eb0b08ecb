"""Follows the batches that a loop of the user's own takes from a DataLoader, and what it trains on them.

The loop says neither that a batch is trained on, nor which epoch it is. So a batch is over where the next is
taken, and a pass over the loader is an epoch if the head was called with gradients; `snapshot` numbers it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter  # pyright: ignore[reportPrivateUsage]

from chroma.capture.call import CapturedCall
from chroma.capture.schedule import Moment
from chroma.capture.training_outputs import TrainingEpoch
from chroma.integrations._torch.sample_ids import IndexTap, Pass, tap, untap
from chroma.integrations._torch.training_capture import TrainingCapture

_NEXT = "__next__"
_original = vars(_BaseDataLoaderIter)[_NEXT]
_lock = threading.RLock()
_followed: list[WatchedTraining] = []


class WatchedTraining:
    """Follows one loader, from `begin` until `close`.

    Args:
        call: Stops our errors, and counts our time.
        loader: A DataLoader whose sampler's indices name its rows.
        make: Makes what captures the batches, given the taps of loaders.

    Attributes:
        paused: Whether passes over the loader are our own.
    """

    def __init__(
        self,
        call: CapturedCall,
        loader: DataLoader[Any],
        make: Callable[[dict[DataLoader[Any], IndexTap]], TrainingCapture],
    ) -> None:
        self._call, self._loader = call, loader
        self._tap = tap(loader)
        self._capture = make({loader: self._tap})
        self._pass: Pass | None = None
        self._held: list[TrainingEpoch] = []  # complete, their number is not known yet
        self._last: Moment = (-1, -1)  # of the epoch that was recorded last
        self._broken = 0  # passes that were not read to their end
        self._began = False
        self.paused = False
        with _lock:
            _followed.append(self)
            setattr(_BaseDataLoaderIter, _NEXT, _followed_next)

    def takes(self, iterator: Any) -> Pass | None:
        """The pass that an iterator makes over the loader; None if that is another's, or not the loop's."""
        recorded = getattr(iterator, "_sampler_iter", None)
        ours = not self.paused and isinstance(recorded, Pass) and recorded is self._tap.latest
        return recorded if ours else None

    def over(self) -> None:
        """What is done with the batch that was taken last is done."""
        if self._capture.follows:
            self._call.guarded(self._capture.end_batch)

    def came(self, recorded: Pass, batch: Any) -> None:
        """The loop takes a batch."""
        if recorded is not self._pass:
            self._break_off()
            self._pass = recorded
            self._began = True
            self._call.guarded(self._capture.begin)
        if self._capture.follows:
            self._call.guarded(self._capture.begin_batch, batch)

    def ended(self) -> None:
        """The loop has read the loader to its end."""
        self._pass = None
        self._call.guarded(self._complete)

    def record(self, epoch: int | None, step: int) -> None:
        """Record the epochs that were completed since the last time; this is the number of the newest."""
        held, self._held = self._held, []
        for number, each in enumerate(reversed(held)):
            each.end(None if epoch is None else max(epoch - number, 0), step)
            self._last = (epoch, step)

    def close(self) -> None:
        """Record what is left, and let go of the loader and the model."""
        with _lock:
            if self in _followed:
                _followed.remove(self)
            if not _followed:
                setattr(_BaseDataLoaderIter, _NEXT, _original)
        self.over()
        self._break_off()
        self._capture.cancel()
        last, step = self._last
        for each in self._held:
            last, step = (None if last is None else last + 1), step + 1
            each.end(last, step)
        self._held = []
        if not self._began:
            self._capture.refuse("the loop does not iterate over its loader")
        elif self._broken:
            self._capture.say_broken(self._broken)
        untap(self._loader)

    def _complete(self) -> None:
        if (epoch := self._capture.complete()) is not None:
            self._held.append(epoch)

    def _break_off(self) -> None:
        if self._pass is not None:
            self._broken += self._capture.trained
            self._pass = None
            self._capture.cancel()


def _followed_next(iterator: Any) -> Any:
    """In place of a loader's iterator's own method, while some loader is followed."""
    found = [(each, recorded) for each in list(_followed) if (recorded := each.takes(iterator)) is not None]
    for each, _ in found:
        each.over()
    try:
        batch = _original(iterator)
    except StopIteration:
        for each, _ in found:
            each.ended()
        raise
    for each, recorded in found:
        each.came(recorded, batch)
    return batch
