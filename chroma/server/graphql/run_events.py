"""What happened in a run: alarms of rules, and what users reported by `run.alert`."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from urllib.parse import urlencode

import strawberry
from strawberry.scalars import JSON

from chroma.server.graphql.scalars import BigInt
from chroma.server.store import tables


@strawberry.enum(description="Who tells of an event")
class RunEventKind(Enum):
    ALARM = strawberry.enum_value("alarm", description="Found by a rule while it trained")
    EVENT = strawberry.enum_value("event", description="Reported by the user")


@strawberry.enum(description="How bad it is")
class Level(Enum):
    INFO = strawberry.enum_value("info", description="The least; only users give it")
    WARNING = strawberry.enum_value("warning", description="What `run.alert` gives where nothing is said")
    ERROR = strawberry.enum_value("error", description="The worst")


@strawberry.type(description="Something that happened in a run at a step")
class RunEvent:
    id: strawberry.ID = strawberry.field(description="Of the event; it stays the same")
    kind: RunEventKind = strawberry.field(description="Who tells of it")
    rule: str | None = strawberry.field(description="Name of the rule; null for EVENT")
    level: Level = strawberry.field(description="How bad it is")
    title: str = strawberry.field(description="A few words")
    text: str = strawberry.field(description="One sentence with figures; empty where the title says all")
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    split: str | None = strawberry.field(description="null: it is about the run")
    layer: str | None = strawberry.field(description="null: it is about the run or a split")
    figures: JSON = strawberry.field(description="What the sentence says, name to number")
    view: str = strawberry.field(description="The search part of the dashboard's address that shows it")
    created_at: datetime = strawberry.field(description="When it was written, UTC")

    @classmethod
    def of_row(cls, row: tables.RunEvent) -> RunEvent:
        return cls(
            id=strawberry.ID(row.id),
            kind=RunEventKind.EVENT if row.rule is None else RunEventKind.ALARM,
            rule=row.rule,
            level=Level(row.level),
            title=row.title,
            text=row.text,
            epoch=row.epoch,
            step=row.step,
            split=row.split,
            layer=row.layer,
            figures=JSON(row.figures),
            view=view_of(row),
            created_at=row.created_at,
        )


def view_of(row: tables.RunEvent) -> str:
    """The search part of the dashboard's address that shows an event: its layer and split at its step."""
    place = {"run": row.run_id, "layer": row.layer, "split": row.split, "step": row.step}
    return "?" + urlencode({name: value for name, value in place.items() if value is not None})
