"""Whatever labels, ids, options and environments are: training is the same, nothing wrong is stored.

CHROMA_FUZZ=334 python -m pytest tests/integrations/test_border_fuzz.py    makes 5,010 cases
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as checks
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, Dataset

import chroma
from chroma.errors import ChromaError
from chroma.ids import NO_KEY, NO_NUMBER
from chroma.records import Outputs, Samples, Snapshot
from tests.integrations.digits import written

CASES = 15 * int(os.environ.get("CHROMA_FUZZ", "1"))
CLASSES = 4

_WORDS = st.text(max_size=8)
_ODD = st.sampled_from(
    [
        *(None, math.nan, math.inf, -1, 2**63, 2**70, -(2**63), 1e300, 1e-12, True, "", "cat", b"cat"),
        *("a" * 3000, "\ud800", "\x00", (1, 2), [1, 2], {"a": 1}, object(), 1 + 2j, np.float16(2)),
        np.datetime64("2020-01-01"),
    ]
)
_COLUMN = st.one_of(  # what a value is like in each sample, by its number
    st.sampled_from(["class", "class", "index", "float", "bool", "word", "several", "one-hot", "box"]),
    st.lists(_ODD, min_size=1, max_size=4),
    st.lists(st.one_of(st.integers(), st.floats(), _WORDS), min_size=1, max_size=4),
)
_HOLDERS = st.sampled_from(
    ["list", "tensor", "tensor", "numpy", "objects", "tuple", "short", "tall", "alone"]
)


def value_of(column: Any, index: int) -> Any:
    """The value of a sample."""
    if isinstance(column, list):
        return column[index % len(column)]
    return {
        "class": index * 7 % CLASSES,
        "index": index,
        "float": index / 8,
        "bool": index % 3 == 0,
        "word": f"word {index % 5}",
        "several": [float(index % 2), 1.0, 0.0],
        "one-hot": [float(index % CLASSES == each) for each in range(CLASSES)],
        "box": [[0, 0, index, index]],
    }[column]


def held(values: list[Any], holder: str) -> Any:
    """The values of a batch, as a collating function may join them."""
    match holder:
        case "tensor":
            with contextlib.suppress(TypeError, ValueError, RuntimeError, OverflowError):
                return torch.tensor(values)
        case "numpy":
            with contextlib.suppress(TypeError, ValueError, OverflowError):
                return np.array(values)
        case "objects":
            made = np.empty(len(values), dtype=object)
            made[:] = values
            return made
        case "tuple":
            return tuple(values)
        case "short":
            return values[:-1]
        case "tall":
            with contextlib.suppress(TypeError, ValueError, RuntimeError, OverflowError):
                return torch.tensor(values)[:, None]
        case "alone":
            return values[0]
        case _:
            pass
    return values


class Data(Dataset[Any]):
    """Samples of a case; the first feature tells whose row it is."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.features = torch.randn(case["n"], 5, generator=torch.Generator().manual_seed(1))
        self.features[:, 0] = torch.arange(case["n"])

    def __len__(self) -> int:
        return self.case["n"]

    def __getitem__(self, index: int) -> Any:
        case = self.case
        columns = {name: value_of(case[name], index) for name in ("label", "key", "extra")}
        return {"x": self.features[index], **columns}

    def collate(self, samples: list[Any]) -> Any:
        found: dict[str, Any] = {"x": torch.stack([sample["x"] for sample in samples])}
        for name in ("label", "key", "extra"):
            found[name] = held([sample[name] for sample in samples], self.case["holders"][name])
        return found


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.signature, self.body, self.head = nn.Identity(), nn.Linear(5, 6), nn.Linear(6, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.signature(x[:, :1])
        return self.head(self.body(x).relu())


def train(case: dict[str, Any], *, watched: bool) -> Any:
    """Train two epochs; returns all that a training may notice."""
    torch.manual_seed(case["seed"])
    data, model = Data(case), Model()
    loader = DataLoader(data, batch_size=case["batch"], shuffle=case["shuffle"], collate_fn=data.collate)
    optimizer = torch.optim.SGD(model.parameters(), 0.001)
    watch = None
    if watched:
        options = {"layers": ["signature", "head"], "dtype": "float32", "silent": False, **case["options"]}
        try:
            watch = chroma.watch(
                model, loader=loader, forward=lambda model, batch: model(batch["x"]), **options
            )
        except ChromaError as error:  # at once, and it names what was asked
            asked = [
                name.removeprefix("CHROMA_").lower() for name in (*case["options"], *case["environment"])
            ]
            if not any(name in str(error).lower() for name in asked):
                raise
    for epoch in range(2):
        for batch in loader:
            optimizer.zero_grad()
            model(batch["x"]).square().mean().backward()
            optimizer.step()
        if watch is not None:
            watch.snapshot(epoch=epoch)
    if watch is not None:
        watch.finish()
    return [*model.state_dict().values(), torch.get_rng_state()]


_RIGHT: dict[str, list[Any]] = {
    "labels": [None, "label", lambda batch: batch["label"]],
    "ids": [None, "key", lambda batch: batch["key"]],
    "metadata": [None, "extra", ["extra"], lambda batch: {"extra": batch["extra"]}, lambda batch: {}],
    "inputs": [None, "x", lambda batch: batch["x"]],
    "layers": ["auto", ["signature", "head"], "head:input", "signature"],
    "every": [1, 2, "3 steps"],
    "max_samples": [None, 5, 10_000],
    "max_snapshots": [None, 1, 40],
    "dtype": ["float16", "float32"],
    "task": ["auto", "classification", "regression", "unlabelled"],
    "log_inputs": [True, False],
    "max_overhead": [None, 0.5],
    "project": [None, "digits", "Größe 漢字"],
    "name": [None, "a run"],
    "tags": [(), ("a", "b")],
    "run_id": [None],
}
_OF_FUNCTIONS = ("KeyError", "ZeroDivisionError")  # errors of the functions below
_ASKED = {
    **_RIGHT,
    "labels": [*_RIGHT["labels"], "nowhere", 3, lambda batch: batch["none"], lambda batch: object()],
    "ids": [*_RIGHT["ids"], "nowhere", lambda batch: 1 / 0, lambda batch: [[1]], 2],
    "metadata": [*_RIGHT["metadata"], "nowhere", lambda batch: 3, lambda batch: {1: None, "": [1]}],
    "inputs": [*_RIGHT["inputs"], "nowhere", lambda batch: "text"],
    "layers": [
        *_RIGHT["layers"],
        "nothing",
        ["body", "body:output"],
        [],
        None,
        chroma.Layer("head", "median"),
    ],
    "every": [*_RIGHT["every"], 0, -1, "", "often", None, 1.5],
    "max_samples": [*_RIGHT["max_samples"], 0, -3, "many", {"val": 3}, {"val": None, "": 2}, math.nan],
    "max_snapshots": [*_RIGHT["max_snapshots"], 0, -1, "all"],
    "dtype": [*_RIGHT["dtype"], "float8", None, torch.float16],
    "task": [*_RIGHT["task"], "guess", None, "multilabel"],
    "max_overhead": [*_RIGHT["max_overhead"], -1, math.nan, "little"],
    "project": [*_RIGHT["project"], "", "/", "../..", "\x00", "\ud800", "p" * 500, 3],
    "name": [*_RIGHT["name"], "", "\n", "../..", "\ud800", "n" * 500, 3],
    "tags": [*_RIGHT["tags"], "tag", (None,), ("\ud800",), {"a": 1}],
    "run_id": [None, "r1", "", "../x", "\x00", 3],
}
_SETTINGS = {
    "CHROMA_HOME": ["~nosuchuser/x", "/proc/chroma", "/dev/null", "relative", "", "\u00e4 b%#?"],
    "CHROMA_MAX_DISK": ["0", "-1", "1", "much", "1e9", ""],
    "CHROMA_QUEUE_BYTES": ["0", "1", "none", "100000"],
    "CHROMA_PROBE_BYTES": ["1", "100", "x"],
    "CHROMA_EXIT_TIMEOUT": ["nan", "0", "-1", "5"],
    "CHROMA_RUN_ID": ["", "a/b", "r2", "é"],
    "CHROMA_ROOT_PATH": ["http://x", "/ok"],
    "CHROMA_WORKERS": ["0", "many"],
    "HOME": ["", "/nowhere"],
    "TZ": ["", "Nowhere/City"],
    "COLUMNS": ["0", "-5", "wide", "3"],
    "SLURM_JOB_ID": ["7", "x y"],
    "RANK": ["x", "-1", ""],
    "LANG": ["C", ""],
}
CASE = st.fixed_dictionaries(
    {
        "label": _COLUMN,
        "key": _COLUMN,
        "extra": _COLUMN,
        "holders": st.fixed_dictionaries(dict.fromkeys(("label", "key", "extra"), _HOLDERS)),
        "options": st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(values) for name, values in _ASKED.items()}
        ),
        "environment": st.dictionaries(st.sampled_from(sorted(_SETTINGS)), st.integers(0, 5), max_size=2),
        "stdout": st.sampled_from(["open", "open", "open", "closed", "ascii", "none"]),
        "folder": st.sampled_from(["there", "there", "there", "gone"]),
        "n": st.integers(1, 20),
        "batch": st.integers(1, 8),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


@contextlib.contextmanager
def surroundings(case: dict[str, Any], folder: Path) -> Iterator[Path]:
    """The environment, working folder and standard output of a case; yields the home."""
    environment, stdout, here = dict(os.environ), sys.stdout, Path.cwd()
    os.environ |= {"CHROMA_HOME": str(folder / "home"), "CHROMA_STRICT": "0"}
    for name, number in case["environment"].items():
        os.environ[name] = _SETTINGS[name][number % len(_SETTINGS[name])]
    home = Path(os.environ["CHROMA_HOME"])
    work = folder / "work"
    work.mkdir()
    os.chdir(work)
    if case["folder"] == "gone":
        work.rmdir()
    closed = io.StringIO()
    closed.close()
    sys.stdout = {  # type: ignore[assignment]
        "open": io.StringIO(),
        "closed": closed,
        "ascii": io.TextIOWrapper(io.BytesIO(), "ascii"),
        "none": None,
    }[case["stdout"]]
    before, said = dict(os.environ), list[str]()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("chroma").addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they say what is wrong, which is right
            yield home if home.is_absolute() else work / home
        assert dict(os.environ) == before, "the environment is another one"
        raw = [each for each in said if " failed (" in each and not any(own in each for own in _OF_FUNCTIONS)]
        assert not raw, "an error that says nothing to a user"
    finally:
        logging.getLogger("chroma").removeHandler(handler)
        sys.stdout = stdout
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)


