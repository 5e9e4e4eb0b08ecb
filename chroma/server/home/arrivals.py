"""Segments that come over the network: each is proved, then put into the journal, as ours are."""

from __future__ import annotations

import errno
import secrets
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chroma import journal, liveness, segment
from chroma.durable import wait_for_disk
from chroma.errors import ChromaError, ConfigError, HomeError, SegmentError, SegmentVersionError, StoreError
from chroma.journal import Entry
from chroma.records import Notes, RunOpened
from chroma.segment import ReadSegment
from chroma.server.home import signs
from chroma.server.home.context import Context
from chroma.server.home.segment_batch import prove, publish
from chroma.server.store.ingest.attempts import mark_alive
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.segments import digests_of, is_deleted
from chroma.settings import Settings

# Largest segment: parts are cut by the size of their columns, and what describes them comes on top.
MOST_BYTES = segment.MAX_BYTES + 2**20
_ROOM = 256 * 2**20  # bytes that stay free on the server's disk: the catalog needs some too
_FULL = {errno.ENOSPC, errno.EDQUOT}

# Of two uploads of one key the second must see what the first has put into the journal. Of other keys it need
# not wait while the first goes into a bucket.
_ADMITTING = [threading.Lock() for _ in range(64)]


class OtherSegmentError(ChromaError):
    """Another segment of the same key is there."""


class RunDeletedError(ChromaError):
    """The run was deleted."""


class DiskFullError(HomeError):
    """The server's disk is full."""


@dataclass(frozen=True, slots=True)
class Key:
    """What names a segment; whatever comes over the network is checked before a path is made of it.

    Raises:
        ConfigError: A part of it cannot be one.
    """

    run: str
    writer: str
    number: int

    def __post_init__(self) -> None:
        if not liveness.valid_run_id(self.run):
            raise ConfigError(
                f"the run id {self.run!r:.200} cannot name a folder; use 1 to 128 letters, digits, '.', '_' "
                "or '-'"
            )
        if not liveness.valid_writer(self.writer) or not 0 <= self.number < 2**63:
            raise ConfigError(
                f"no segment can be named {self.writer!r:.50}-{self.number}; "
                "a writer is named by a rank and 8 hex digits"
            )

    @property
    def name(self) -> str:
        """Name of its file."""
        return journal.segment_name(self.writer, self.number)


def new_upload(context: Context, size: int) -> Path:
    """Where the bytes of a segment may be written until they are proved.

    Raises:
        HomeError: The home is only read, or its disk is full.
    """
    context.check_writable()
    free = shutil.disk_usage(context.settings.home).free
    if free < size + _ROOM:
        raise DiskFullError(
            f"the disk of this server has {free / 1e6:.0f} MB left and takes no more segments; "
            "free space on it, and the senders go on by themselves"
        )
    folder = _unfinished(context.settings)
    folder.mkdir(0o700, exist_ok=True)
    return folder / f"{secrets.token_hex(16)}.arrow"


def remove_unfinished(settings: Settings) -> None:
    """Remove what came of segments while an earlier server ended: their senders send them again."""
    for path in _unfinished(settings).glob("*.arrow"):
        with suppress(OSError):
            path.unlink()


def prove_upload(
    key: Key,
    path: Path,
    announced: str | None = None,
    *,
    opening: Callable[[str, str], None] = lambda run, project: None,
) -> str:
    """Prove the bytes of a segment that came; returns their digest.

    Args:
        key: What it must say it is.
        path: Its bytes, from `new_upload`.
        announced: Their digest, as the sender computed it.
        opening: Called with run and project of a segment that opens a run; raises where it must not.

    Raises:
        SegmentError: It is damaged, or not the one that its key says.
        ConfigError: Its digest is another.
    """
    read = _proved(key, path)
    digest = read.digest
    if announced not in (None, digest):
        raise ConfigError(
            f"the segment {key.run}/{key.writer}-{key.number} came with the digest {digest}, and "
            f"{announced!r:.50} was announced; send it again"
        )
    if isinstance(read.record, RunOpened):
        opening(key.run, read.record.project)
    return digest


