"""What stops Chroma's own errors, and what it says of them."""

from __future__ import annotations

import pytest

import chroma
from chroma.errors import ConfigError
from chroma.guard import Guard


@pytest.fixture(autouse=True)
def _lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")


def test_an_error_that_comes_again_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for _ in range(3):
        with guard.fail_safe("taking a snapshot"):
            raise RuntimeError("out of memory")
    assert guard.errors == ["taking a snapshot: RuntimeError: out of memory"]
    assert (guard.count, guard.failures, guard.refusals) == (3, 3, [])
    assert [record.getMessage() for record in caplog.records] == [
        "chroma: taking a snapshot failed (RuntimeError: out of memory); training continues, what is missing "
        "is counted in the receipt"
    ]


def test_a_refusal_is_not_said_to_have_failed(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for place in ("capture (end batch)", "capture (end epoch)"):
        with guard.fail_safe(place):
            raise ConfigError("no layer named 'hed'; there is head")
    assert guard.refusals == ["no layer named 'hed'; there is head"]
    assert (guard.count, guard.failures, guard.errors) == (2, 0, [])
    assert [record.getMessage() for record in caplog.records] == [
        "chroma: no layer named 'hed'; there is head; training continues"
    ]


def test_refusals_of_one_place_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for step in range(5):
        with guard.fail_safe("taking a snapshot"):
            raise ConfigError(f"step {step} already has a snapshot")
    assert len(guard.refusals) == 5
    assert len(caplog.records) == 1


def test_errors_are_twenty_at_most_the_newest_last(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for number in [*range(30), 12]:
        with guard.fail_safe("reading"):
            raise RuntimeError(str(number))
    assert len(guard.errors) == 20
    assert guard.errors[-2:] == ["reading: RuntimeError: 29", "reading: RuntimeError: 12"]


def test_a_receipt_says_a_refusal_as_a_note_and_no_ids_of_what_is_not_there() -> None:
    run = chroma.init(project="tests", name="refused")
    with run.recording.guard.fail_safe("capture (end batch)"):
        raise ConfigError("no layer of this model gives one vector per sample; name one with layers=")
    run.recording.tally.identity["val"] = "index"
    text = str(run.finish())
    assert "note     no layer of this model gives one vector per sample; name one with" in text
    assert "no layer was captured" in text
    assert "ConfigError" not in text
    assert "ids " not in text
