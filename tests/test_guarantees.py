"""Every promise is held to by tests that exist, and the page says what they found."""

from __future__ import annotations

import pytest

from tests import guarantees


@pytest.mark.parametrize("number", guarantees.PROMISES)
def test_every_promise_has_tests_that_exist(number: int) -> None:
    promise = guarantees.PROMISES[number]
    for name in promise.tests:
        assert name in guarantees.standing(), name
    assert f"| {promise.text} |" in guarantees.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", guarantees.PROMISES)
def test_every_framework_has_a_test_or_a_reason(number: int) -> None:
    promise = guarantees.PROMISES[number]
    held = {column for column, _, _ in guarantees.cells(promise)}
    if not promise.alike:
        assert held | promise.apart.keys() >= set(guarantees.COLUMNS) - {guarantees.ANY}
    else:
        assert guarantees.ANY in held


def test_the_page_claims_no_more_than_the_tests_found(pytestconfig: pytest.Config) -> None:
    """After a whole run: this file comes last."""
    assert len(guarantees.PROMISES) == 35
    recorder = pytestconfig.pluginmanager.get_plugin("promises")
    assert isinstance(recorder, guarantees.Recorder)
    recorder.write()
    if left := guarantees.missing():
        pytest.skip(f"{len(left)} tests of promises were not run, as {left[0][2]}")
    claimed = counts(guarantees.PAGE.read_text(encoding="utf-8"))
    found = counts(guarantees.page())
    assert claimed.keys() == found.keys()
    for promise, cells in claimed.items():
        assert all(left <= right for left, right in zip(cells, found[promise], strict=True)), promise


def counts(page: str) -> dict[str, list[int]]:
    """How many tests each row of the table counts, by promise."""
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return {row[0]: [int("0" + "".join(filter(str.isdigit, cell))) for cell in row[1:]] for row in rows[1:]}
