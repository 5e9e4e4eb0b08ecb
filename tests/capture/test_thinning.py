from __future__ import annotations

import itertools

import pytest

from chroma.capture.thinning import Thinning
from chroma.errors import ConfigError


def kept(passes: int, *, every: int | str = 1, cap: int | None = None, known: bool = True) -> list[int]:
    thinning = Thinning(every, cap, passes if known else None)
    return [epoch for epoch in range(passes) if thinning.wants(epoch, 10 * epoch)]


def test_short_runs_are_kept_whole() -> None:
    assert kept(40, cap=40) == list(range(40))
    assert kept(500) == list(range(500))


@pytest.mark.parametrize("passes", [41, 60, 100, 1000, 12_345])
@pytest.mark.parametrize("cap", [1, 2, 10, 40])
def test_long_runs_are_dense_first_and_kept_to_the_end(passes: int, cap: int) -> None:
    found = kept(passes, cap=cap)
    assert 1 <= len(found) <= cap
    assert found[-1] == passes - 1
    distances = [after - before for before, after in itertools.pairwise(found[:-1])]
    assert distances == sorted(distances)
    assert cap < 10 or len(found) > cap / 3


def test_where_the_end_is_unknown_the_cap_lasts_long() -> None:
    found = kept(2000, cap=40, known=False)
    assert found[:5] == [0, 1, 2, 3, 4]
    assert len(found) <= 40
    assert found[-1] > 1000


def test_every_counts_epochs_or_steps() -> None:
    assert kept(10, every=3) == [0, 3, 6, 9]
    assert kept(10, every="25 steps") == [0, 3, 6, 9]
    assert len(kept(100, every=2, cap=10)) <= 10


def test_what_was_left_out_is_said() -> None:
    thinning = Thinning(1, 2, 5)
    for epoch in range(5):
        thinning.wants(epoch, epoch)
    assert thinning.said() == "2 of 5 passes kept, dense first (max_snapshots=2)"
    assert (thinning.expected, Thinning(1, None, 5).said()) == (2, None)


@pytest.mark.parametrize("every", [0, -1, True, 1.5, "5", "0 steps", "five steps"])
def test_other_values_are_refused(every: object) -> None:
    with pytest.raises(ConfigError, match="every="):
        Thinning(every, None, None)  # type: ignore[arg-type]
