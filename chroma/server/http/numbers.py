"""Numbers in addresses and bodies: what databases and arrays can hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
