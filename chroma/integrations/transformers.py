"""The callback for Hugging Face's Trainer.

```python
from chroma.integrations.transformers import ChromaCallback

trainer = Trainer(model, args, train_dataset=train, eval_dataset=val, callbacks=[ChromaCallback()])
```
"""

from __future__ import annotations

from importlib import import_module

from chroma.integrations._patching import wrap
from chroma.integrations._transformers.callback import ChromaCallback, observed

__all__ = ["ChromaCallback"]

# the Trainer tells a callback neither of itself nor of an error
for method in ("train", "evaluate", "predict"):
    wrap(import_module("transformers").Trainer, method, observed)
