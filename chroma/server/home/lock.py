"""One process at a time owns a home: a lock file shows that, and `server.json` how to reach the owner."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

import chroma
from chroma.errors import HomeError
from chroma.settings import Settings
from chroma.untrusted import read_file

_LONGEST_CARD = 2**16  # bytes of server.json
_GLANCE = 1.0  # seconds; `find_owner` holds the lock for a moment to see whether it is free
_START = 30.0  # seconds that an owner may take to ingest before it writes its address, or to end


class HomeInUseError(HomeError):
    """Another process owns the home."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that owns a home, as `server.json` describes it.

    Attributes:
        pid: Its process id.
        url: Where it listens: `http://127.0.0.1:8000`.
        token: What it asks for; None with `--no-token`.
        version: Of its Chroma.
        root_path: Prefix under which a proxy shows it to browsers; empty for none.
    """

    pid: int
    url: str
    token: str | None
    version: str
    root_path: str = ""


class HomeLock:
    """Holds a home until released.

    Args:
        settings: Which home.

    Raises:
        HomeInUseError: Another process owns it.
        HomeError: It cannot be written to.
    """

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._card = _card(settings.home)
        # The thread that serves releases what the thread that started it took.
        self._lock = FileLock(settings.home / "owner.lock", timeout=_GLANCE, mode=0o600, thread_local=False)
        try:
            settings.home.mkdir(0o700, parents=True, exist_ok=True)  # nobody else's; files have 0600
            self._lock.acquire(poll_interval=0.01)
        except Timeout:
            raise _in_use(settings) from None
        except (OSError, NotImplementedError) as error:
            raise HomeError(
                f"the home {settings.home} cannot be written ({error}); "
                "set CHROMA_HOME to a folder on a disk you can write to"
            ) from error
        try:
            self._place = _place(settings.home / "owner.lock")
            self._card.unlink(missing_ok=True)  # of an owner that died
        except OSError as error:
            self._lock.release()
            raise _unannounced(self._card, error) from error

    def announce(self, url: str, token: str | None, root_path: str = "") -> None:
        """Write `server.json`, by which other processes of this user reach this one.

        Raises:
            HomeError: It cannot be written.
        """
        owner = Owner(os.getpid(), url, token, chroma.__version__, root_path)
        temporary = self._card.with_suffix(".tmp")
        try:
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(asdict(owner), file)
            temporary.replace(self._card)
        except OSError as error:
            raise _unannounced(self._card, error) from error

    def check_place(self) -> None:
        """Check that the lock's file is still the one that is locked: else another process may own the home.

        Raises:
            HomeError: It was removed or replaced; the home counts as free.
        """
        path = Path(self._lock.lock_file)
        try:
            found = _place(path)
        except OSError as error:
            raise HomeError(
                f"{path} is gone ({error.strerror}): another dashboard may take the home; "
                "stop this one and start it again"
            ) from error
        if found != self._place:
            raise HomeError(f"{path} was replaced: another dashboard may own the home; stop this one")

    def withdraw(self) -> None:
        """Remove `server.json`: who looks for the server from now on waits until the home is free."""
        if self._lock.is_locked:
            self._card.unlink(missing_ok=True)

    def release(self) -> None:
        """Give the home back."""
        self.withdraw()
        self._lock.release()


def find_owner(settings: Settings, timeout: float = _START) -> Owner | None:
    """The process that owns a home, or None if no running process does.

    Args:
        settings: Which home.
        timeout: Seconds to wait for an owner that is starting or ending, and shows no address.

    Raises:
        HomeInUseError: A process owns it but has written no address.
    """
    deadline = time.monotonic() + timeout
    while _is_owned(settings.home):
        owner = _read(settings.home)
        if owner is not None:
            return owner
        if time.monotonic() > deadline:
            raise _in_use(settings)
        time.sleep(0.05)
    return None


def _is_owned(home: Path) -> bool:
    path = home / "owner.lock"
    try:
        if not path.exists():
            return False
        with FileLock(path, timeout=0, thread_local=False):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # not ours to open: `HomeLock` raises the reason


def _card(home: Path) -> Path:
    return home / "server.json"


def _read(home: Path) -> Owner | None:
    try:
        return Owner(**json.loads(read_file(_card(home), _LONGEST_CARD)))
    except (OSError, ValueError, TypeError):
        return None


def _place(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _unannounced(card: Path, error: OSError) -> HomeError:
    return HomeError(f"{card} cannot be written ({error}); see what lies there, and free space on its disk")


def _in_use(settings: Settings) -> HomeInUseError:
    owner = _read(settings.home)
    who = f"process {owner.pid}, which shows it at {owner.url}" if owner else "another process"
    return HomeInUseError(
        f"the home {settings.home} is in use by {who}; "
        "use that one, stop it, or set CHROMA_HOME to another folder"
    )
