from __future__ import annotations

from tests.server.conftest import opened, settings

__all__ = ["opened", "settings"]
