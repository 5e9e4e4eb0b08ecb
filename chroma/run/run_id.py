"""The id of a run that a process opens: one that was asked for, that of its job's run, or a new one."""

from __future__ import annotations

from chroma.run.earlier import earlier_writers, may_continue
from chroma.run.naming import random_run_id, working_folder
from chroma.run.scheduled import claimed_id, current_job
from chroma.settings import Settings, load_settings


def given_or_new_id(run_id: str | None, *about: str) -> str:
    """The id that was given, else that of the setting, else a new one.

    In a job that a scheduler started again it is the id of the run that the job opened before, which goes on
    as a new attempt; see `chroma.run.scheduled`.

    Args:
        run_id: What the user gave.
        *about: What tells the run from others of its job, as its name.
    """
    if run_id is not None:
        return run_id
    settings = load_settings()
    return settings.run_id or _new_id(settings, about)


def _new_id(settings: Settings, about: tuple[str, ...]) -> str:
    job = current_job()
    if job is None:
        return random_run_id()

    def unfinished(run: str) -> bool:
        return may_continue(earlier_writers(settings, run))

    try:
        return claimed_id(job, settings.home, working_folder(), about, unfinished)
    except Exception:  # noqa: BLE001  # the home cannot be used: said where the journal is opened
        return job.new_id()
