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


def test_the_page_says_what_the_tests_found() -> None:
    """After a whole run: this file comes after those of the tests that are named."""
    assert len(guarantees.PROMISES) == 35
    if left := guarantees.missing():
        pytest.skip(f"{len(left)} tests of promises were not run, as {left[0][2]}")
    assert guarantees.PAGE.read_text(encoding="utf-8") == guarantees.page()
