"""What a user may ask of a capture, whatever the framework; checked when it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chroma.capture.layers import Layer
from chroma.capture.thinning import Thinning
from chroma.errors import ConfigError
from chroma.run.arguments import Dtype, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Checked options; see `chroma.autolog` for what each means.

    Raises:
        ConfigError: An option cannot be used.
    """

    project: str | None = None
    name: str | None = None
    run_id: str | None = None
    layers: str | Layer | Sequence[str | Layer] = "auto"
    every: int | str = 1
    max_samples: int | None = 10_000
    max_snapshots: int | None = 40
    dtype: Dtype = "float16"
    log_inputs: bool = True
    silent: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "float32"):
            raise ConfigError(f"dtype={self.dtype!r} cannot be used; give 'float16' or 'float32'")
        if self.max_samples is not None and self.max_samples < 1:
            raise ConfigError(
                f"max_samples={self.max_samples!r} cannot be used; give 1 or more, or None for all"
            )
        self.thinning(None)  # refuses what cannot be used
        for argument, value in (("project", self.project), ("name", self.name)):
            if value is not None:
                name_of(argument, value)

    def thinning(self, passes: int | None) -> Thinning:
        """Which of so many passes are captured; None if their number is unknown."""
        return Thinning(self.every, self.max_snapshots, passes)

    def run(self) -> dict[str, Any]:
        """What a `Run` takes of these."""
        return {"project": self.project, "name": self.name, "run_id": self.run_id, "dtype": self.dtype}
