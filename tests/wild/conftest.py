from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wild import page, prints
from tests.wild.running import Trained, train, train_without


@pytest.fixture(name="train")
def _train(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trained]:
    """Runs a script as its author would, with Chroma and without: both leave the same, bit for bit."""
    monkeypatch.delenv("CHROMA_STRICT")  # errors of ours are told, as they are told to people
    monkeypatch.chdir(home.parent)

    def run(script: str, *, twice: bool = True) -> Trained:
        trained = train(script, home)
        if twice:
            without = train_without(script)
            assert len(without) > 3
            assert trained.state == without
        prints.check(trained)
        page.check(trained)
        return trained

    return run
