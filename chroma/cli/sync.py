"""`chroma sync`: sends what trainings could not send, and runs of this home, to a server."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from chroma.cli._home_segments import HomeSegments
from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.errors import ConfigError, SegmentError, StoreError
from chroma.journal import Entry, entries
from chroma.liveness import is_alive
from chroma.run.printing import size_text
from chroma.segment import open_segment
from chroma.settings import Settings, load_settings
from chroma.shipper import outbox
from chroma.shipper.retrying import retrying
from chroma.shipper.upload import DeletedError, LaterError, RefusedError, Server

if TYPE_CHECKING:
    from tenacity import Retrying

_TRIES = 5  # of a segment, with growing pauses
_KEYS = 1000  # asked for at once


@dataclass
class _Sync:
    """What became of the segments."""

    url: str
    outcomes: Counter[str] = field(default_factory=Counter[str])
    bytes: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, size: int = 0, reason: str = "") -> None:
        with self.lock:
            self.outcomes[outcome] += 1
            self.bytes += size
            if reason:
                self.reasons[reason] += 1


def sync(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Names or ids of runs of this home to send too.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Send all runs of this home.")] = False,
    at_once: Annotated[int, typer.Option("-j", "--jobs", min=1, max=64, help="Segments sent at once.")] = 8,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send segments that wait in the outbox to CHROMA_SERVER; may be stopped and called again at any time.

    Runs that are named are copied: they stay in this home. What the server has already is not sent again.
    """
    settings = load_settings(home=home)
    if settings.server is None:
        raise ConfigError(
            "no server is named: set CHROMA_SERVER=https://host, "
            "and CHROMA_TOKEN_FILE to a file with its token"
        )
    began = time.monotonic()
    home_segments = HomeSegments(settings)
    found = list(entries(settings.outbox))
    if runs or every:
        found += home_segments.of(runs or [], every=every)
    total = sum(map(home_segments.size, found))
    result = _Sync(settings.server)
    bars = Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
        console=Console(stderr=True),
        disable=as_json or not found,
    )
    with bars:
        task = bars.add_task(f"{len(found):,} segments", total=total)
        _send_all(settings, found, home_segments, at_once, result, lambda size: bars.advance(task, size))
    seconds = time.monotonic() - began
    left = result.outcomes["left"] + result.outcomes["refused"]
    if as_json:
        counts = {name: result.outcomes[name] for name in ("sent", "known", "refused", "left")}
        about = {"server": result.url, **counts, "bytes": result.bytes, "seconds": round(seconds, 3)}
        echo(json.dumps(about | {"reasons": dict(result.reasons)}, indent=2, ensure_ascii=False))
    else:
        echo(_summary(result, seconds))
        for reason, count in result.reasons.most_common(5):
            echo(f"    {count:,} segments: {reason}", err=True)
    if left:
        raise typer.Exit(1)


def _send_all(
    settings: Settings,
    found: list[Entry],
    home_segments: HomeSegments,
    at_once: int,
    result: _Sync,
    advance: Callable[[int], None],
) -> None:
    """Send segments, several at once, but those that the server has."""
    local = threading.local()
    servers: list[Server] = []

    def server() -> Server:
        if not hasattr(local, "server"):
            local.server = Server(result.url)
            servers.append(local.server)
        return local.server

    stopped: dict[str, str] = {}  # by run; "" stands for all

    def send(entry: Entry) -> None:
        size = home_segments.size(entry)
        outcome, reason = "left", stopped.get(entry.run) or stopped.get("", "")
        if not reason:
            outcome, reason = _send(server(), entry, settings, home_segments, stopped)
        result.note(outcome, size if outcome == "sent" else 0, reason)
        advance(size)

    runs: dict[str, list[Entry]] = {}
    for entry in found:
        runs.setdefault(entry.run, []).append(entry)
    try:
        with ThreadPoolExecutor(at_once, thread_name_prefix="chroma-sync") as pool:
            for run, of_run in runs.items():
                missing = _missing(server(), run, of_run, settings, home_segments, result, stopped, advance)
                for _ in pool.map(send, missing):
                    pass
                if "" not in stopped:
                    _say_ended(server(), settings, run, of_run)
    finally:
        for each in servers:
            each.close()