def admit(context: Context, key: Key, path: Path, digest: str) -> Literal["new", "known"]:
    """Put a proved segment into the journal, durably; once, however often it is sent.

    Where the store is a bucket, that has it before the answer: this machine may be lost after it.

    Args:
        context: Of the home.
        key: Of the segment.
        path: Its bytes, from `new_upload`; gone afterwards.
        digest: Of these bytes.

    Raises:
        OtherSegmentError: Another one of its key is there.
        RunDeletedError: Its run was deleted.
        StoreError: The bucket does not take it now.
        OSError: The disk is full or gone.
    """
    try:
        if context.store.files.is_local:
            wait_for_disk(path)
        with _ADMITTING[hash(key) % len(_ADMITTING)]:
            there = digests(context, key.run, [(key.writer, key.number)]).get((key.writer, key.number))
            if there is not None:
                _refuse_other(key, there, digest)
                return "known"
            _keep(context, key, path, digest)
            target = context.settings.journal / key.run / key.name
            signs.hear(context, key.run, key.writer)  # makes the folder
            # before ingest can see it
            context.proofs.note(path, digest, target)
            path.replace(target)
        wait_for_disk(target.parent)
        return "new"
    except OSError as error:
        raise full(error) from error
    except StoreError as error:
        context.parts.failed("store", error)
        raise
    finally:
        path.unlink(missing_ok=True)


def _keep(context: Context, key: Key, path: Path, digest: str) -> None:
    """Have the bytes in the bucket, where there is one."""
    files = context.store.files
    if files.is_local:
        return
    relative = files.segment(key.run, key.writer, key.number)
    if files.size(relative) is not None:  # of another server, or of this one before it was killed
        with suppress(SegmentError):  # damaged: ours takes its place
            there = files.open_segment(relative).digest
            files.own(relative).unlink(missing_ok=True)  # the copy; ours comes there
            _refuse_other(key, there, digest)
            return
    files.keep(relative, path)
    context.parts.works("store")


def full(error: OSError) -> OSError:
    """The error as senders are told of it, where it says that the disk is full; else the error itself."""
    if error.errno not in _FULL:
        return error
    return DiskFullError(f"the disk of this server is full ({error.strerror}); free space on it")


def digests(context: Context, run: str, keys: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Digests of those segments of a run that are there, in the journal or the store, by writer and number.

    Raises:
        RunDeletedError: The run was deleted.
    """
    with context.store.reading() as catalog:
        if is_deleted(catalog, run):
            raise RunDeletedError(
                f"the run {run} was deleted on this server; restore it there to send the rest of it"
            )
        found = digests_of(catalog, run, keys)
    files = context.store.files
    # The journal first: what ingest moves meanwhile is then in the store.
    for writer, number in keys:
        if (writer, number) in found:
            continue
        places = (
            context.settings.journal / run / journal.segment_name(writer, number),
            files.place(files.segment(run, writer, number)),
        )
        for place in places:
            with suppress(SegmentError, OSError):
                found[writer, number] = segment.open_segment(place).digest
                break
    return found


def hear(context: Context, run: str, writer: str) -> None:
    """A writer on another machine gives a sign of life; a run that was taken for interrupted runs again.

    Raises:
        HomeError: The home is only read.
        RunDeletedError: The run was deleted.
    """
    context.check_writable()
    digests(context, run, [])
    if signs.hear(context, run, writer):
        return
    with context.store.writing() as catalog:
        back = mark_alive(catalog, run, writer)
    if back:
        publish(context, Change("run", run, "running"))


def end(context: Context, run: str, writer: str) -> None:
    """A writer on another machine has ended: without a closing segment it is interrupted."""
    signs.end(context, run, writer)


def _proved(key: Key, path: Path) -> ReadSegment:
    """A segment that came, proved by what proves those of the journal."""
    try:
        read = prove(Entry(key.run, key.writer, key.number, path), segment.open_segment(path))
    except SegmentVersionError:
        raise SegmentVersionError(
            f"the segment {key.run}/{key.writer}-{key.number} was written by a newer Chroma than this "
            "server's; upgrade the server"
        ) from None
    except SegmentError as error:
        what = str(error).replace(str(path), f"the segment {key.run}/{key.writer}-{key.number}")
        raise SegmentError(what) from error
    record = read.record
    if isinstance(record, Notes) and record.change in ("delete", "restore"):
        raise SegmentError("no run is deleted or restored by a segment; do so on the server")
    return read


def _refuse_other(key: Key, there: str, came: str) -> None:
    if there != came:
        raise OtherSegmentError(
            f"run {key.run} already has another segment {key.writer}-{key.number}; "
            "a copied journal or a repeated writer id does this"
        )


def _unfinished(settings: Settings) -> Path:
    return settings.home / "arriving"
