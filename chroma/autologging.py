"""`chroma.autolog()`: every training of Lightning, Keras and Hugging Face's Trainer is captured.

No framework is imported until the user imports it. `chroma.autolog(disable=True)` restores every wrapped
method.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

import wrapt

from chroma.capture.layers import Layer
from chroma.capture.options import RunOptions, Splits, Task
from chroma.capture.session import DEFAULT_MAX_SAMPLES, MaxSamples
from chroma.capture.switch import is_disabled
from chroma.errors import ConfigError
from chroma.guard import Guard, logger
from chroma.integrations import _autolog
from chroma.integrations._keras.options import KerasOptions
from chroma.integrations._torch.options import CaptureOptions
from chroma.run.arguments import Dtype
from chroma.run.open_runs import logged_by_hand

AUTOLOGGED = "autologged"  # a tag of every run that is captured so
_WARNS = "it is captured nevertheless; if that goes wrong, turn capture off with chroma.autolog(disable=True)"


@dataclass(frozen=True, slots=True)
class _Framework:
    """A framework whose trainings can be captured.

    Attributes:
        modules: Modules with the method to wrap; it is wrapped once they are imported.
        options: The class of its options; importing it needs no framework.
        wrap: Wraps the training method; returns a function that restores it.
        tested: First and last major version, with the first minor, that the tests ran with.
    """

    modules: Sequence[str]
    options: type[RunOptions]
    wrap: Callable[[Any, _autolog.GetOptions, Guard], _autolog.Restore]
    tested: tuple[tuple[int, int], int]


_FRAMEWORKS = {
    "lightning": _Framework(
        ("lightning.pytorch", "pytorch_lightning"), CaptureOptions, _autolog.lightning, ((2, 2), 2)
    ),
    "keras": _Framework(("keras",), KerasOptions, _autolog.keras, ((3, 12), 3)),
    "transformers": _Framework(("transformers.trainer",), CaptureOptions, _autolog.transformers, ((5, 0), 5)),
}


@dataclass
class _State:
    """The options of the last call of `autolog`, and the frameworks that are wrapped."""

    options: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    exclusive: bool = False
    silent: bool = False
    guard: Guard = field(default_factory=Guard)
    hooked: set[str] = field(default_factory=set[str])  # modules with an import hook of ours
    wrapped: dict[str, _autolog.Restore] = field(default_factory=dict[str, _autolog.Restore])  # by module
    warned: set[str] = field(default_factory=set[str])


_state = _State()
_lock = threading.RLock()


def autolog(
    *,
    project: str | None = None,
    name: str | None = None,
    run_id: str | None = None,
    tags: Sequence[str] = (),
    layers: str | Layer | Sequence[str | Layer] = "auto",
    splits: Splits = "auto",
    every: int | str = 1,
    max_samples: MaxSamples = DEFAULT_MAX_SAMPLES,
    max_snapshots: int | None = 40,
    dtype: Dtype = "float16",
    task: Task = "auto",
    log_inputs: bool = True,
    max_overhead: float | None = None,
    outputs: bool = True,
    frameworks: str | Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    exclusive: bool = False,
    alarms: bool = True,
    stop_on: Sequence[str] = (),
    silent: bool = False,
    disable: bool = False,
) -> None:
    """Capture every training from now on, as if it had a `ChromaCallback`.

    May be called before or after frameworks are imported, and again: the last call counts for trainings that
    begin after it. A training that has a `ChromaCallback` of its own is left to it, and a training within a
    training is not captured.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one for each training.
        tags: Names given to the run, besides "autologged".
        layers: "auto" (the input and output of the classifier head, else of the last layer), or
            layer names, globs, "name:input", `chroma.Layer`s.
        splits: "auto": val where there is one, else train; or some of "train", "val"; or how each is
            captured, as {"train": "probe"}: see the framework's `ChromaCallback`.
        every: Epochs between snapshots, or steps as in "500 steps".
        max_samples: Most samples to follow in each split, the same ones all along; None for all; or by split,
            as {"train": 5_000, "val": None}.
        max_snapshots: Most snapshots to show: of long trainings at growing distance, the last among them;
            None for all.
        dtype: Of stored vectors: "float16", or "float32".
        task: "auto", or what is learned: "classification", "multilabel", "regression", "sequence",
            "unlabelled", "custom".
        log_inputs: Keep inputs that look like images as thumbnails, and the texts of tokens.
        max_overhead: Largest share of the training's time that capture may take, as 0.02: judged after 30 s,
            every second, fourth … snapshot is taken as need be. None for any.
        frameworks: Which of "lightning", "keras" and "transformers"; None for all. A mapping gives options
            that hold for one of them, and may name any option of its `ChromaCallback`:
            `{"lightning": {}, "keras": {"every": 5, "data": (x, y)}}`.
        exclusive: Capture nothing while a run of `chroma.init` is open.
        outputs: Keep what a classifier says of each training sample in each epoch, from the training's own
            passes: 16 bytes besides its id.
        alarms: Look at each snapshot for collapse, divergence and the like, in the background.
        stop_on: Alarms that end the training, some of "collapse", "divergence", "dead_layer", "label_shift",
            "forgetting", "drift", "leak".
        silent: Print neither what was chosen nor the receipt, and warn of nothing.
        disable: Capture no more: every method of a framework is again what it was.

    Raises:
        ConfigError: An argument cannot be used; the options of an earlier call still hold.
    """
    general = RunOptions.picked(locals())
    RunOptions(**general)
    options = {} if disable else _by_framework(general, frameworks)
    with _lock:
        _state.options, _state.exclusive, _state.silent = options, exclusive, silent
        for framework, known in _FRAMEWORKS.items():
            for module in known.modules:
                if framework in options:
                    _wrap_now_or_when_imported(framework, module)
                elif module in _state.wrapped:
                    _state.wrapped.pop(module)()


def _by_framework(
    general: Mapping[str, Any], frameworks: str | Sequence[str] | Mapping[str, Mapping[str, Any]] | None
) -> dict[str, Mapping[str, Any]]:
    """Options by framework, each checked by the framework's own class of options."""
    named = _FRAMEWORKS if frameworks is None else [frameworks] if isinstance(frameworks, str) else frameworks
    own = cast("Mapping[str, Mapping[str, Any]]", frameworks if isinstance(frameworks, Mapping) else {})
    options: dict[str, Mapping[str, Any]] = {}
    for framework in named:
        if framework not in _FRAMEWORKS:
            raise ConfigError(f"frameworks= names {framework!r}; give some of {', '.join(_FRAMEWORKS)}")
        asked = {**general, **own.get(framework, {})}
        kind = _FRAMEWORKS[framework].options
        if unknown := asked.keys() - {each.name for each in fields(kind)}:
            raise ConfigError(
                f"frameworks= gives {framework} an option that is not known, {min(unknown)!r}; there are "
                f"{', '.join(each.name for each in fields(kind))}"
            )
        options[framework] = {**asked, "tags": (*kind(**asked).run()["tags"], AUTOLOGGED)}
    return options


