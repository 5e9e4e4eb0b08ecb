from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.capture.layers import Layer, Module, choose, classifier_head
from chroma.capture.pooling import pooled, pooling_of
from chroma.errors import ConfigError, NotFoundError


def module(name: str, given: tuple[int, ...] | None, gave: tuple[int, ...] | None, **more: Any) -> Module:
    return Module(name, **{"leaf": True, "parametrised": True, "input": given, "output": gave, **more})


CONV = module("encoder.0", (8, 1, 28, 28), (8, 16, 28, 28))
ENCODER = module("encoder", (8, 1, 28, 28), (8, 16, 28, 28), leaf=False, parametrised=False)
FEATURES = module("fc", (8, 256), (8, 64))
HEAD = module("head", (8, 64), (8, 10))
SOFTMAX = module("softmax", (8, 10), (8, 10), parametrised=False)
FIRED = [CONV, ENCODER, FEATURES, HEAD, SOFTMAX]
NAMES = ["", "encoder", "encoder.0", "fc", "head", "softmax", "dead"]


def test_the_head_is_the_last_layer_that_fits_the_labels() -> None:
    assert classifier_head(FIRED, 8, 10) is HEAD
    assert classifier_head(FIRED, 8, -7) is HEAD  # seven classes seen so far
    assert classifier_head(FIRED, 8, 64) is FEATURES
    assert classifier_head(FIRED, 8, 0) is None
    assert classifier_head(FIRED, 16, 10) is None  # not one row per sample
    assert classifier_head([module("vocabulary", (8, 64), (8, 50_000))], 8, 50_000) is None


def test_a_decoder_is_no_head() -> None:
    encoder, decoder = module("encoder", (8, 64), (8, 32)), module("decoder", (8, 32), (8, 64))
    assert classifier_head([encoder, decoder], 8, -10) is None  # labels ride along, of ten classes so far
    assert classifier_head([encoder, decoder], 8, -64) is decoder
    upwards = module("decoder.conv", (8, 4, 7, 7), (8, 1, 28, 28))
    assert classifier_head([CONV, FEATURES, upwards], 8, -10) is None
    assert classifier_head([CONV, FEATURES, HEAD, upwards], 8, 10) is HEAD  # the classes have names


def test_auto_takes_features_and_logits() -> None:
    features, logits = choose("auto", NAMES, FIRED, 8, HEAD)
    assert (features.name, features.module, features.of_input, features.default) == (
        "head:input",
        "head",
        True,
        True,
    )
    assert (logits.name, logits.default) == ("head", False)
    assert "10-way classifier head" in features.reason


def test_auto_without_a_head_takes_what_is_named_like_an_embedding() -> None:
    (only,) = choose("auto", NAMES, FIRED, 8, None)
    assert (only.name, only.pooling) == ("encoder", "mean over space")
    (only,) = choose("auto", NAMES, [FEATURES, SOFTMAX], 8, None)
    assert (only.name, "last layer with parameters" in only.reason) == ("fc", True)
    (only,) = choose("auto", NAMES, [module("out", (8, 32), (8, 1))], 8, None)
    assert only.name == "out:input"  # one number per sample shows nothing


def test_names_globs_and_inputs() -> None:
    chosen = choose(["fc", "enc*", "head:input", Layer("encoder.0", pool="mean")], NAMES, FIRED, 8, None)
    assert [layer.name for layer in chosen] == ["fc", "encoder", "encoder.0", "head:input"]
    assert [layer.default for layer in chosen] == [True, False, False, False]
    assert chosen[1].reason == "matches 'enc*'"
    assert [layer.name for layer in choose("*", NAMES, FIRED, 8, None)] == [
        m for m in NAMES if m not in ("", "dead")
    ]


def test_a_module_called_twice_is_told() -> None:
    (only,) = choose("fc", NAMES, [module("fc", (8, 256), (8, 64), calls=2)], 8, None)
    assert only.reason == "named by the user; called 2 times per batch, the first call counts"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("dead", "'dead'|dead was not called"),
        ("fc:output", "only ':input' can follow"),
        (Layer("fc", pool="max"), "pool='max' is not known"),  # type: ignore[arg-type]
        (Layer("encoder.0", pool="cls"), "cannot become one vector per sample"),
    ],
)
def test_what_cannot_work_is_refused(wanted: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        choose(wanted, NAMES, FIRED, 8, None)


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(NotFoundError, match="no layer named 'heads'; there is head"):
        choose("heads", NAMES, FIRED, 8, None)


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is nothing to capture"):
        choose("auto", NAMES, [SOFTMAX], 8, None)


def test_pooling() -> None:
    space, tokens = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5), np.arange(2 * 4 * 3.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(pooled(space, 2), space.mean((2, 3)))
    np.testing.assert_array_equal(pooled(tokens, 2), tokens.mean(1))
    np.testing.assert_array_equal(pooled(tokens, 2, "cls"), tokens[:, 0])
    np.testing.assert_array_equal(pooled(tokens, 2, "last"), tokens[:, -1])
    np.testing.assert_array_equal(pooled(tokens, 2, lambda values: values.max(1)), tokens.max(1))
    assert pooled(tokens[:, 0, 0], 2).shape == (2, 1)
    assert [pooling_of(shape) for shape in ((2, 3), (2, 4, 3), (2, 3, 4, 5))] == [
        "none",
        "mean over tokens",
        "mean over space",
    ]
    with pytest.raises(ConfigError, match=r"the layer gave \[2, 3\] for a batch of 4"):
        pooled(tokens, 4)
