"""Names and ids of runs, without touching any random state of the user's."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import socket
import sys
import time
from pathlib import Path

_ADJECTIVES = """
amber azure bold brave bright brisk calm clear clever coral crisp deep eager early fair fleet fond free
fresh gentle gilded glad golden grand green happy hazel humble ivory jolly keen kind lively lucid lucky
lunar mellow merry mild misty noble olive pale patient plain proud quick quiet rapid rosy royal ruby
sage sharp silent silver smooth solar steady still sunny swift tidy velvet vivid warm wise young
"""
_NOUNS = """
aspen badger beacon birch breeze brook canyon cedar cliff cloud comet coral crane creek delta dune
ember falcon fern finch fjord forest fox garden glade grove harbor hare hawk heron hill iris island
ivy jay juniper kite lagoon lake lark leaf lily linden lynx maple marsh meadow moon moss oak orchid
otter owl pebble pine plover pond poplar quail raven reef river robin sparrow spruce stone swan thrush
tide trout valley willow wren
"""


_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]")
_ordinals = itertools.count()


def new_run_id() -> str:
    """An id that sorts by time of opening: `20261123-062355-3fa2b1`.

    In a job that SLURM or torchrun may start again it is made of the job, the command and the ordinal of the
    run in its process instead, so that what was started again continues its run as a new attempt.
    """
    job = _job()
    if job is None:
        return f"{_now()}-{secrets.token_hex(3)}"
    name, about = job
    command = "\0".join([*sys.argv, str(working_folder()), *about])
    digest = hashlib.blake2b(command.encode("utf-8", "surrogateescape"), digest_size=4)
    return f"{_NOT_IN_IDS.sub('-', name)[:80]}-{digest.hexdigest()}-{next(_ordinals)}"


def _now() -> str:
    try:
        return time.strftime("%Y%m%d-%H%M%S")
    except Exception:  # noqa: BLE001  # a machine without a clock; such runs are not in order
        return "00000000-000000"


def _job() -> tuple[str, tuple[str, ...]] | None:
    """Name of the job this process belongs to, the same when it is started again, and what else tells it.

    None outside of such jobs, and on ranks other than 0: they learn the id from rank 0, or have runs of
    their own.
    """
    environ = os.environ
    if (environ.get("RANK") or environ.get("SLURM_PROCID") or "0") != "0":
        return None
    if "TORCHELASTIC_RUN_ID" in environ:
        # people give one --rdzv-id to many trainings, but each has an agent of its own above its workers
        return f"torchrun-{environ['TORCHELASTIC_RUN_ID']}", (socket.gethostname(), str(os.getppid()))
    # an allocation that somebody works in by hand runs many commands, one after another
    if "SLURM_JOB_ID" not in environ or environ.get("SLURM_JOB_NAME") in ("interactive", "bash"):
        return None
    parts = (environ.get(name) for name in ("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"))
    return "-".join(["slurm", *(part for part in parts if part)]), ()


def readable_name(run: str) -> str:
    """A name made of a run's id, so that a resumed run keeps it: `quiet-heron-42`."""
    digest = hashlib.blake2b(run.encode(), digest_size=8).digest()
    adjectives, nouns = _ADJECTIVES.split(), _NOUNS.split()
    adjective = adjectives[int.from_bytes(digest[:3]) % len(adjectives)]
    noun = nouns[int.from_bytes(digest[3:6]) % len(nouns)]
    return f"{adjective}-{noun}-{int.from_bytes(digest[6:]) % 1000}"


def working_folder() -> Path:
    """The folder one works in; where it is gone, its last known path."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.environ.get("PWD") or os.sep)


def readable(text: str) -> str:
    """The text as UTF-8 can hold it: of bytes that are none, as in paths, `\N{REPLACEMENT CHARACTER}`."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def default_project(folder: Path) -> str:
    """The name of the git repository `folder` lies in, else of the folder itself."""
    name = next((each.name for each in (folder, *folder.parents) if _is_repository(each)), folder.name)
    printable = "".join(character if character.isprintable() else " " for character in readable(name))
    return re.sub(r"\s+", " ", printable).strip()[:256] or "default"


def _is_repository(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # a folder that one may not look into
        return False
