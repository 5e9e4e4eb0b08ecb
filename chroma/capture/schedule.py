"""What is captured when: which passes over a split, and which of the captured ones are shown.

One `Schedule` decides for the passes over a split in one call of a trainer, whatever the framework; all
schedules of a run share one `Clock`. A pass that Chroma makes itself:

```python
clock = Clock(run.recording)
schedule = Schedule(["val"], limits, run.recording, clock, passes=lambda: 10)
...
if schedule.ask(epoch, step) == "take":  # once for each pass
    evaluate(epoch, step)
...
if (moment := schedule.take_skipped()) is not None:  # the training has ended well
    evaluate(*moment)
schedule.close()  # in any case: says in the receipt what was left out
```

A pass that is captured from the loop's own forward cannot be made later. With `holds=True` the answer may be
"hold": capture the pass, but record nothing yet. Once `ask` has set `skipped` to None or to a later moment,
throw it away; if `take_skipped()` gives its moment, record it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from chroma.capture.limits import Limits, dense_first
from chroma.records import Hidden
from chroma.run.recording import Recording

Moment = tuple[int | None, int]  # epoch, 0-based, None where only steps are counted; global optimizer step
Answer = Literal["take", "hold", "skip"]

_LEAST_TRAINED = 30.0  # seconds of training before its cost is judged


class Clock:
    """What capture costs once it is set up; shared by all schedules of a run.

    Args:
        recording: Counts the seconds that capture takes on the training's thread.
        now: Gives the time in seconds.
    """

    def __init__(self, recording: Recording, now: Callable[[], float] = time.perf_counter) -> None:
        self._tally = recording.tally
        self._now = now
        self._base: tuple[float, float] | None = None

    def start(self) -> None:
        """The first pass is over, and the set-up with it; later calls change nothing."""
        if self._base is None:
            self._base = self._tally.seconds, self._now()

    def read(self) -> tuple[float, float]:
        """Seconds that capture took, and seconds that went by, since the set-up."""
        if self._base is None:
            return 0.0, 0.0
        return self._tally.seconds - self._base[0], self._now() - self._base[1]


class Schedule:
    """Decides for each pass over a split whether it is captured.

    Nothing is left out that the limits do not demand. Where the number of passes is known and above
    `max_snapshots`, early passes are taken densely and later ones at growing distance. Where it is not, all
    are taken until there are `max_snapshots`; then every second one is hidden, and from then on only every
    second, fourth, eighth … pass is taken. The last pass of a training is always taken.

    Args:
        splits: The splits that each pass goes over; the first names the schedule.
        limits: What the user wants.
        recording: Where it is noted what is hidden and what is left out.
        clock: What capture costs.
        passes: How many passes will come, None if that depends; called at the first pass, which counts.
        holds: Whether a pass can be captured without being recorded: see above.

    Attributes:
        splits: The splits that each pass goes over.
        skipped: When the pass was that came last, if `ask` said "hold" or "skip" because of the limits.
    """

    def __init__(
        self,
        splits: Sequence[str],
        limits: Limits,
        recording: Recording,
        clock: Clock,
        *,
        passes: Callable[[], int | None] = lambda: None,
        holds: bool = False,
    ) -> None:
        self.splits = list(splits)
        self.skipped: Moment | None = None
        self._every, self.by_step = limits.interval()
        self._limits = limits
        self._recording = recording
        self._clock = clock
        self._count_passes = passes
        self._holds = holds
        self._passes: int | None = None
        self._planned: frozenset[int] | None = None  # numbers of the due passes to take, None for all
        self._asked = 0  # passes that came
        self._due = 0  # of them, those that `every` lets through
        self._captured = 0  # of them, those that were taken or held
        self._shown: list[Moment] = []
        self._taken: set[int] = set()  # steps
        self._step: int | None = None  # of the last pass
        self._last_due: int | None = None  # step of the last pass that `every` let through
        self._stride = 1  # only every so many due passes are taken
        self._ratio = 0.0  # the share of the time that made `max_overhead` widen the stride; 0 if none did

    @property
    def expected(self) -> int | None:
        """How many snapshots there will be; None if that is unknown."""
        if self._passes is None or self.by_step:
            return None
        return len(self._planned) if self._planned is not None else -(-self._passes // self._every)

    def ask(self, epoch: int | None, step: int, *, last: bool = False) -> Answer:
        """Whether a pass is captured; to be asked once for each pass.

        Args:
            epoch: 0-based; None where only steps are counted.
            step: Global optimizer step; a second pass at the same step is skipped.
            last: Whether this is known to be the last pass of the training.

        Returns:
            "take"; "skip"; or, with `holds`, "hold": it may turn out to be the last.
        """
        if self._asked == 0:
            self._plan()
        elif self._asked == 1:
            self._clock.start()
        last = last or self._asked + 1 == self._passes
        self._asked += 1
        if step == self._step:  # the same weights again, as when gradients are accumulated
            return "skip"
        if self._recording.full:
            self._recording.tally.miss(f"{self.splits[0]} passes, as the home is full")
            self.skipped = None
            return "skip"
        self._step = step
        self.skipped = None
        if (self._is_due(epoch, step) and self._is_wanted(self._due - 1)) or last:
            self._take((epoch, step))
            self._captured += 1
            return "take"
        self.skipped = (epoch, step)
        ends_later = self._passes is not None and self._asked < self._passes
        if not self._holds or ends_later or self._ratio:  # holding a pass costs as much as taking it
            return "skip"
        self._captured += 1
        return "hold"

    def add_split(self, name: str) -> None:
        """Each pass goes over this split too: one of several loaders."""
        if name not in self.splits:
            self.splits.append(name)

    def record_at(self, epoch: int | None, step: int) -> None:
        """The pass that was just captured is recorded at this moment, not at the one `ask` was given."""
        if self.skipped is not None:
            self.skipped = (epoch, step)
        else:
            self._shown[-1] = (epoch, step)

    def has_taken(self, step: int) -> bool:
        """Whether a pass at this step was taken."""
        return step in self._taken

    def take_skipped(self) -> Moment | None:
        """The training has ended: take the pass that came last, if it was not taken.

        Returns:
            When that pass was; None if nothing is to be done.
        """
        moment, self.skipped = self.skipped, None
        if moment is not None:
            self._take(moment)
        return moment

    def forget(self) -> None:
        """The pass that was just taken gave nothing; the next one counts in its place."""
        self._taken.discard(self._shown.pop()[1])
        self._asked -= 1
        self._due -= 1
        self._captured -= 1
        self._step = self._last_due = None

    def close(self) -> None:
        """Say in the receipt which passes were left out, if any were for another reason than `every`."""
        if sentence := self.left_out():
            names = ", ".join(self.splits)
            self._recording.tally.note(f"schedule {names}", f"{names}: {sentence}")

    def left_out(self) -> str | None:
        """Which passes were left out and why, for the receipt; None if none were."""
        shown, limits = len(self._shown), self._limits
        if shown >= self._due:
            return None
        said = f"{shown:,} of {self._due:,} passes are shown"
        if self._planned is not None:
            said += f", the early ones at smaller distance, as max_snapshots={limits.max_snapshots} asks"
        elif not self._ratio:
            said += f", one in {self._stride:,}, as max_snapshots={limits.max_snapshots} asks"
        if self._ratio:
            said += (
                f", at the end one in {self._stride:,}, as max_overhead={limits.max_overhead:g} asks: "
                f"capturing all would have taken {self._ratio:.1%} of the time"
            )
        if self.skipped is not None:
            said += "; the last pass is not among them"
        return said

    def _plan(self) -> None:
        self._passes = self._count_passes()
        if self._passes is not None and not self.by_step:
            self._planned = dense_first(self._limits.max_snapshots, -(-self._passes // self._every))

    def _is_due(self, epoch: int | None, step: int) -> bool:
        """Whether `every` lets the pass through; without epochs it counts passes."""
        if self.by_step:
            due = self._last_due is None or step - self._last_due >= self._every
        else:
            due = (self._asked - 1 if epoch is None else epoch) % self._every == 0
        if due:
            self._last_due = step
            self._due += 1
        return due

    def _is_wanted(self, number: int) -> bool:
        """Whether the due pass of this number is taken: there is room for it, and time."""
        self._judge_cost(number)
        if number % self._stride:
            return False
        if self._planned is not None and self._passes is not None and self._asked <= self._passes:
            return number in self._planned
        if self._is_full():
            self._hide(self._shown[1::2])
            del self._shown[1::2]
            self._stride *= 2
        return number % self._stride == 0 and not self._is_full()

    def _judge_cost(self, number: int) -> None:
        """Widen the stride until passes as costly as those before keep to `max_overhead`."""
        spent, trained = self._clock.read()
        since = self._captured - 1  # the clock starts after the first pass
        if self._limits.max_overhead is None or trained < _LEAST_TRAINED or since < 1:
            return
        each = spent / since * (number - 1)  # seconds that capturing each pass would have taken

        def share(stride: int) -> float:
            return each / stride / (trained - spent + each / stride)

        while share(self._stride) > self._limits.max_overhead:
            self._stride *= 2
            self._ratio = share(1)

    def _is_full(self) -> bool:
        most = self._limits.max_snapshots
        return most is not None and len(self._shown) >= most

    def _take(self, moment: Moment) -> None:
        if self._is_full():
            self._hide([self._shown.pop()])
        self._shown.append(moment)
        self._taken.add(moment[1])

    def _hide(self, moments: Sequence[Moment]) -> None:
        """Show these snapshots no longer; what was written of them stays."""
        hidden = [Hidden(split, epoch, step) for epoch, step in moments for split in self.splits]
        if hidden:
            self._recording.submit(lambda: hidden, 0)
