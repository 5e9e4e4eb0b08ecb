from __future__ import annotations

from collections.abc import Iterator

import pytest

import chroma


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    """Whatever a test has turned on, the next begins without it."""
    yield
    chroma.autolog(disable=True)
