"""How each split of a call is captured: as the user asked, as far as the trainer and the model allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from chroma.capture.options import How
from chroma.run.tally import Tally

Call = Literal["fit", "validate", "test", "predict"]
SPLIT_OF_CALL = {"validate": "val", "test": "test", "predict": "predict"}


def choose_how(
    asked: Mapping[str, How] | None, call: Call, validates: How | None, tally: Tally
) -> dict[str, How]:
    """The splits that a call captures, and how.

    Args:
        asked: What the user asked for; None leaves it to what the trainer has.
        call: What the trainer was asked to do.
        validates: How validation samples of a fit are best captured; None if there are none.
        tally: Where it is noted what is not captured.
    """
    if asked is not None:
        wanted = dict(asked)
    elif validates is not None:
        tally.note(
            "splits", "features of training samples are not captured; splits=('train', 'val') adds them"
        )
        wanted: dict[str, How] = {"val": validates}
    else:
        wanted = {"train": "probe"}
    here = ("train", "val") if call == "fit" else (SPLIT_OF_CALL[call],)
    wanted = {split: how for split, how in wanted.items() if split in here}
    if "val" in wanted and call == "fit" and validates != "ride":
        if validates is None:
            tally.note("splits", "val is not captured: the trainer has no validation loader")
            del wanted["val"]
        else:
            wanted["val"] = validates
    return wanted


def as_possible(
    how: How, split: str, *, needs_loop: str | None, hides_modules: str | None, tally: Tally
) -> How:
    """How a split can be captured, which is noted if it is not as wanted.

    Args:
        how: How it is wanted.
        split: Name of the split.
        needs_loop: Why the model cannot be called on a batch apart from the training; None if it can.
        hides_modules: Why the loop's own forward passes do not call hooks; None if they do.
        tally: Where it is noted.
    """
    if needs_loop is not None:
        if how == "probe":
            note_loop(split, needs_loop, tally)
        return "ride"
    if how == "ride" and hides_modules:
        note_separate(split, hides_modules, tally)
        return "probe"
    return how


def why_loop(*, shards: bool, evaluates: bool) -> str | None:
    """Why a model cannot be called on a batch apart from the training; None if it can.

    Args:
        shards: Whether its parameters are spread over processes.
        evaluates: Whether it has a `forward`, or the user gave one.
    """
    if shards:
        return "the model is spread over processes, which would have to evaluate it together"
    if not evaluates:
        return "the model has no forward() of its own; forward=function(model, batch) gives one"
    return None


def note_loop(split: str, reason: str, tally: Tally) -> None:
    """Say in the receipt why a split is captured from the training's own batches."""
    # in place of what `Probe` says
    tally.note(f"{split} separately", f"{split} is captured from the training's own batches: {reason}")


def note_separate(split: str, reason: str, tally: Tally) -> None:
    """Say in the receipt why a split is evaluated separately."""
    tally.note(f"{split} why", f"{split} is evaluated separately, uncompiled, since {reason}")
