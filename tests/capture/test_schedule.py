"""Which passes are captured, which of them are shown, and what the receipt says of the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from chroma.capture.limits import Limits
from chroma.capture.schedule import Answer, Clock, Schedule
from chroma.errors import ConfigError
from chroma.records import Hidden, Record
from chroma.run.tally import Tally


class Recorded:
    """What a schedule needs of a recording."""

    def __init__(self) -> None:
        self.tally = Tally("run", "name", "project")
        self.full = False
        self.hidden: list[Record] = []

    def submit(self, records: Callable[[], Iterable[Record]], size: int) -> bool:
        self.hidden += records()
        return True


class Training:
    """A training whose passes come every second; those captured take `cost` seconds of it."""

    def __init__(
        self, *, passes: int | None = None, holds: bool = False, cost: float = 0.0, **limits: Any
    ) -> None:
        self.recording: Any = Recorded()
        self.time = 0.0
        self.cost = cost
        clock = Clock(self.recording, lambda: self.time)
        self.schedule = Schedule(
            ["val"], Limits(**limits), self.recording, clock, passes=lambda: passes, holds=holds
        )
        self.taken: list[int] = []
        self.answers: list[Answer] = []

    def run(self, epochs: Sequence[int], *, step: Callable[[int], int] = lambda epoch: 10 * epoch) -> None:
        for epoch in epochs:
            answer = self.schedule.ask(epoch, step(epoch))
            self.answers.append(answer)
            self.time += 1.0
            if answer != "skip":
                self.time += self.cost
                self.recording.tally.seconds += self.cost
            if answer == "take":
                self.taken.append(epoch)

    def end(self) -> list[int]:
        """The epochs that are shown once the training has ended."""
        moment = self.schedule.take_skipped()
        if moment is not None and moment[0] is not None:
            self.taken.append(moment[0])
        self.schedule.close()
        hidden = [record.epoch for record in self.recording.hidden if isinstance(record, Hidden)]
        assert len(set(hidden)) == len(hidden)
        assert set(hidden) <= set(self.taken)
        return [epoch for epoch in self.taken if epoch not in hidden]


def shown(epochs: int, **about: Any) -> list[int]:
    training = Training(**about)
    training.run(range(epochs))
    return training.end()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("epochs", [1, 10, 40])
def test_below_the_limit_nothing_is_left_out(epochs: int, known: bool) -> None:
    assert shown(epochs, max_snapshots=40, passes=epochs if known else None) == list(range(epochs))
    assert shown(500, passes=500 if known else None) == list(range(500))


@pytest.mark.parametrize("passes", [41, 60, 100, 1000, 12_345])
@pytest.mark.parametrize("cap", [1, 2, 10, 40])
def test_long_trainings_are_dense_first_and_captured_to_the_end(passes: int, cap: int) -> None:
    training = Training(max_snapshots=cap, passes=passes)
    training.run(range(passes))
    found = training.taken
    assert 1 <= len(found) <= cap
    assert training.schedule.expected == len(found)
    assert found[-1] == passes - 1
    distances = [after - before for before, after in itertools.pairwise(found[:-1])]
    assert distances == sorted(distances)
    assert cap < 10 or len(found) > cap / 3
    assert training.end() == found


@pytest.mark.parametrize("epochs", [41, 79, 80, 81, 333, 2000])
@pytest.mark.parametrize("cap", [1, 2, 3, 10, 40])
@pytest.mark.parametrize("holds", [True, False])
def test_where_the_end_is_unknown_every_second_one_is_hidden_when_there_are_too_many(
    epochs: int, cap: int, holds: bool
) -> None:
    found = shown(epochs, max_snapshots=cap, holds=holds)
    assert cap / 2 <= len(found) <= cap
    assert found[-1] == epochs - 1
    assert cap == 1 or found[0] == 0
    distances = {after - before for before, after in itertools.pairwise(found[:-1])}
    assert len(distances) <= 1


def test_the_distance_doubles_each_time() -> None:
    assert shown(41, max_snapshots=40) == list(range(0, 41, 2))
    assert shown(81, max_snapshots=40) == list(range(0, 81, 4))


def test_a_pass_that_may_be_the_last_is_held() -> None:
    training = Training(max_snapshots=4, holds=True)
    training.run(range(7))
    assert training.answers == ["take"] * 5 + ["hold", "take"]
    training.run([7])
    assert (training.answers[-1], training.schedule.skipped) == ("hold", (7, 70))
    assert training.end() == [0, 2, 4, 7]


def test_of_a_known_number_only_the_last_is_taken_besides() -> None:
    training = Training(max_snapshots=4, passes=100, holds=True)
    training.run(range(99))
    assert "hold" not in training.answers
    training.run([99])
    assert training.taken[-1] == 99


def test_a_training_that_stops_sooner_than_it_said_is_captured_to_its_end() -> None:
    assert shown(38, max_snapshots=10, passes=1000)[-1] == 37


def test_a_training_that_goes_on_longer_than_it_said_keeps_to_the_limit() -> None:
    found = shown(200, max_snapshots=10, passes=5)
    assert len(found) <= 10
    assert found[-1] == 199


def test_the_pass_that_is_called_the_last_is_taken() -> None:
    training = Training(every=5, passes=100)
    training.run(range(3))
    assert training.schedule.ask(3, 30, last=True) == "take"


def test_every_counts_epochs_or_steps() -> None:
    assert shown(10, every=3, passes=10) == [0, 3, 6, 9]
    assert shown(11, every=3, passes=11) == [0, 3, 6, 9, 10]
    assert shown(11, every=3) == [0, 3, 6, 9, 10]
    assert shown(10, every="25 steps") == [0, 3, 6, 9]
    assert len(shown(100, every=2, max_snapshots=10, passes=100)) <= 10


def test_without_epochs_every_counts_passes() -> None:
    schedule = Training(every=3).schedule
    assert [schedule.ask(None, 7 * step) for step in range(5)] == ["take", "skip", "skip", "take", "skip"]


def test_a_second_pass_at_the_same_step_is_not_captured() -> None:
    training = Training(holds=True)
    training.run(range(6), step=lambda epoch: epoch // 2)
    assert training.taken == [0, 2, 4]
    assert training.schedule.left_out() is None


def test_a_full_home_is_counted_as_missing() -> None:
    training = Training()
    training.run(range(2))
    training.recording.full = True
    training.run(range(2, 5))
    assert training.end() == [0, 1]
    assert training.recording.tally.receipt("finished").missing == {"val passes, as the home is full": 3}


def test_capture_keeps_to_its_share_of_the_time() -> None:
    """Capturing each pass would take a third of the time; that is judged once 30 s were trained."""
    training = Training(cost=0.5, max_overhead=0.05, holds=True)
    training.run(range(400))
    spent = training.recording.tally.seconds
    assert training.taken[:20] == list(range(20))
    assert spent / training.time < 0.1
    assert "hold" not in training.answers  # it would cost as much as taking the pass
    assert training.end()[-1] == 399
    assert training.schedule.left_out() == (
        "45 of 400 passes are shown, at the end one in 16, as max_overhead=0.05 asks: "
        "capturing all would have taken 33.3% of the time"
    )


def test_what_gave_nothing_is_not_counted() -> None:
    training = Training(max_snapshots=2, every=2)
    training.run([0])
    training.schedule.forget()
    training.taken.clear()
    training.run([0, 1, 2])
    assert training.end() == [0, 2]


@pytest.mark.parametrize(
    ("epochs", "about", "said"),
    [
        (5, {}, None),
        (5, {"max_snapshots": 5}, None),
        (5, {"every": 2}, None),
        (
            5,
            {"max_snapshots": 2, "passes": 5},
            "val: 2 of 5 passes are shown, the early ones at smaller distance, as max_snapshots=2 asks",
        ),
        (9, {"max_snapshots": 4}, "val: 3 of 9 passes are shown, one in 4, as max_snapshots=4 asks"),
    ],
)
def test_what_was_left_out_is_said(epochs: int, about: dict[str, Any], said: str | None) -> None:
    training = Training(**about)
    training.run(range(epochs))
    training.end()
    receipt = training.recording.tally.receipt("finished")
    assert list(receipt.notes) == ([said] if said else [])
    assert receipt.missing == {}


def test_a_training_that_fails_says_that_its_last_pass_is_not_there() -> None:
    training = Training(max_snapshots=4)
    training.run(range(6))
    assert str(training.schedule.left_out()).endswith("; the last pass is not among them")


@pytest.mark.parametrize("every", [0, -1, True, 1.5, "5", "0 steps", "five steps"])
def test_other_intervals_are_refused(every: object) -> None:
    with pytest.raises(ConfigError, match="every="):
        Limits(every=every)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"max_snapshots": 0}, {"max_overhead": 1}, {"max_overhead": 0}])
def test_other_limits_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}="):
        Limits(**wrong)


@pytest.mark.parametrize(
    "asked",
    [
        *({"max_snapshots": "all"}, {"max_snapshots": 1.5}, {"max_snapshots": True}, {"max_snapshots": 0}),
        *({"max_overhead": "little"}, {"max_overhead": float("nan")}, {"max_overhead": 1}),
        *({"every": None}, {"every": 1.5}, {"every": True}, {"every": "0 steps"}),
    ],
)
def test_limits_of_another_type_are_refused_by_name(asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(asked))):
        Limits(**asked)


def test_limits_may_be_numbers_of_numpy() -> None:
    limits = Limits(np.int64(2), np.int32(5), np.float32(0.5))
    assert limits.interval() == (2, False)