@pytest.mark.timeout(120 if CASES == 15 else 0)
@checks(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES == 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=list(Phase)[: 3 if CASES > 15 else None],  # to make one of thousands simpler takes minutes
)
@given(case=CASE)
def test_training_is_the_same_and_nothing_wrong_is_stored(case: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with surroundings(case, Path(folder)) as home:
            plain, watched = train(case, watched=False), train(case, watched=True)
        assert all(torch.equal(one, other) for one, other in zip(plain, watched, strict=True))
        records = written(home) if home.is_relative_to(folder) and home.is_dir() else []
    for record in records:
        if isinstance(record, Samples) and record.identity != "order":
            check_samples(case, record)
        if isinstance(record, (Snapshot, Outputs)):
            assert len(set(record.ids.tolist())) == len(record.ids)
        if isinstance(record, Snapshot) and record.layer == "signature":
            known = next(each for each in records if isinstance(each, Samples)).identity
            if known != "order":
                for key, row in zip(record.ids.tolist(), record.vectors[:, 0].tolist(), strict=True):
                    assert round(row) in indices_of(key, case, known)


def indices_of(key: Any, case: dict[str, Any], identity: str) -> list[int]:
    """The samples that an id may stand for."""
    if identity == "index" and case["options"].get("ids") is None:  # whole numbers of one's own are, too
        return [key]
    return [index for index in range(case["n"]) if same(value_of(case["key"], index), key)]


def check_samples(case: dict[str, Any], record: Samples) -> None:
    """No label and no value of a column is that of another sample."""
    for row, key in enumerate(record.ids.tolist()):
        if key in (NO_KEY, NO_NUMBER):
            continue
        indices = indices_of(key, case, record.identity)
        assert indices, f"{key!r} is no sample's id"
        columns = {"extra": record.metadata.get("extra")}
        if "labels" not in case["options"] or case["options"]["labels"] in _RIGHT["labels"]:
            columns["label"] = record.labels
        for name, stored in columns.items():
            if stored is None or is_missing(stored[row]) or (name == "label" and stored[row] == -1):
                continue  # -1: the label is not known
            given = [value_of(case[name], index) for index in indices]
            assert any(same(each, stored[row]) for each in given), (name, key, stored[row], given)


def is_missing(stored: Any) -> bool:
    return stored is None or (isinstance(stored, (float, np.floating)) and math.isnan(stored))


def same(given: Any, stored: Any) -> bool:
    """Whether what is stored is what was given, in another type at most."""
    if isinstance(given, list):  # of several labels, or of scores
        return True
    if isinstance(stored, str):
        text = given.decode() if isinstance(given, bytes) else given  # as NumPy's arrays of strings hold it
        return str(given) == stored or (isinstance(text, str) and text.startswith(stored[:-1]))
    try:
        with np.errstate(over="ignore"):  # a tensor that is made of 1e300 holds infinity itself
            kept = np.float32(float(given))
        return bool(np.isclose(float(given), float(stored), rtol=1e-3) or kept == stored)
    except (TypeError, ValueError, OverflowError):
        return False
