"""Every promise is held to by tests that exist, and the page says what they found."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import guarantees
from tests.promises import ANY, COLUMNS, PROMISES


@pytest.mark.parametrize("number", PROMISES)
def test_every_promise_has_tests_that_exist(number: int) -> None:
    promise = PROMISES[number]
    for name in promise.tests:
        assert name in guarantees.standing(), name
    assert f"| {promise.text} |" in guarantees.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", PROMISES)
def test_every_framework_has_a_test_or_a_reason(number: int) -> None:
    promise = PROMISES[number]
    held = {column for column, _, _ in guarantees.cells(promise)}
    if not promise.alike:
        assert held | promise.apart.keys() >= set(COLUMNS) - {ANY}
    else:
        assert ANY in held


def test_the_page_claims_no_more_than_the_tests_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorder checks that when a run with this file ends; here the check is checked."""
    assert len(PROMISES) == 43
    shown = guarantees.PAGE.read_text(encoding="utf-8")
    first = PROMISES[1].text
    more = shown.replace(f"| {first} |  | ✓ 2 |", f"| {first} |  | ✓ 3 |")
    assert guarantees.overclaimed(shown, shown) == guarantees.overclaimed(shown, more) == []
    assert guarantees.overclaimed(more, shown) == [first]
    monkeypatch.setattr(guarantees, "missing", list)
    monkeypatch.setattr(
        guarantees, "page", lambda: shown.replace(f"| {first} |  | ✓ 2 |", f"| {first} |  | ✓ 1 |")
    )
    recorder, session = guarantees.Recorder(), SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    recorder.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.OK, "a run without this file checks nothing"
    recorder.pytest_runtest_logreport(
        SimpleNamespace(nodeid=f"{guarantees.CHECK}::test[1]", when="call", outcome="passed")
    )
    recorder.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED


def test_outcomes_are_kept_by_file_whatever_case_and_try(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guarantees, "RESULTS", tmp_path)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    recorder, name = guarantees.Recorder(), PROMISES[1].tests[0]
    for case, outcome in (("", "passed"), ("[a@b::c]", "failed"), ("[d]", "rerun"), ("[d]", "skipped")):
        recorder.pytest_runtest_logreport(
            SimpleNamespace(nodeid=f"tests/test_x.py::{name}{case}", when="call", outcome=outcome)
        )
    recorder.write()
    (kept,) = tmp_path.iterdir()
    assert json.loads(kept.read_text()) == {
        "file": "tests/test_x.py",
        "backend": "",
        "outcomes": {name: "failed"},
    }
