"""One run as one file: a zip archive of its segments as they were written, with a list of their digests."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from chroma import journal, liveness, segment
from chroma.durable import write_durably
from chroma.errors import ConfigError, SegmentError
from chroma.journal import Entry
from chroma.server.home.arrivals import MOST_BYTES
from chroma.server.home.segment_batch import prove
from chroma.server.store.bucket_files import open_files
from chroma.server.store.catalog import Store
from chroma.server.store.ingest.segments import is_deleted
from chroma.settings import Settings
from chroma.untrusted import parse_json

_LIST = "run.json"
_FORMAT = 1
_MOST = 10**7  # bytes of the list


@dataclass(frozen=True, slots=True)
class Portable:
    """What a file of a run holds.

    Attributes:
        run: Id of the run.
        segments: How many.
        bytes: Of all of them.
        new: How many of them were not there; of an export, all.
    """

    run: str
    segments: int
    bytes: int
    new: int


def export_run(settings: Settings, run_id: str, file: Path) -> Portable:
    """Write the segments of a run, notes and tags among them, into a file: whole or not at all.

    Args:
        settings: Of the home that has the run.
        run_id: Which.
        file: Where; one that is there is replaced.

    Raises:
        ConfigError: The home has nothing of the run, or the file cannot be written.
        SegmentError: A segment is damaged or gone.
        StoreError: The bucket does not answer.
    """
    found = _segments(settings, run_id)
    if not found:
        raise ConfigError(f"the home {settings.home} has no segment of the run {run_id}; name another home")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    listed: list[dict[str, Any]] = []
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # vectors do not pack
            for entry in found:
                read = prove(entry, segment.open_segment(entry.path))
                archive.writestr(entry.path.name, read.body.to_pybytes())
                listed.append({"name": entry.path.name, "bytes": read.body.size, "digest": read.digest})
            about = {"format": _FORMAT, "run": run_id, "segments": listed}
            archive.writestr(_LIST, json.dumps(about, indent=1))
        part.replace(file)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and error.filename != str(part):
            raise SegmentError(
                f"a segment of the run {run_id} is gone ({error}); see: chroma check"
            ) from error
        raise ConfigError(
            f"the file {file} cannot be written ({error.strerror}); name another place"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return Portable(run_id, len(listed), sum(each["bytes"] for each in listed), len(listed))


def import_run(settings: Settings, file: Path) -> Portable:
    """Put the segments of a file into a home's journal, once all are proved; a dashboard takes them in.

    Segments that the home has are left as they are.

    Args:
        settings: Of the home.
        file: From `export_run`, of anybody.

    Raises:
        ConfigError: It is no such file, cannot be read, its run was deleted in the home, or the home has
            another segment of the same name.
        SegmentError: Something in it is damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            run, listed = _list(archive, file)
            _refuse_deleted(settings, run)
            here = {entry.path.name: entry for entry in _segments(settings, run)}
            new: list[_Listed] = []
            for each in listed:
                _proved(archive, run, each, file)
                if each.name not in here:
                    new.append(each)
                elif segment.open_segment(here[each.name].path).digest != each.digest:
                    raise ConfigError(
                        f"the home {settings.home} has another segment {each.name} of the run {run}: it is "
                        "another run of the same id; import the file into another home"
                    )
            folder = settings.journal / run
            folder.mkdir(0o700, parents=True, exist_ok=True)
            for each in new:
                write_durably(folder / each.name, _proved(archive, run, each, file))
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no file {file}; name one from: chroma runs export RUN FILE.zip"
        ) from error
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, SegmentError):
            raise
        raise ConfigError(
            f"the file {file} cannot be imported ({error}); export the run again, with: "
            "chroma runs export RUN FILE.zip"
        ) from error
    return Portable(run, len(listed), sum(each.bytes for each in listed), len(new))


def _refuse_deleted(settings: Settings, run: str) -> None:
    """What comes in of a deleted run waits unseen until it is restored: better said before."""
    settings.home.mkdir(0o700, parents=True, exist_ok=True)
    store = Store.open(settings)
    try:
        with store.reading() as catalog:
            if is_deleted(catalog, run):
                raise ConfigError(
                    f"the run {run} was deleted in the home {settings.home}: bring it back with "
                    f"chroma runs restore {run}, then import; if its files are removed for good, import into "
                    "another home"
                )
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    bytes: int
    digest: str


def _list(archive: zipfile.ZipFile, file: Path) -> tuple[str, list[_Listed]]:
    """The run of a file and its segments; nothing in it is believed."""
    try:
        _refuse_bombs(archive)
        about = parse_json(archive.read(_LIST))
        if about["format"] != _FORMAT:
            raise ValueError(f"its format is {about['format']!r}, and this Chroma reads {_FORMAT}")
        run: object = about["run"]
        listed = [
            _Listed(str(one["name"]), int(one["bytes"]), str(one["digest"])) for one in about["segments"]
        ]
        if not isinstance(run, str) or not liveness.valid_run_id(run):
            raise ValueError(f"{run!r:.100} is no id of a run")
        names = [each.name for each in listed]
        wrong = [
            name for name in names if journal.entry_at(run, Path(name)) is None or Path(name).name != name
        ]
        if wrong or sorted([*names, _LIST]) != sorted(archive.namelist()):
            raise ValueError(f"its names are not those of segments, or not those of its list: {wrong[:3]}")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the file {file} is no exported run ({error}); export the run again") from error
    return run, listed


def _refuse_bombs(archive: zipfile.ZipFile) -> None:
    """Refuse what would fill the memory, before anything is read: an export packs nothing.

    Raises:
        ValueError: Something is packed, larger than ours are, or there more than once.
    """
    for each in archive.infolist():
        most = _MOST if each.filename == _LIST else MOST_BYTES
        if each.compress_type != zipfile.ZIP_STORED or not 0 <= each.file_size == each.compress_size <= most:
            raise ValueError(f"{each.filename!r:.100} is packed, or larger than {most} bytes")


def _proved(archive: zipfile.ZipFile, run: str, listed: _Listed, file: Path) -> bytes:
    """The bytes of a segment in a file, which are what the list and the segment itself say."""
    about = archive.getinfo(listed.name)
    if about.file_size != listed.bytes or about.compress_size != listed.bytes:
        raise SegmentError(f"{listed.name} in {file} is damaged: its size is wrong; export the run again")
    body = archive.read(about)
    if blake2b(body, digest_size=16).hexdigest() != listed.digest:
        raise SegmentError(
            f"{listed.name} in {file} is damaged: its bytes do not match; export the run again"
        )
    read = segment.decode(body)
    header = read.header
    if (header.run, journal.segment_name(header.writer, header.number)) != (run, listed.name):
        raise SegmentError(f"{listed.name} in {file} is another segment; export the run again")
    return body


def _segments(settings: Settings, run_id: str) -> list[Entry]:
    """All segments that a home has of a run; those of a bucket are fetched."""
    found: dict[str, Entry] = {}
    # The journal first: what a dashboard moves meanwhile is then in the store.
    with suppress(FileNotFoundError):
        found |= {entry.path.name: entry for entry in journal.entries_of(run_id, settings.journal / run_id)}
    files = open_files(settings)
    for each in files.below_folder(f"runs/{run_id}/segments"):
        entry = journal.entry_at(run_id, files.own(each.path))
        if entry is not None and each.path.count("/") == 3:
            found[entry.path.name] = entry
            files.path(each.path)
    return [found[name] for name in sorted(found)]
