"""The way of vectors from a device to the host, on the CPU: by the interface that CUDA tensors take too."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import chroma
from chroma.capture.session import CaptureSession
from chroma.integrations._torch.device_buffers import LandingBuffer, buffer_for, to_half
from chroma.records import Snapshot
from tests.capture.test_session import LAYER, value, written


class Flag:
    """Stands for the event of a stream."""

    def __init__(self) -> None:
        self.waited: list[str] = []

    def synchronize(self) -> None:
        self.waited.append(threading.current_thread().name)


def test_only_the_writers_thread_waits_and_rows_find_their_samples(home: Path) -> None:
    flags: list[Flag] = []

    def flag(device: torch.device) -> Flag:
        flags.append(Flag())
        return flags[-1]

    rng = np.random.default_rng(0)
    with chroma.init(name="landing") as run:
        session = CaptureSession(
            run.recording,
            max_samples=31,
            log_inputs=False,
            make_buffer=lambda values, first: LandingBuffer(values, flag),
        )
        for epoch in range(3):
            passing = session.begin("val", epoch, epoch, identity="index", of=60)
            for ids in np.array_split(rng.permutation(60), 7):
                passing.batch(ids, len(ids))
                given = torch.from_numpy(value(ids, epoch))
                passing.add(LAYER, given)
                given.zero_()  # as the next replay of a CUDA graph would
            passing.end()
    captured = [record for record in written(home) if isinstance(record, Snapshot)]
    assert [flag.waited for flag in flags] == [["chroma-landing"]] * 3
    assert len(captured) == 3
    for snapshot in captured:
        assert len(snapshot.ids) == 31
        np.testing.assert_array_equal(snapshot.vectors, value(snapshot.ids, snapshot.epoch or 0))


def test_a_pass_without_followed_samples_waits_for_nothing() -> None:
    buffer = LandingBuffer(np.empty((0, 2), np.float32), lambda device: pytest.fail("nothing was sent"))
    buffer.sent()
    buffer.land()
    assert buffer.rows(3).tolist() == [-1, -1, -1]


def test_arrays_are_gathered_on_the_host() -> None:
    values = np.zeros((2, 3), np.float32)
    assert type(buffer_for(values, values)) is not LandingBuffer
    assert type(buffer_for(values, torch.zeros(2, 3))) is LandingBuffer


def test_rounding_is_numpys() -> None:
    rng = np.random.default_rng(1)
    values = (rng.standard_normal(200_000) * 10.0 ** rng.uniform(-9, 4, 200_000)).astype(np.float32)
    values = np.concatenate(
        [values[np.abs(values) < 65_520], np.array([0.0, -0.0, 65_519.0, np.inf, -np.inf])]
    )
    values = values.astype(np.float32).reshape(-1, 1)
    half = to_half(values)
    np.testing.assert_array_equal(half.view(np.uint16), values.astype(np.float16).view(np.uint16))
    assert np.isnan(to_half(np.array([[np.nan, 1.0]], np.float32))).tolist() == [[True, False]]
