"""What is said of the process a run was trained in."""

from __future__ import annotations

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from chroma.run.naming import readable, working_folder


def environment() -> dict[str, Any]:
    """Host, pid, versions, command line and git commit; runs in the writer's thread."""
    loaded = (
        "numpy",
        "torch",
        "lightning",
        "pytorch_lightning",
        "keras",
        "tensorflow",
        "jax",
        "transformers",
        "sklearn",
    )
    versions = {
        name: str(getattr(sys.modules[name], "__version__", "")) for name in loaded if name in sys.modules
    }
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        # platform.platform() starts a subprocess: see git_commit
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "command": [readable(argument) for argument in sys.argv],
        "folder": readable(str(working_folder())),
        "git_commit": git_commit(working_folder()),
    }


def git_commit(folder: Path) -> str | None:
    """The commit checked out where one works.

    Read from git's files: a subprocess would wait for data loader workers that are forked meanwhile and hold
    its pipe open.
    """
    try:
        git = next((above / ".git" for above in (folder, *folder.parents) if (above / ".git").exists()), None)
        if git is None:
            return None
        if git.is_file():  # of a worktree
            git = git.parent / git.read_text().removeprefix("gitdir:").strip()
        common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        for place in (git / name, common / name):
            if place.exists():
                return place.read_text().strip()
        packed = (common / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except (OSError, ValueError):
        return None
