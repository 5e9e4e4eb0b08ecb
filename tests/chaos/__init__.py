"""Damaged files, and processes that come and go; `CHAOS=20` tries twenty times as much."""

import os

TIMES = int(os.environ.get("CHAOS", "1"))
