"""Shells complete the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chroma.cli import app

_BASH = """
eval "$(chroma --show-completion)"
COMP_WORDS=(chroma ru) COMP_CWORD=1
$(complete -p chroma | sed -n 's/.*-F \\([^ ]*\\) .*/\\1/p') chroma
echo "[${COMPREPLY[*]}]"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes_a_command(tmp_path: Path) -> None:
    command = tmp_path / "chroma"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chroma "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", _BASH],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=100,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["[runs]"], done


@pytest.mark.parametrize(
    ("shell", "line", "word"),
    [
        ("zsh", "chroma runs ", "prune"),
        ("zsh", "chroma runs prune --k", "--keep-best"),
        ("fish", "chroma tokens ", "revoke"),
        ("fish", "chroma sync --j", "--jobs"),
    ],
)
def test_other_shells_are_told(shell: str, line: str, word: str) -> None:
    asked = {
        "_CHROMA_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    said = CliRunner().invoke(app, env=asked, prog_name="chroma").stdout
    assert word in said
    assert "--version" not in said
