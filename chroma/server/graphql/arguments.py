"""Arguments that many fields take, with what the schema says of them."""

from __future__ import annotations

from typing import Annotated

import strawberry

from chroma.server.graphql.scalars import BigInt

First = Annotated[int, strawberry.argument(description="How many, at most; 200 are given at once")]
After = Annotated[int, strawberry.argument(description="How many to leave out at the beginning")]
LayerName = Annotated[str, strawberry.argument(description="Name of a layer of the run")]
SplitName = Annotated[str, strawberry.argument(description="Name of a split of the run")]
OneLayer = Annotated[str | None, strawberry.argument(description="Only of the layer of this name; null: all")]
OneSplit = Annotated[str | None, strawberry.argument(description="Only of the split of this name; null: all")]
SomeLayer = Annotated[
    str | None, strawberry.argument(description="Name of a layer; null: the one that opens first")
]
Step = Annotated[BigInt | None, strawberry.argument(description="Global optimizer step; null: the last one")]
Name = Annotated[str, strawberry.argument(description="1 to 200 characters, no control characters")]
SampleIds = Annotated[list[str], strawberry.argument(description="Ids of samples of the split, as text")]
Address = Annotated[
    str,
    strawberry.argument(
        description="The search part of the dashboard's address, ?run=…&layer=…, of at most 8,000 characters"
    ),
]
