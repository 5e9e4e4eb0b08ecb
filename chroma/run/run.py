"""`chroma.init()` and `Run`: how a run is opened and finished; its `log_*` methods are in `log_methods`."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, get_args

from chroma.errors import ConfigError
from chroma.guard import Guard
from chroma.liveness import valid_run_id
from chroma.records import Level, RunEvent, RunStatus, WriterId
from chroma.run import arguments
from chroma.run.earlier import JOIN
from chroma.run.ending import status_of
from chroma.run.log_methods import LogMethods
from chroma.run.naming import default_project, readable, readable_name, working_folder
from chroma.run.receipt import Receipt
from chroma.run.recording import Recording
from chroma.run.run_id import given_or_new_id
from chroma.run.tally import Tally
from chroma.settings import load_settings

__all__ = ["Receipt", "Run", "init"]


def init(
    project: str | None = None,
    name: str | None = None,
    *,
    run_id: str | None = None,
    config: Mapping[str, Any] | None = None,
    rank: int = 0,
    world_size: int = 1,
) -> Run:
    """Open a run to log to by hand. As a context manager it finishes the run at the end of the block.

    Args:
        project: Group of runs; by default the name of the git repository or folder you work in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one. The id of an earlier run continues it as
            a new attempt: a step logged again replaces the old one.
        config: Hyperparameters and the like, shown beside the run.
        rank: Number of this process, from 0, where several log their shares of each snapshot to one run, by
            the same `run_id`.
        world_size: How many processes do. A snapshot is complete once all have logged their share.

    Returns:
        The open run. A full or broken disk raises nothing: there is one warning, and the receipt counts what
        is missing.

    Raises:
        ConfigError: An argument or a `CHROMA_*` setting cannot be used.

    Example:
        ```python
        import chroma

        with chroma.init("digits", config={"lr": 1e-3}) as run:
            for epoch in range(10):
                vectors = model.embed(x_val)  # [n, d]
                run.log_embeddings(vectors, layer="embedding", split="val", epoch=epoch, labels=y_val)
                run.log_metrics({"val_acc": accuracy}, epoch=epoch)
        print(run.finish())
        ```
    """
    return Run(project, name, run_id=run_id, config=config, writer_id=_one_of(rank, world_size, run_id))


def _one_of(rank: int, world_size: int, run_id: str | None) -> WriterId | None:
    """One of several processes that log to a run; None where it is the only one.

    Raises:
        ConfigError: The numbers do not fit, or the processes do not know their run.
    """
    for name, value in (("rank", rank), ("world_size", world_size)):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise ConfigError(f"{name}={value!r} cannot be used; give an integer")
    if not 0 <= rank < world_size:
        raise ConfigError(f"rank={rank} of world_size={world_size} cannot be used; give 0 to world_size - 1")
    if world_size == 1:
        return None
    if run_id is None and load_settings().run_id is None:
        raise ConfigError(
            f"world_size={world_size} needs run_id= (or CHROMA_RUN_ID), the same one in each process"
        )
    return WriterId(JOIN, int(rank), int(world_size))


class Run(LogMethods):
    """One training, or one manual logging session. Made by `chroma.init`.

    Arrays are copied when they are given; a background thread writes them. No method waits for the disk, and
    none raises because of it.

    Attributes:
        id: Id of the run.
        name: Its readable name.
        project: Its project.
        recording: Takes records to the journal; what integrations write to.
    """

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        *,
        run_id: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        task: str | None = None,
        framework: str | None = None,
        dtype: arguments.Dtype = "float16",
        writer_id: WriterId | None = None,
        guard: Guard | None = None,
    ) -> None:
        settings = load_settings()
        kept = arguments.plain(config or {})
        about = (project or "", name or "", framework or json.dumps(kept, sort_keys=True))
        self.id = given_or_new_id(run_id, *about)
        if not valid_run_id(self.id):
            given = "CHROMA_RUN_ID" if run_id is None else "run_id"
            raise ConfigError(
                f"{given}={self.id!r} cannot name a folder; use 1 to 128 letters, digits, '.', '_' or '-'"
            )
        name = readable_name(self.id) if name is None else arguments.name_of("name", name)
        self.project = (
            default_project(working_folder()) if project is None else arguments.name_of("project", project)
        )
        recording = Recording(
            settings,
            Tally(self.id, name, self.project),
            dtype=dtype,
            config=kept,
            tags=tags,
            task=task,
            framework=framework,
            writer_id=writer_id,
            guard=guard,
        )
        super().__init__(name, recording, needs_ids=writer_id is not None and framework is None)
        # A run that nobody refers to any more ends; at exit the recording closes itself and waits.
        self._ends_unreferenced = weakref.finalize(self, self.recording.close_unfinished)
        self._ends_unreferenced.atexit = False

    def __repr__(self) -> str:
        return f"<chroma.Run {self.name} ({self.id})>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status, sentence = status_of(error)
        self.finish(status, error=sentence)

    def alert(self, title: str, text: str = "", level: Level = "warning") -> None:
        """Report something that happened: it is an event of the run, at the newest epoch and step logged.

        The dashboard shows it, and sends it to `CHROMA_WEBHOOK`.

        Args:
            title: A few words.
            text: One sentence; empty where the title says all.
            level: "info", "warning" or "error".

        Raises:
            ConfigError: An argument cannot be used; nothing was reported.

        Example:
            ```python
            if not math.isfinite(loss):
                run.alert("Loss is not finite", f"batch {batch} of epoch {epoch}", level="error")
            ```
        """
        with self._logging():
            arguments.name_of("title", title)
            if not isinstance(text, str) or len(text) > 10_000:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigError(
                    f"text={text!r:.80} cannot be used; give a string of up to 10,000 characters"
                )
            if level not in get_args(Level):
                raise ConfigError(f"level={level!r} is not known; give one of {', '.join(get_args(Level))}")
            sentence, events = readable(text), self.recording.events
            self.recording.submit(
                lambda: [RunEvent(title, sentence, None, level, *events.moment)], len(title) + len(sentence)
            )

    def finish(self, status: RunStatus = "finished", *, error: str | None = None) -> Receipt:
        """End the run: wait until all is in the journal, at most `CHROMA_EXIT_TIMEOUT` seconds.

        Called again it returns the same receipt. A run that was not finished is ended when the program exits.

        Args:
            status: finished, failed or interrupted.
            error: One sentence, for failed runs.

        Returns:
            What was captured; print it.
        """
        self._ends_unreferenced.detach()
        return self.recording.close(status, error)
