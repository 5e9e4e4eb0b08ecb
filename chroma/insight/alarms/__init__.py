"""Alarms while a model trains: signals of each snapshot, and rules over their history. NumPy alone."""

from __future__ import annotations

from chroma.insight.alarms.watching import Alarms

__all__ = ["Alarms"]
