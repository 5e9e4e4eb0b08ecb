"""Where features stand in what PyTorch's modules take and give: `[B, C, places …]` or `[B, places …, C]`.

Modules whose kind tells it are asked, others have it from one of these that gave or took the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage]
from torch.nn.modules.conv import _ConvNd  # pyright: ignore[reportPrivateUsage]

from chroma.capture.modules import Channels

Shape = tuple[int, ...]
_Sizes = Callable[[Any], Sequence[int]]  # features that a module takes and gives

_FIRST: dict[type[nn.Module], _Sizes] = {
    _ConvNd: lambda module: (module.in_channels, module.out_channels),
    _NormBase: lambda module: (module.num_features,) * 2,
    nn.GroupNorm: lambda module: (module.num_channels,) * 2,
}
_LAST: dict[type[nn.Module], _Sizes] = {
    nn.Linear: lambda module: (module.in_features, module.out_features),
    nn.LayerNorm: lambda module: (_normalized(module),) * 2,
    nn.RMSNorm: lambda module: (_normalized(module),) * 2,
    nn.Embedding: lambda module: (0, module.embedding_dim),
    nn.RNNBase: lambda module: (
        module.input_size,
        (module.proj_size or module.hidden_size) * (1 + module.bidirectional),
    ),
    nn.MultiheadAttention: lambda module: (module.embed_dim,) * 2,
    nn.TransformerEncoderLayer: lambda module: (module.self_attn.embed_dim,) * 2,
    nn.TransformerDecoderLayer: lambda module: (module.self_attn.embed_dim,) * 2,
}
_OF_PLACES = (  # which pool, stretch or pad places, and leave features as they are
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d, nn.Upsample),
)


class ChannelsSeen:
    """Tells where features stand, from one module to the next, in one pass."""

    def __init__(self) -> None:
        self._told: dict[Shape, Channels] = {}  # "" where two modules differ

    def of(self, module: nn.Module, tensor: Tensor, *, of_input: bool) -> Channels:
        """Where features stand in what a module took or gave; "" if nothing tells, or nothing has to.

        Args:
            module: The module.
            tensor: `[B, …]`.
            of_input: Whether it was taken.
        """
        if tensor.ndim < 3:
            return ""
        shape = tuple(tensor.shape)
        told = _by_kind(module, shape, of_input)
        if told == "":
            return self._told.get(shape, "")
        if self._told.setdefault(shape, told) != told:
            self._told[shape] = ""
        return told


def arranged(tensor: Tensor, channels: Channels, mask: Tensor | None = None) -> Tensor:
    """A view of a tensor in a form that pooling knows: `[B, T, D]` or `[B, C, places …]`.

    Args:
        tensor: `[B, …]`.
        channels: Where its features stand.
        mask: `[B, T]` of valid tokens: places that are these tokens stay tokens.
    """
    if channels == "first" and tensor.ndim == 3:
        of_tokens = mask is not None and mask.shape == (tensor.shape[0], tensor.shape[2])
        return tensor.transpose(1, 2) if of_tokens else tensor[..., None]
    if channels == "last" and tensor.ndim > 3:
        return tensor.movedim(-1, 1)
    return tensor


def _by_kind(module: nn.Module, shape: Shape, of_input: bool) -> Channels:
    """What the kind of a module says of values of this shape."""
    if isinstance(module, _OF_PLACES):
        return "first"
    if type(module).__name__ == "Conv1D" and hasattr(module, "nf"):  # a linear layer of Hugging Face
        return "last"
    for kinds in (_FIRST, _LAST):
        for kind, sizes in kinds.items():
            if not isinstance(module, kind):
                continue
            features = sizes(module)[0 if of_input else 1]
            first, last = shape[1] == features, shape[-1] == features
            if first != last:
                return "first" if first else "last"
            # what a subclass makes of its input, as norms of images do of the last axis, may be another thing
            as_kind = type(module).forward is cast("Any", kind).forward or kinds is _FIRST
            return ("first" if kinds is _FIRST else "last") if first and as_kind else ""
    return ""


def _normalized(module: Any) -> int:
    """How many features a norm is of; 0 if it is over several axes."""
    shape = module.normalized_shape
    return shape[0] if len(shape) == 1 else 0
