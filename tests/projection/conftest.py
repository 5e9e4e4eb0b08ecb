import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """Digits with a little noise, so that no two distances are equal: float32 `[1797, 64]` and labels."""
    vectors, labels = load_digits(return_X_y=True)
    noise = np.random.default_rng(0).normal(0, 0.01, vectors.shape)
    return (vectors + noise).astype(np.float32), labels
