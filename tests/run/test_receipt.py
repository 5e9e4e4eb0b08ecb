"""What the receipt says is missing: how much of what."""

from __future__ import annotations

import pytest

from chroma.run.receipt import Receipt, counted


@pytest.mark.parametrize(
    ("reason", "count", "said"),
    [
        ("rows of val without ids: ids= names them", 9_600, "9,600 rows of val without ids: ids= names them"),
        ("rows of val whose id cannot be used", 1, "1 row of val whose id cannot be used"),
        ("images of val that cannot be decoded", 2, "2 images of val that cannot be decoded"),
        ("train passes of a model without a layer to capture", 3, "3 train passes of a model without a"),
        ("val passes, as the home is full", 1, "1 val pass, as the home is full"),
        ("batches without samples, or without tensors", 1, "1 batch without samples"),
        ("the disk was slower than the training (queue full)", 4, "4 records: the disk was slower"),
        ("it could not be written (No such file)", 1, "1 record: it could not be written"),
        ("a step of the capture failed", 1, "1 time: a step of the capture failed"),
        ("labels.0 gave no vectors for some batches", 2, "2 times: labels.0 gave no vectors"),
    ],
)
def test_what_is_missing_is_counted_in_its_own_unit(reason: str, count: int, said: str) -> None:
    assert counted(reason, count).startswith(said)
    receipt = Receipt("r", "r", "p", "finished", (), {}, 0, 0.0, 0.0, {reason: count})
    assert said[:40] in " ".join(str(receipt).split())
    assert receipt.as_json()["lost"] == [counted(reason, count)]
