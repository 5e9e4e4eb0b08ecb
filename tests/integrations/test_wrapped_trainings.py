"""How autolog wraps a training method, whatever the framework."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import chroma
from chroma.guard import Guard
from chroma.integrations._autolog import _Added, _wrap_training


class Trainer:
    """Trains by counting its calls; the result is an object of the user's."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.result = object()

    def fit(self, model: Any, *, rate: float = 0.1) -> object:
        self.calls.append((model, rate))
        return self.result


@pytest.fixture
def quiet_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")


def broken(*_: Any) -> Any:
    raise RuntimeError("ours")


@pytest.fixture
def trainer(request: pytest.FixtureRequest) -> Iterator[Trainer]:
    undo = _wrap_training(Trainer, "fit", request.param, Guard())
    yield Trainer()
    undo()


@pytest.mark.usefixtures("quiet_errors")
@pytest.mark.parametrize("trainer", [broken], indirect=True)
def test_when_adding_a_callback_fails_the_call_is_made_once(
    trainer: Trainer, caplog: pytest.LogCaptureFixture
) -> None:
    assert trainer.fit("model", rate=0.2) is trainer.result
    assert trainer.fit("model", rate=0.3) is trainer.result
    assert trainer.calls == [("model", 0.2), ("model", 0.3)]
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1


@pytest.mark.usefixtures("quiet_errors")
@pytest.mark.parametrize("trainer", [lambda *_: _Added(False, remove=broken)], indirect=True)
def test_when_restoring_fails_the_result_stands(trainer: Trainer) -> None:
    assert trainer.fit("model") is trainer.result
    assert len(trainer.calls) == 1


@pytest.mark.parametrize("trainer", [lambda *_: _Added(False, remove=lambda: "ours")], indirect=True)
def test_the_result_is_returned_as_it_is(trainer: Trainer) -> None:
    assert trainer.fit("model") is trainer.result


@pytest.mark.usefixtures("quiet_errors")
@pytest.mark.parametrize("fails", [False, True])
def test_calls_within_a_call_get_no_callback(fails: bool) -> None:
    asked: list[Any] = []

    class Outer(Trainer):
        def fit(self, model: Any, *, rate: float = 0.1) -> object:
            return Trainer().fit(model) if model == "outer" else super().fit(model, rate=rate)

    def join(*about: Any) -> None:
        asked.append(about[1])
        if fails:
            raise RuntimeError("ours")

    undo = [_wrap_training(kind, "fit", join, Guard()) for kind in (Outer, Trainer)]
    outer = Outer()
    outer.fit("outer")
    assert asked == [outer]
    for each in undo:
        each()


def test_fifty_threads_turn_it_on_and_off() -> None:
    def turn(number: int) -> None:
        for _ in range(20):
            chroma.autolog(silent=bool(number % 2), project=f"p{number}", disable=number % 3 == 0)

    threads = [threading.Thread(target=turn, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chroma.autolog(disable=True)
    assert chroma.autologging._state.options == {}
    assert chroma.autologging._state.wrapped == {}


@pytest.mark.parametrize("trainer", [lambda *_: _Added(True)], indirect=True)
def test_warnings_of_others_are_left_alone(trainer: Trainer, caplog: pytest.LogCaptureFixture) -> None:
    shown = warnings.showwarning

    class Warns:
        def append(self, _: Any) -> None:
            warnings.warn("of a framework", UserWarning, stacklevel=1)
            logging.getLogger("framework").warning("of a framework")

    trainer.calls = Warns()  # type: ignore[assignment]
    with pytest.warns(UserWarning, match="of a framework"):
        trainer.fit("model")
    assert "of a framework" in caplog.text
    assert warnings.showwarning is shown


@pytest.mark.usefixtures("quiet_errors")
def test_a_logger_that_fails_does_no_harm() -> None:
    class Fails(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("the logger's own")

    logger, broken_filter = logging.getLogger("chroma"), Fails()
    logger.addFilter(broken_filter)
    try:
        guard = Guard()
        with guard.fail_safe("capturing"):
            raise ValueError("ours")
    finally:
        logger.removeFilter(broken_filter)
    assert guard.count == 1
