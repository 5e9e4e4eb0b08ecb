from __future__ import annotations

from tests.server.conftest import client, kept, opened, settings

__all__ = ["client", "kept", "opened", "settings"]
