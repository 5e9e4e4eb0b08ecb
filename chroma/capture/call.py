"""One call of a framework that is captured, and the border between it and the user's program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec

from chroma.capture.layers import Chosen
from chroma.guard import Guard
from chroma.records import RunStatus
from chroma.run import Run
from chroma.run.forecast import forecast
from chroma.run.printing import announce
from chroma.run.receipt import Receipt
from chroma.run.tally import clock

P = ParamSpec("P")


class CapturedCall:
    """What every way in shares: a run, its receipt, and hooks whose errors never reach the user's program.

    Args:
        silent: Print neither what was chosen at the first batch nor the receipt.

    Attributes:
        run: The run, None until it is open.
        receipt: What was captured, None until the run is closed.
        guard: Stops Chroma's own errors.
        silent: Whether anything is printed.
    """

    def __init__(self, *, silent: bool) -> None:
        self.run: Run | None = None
        self.receipt: Receipt | None = None
        self.guard = Guard()
        self.silent = silent
        self._stopped = False

    def guarded(self, do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do a part of the capture: its errors stop here and are counted, as is its time."""
        before = self.guard.failures
        start = clock()
        try:
            do(*args, **kwargs)
        except Exception as error:
            if not self.guard.stop(f"capture ({do.__name__.replace('_', ' ')})", error):
                raise
        finally:
            if self.run is not None:
                self.run.recording.tally.seconds += clock() - start
                if self.guard.failures > before and self.receipt is None:
                    self.run.recording.tally.miss("a step of the capture failed")

    @property
    def stop_wanted(self) -> bool:
        """Whether an alarm was found that the user named in `stop_on`."""
        return self.run is not None and self.run.recording.events.stop is not None

    def heed_alarms(self) -> None:
        """End the training, once, if the user wants it."""
        if self.stop_wanted and not self._stopped:
            self._stopped = True
            self.stop_training()

    def stop_training(self) -> None:
        """Tell the framework to end the training, as its own callbacks do; a subclass knows how."""

    def say(
        self,
        layers: Sequence[tuple[Chosen, int]],
        *,
        followed: int,
        of: int,
        snapshots: int | None,
        split: str,
        about: str = "",
        at_most: bool = False,
    ) -> None:
        """Print what will be captured.

        Args:
            layers: The chosen layers, and values per sample of each.
            followed: Samples that are followed, 0 if unknown.
            of: Samples the dataset split holds, 0 if unknown.
            snapshots: How many snapshots are expected, None if unknown.
            split: Name of the split whose first batch it is.
            about: Where labels are, and which layer is the head.
            at_most: Whether `followed` is the most that can come.
        """
        if self.silent or self.run is None:
            return
        if self.run.recording.tally.identity.get(split) == "order":
            followed = 0  # rows are numbered as they come, which the dataset's length does not tell
        announce(
            forecast(
                self.run.name,
                [(layer.name, dim, layer.reason) for layer, dim in layers],
                n=followed,
                of=of,
                size=4 if self.run.recording.dtype == "float32" else 2,
                snapshots=snapshots,
                about=about,
                split=split,
                at_most=at_most,
            )
        )

    def end_run(self, status: RunStatus, error: str | None) -> Receipt | None:
        """End the run and print its receipt, once; None if there is no run."""
        if self.run is not None and self.receipt is None:
            self.receipt = self.run.finish(status, error=error)
            if not self.silent:
                announce(str(self.receipt))
        return self.receipt