def _missing(
    server: Server,
    run: str,
    found: list[Entry],
    settings: Settings,
    home_segments: HomeSegments,
    result: _Sync,
    stopped: dict[str, str],
    advance: Callable[[int], None],
) -> list[Entry]:
    """Those segments of a run that the server does not have."""
    missing: list[Entry] = []
    for start in range(0, len(found), _KEYS):
        batch = found[start : start + _KEYS]
        if "" in stopped:  # a server that is gone is not asked, with pauses, for each run anew
            missing += batch
            continue
        try:
            known = _tries()(server.known, run, batch)
        except LaterError as error:
            stopped[""] = str(error)
            known = {}
        except (DeletedError, RefusedError) as error:
            stopped[run] = str(error)
            known = {}
        for entry in batch:
            digest = known.get((entry.writer, entry.number))
            with suppress(SegmentError, StoreError, OSError):
                if digest is not None and digest == _digest(entry, home_segments):
                    advance(home_segments.size(entry))
                    result.note("known")
                    _acknowledge(entry, settings)
                    continue
            missing.append(entry)
    return missing


def _digest(entry: Entry, home_segments: HomeSegments) -> str:
    home_segments.fetch(entry)
    return open_segment(entry.path).digest


def _send(
    server: Server, entry: Entry, settings: Settings, home_segments: HomeSegments, stopped: dict[str, str]
) -> tuple[str, str]:
    """Send a segment; returns its outcome and the reason why it was not sent."""
    try:
        home_segments.fetch(entry)
        new = _tries()(server.put, entry)
        _acknowledge(entry, settings)
        return "sent" if new else "known", ""
    except FileNotFoundError:
        if entry.path.is_relative_to(settings.outbox):
            return "known", ""  # the training has sent it meanwhile
        return "left", "it went from the home meanwhile; call chroma sync again"
    except (StoreError, LaterError) as error:
        stopped[""] = str(error)  # the other segments will not fare better
        return "left", str(error)
    except DeletedError as error:
        stopped[entry.run] = str(error)
        return "left", str(error)
    except RefusedError as error:
        return "refused", str(error)


def _acknowledge(entry: Entry, settings: Settings) -> None:
    """The server has a segment: it leaves the outbox; a home keeps its own."""
    if entry.path.is_relative_to(settings.outbox):
        with suppress(OSError):
            outbox.acknowledge(entry)


def _say_ended(server: Server, settings: Settings, run: str, found: list[Entry]) -> None:
    """Say which of the writers are gone: a run that was killed is then not taken for running."""
    for writer in {entry.writer for entry in found}:
        if not any(is_alive(folder, run, writer) for folder in (settings.outbox, settings.journal)):
            with suppress(LaterError, DeletedError, RefusedError):
                server.ended(run, writer)


def _tries() -> Retrying:
    import tenacity

    return retrying(stop=tenacity.stop_after_attempt(_TRIES), sleep=time.sleep, failed=lambda reason: None)


def _summary(result: _Sync, seconds: float) -> str:
    counts = result.outcomes
    if not counts.total():
        return "Nothing waits in the outbox; runs of this home are sent by name, or with --all."
    speed = result.bytes / 1e6 / seconds if seconds else 0.0
    text = (
        f"{counts['sent']:,} of {counts.total():,} segments sent to {result.url} "
        f"({size_text(result.bytes)}, {speed:,.1f} MB/s), {counts['known']:,} were there"
    )
    for outcome in ("refused", "left"):
        if counts[outcome]:
            text += f", {counts[outcome]:,} {outcome}"
    return f"{text}."
