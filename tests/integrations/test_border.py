"""Whatever of the machine fails, nothing of Chroma's raises into a training, a `with` block or a `finish`."""

from __future__ import annotations

import io
import os
import pwd
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import chroma
from chroma.errors import ConfigError
from tests.integrations.digits import fit
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING
Patch = pytest.MonkeyPatch


def raises(error: Exception) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        raise error

    return call


class Failing:
    """An object of which everything fails."""

    def __getattr__(self, name: str) -> Any:
        raise OSError(f"no {name}")


def home_of_nobody(patch: Patch, folder: Path) -> None:
    patch.setenv("CHROMA_HOME", "~nosuchuser/chroma")


def no_home(patch: Patch, folder: Path) -> None:
    patch.delenv("CHROMA_HOME")
    patch.delenv("HOME", raising=False)
    patch.setattr(pwd, "getpwuid", raises(KeyError("uid not found")))


def no_folder(patch: Patch, folder: Path) -> None:
    gone = folder / "scratch"
    gone.mkdir()
    patch.chdir(gone)
    gone.rmdir()


def no_folder_of_home(patch: Patch, folder: Path) -> None:
    no_folder(patch, folder)
    patch.setenv("CHROMA_HOME", "runs")


def secret_folder(patch: Patch, folder: Path) -> None:
    exists = Path.exists

    def refuse(path: Path) -> bool:
        if path.name == ".git":
            raise PermissionError("not for you")
        return exists(path)

    patch.setattr(Path, "exists", refuse)


def closed_stdout(patch: Patch, folder: Path) -> None:
    closed = io.StringIO()
    closed.close()
    patch.setattr(sys, "stdout", closed)


def ascii_stdout(patch: Patch, folder: Path) -> None:
    patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))


def odd_stdout(patch: Patch, folder: Path) -> None:
    patch.setattr(sys, "stdout", Failing())


def no_clock(patch: Patch, folder: Path) -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "chroma" and hasattr(module, "time"):
            patch.setattr(module, "time", Failing())


def odd_arguments(patch: Patch, folder: Path) -> None:
    """Bytes that are not UTF-8, as Python reads them from the command line."""
    patch.setattr(sys, "argv", ["train.py", os.fsdecode(b"caf\xe9.yaml")])
    odd = folder / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    patch.chdir(odd)


def no_name_of_host(patch: Patch, folder: Path) -> None:
    patch.setattr(socket, "gethostname", raises(OSError("no name")))


def no_disk(patch: Patch, folder: Path) -> None:
    patch.setenv("CHROMA_HOME", "/proc/chroma")


def no_threads(patch: Patch, folder: Path) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("chroma-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    patch.setattr(threading.Thread, "start", refuse)


SETTINGS = [home_of_nobody, no_home, no_folder_of_home]
FAULTS = [
    *SETTINGS,
    no_folder,
    secret_folder,
    closed_stdout,
    ascii_stdout,
    odd_stdout,
    no_clock,
    odd_arguments,
    no_name_of_host,
    no_disk,
    no_threads,
]


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.__name__)
def fault(request: pytest.FixtureRequest, monkeypatch: Patch, tmp_path: Path) -> Callable[..., None]:
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setenv("CHROMA_EXIT_TIMEOUT", "5")
    request.param(monkeypatch, tmp_path)
    return request.param


def opened(fault: Callable[..., None], open_: Callable[[], Any]) -> Any:
    """What a call of the user's opens; None where it says at once that the home is not known."""
    if fault not in SETTINGS:
        return open_()
    with pytest.raises(ConfigError, match="CHROMA_HOME"):
        open_()
    return None


def test_a_run_logged_by_hand_goes_on(fault: Callable[..., None]) -> None:
    if (run := opened(fault, chroma.init)) is None:
        return
    with run:
        run.log_embeddings(np.eye(4), layer="l", epoch=0, labels=[0, 1, 0, 1])
        run.log_metrics({"loss": 1.0}, epoch=0)
    receipt = run.finish()
    lost = fault in (no_disk, no_threads)
    assert bool(receipt.missing) == lost or fault in (no_clock, no_name_of_host)
    assert str(receipt)


def test_a_watched_loop_goes_on(fault: Callable[..., None]) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 3))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(12, 8), torch.arange(12) % 3), batch_size=4
    )
    if (watch := opened(fault, lambda: chroma.watch(model, loader=loader))) is None:
        return
    with watch:
        watch.snapshot(epoch=0)
    assert watch.receipt is not None


def test_the_error_of_a_with_block_is_the_users_own(fault: Callable[..., None]) -> None:
    class Wordless(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    if (run := opened(fault, chroma.init)) is None:
        return
    with pytest.raises(Wordless), run:
        raise Wordless


def test_a_training_with_the_callback_goes_on(fault: Callable[..., None], tmp_path: Path) -> None:
    trainer, _ = fit(callback(silent=False), epochs=1, default_root_dir=tmp_path)
    assert trainer.state.finished


def test_a_training_with_autolog_goes_on(
    fault: Callable[..., None], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: chroma.autolog(disable=True))
    chroma.autolog(frameworks="lightning")
    trainer, _ = fit(epochs=1, default_root_dir=tmp_path)
    assert trainer.state.finished


def test_a_terminal_that_lacks_characters_gets_plain_ones(monkeypatch: Patch) -> None:
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, "cp1252"))
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 3))
    with chroma.watch(model, loader=[(torch.randn(4, 8), torch.arange(4) % 3)]) as watch:
        watch.snapshot(epoch=0)
    printed = stream.getvalue().decode("cp1252")
    assert "----" in printed
    assert "watch    chroma ui" in printed
