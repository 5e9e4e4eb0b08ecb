"""An executor for the chunks of a large film, in this process or several, that reports its progress."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def chunk_executor(workers: int, report: Callable[[int, int], None]) -> Generator[Executor]:
    """An executor for chunks; the results are the same for any number of processes.

    Args:
        workers: Processes, or threads where a process may start none; 1: all is done in this one.
        report: Called after each chunk of a `map` with the number of chunks done and of all; what it raises
            ends the work.
    """
    if workers == 1:
        yield _Reporting(None, report)
        return
    pool = _pool(workers)
    try:
        yield _Reporting(pool, report)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(workers: int) -> Executor:
    if multiprocessing.current_process().daemon:  # as Dask starts its workers: it may have no children
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_follow_parent)


class _Reporting(Executor):
    def __init__(self, pool: Executor | None, report: Callable[[int, int], None]) -> None:
        self._pool = pool
        self._report = report

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Any:
        """As `Executor.map`; without a pool each chunk runs when its result is asked for."""
        chunks = list(zip(*iterables, strict=True))
        results = (
            (fn(*chunk) for chunk in chunks)
            if self._pool is None
            else self._pool.map(fn, *zip(*chunks, strict=True))
        )
        for done, result in enumerate(results):
            self._report(done, len(chunks))
            yield result


def _follow_parent() -> None:
    """End this process when the worker ends, however that is: nothing else would."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
