"""What a call of Keras says of itself: its settings, its processes and devices, and the moment."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from chroma.errors import ConfigError

keras: Any = import_module("keras")  # its types are not complete

_SETTINGS = ("epochs", "batch_size", "steps_per_epoch", "validation_split", "shuffle")


def config_of(model: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the call was asked to do, plain numbers and names only."""
    optimizer = getattr(model, "optimizer", None)
    config: dict[str, Any] = {name: arguments[name] for name in _SETTINGS if name in arguments}
    if optimizer is not None:
        config["optimizer"] = type(optimizer).__name__
    return config


def last_epoch(model: Any) -> int:
    """The last epoch that the model was trained for; 0 if it was not."""
    epochs = getattr(getattr(model, "history", None), "epoch", None)
    return epochs[-1] if epochs else 0


def step_of(model: Any, epoch: int) -> int:
    """The optimizer's step; the epoch if it makes none, as where a `train_step` has its own optimizers."""
    optimizer = getattr(model, "optimizer", None)
    steps = 0 if optimizer is None else int(keras.ops.convert_to_numpy(optimizer.iterations))
    return steps or epoch


def devices_of(model: Any) -> int:
    """Devices over which TensorFlow spreads a model."""
    strategy = getattr(model, "distribute_strategy", None)
    return getattr(strategy, "num_replicas_in_sync", 1)


def refuse_processes(model: Any) -> None:
    """Refuse a training in several processes, each of which would see a part of the samples.

    Raises:
        ConfigError: There are several.
    """
    processes = 1
    if keras.backend.backend() == "jax":
        processes = import_module("jax").process_count()
    elif keras.backend.backend() == "torch":
        dist = import_module("torch.distributed")
        processes = dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
    elif cluster := getattr(getattr(model, "distribute_strategy", None), "cluster_resolver", None):
        processes = len(cluster.cluster_spec().as_dict().get("worker", ())) or 1
    if processes > 1:
        raise ConfigError(
            f"this model is trained by {processes} processes, which Chroma does not capture with Keras; "
            "train in one process to see it"
        )
