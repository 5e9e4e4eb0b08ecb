"""What a user gives to a run: refused at the call with its row, or kept as it is."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError
from chroma.records import Columns, Samples, Snapshot
from tests.run.logged import written

V = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
IDS = [f"d{row}" for row in range(6)]


def png() -> bytes:
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80), dtype=np.uint8)).save(sink, "PNG")
    return sink.getvalue()


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "NaN among texts": ({"texts": ["t", "t", float("nan"), "t", "t", "t"]}, "texts= .* row 2"),
    "a text of broken Unicode": ({"texts": ["t"] * 5 + ["\udce9"]}, "texts=.* row 5"),
    "a broken image": ({"images": [np.zeros((8, 8), "u1")] * 5 + [b"\x89PNG broken"]}, "images= .* row 5"),
    "an image of five channels": ({"images": [np.zeros((5, 8, 8))] * 6}, "images= .* row 0"),
    "an int among string ids": ({"ids": [*IDS[:3], 3, *IDS[4:]]}, "ids=: row 3"),
    "a string among int ids": ({"ids": [0, 1, "two", 3, 4, 5]}, "ids=.* row 2"),
    "a missing id": ({"ids": [0, 1, None, 3, 4, 5]}, "ids=.* row 2"),
    "a file name in Latin-1": ({"ids": [*IDS[:5], os.fsdecode(b"caf\xe9.png")]}, "ids=: row 5"),
    "an id beyond int64": ({"ids": np.array([0, 1, 2, 3, 2**64 - 1, 5], np.uint64)}, "ids=: row 4"),
    "a column of rows": ({"metadata": {"box": np.zeros((6, 4))}}, "metadata 'box' has shape"),
    "None among numbers": ({"metadata": {"age": [1, 2, None, 4, 5, 6]}}, "row 2"),
    "a number among strings": ({"metadata": {"city": ["a", "b", 3, "d", "e", "f"]}}, "row 2"),
    "labels of two types": ({"labels": ["cat", "dog", 2, "cat", "dog", "cat"]}, "labels= .* row 2"),
    "one value for all": ({"labels": 3}, "labels= is 3, one value"),
    "metadata without names": ({"metadata": [1, 2]}, "metadata= is a list"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_entry_is_refused_at_the_call(case: str) -> None:
    given, sentence = BAD[case]
    asked: dict[str, Any] = {"ids": IDS, **given}
    with chroma.init(name="r") as run:
        with pytest.raises(ConfigError, match=sentence):
            run.log_samples("val", **asked)
        run.log_samples("val", ids=IDS, labels=[0, 1, 2, 0, 1, 2])
    assert run.finish().missing == {}


def test_an_image_that_cannot_be_decoded_is_the_only_one_missing(home: Path) -> None:
    whole = png()
    with chroma.init(name="r") as run:
        run.log_samples("val", ids=IDS[:2], labels=[0, 1], images=[whole, whole[:-2000]])
    receipt = run.finish()
    assert receipt.missing == {"images of val that cannot be decoded": 1}
    assert "row 1" in receipt.notes[0]
    [samples] = [record for record in written(home) if isinstance(record, Samples)]
    assert samples.images is not None
    assert [image is None for image in samples.images] == [False, True]
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1]


def test_labels_that_change_are_kept_by_epoch_and_said(home: Path) -> None:
    with chroma.init(name="r") as run:
        for epoch in range(3):
            for layer in ("l", "m"):
                labels = (np.arange(6) + max(0, epoch - 1)) % 3
                run.log_embeddings(V, layer=layer, epoch=epoch, labels=labels)
    assert any("labels of val changed" in note for note in run.finish().notes)
    [column] = [record for record in written(home) if isinstance(record, Columns)]
    assert column.epoch == 2
    assert column.columns["epoch_label"].tolist() == [1, 2, 0, 1, 2, 0]


def test_labels_that_change_their_type_are_refused() -> None:
    with chroma.init(name="r") as run:
        run.log_embeddings(V, layer="l", epoch=0, labels=[0, 1, 2, 0, 1, 2])
        with pytest.raises(ConfigError, match="were integers and are now strings"):
            run.log_embeddings(V, layer="l", epoch=1, labels=list("abcabc"))


def test_one_long_string_costs_its_bytes() -> None:
    texts = [f"sample {row}" for row in range(20_000)]
    texts[5] = "word " * 8_000
    vectors = np.zeros((20_000, 1), np.float16)
    with chroma.init(name="r") as run:
        tracemalloc.start()
        run.log_samples("val", ids=texts, labels=texts, texts=texts, metadata={"prompt": texts})
        run.log_embeddings(vectors, layer="l", split="val", epoch=0, ids=texts, labels=texts)
        run.recording.flush(60)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 60e6


def arrays() -> dict[str, tuple[Any, np.ndarray]]:
    import ml_dtypes
    import pandas as pd
    import torch
    from scipy import sparse

    tensor = torch.tensor(V)
    bfloat16, float8 = V.astype(ml_dtypes.bfloat16), V.astype(ml_dtypes.float8_e4m3fn)
    return {
        "bfloat16 of JAX and TensorFlow": (bfloat16, bfloat16.astype(np.float32)),
        "float8 of JAX": (float8, float8.astype(np.float32)),
        "torch bfloat16": (tensor.bfloat16(), bfloat16.astype(np.float32)),
        "torch float8": (tensor.to(torch.float8_e4m3fn), float8.astype(np.float32)),
        "torch sparse": (tensor.to_sparse(), V),
        "lazily negated": (torch.complex(tensor, tensor).conj().imag, -V),
        "SciPy sparse": (sparse.csr_array(V), V),
        "masked": (np.ma.masked_array(V, V > 1), np.where(V > 1, np.nan, V)),
        "a table": (pd.DataFrame(V), V),
    }


@pytest.mark.parametrize("kind", arrays())
def test_arrays_of_all_kinds_are_stored_as_they_are(kind: str, home: Path) -> None:
    given, expected = arrays()[kind]
    with chroma.init(name="r") as run:
        run.log_embeddings(given, layer="l", epoch=0)
    [snapshot] = [record for record in written(home) if isinstance(record, Snapshot)]
    np.testing.assert_array_equal(snapshot.vectors, expected.astype(np.float16))


def test_arrays_without_numbers_are_refused() -> None:
    import torch

    with chroma.init(name="r") as run:
        for odd in (torch.zeros(6, 4, device="meta"), V.astype(complex), object(), np.zeros(6, "i4,i4")):
            with pytest.raises(ConfigError, match="vectors="):
                run.log_embeddings(odd, layer="l", epoch=0)
        with pytest.raises(ConfigError, match="masked value in row 1"):
            run.log_samples("val", labels=np.ma.masked_array([1, 2, 3], [False, True, False]))


@pytest.mark.parametrize("scale", [1e-5, 1e-8, 1e-30])
def test_vectors_too_small_for_float16_keep_float32_and_say_so(scale: float, home: Path) -> None:
    small = V.copy()
    small[2] *= np.float32(scale)  # one row: its direction would be lost
    with chroma.init(name="r") as run:
        run.log_embeddings(small, layer="l", epoch=0)
        run.log_embeddings(np.zeros((6, 4)), layer="dead", epoch=0)
    assert [note for note in run.finish().notes if "too small for float16" in note]
    found = [record for record in written(home) if isinstance(record, Snapshot)]
    assert [each.vectors.dtype for each in found] == [np.float32, np.float16]
    np.testing.assert_array_equal(found[0].vectors, small)


def test_steps_reach_to_64_bits() -> None:
    with chroma.init(name="r") as run:
        run.log_metrics({"loss": np.float32(1)}, epoch=np.int64(3), step=np.uint64(2**63 - 1))  # pyright: ignore[reportArgumentType]
        with pytest.raises(ConfigError, match=r"largest is 2\*\*63 - 1"):
            run.log_metrics({"loss": 1.0}, step=2**63)
        with pytest.raises(ConfigError, match="metrics is a list"):
            run.log_metrics([1.0], step=3)  # pyright: ignore[reportArgumentType]