def _wrap_now_or_when_imported(framework: str, name: str) -> None:
    if name not in _state.hooked:
        _state.hooked.add(name)

        def imported(module: Any) -> None:
            with _state.guard.fail_safe(f"autolog of {name}"):
                _wrap(framework, name, module)

        wrapt.register_post_import_hook(imported, name)  # at once, if it is imported
    elif name in sys.modules:
        with _state.guard.fail_safe(f"autolog of {name}"):
            _wrap(framework, name, sys.modules[name])


def _wrap(framework: str, name: str, module: Any) -> None:
    with _lock:
        if framework not in _state.options or name in _state.wrapped:
            return
        package = name.partition(".")[0]
        _check_version(framework, name, getattr(sys.modules.get(package, module), "__version__", ""))
        _state.wrapped[name] = _FRAMEWORKS[framework].wrap(
            module, lambda: _get_options(framework), _state.guard
        )


def _get_options(framework: str) -> Mapping[str, Any] | None:
    """The options for a training that begins now, None if it is not to be captured."""
    with _lock:
        options = _state.options.get(framework)
        if options is None or is_disabled() or (_state.exclusive and logged_by_hand()):
            return None
        return options


def _check_version(framework: str, name: str, version: str) -> None:
    (major, minor), last = _FRAMEWORKS[framework].tested
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if len(numbers) < 2 or name in _state.warned or (major, minor) <= tuple(numbers) < (last + 1, 0):
        return
    _state.warned.add(name)
    if not _state.silent:
        logger.warning(
            "chroma: %s %s is outside the versions %d.%d to %d.x that Chroma is tested with; %s",
            name,
            version,
            major,
            minor,
            last,
            _WARNS,
        )
