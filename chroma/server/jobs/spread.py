"""Chunks of a large film, run in processes of their own, and told one by one as they are done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def spread(workers: int, told: Callable[[int, int], None]) -> Generator[Executor]:
    """An executor for chunks: so many processes, or this one where that is one. The results are the same.

    Args:
        workers: Processes.
        told: Is given the number of chunks done and of all, of one `map`; it ends the work by raising.
    """
    if workers == 1:
        yield _Told(None, told)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_follow_parent)
    try:
        yield _Told(pool, told)
    finally:
        pool.shutdown(cancel_futures=True)


class _Told(Executor):
    def __init__(self, pool: Executor | None, told: Callable[[int, int], None]) -> None:
        self._pool = pool
        self._told = told

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Any:
        """As `Executor.map`; without a pool nothing runs before it is asked for."""
        chunks = list(zip(*iterables, strict=True))
        results = (
            (fn(*chunk) for chunk in chunks)
            if self._pool is None
            else self._pool.map(fn, *zip(*chunks, strict=True))
        )
        for done, result in enumerate(results):
            self._told(done, len(chunks))
            yield result


def _follow_parent() -> None:
    """End with the worker, however that ends: nobody else would end this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
