"""Serves the built dashboard; every address that is no file and no route is the dashboard's own."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

STATIC = Path(__file__).parents[1] / "static"

_FOR_EVER = "public, max-age=31536000, immutable"  # Vite writes a hash of the content into asset names
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chroma</title>
<body style="font:16px/1.5 system-ui;max-width:36em;margin:15vh auto;padding:0 1em">
<h1 style="font-size:1.25em">The dashboard is not built</h1>
<p>This is a checkout without its user interface. Build it with <code>make ui</code>, then reload.
Installed packages carry it. The API works: see <a href="/graphql">/graphql</a>.</p>"""


def build_router(static: Path = STATIC) -> APIRouter:
    """The routes of the dashboard's files; include it last.

    Args:
        static: Folder of the built dashboard.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/{path:path}")
    def page(path: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if path.startswith(("api/", "graphql/")):
            raise HTTPException(404, f"there is no route /{path}")
        index = static / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})
        if path and (wanted := _file(static, path)) is not None:
            forever = path.startswith("assets/")
            return FileResponse(wanted, headers={"Cache-Control": _FOR_EVER if forever else "no-cache"})
        if path.startswith("assets/") or "." in path.rpartition("/")[2]:
            raise HTTPException(404, f"the dashboard has no file /{path}; reload the page")
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    return router


def _file(static: Path, path: str) -> Path | None:
    """The file of this path, if there is one."""
    try:
        wanted = (static / path).resolve()
        return wanted if wanted.is_relative_to(static.resolve()) and wanted.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None
