"""Which code is a library's: what its objects keep from one read to the next are random generators alone."""

from __future__ import annotations

import sys
from typing import Any

# their objects hold data, and are not looked into
DATA = {
    *("numpy", "pandas", "pyarrow", "polars", "scipy", "PIL", "h5py", "zarr", "lmdb", "tokenizers"),
    *("sentencepiece", "jax", "jaxlib", "fsspec", "huggingface_hub"),
}
# they are looked into for generators and functions of the user's; their own functions draw from these only
KNOWN = DATA | {
    *("torch", "torchvision", "torchaudio", "torchdata", "torchmetrics", "accelerate", "transformers"),
    *("datasets", "evaluate", "keras", "tensorflow", "sklearn", "skimage", "timm", "tqdm", "dill"),
}
# they know of the whole training, and have nothing to do with its data
APART = {
    "chroma",
    "lightning",
    "pytorch_lightning",
    "lightning_fabric",
    "logging",
    "wandb",
    "mlflow",
    "asyncio",
}

# operations that draw from a generator whose state cannot be read, by the module that is called
_HIDDEN = {
    "tensorflow": {
        *("uniform", "normal", "truncated_normal", "shuffle", "gamma", "poisson", "categorical"),
        *("random_flip_left_right", "random_flip_up_down", "random_brightness", "random_contrast"),
        *("random_crop", "random_hue", "random_saturation", "random_jpeg_quality", "dropout"),
    },
    "cv2": {"randn", "randu", "randShuffle"},
}


def root_of(thing: Any) -> str:
    """The package that a class, function or module is of."""
    name = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
    return name.partition(".")[0] if isinstance(name, str) else ""


def is_known(root: str) -> bool:
    """Whether a package is a library that is known, or part of Python."""
    return root in KNOWN or root in APART or (root in sys.stdlib_module_names and root != "__main__")


def hidden_draws(root: str, names: set[str]) -> str | None:
    """An operation of a module, among the names that a function uses, that draws from a hidden generator."""
    return next(iter(sorted(_HIDDEN.get(root, set()) & names)), None)
