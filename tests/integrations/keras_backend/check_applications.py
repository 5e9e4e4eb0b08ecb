"""A family of `keras.applications`; `python -m tests.integrations.applications` checks all of them."""

from __future__ import annotations

import pytest

from tests.integrations.applications import BEGIN, END, FAMILIES, PAGE, check, row
from tests.integrations.keras_backend.capturing import BACKEND


@pytest.mark.skipif(BACKEND != "torch", reason="once is enough, where nothing is compiled")
def test_a_family_is_captured_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_HOME", "")
    found = check("MobileNetV3Small", FAMILIES["MobileNetV3Small"])
    assert found.equal
    assert found.identical
    assert found.predictions
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert row("MobileNetV3Small", found) in table.splitlines()
