"""The calls of one module during the first batch, and which of them counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from chroma.capture.modules import Channels
from chroma.records import Array

_MOST_CALLS = 8  # that are kept


@dataclass(slots=True)
class ModuleCall:
    """One call of a module.

    Attributes:
        number: That of the outermost call it belongs to.
        linked: Whether it is linked to the batch.
        learns: Whether gradients were enabled.
        order: Its output's number among all outputs.
        input: Shape of what went in; None without a float tensor.
        output: Shape of what came out, likewise.
        channels_in: Where features stood in what went in; its shape is of the usual form.
        channels_out: Likewise in what came out.
        kept_input: `[B, d]`, a pooled copy of what went in; None where it has not one row per sample.
        kept_output: Likewise of what came out.
        pooled_in: Of what went in for each token or pixel: `[B, d]`, a copy of what each rule makes of it.
        pooled_out: Likewise of what came out.
    """

    number: int
    linked: bool
    learns: bool
    order: int = 0
    input: tuple[int, ...] | None = None
    output: tuple[int, ...] | None = None
    channels_in: Channels = ""
    channels_out: Channels = ""
    kept_input: Array | Tensor | None = None
    kept_output: Array | Tensor | None = None
    pooled_in: Mapping[str, Array | Tensor] = field(default_factory=dict[str, "Array | Tensor"])
    pooled_out: Mapping[str, Array | Tensor] = field(default_factory=dict[str, "Array | Tensor"])

    def has_rows(self, rows: int) -> bool:
        """Whether it took or gave one row per sample."""
        return any(shape is not None and shape[:1] == (rows,) for shape in (self.input, self.output))


@dataclass(slots=True)
class ModuleCalls:
    """The calls of a module.

    Attributes:
        count: How many there were.
        different: Those that gave different values: of each outermost call the first with the batch's rows.
        counts: Which of these counts.
        differs: Whether any gave other values than the first.
    """

    count: int = 0
    different: list[ModuleCall] = field(default_factory=list[ModuleCall])
    counts: int = 0
    differs: bool = False

    @property
    def call(self) -> ModuleCall:
        """The call that counts."""
        return self.different[self.counts]

    def keep(self, call: ModuleCall, rows: int) -> None:
        """Keep a complete call if it gave other values than the earlier ones, and may count."""
        same = [each for each in self.different if equal(each.kept_output, call.kept_output)]
        if self.different and not same:
            self.differs = self.differs or self.different[0].kept_output is not None
        for number, each in enumerate(self.different):
            if each.number == call.number or each in same:
                if call.has_rows(rows) and not each.has_rows(rows):
                    self.different[number] = call
                return
        if len(self.different) < _MOST_CALLS:
            self.different.append(call)

    def choose(self, rows: int, related: Mapping[int, bool]) -> None:
        """The batch is over: the first linked call counts, else the first related one, with the batch's rows.

        Args:
            rows: Samples in the batch.
            related: By outermost call that is not linked, whether it goes with the batch's samples.
        """
        ranks = [
            call.has_rows(rows) * (1 + 2 * call.linked + related.get(call.number, False))
            for call in self.different
        ]
        self.counts = ranks.index(max(ranks)) if ranks else 0

    def is_known(self, rows: int, related: Mapping[int, bool], *, others: bool) -> bool:
        """Whether the call that counts is known to be on the batch's rows.

        Args:
            rows: Samples in the batch.
            related: As above.
            others: Whether calls of other modules are known to be.
        """
        if self.call.linked or related.get(self.call.number, False):
            return True
        return not others and sum(call.has_rows(rows) for call in self.different) <= 1


def equal(one: Array | Tensor | None, other: Array | Tensor | None) -> bool:
    """Whether two calls gave the same."""
    if one is None or other is None or one.shape != other.shape:
        return False
    return close(as_tensor(one), as_tensor(other), 1e-4)


def as_tensor(values: Array | Tensor) -> Tensor:
    """Values as a tensor; may share memory."""
    return values if isinstance(values, Tensor) else torch.from_numpy(values).float()


def close(one: Tensor, other: Tensor, tolerance: float) -> bool:
    """Whether values are the same up to rounding."""
    return torch.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
