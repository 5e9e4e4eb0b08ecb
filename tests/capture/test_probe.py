from __future__ import annotations

import numpy as np
import pytest

from chroma.capture.probe import ProbeSet


def follow(probe: ProbeSet, batches: list[list[int]]) -> dict[int, int]:
    """Run batches through a probe set as buffers do; returns slot to the id whose row lies there."""
    buffer: dict[int, int] = {}
    for batch in batches:
        slots = probe.place(np.array(batch)).tolist()
        buffer.update((slot, key) for slot, key in zip(slots, batch, strict=True) if slot >= 0)
    return buffer


def batches(order: list[int], size: int = 7) -> list[list[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]


@pytest.mark.parametrize("seed", range(4))
def test_the_choice_depends_on_the_ids_alone(seed: int) -> None:
    def chosen(order: list[int]) -> list[int]:
        probe = ProbeSet(20)
        buffer = follow(probe, batches(order))
        probe.fix()
        assert [buffer[slot] for slot in probe.order().tolist()] == probe.ids().tolist()
        return probe.ids().tolist()

    straight = chosen(list(range(200)))
    assert len(straight) == 20
    assert straight == sorted(straight)
    assert chosen(np.random.default_rng(seed).permutation(200).tolist()) == straight


def test_the_choice_is_spread_evenly() -> None:
    probe = ProbeSet(1000)
    follow(probe, batches(list(range(10_000)), 100))
    probe.fix()
    counts = np.histogram(probe.ids(), bins=10, range=(0, 10_000))[0]
    assert counts.min() > 60
    assert counts.max() < 145


def test_once_fixed_other_samples_are_passed_over() -> None:
    probe = ProbeSet(None)
    probe.place(np.array([5, 3, 9]))
    probe.fix()
    assert probe.place(np.array([7, 9, 5, 9, 10, 11, -3, 2**40])).tolist() == [-1, 2, 0, 2, -1, -1, -1, -1]
    assert probe.ids().tolist() == [3, 5, 9]


def test_string_keys_keep_the_order_they_came_in() -> None:
    probe = ProbeSet(2)
    keys = np.array(["zeta", "alpha", "mid", "omega"], dtype=object)
    probe.place(keys)
    probe.fix()
    assert len(probe.ids()) == 2
    assert set(probe.ids()) <= set(keys)
    again = ProbeSet(2)
    again.place(keys[::-1])
    again.fix()
    assert set(again.ids()) == set(probe.ids())
