"""Compiled kernels on disk, in the user's own cache folder; each is checked before it is run.

numba keeps compiled code by pickle, which can run anything that is written in it, and trusts what it finds.
So it lies where this user alone writes, never in a home, which may be copied from others or shared; and what
a damaged file held is compiled again.
"""

from __future__ import annotations

import os
import pickle
import secrets
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, compiler, serialize
from numba.misc.appdirs import AppDirs

_DIGEST = 32  # bytes at the beginning of a file
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class KernelCache(caching._Cache):  # pyright: ignore[reportPrivateUsage]  # numba has no public one
    """What a dispatcher of numba asks for a function that was compiled before.

    Args:
        function: The kernel.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._code = function.__code__.co_code
        self._folder = kernel_folder()

    @property
    def cache_path(self) -> Any:
        """The folder; empty if nothing is kept."""
        return str(self._folder or "")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for these types; None if it has to be compiled."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        body = _read(path) if path else None
        if path is None or body is None:
            return None
        try:
            if blake2b(body[_DIGEST:], digest_size=_DIGEST).digest() != body[:_DIGEST]:
                raise ValueError("damaged")
            result: Any = compiler.CompileResult
            return result._rebuild(target_context, *pickle.loads(body[_DIGEST:]))
        except Exception:  # noqa: BLE001  # whatever is wrong with it, it is made again
            with suppress(OSError):
                path.unlink()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function, if the disk allows."""
        path = self._path(sig, data.codegen)
        if path is None or data.lifted or data.library.has_dynamic_globals:
            return
        body: bytes = serialize.dumps(data._reduce())
        temporary = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(blake2b(body, digest_size=_DIGEST).digest() + body)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()

    def enable(self) -> None:
        """Does nothing: it is always on."""

    def disable(self) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        if self._folder is None:
            return None
        made_for = (sys.version, numba.__version__, codegen.magic_tuple(), _sources(), self._code, str(sig))
        return self._folder / f"{self._name}-{blake2b(repr(made_for).encode(), digest_size=12).hexdigest()}"


def kernel_folder() -> Path | None:
    """The folder of compiled kernels below `NUMBA_CACHE_DIR`, or the user's cache folder; made if need be.

    Returns:
        None where there is none that this user alone can write to: kernels are compiled in each process.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(given or AppDirs("chroma", appauthor=False).user_cache_dir, "kernels")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not folder.is_absolute() or not stat.S_ISDIR(found.st_mode) or not _is_ours(found):
            return None
        if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            folder.chmod(stat.S_IRWXU)
    except OSError:
        return None
    return folder


@cache
def _sources() -> str:
    """Digest of the code of all kernels: parts of one module are compiled into others."""
    digest = blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        handle = os.open(path, _FLAGS)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        return file.read() if stat.S_ISREG(found.st_mode) and _is_ours(found) else None


def _is_ours(found: os.stat_result) -> bool:
    """Whether this user, and nobody else, can have written what lies there."""
    if os.name == "nt":  # a user's folders are closed to others there
        return True
    return found.st_uid == os.getuid() and (stat.S_ISDIR(found.st_mode) or not found.st_mode & 0o022)
