"""Runs a training of the corpus as its author would, with Chroma and without, and reads what Chroma kept."""

from __future__ import annotations

import ast
import io
import logging
import random
import runpy
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import chroma
from chroma.journal import entries
from chroma.segment import read
from tests.wild import absent
from tests.wild.films import Kept, kept_by_run

SCRIPTS = Path(__file__).parent / "scripts"
_STANDS_FOR = ("chroma", "chroma.integrations.lightning", "chroma.integrations.keras")


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        script: Where it stands, below `scripts/`.
        names: What the script left, by name.
        state: Weights, and random states afterwards.
        printed: What it printed.
        warned: What Chroma warned of.
        runs: What Chroma kept of each run, in the order in which they began.
    """

    script: str
    names: Mapping[str, Any]
    state: Mapping[str, bytes]
    printed: str
    warned: Sequence[str]
    runs: Sequence[Kept]

    def __getitem__(self, name: str) -> Any:
        return self.names[name]

    @property
    def run(self) -> Kept:
        """What was kept of the only run."""
        (run,) = self.runs
        return run


def train(script: str, home: Path) -> Trained:
    """Run a script with Chroma."""
    try:
        names, state, printed, warned = _run(script)
    finally:
        chroma.autolog(disable=True)
    return Trained(script, names, state, printed, warned, kept(home))


def train_without(script: str) -> Mapping[str, bytes]:
    """Run a script without Chroma: in its place stands what does nothing. Returns what `state` is."""
    with mock.patch.dict(sys.modules, dict.fromkeys(_STANDS_FOR, absent)):
        return _run(script)[1]


def kept(home: Path) -> list[Kept]:
    """What stands in the journal of a home, by run."""
    segments = [read(entry.path) for entry in entries(home / "journal")]
    return kept_by_run((segment.header, segment.record) for segment in segments)


def _run(script: str) -> tuple[dict[str, Any], dict[str, bytes], str, list[str]]:
    path = SCRIPTS / script
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _import_all(path)
    _seed()
    printed = io.StringIO()
    with _warned() as warned, redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the frameworks warn of among themselves
        names = runpy.run_path(str(path), run_name="__main__")
    return names, state_of(names), printed.getvalue(), warned


def state_of(names: Mapping[str, Any]) -> dict[str, bytes]:
    """Everything that a training may change: weights of its models, metrics, random states."""
    found: dict[str, bytes] = {"python": str(random.getstate()).encode()}
    found["numpy"] = str(np.random.get_state()).encode()
    if (torch := sys.modules.get("torch")) is not None:
        found["torch"] = torch.get_rng_state().numpy().tobytes()
    for name, value in names.items():
        for number, each in enumerate(value if isinstance(value, list) else [value]):
            for part, array in _arrays(each):
                found[f"{name}.{number}.{part}"] = array.tobytes()
    return found


def _arrays(value: Any) -> Iterator[tuple[str, np.ndarray]]:
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    if torch is not None and isinstance(value, torch.nn.Module):
        for name, tensor in value.state_dict().items():
            yield name, tensor.detach().cpu().numpy()
    elif keras is not None and isinstance(value, keras.Model):
        for number, weights in enumerate(value.get_weights()):
            yield str(number), weights
    elif hasattr(value, "callback_metrics"):  # a Trainer of Lightning
        for name, metric in value.callback_metrics.items():
            yield name, metric.detach().numpy()


def _import_all(path: Path) -> None:
    """Import what a script imports: some libraries draw random numbers when they are imported first."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), str(path), "exec"), {})


def _seed() -> None:
    """What a fresh process would bring: scripts that seed nothing are compared as well."""
    random.seed(0)
    np.random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)


@contextmanager
def _warned() -> Iterator[list[str]]:
    """What Chroma's logger says in the block."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("chroma").addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger("chroma").removeHandler(handler)
