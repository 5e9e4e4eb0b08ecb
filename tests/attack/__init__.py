"""A server for a team is attacked over the network; `ATTACK=20` tries twenty times as much.

The server is a process of its own, on PostgreSQL and a bucket, with two projects. Who attacks shows no token,
one that may only read, one that administers the other project, or one that may do everything.
"""

from __future__ import annotations

import os
from collections import Counter

TIMES = int(os.environ.get("ATTACK", "1"))

TABLE: dict[str, Counter[str]] = {}  # what was tried → how it was answered, by status or in a word
