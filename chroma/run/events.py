"""What happens in a run, seen in the writer's thread: when it is, and what is said of it."""

from __future__ import annotations

from chroma.records import Record, RunEvent
from chroma.run.tally import Tally


class RunEvents:
    """Sees each record of a run once it is written; used in the writer's thread.

    Args:
        tally: Told of each event, for the receipt.

    Attributes:
        moment: Epoch and step of the newest record that has them.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.moment: tuple[int | None, int] = (None, 0)

    def see(self, record: Record) -> None:
        """A record is written."""
        if isinstance(record, RunEvent):
            self._tally.happened(record)
            return
        step: int | None = getattr(record, "step", None)
        if step is not None and step >= self.moment[1]:
            self.moment = getattr(record, "epoch", None), step
