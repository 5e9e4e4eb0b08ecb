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
from chroma.integrations._keras.calls import observe

__all__ = ["ChromaCallback"]

keras: Any = import_module("keras")

# From the import on: in `model.fit(…, callbacks=[ChromaCallback()])` Python looks `fit` up before it makes
# the callback, which has to know what `fit` is called with.
observe(keras.Model)
