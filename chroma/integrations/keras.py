"""The callback for Keras 3, on TensorFlow, PyTorch and JAX.

```python
from chroma.integrations.keras import ChromaCallback

model.fit(x, y, validation_data=(x_val, y_val), epochs=10, callbacks=[ChromaCallback()])
```
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from chroma.integrations._keras.callback import ChromaCallback
from chroma.integrations._keras.calls import wrap_methods

__all__ = ["ChromaCallback"]

keras: Any = import_module("keras")

# On import: in `model.fit(…, callbacks=[ChromaCallback()])` Python looks `fit` up before it makes the
# callback, which needs to know what `fit` is called with.
wrap_methods(keras.Model)
