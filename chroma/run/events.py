"""What happens in a run, seen in the writer's thread: when it is, and what alarms say of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from chroma.errors import ConfigError
from chroma.guard import Guard, logger
from chroma.records import RULES, Record, RunEvent, Snapshot, TrainingOutputs
from chroma.run.tally import Tally, clock, said

if TYPE_CHECKING:
    from chroma.insight.alarms import Alarms

_SHARE, _AT_FIRST = 0.01, 0.25  # of the time that goes by, and seconds besides, that alarms may compute


def check_rules(given: Sequence[str]) -> tuple[str, ...]:
    """The names of rules in `stop_on=`.

    Raises:
        ConfigError: One is not known.
    """
    named = (given,) if isinstance(given, str) else tuple(given)
    for name in named:
        if name not in RULES:
            raise ConfigError(f"stop_on= names {name!r}; give some of {', '.join(RULES)}")
    return named


class RunEvents:
    """Sees each record of a run; used in the writer's thread, but for `start` and `stop`.

    Args:
        tally: Told of each event, for the receipt.
        guard: Stops errors of alarms, which cost no record.

    Attributes:
        moment: Epoch and step of the newest record that has them.
        stop: Name of the rule because of which the training is to end, once there is one.
    """

    def __init__(self, tally: Tally, guard: Guard) -> None:
        self._tally, self._guard = tally, guard
        self._alarms: Alarms | None = None
        self._stop_on: Sequence[str] = ()
        self._silent = True
        self._began = self._spent = 0.0
        self._seen = self._of = 0  # snapshots
        self.moment: tuple[int | None, int] = (None, 0)
        self.stop: str | None = None

    def start(self, *, stop_on: Sequence[str] = (), silent: bool = False) -> None:
        """Look for alarms from now on.

        Args:
            stop_on: Rules that end the training.
            silent: Print no line for an alarm.
        """
        from chroma.insight.alarms import Alarms

        self._stop_on, self._silent, self._began = stop_on, silent, clock()
        self._alarms = Alarms()

    def see(self, record: Record) -> None:
        """A record is written."""
        if isinstance(record, RunEvent):
            self._tally.happened(record)
            return
        step: int | None = getattr(record, "step", None)
        if step is not None and step >= self.moment[1]:
            self.moment = getattr(record, "epoch", None), step

    def alarms(self, record: Record) -> list[RunEvent]:
        """The alarms that a record gives rise to, after those before it."""
        if self._alarms is None or self._is_left_out(record):
            return []
        alarms = self._alarms
        return self._found(lambda: alarms.find(record))

    def alarms_in_part(self, rows: TrainingOutputs, broken: int) -> list[RunEvent]:
        """The alarms that rows of an epoch give rise to while it runs; none where there is no time to look.

        Args:
            rows: What came since the last part; nothing is written of it.
            broken: Rows left out of them, for scores that are not finite.
        """
        if self._alarms is None or self._is_late():
            return []
        alarms = self._alarms
        return self._found(lambda: alarms.find_in_part(rows, broken))

    def _found(self, find: Callable[[], list[RunEvent]]) -> list[RunEvent]:
        found: list[RunEvent] = []
        began = time.thread_time()
        with self._guard.fail_safe("looking for alarms"):
            found = find()
        self._spent += time.thread_time() - began
        for alarm in found:
            if alarm.rule in self._stop_on:
                self.stop = self.stop or alarm.rule
            if not self._silent:
                with suppress(Exception):  # a handler of the user's may fail
                    logger.warning("chroma: alarm (%s) in %s, %s", alarm.rule, self._tally.name, said(alarm))
        return found

    def _is_late(self) -> bool:
        """Whether alarms took the time they may: they cost a training nothing that it would notice."""
        return self._spent > _AT_FIRST + _SHARE * (clock() - self._began)

    def _is_left_out(self, record: Record) -> bool:
        """Whether there is no time for a snapshot, which is counted."""
        if not isinstance(record, (Snapshot, TrainingOutputs)):
            return False
        self._of += 1
        if self._is_late():
            sentence = f"alarms looked at {self._seen:,} of {self._of:,} snapshots, for the time they take"
            self._tally.note("alarms", sentence)
            return True
        self._seen += 1
        return False
