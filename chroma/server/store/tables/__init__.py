"""The catalog's tables: what exists, and what users wrote."""

from __future__ import annotations

from chroma.server.store.tables.access import AuditEntry, Link, Member, Sender, Token
from chroma.server.store.tables.base import Table, UtcDateTime, new_id, now, stable_id
from chroma.server.store.tables.films import Film, Frame, Graph, Job, Revision
from chroma.server.store.tables.marks import SavedView, Tag, TaggedSample
from chroma.server.store.tables.runs import (
    COORDINATES,
    HIDDEN,
    Attempt,
    Heartbeat,
    Layer,
    Metric,
    Project,
    Run,
    RunEvent,
    Segment,
    Snapshot,
    Split,
)

__all__ = [
    "COORDINATES",
    "HIDDEN",
    "Attempt",
    "AuditEntry",
    "Film",
    "Frame",
    "Graph",
    "Heartbeat",
    "Job",
    "Layer",
    "Link",
    "Member",
    "Metric",
    "Project",
    "Revision",
    "Run",
    "RunEvent",
    "SavedView",
    "Segment",
    "Sender",
    "Snapshot",
    "Split",
    "Table",
    "Tag",
    "TaggedSample",
    "Token",
    "UtcDateTime",
    "new_id",
    "now",
    "stable_id",
]
