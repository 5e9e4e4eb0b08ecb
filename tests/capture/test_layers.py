from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.capture.heads import Facts, Proof, prove
from chroma.capture.layers import Layer, choose
from chroma.capture.modules import Module
from chroma.capture.places import are_of_places
from chroma.capture.pooling import pooled, pooling_of
from chroma.errors import ConfigError, NotFoundError


def module(name: str, given: tuple[int, ...] | None, gave: tuple[int, ...] | None, **more: Any) -> Module:
    known: dict[str, Any] = {"leaf": True, "parametrised": True, "input": given, "output": gave, **more}
    return Module(
        name, **{"matrix": known["parametrised"], "channels_in": "first", "channels_out": "first", **known}
    )


CONV = module("encoder.0", (8, 1, 28, 28), (8, 16, 28, 28))
ENCODER = module("encoder", (8, 1, 28, 28), (8, 16, 28, 28), leaf=False, parametrised=False)
FEATURES = module("fc", (8, 256), (8, 64))
HEAD = module("head", (8, 64), (8, 10))
SOFTMAX = module("softmax", (8, 10), (8, 10), parametrised=False)
PROVED, NONE = Proof(HEAD, "classes"), Proof(None, None, "nothing tells the classes")
_OTHERS = ("generator", (8, 16), (8, 64))
FIRED = [CONV, ENCODER, FEATURES, HEAD, SOFTMAX]
NAMES = ["", "encoder", "encoder.0", "fc", "head", "softmax", "dead"]


def test_auto_takes_features_and_logits() -> None:
    features, logits = choose("auto", NAMES, FIRED, 8, PROVED)
    assert (features.name, features.module, features.of_input, features.default) == (
        "head:input",
        "head",
        True,
        True,
    )
    assert (logits.name, logits.default) == ("head", False)
    assert "10-way classifier head" in features.reason


ENCODE, SPREAD = module("encoder.1", (8, 64), (8, 5)), module("encoder.3", (8, 40), (8, 9))
DECODE = module("decoder", (8, 5), (8, 64))
PIXELS = module("out", (8, 16, 28, 28), (8, 3, 28, 28))
WHOLE = module("encoder", (8, 64), (8, 5), leaf=False, parametrised=False)


@pytest.mark.parametrize(
    ("fired", "layers"),
    [
        ([CONV, ENCODER, FEATURES, HEAD], ["head:input", "head"]),
        ([module("embedding", None, (8, 20, 32)), module("out", (8, 32), (8, 1))], ["out:input"]),
        ([CONV, PIXELS], ["out:input"]),
        ([module("embed", None, (8, 6, 32)), module("words", (8, 6, 32), (8, 6, 9_000))], ["words:input"]),
        ([CONV, module("norm", (8, 6, 16), (8, 6, 16), matrix=False)], ["norm"]),
        ([module("only", (8, 64), (8, 12))], ["only"]),  # what goes in are the data
        ([ENCODE, DECODE], ["encoder.1"]),
        ([ENCODE, WHOLE, DECODE], ["encoder"]),
        ([module("encoder.0", (8, 64), (8, 40)), SPREAD, ENCODE, DECODE], ["encoder.1"]),
        (
            [
                module("fc", (8, 64), (8, 40)),
                module("var", (8, 40), (8, 5)),
                module("mu", (8, 40), (8, 5)),
                DECODE,
            ],
            ["mu"],
        ),
    ],
)
def test_auto_without_a_head(fired: list[Module], layers: list[str]) -> None:
    chosen = choose("auto", [], fired, 8, NONE)
    assert [layer.name for layer in chosen] == layers
    assert [layer.default for layer in chosen] == [True, False][: len(layers)]


def test_the_mean_of_a_latent_distribution_is_opened_first_where_its_spread_is_given_beside_it() -> None:
    """As the encoder of a VAE that is trained by hand gives both, and no decoder is called."""
    inside = module("dense", (8, 64), (8, 16))
    mean = module("encoder.z_mean", (8, 16), (8, 4), gives=0)
    spread = module("encoder.z_log_var", (8, 16), (8, 4), gives=1)
    (only,) = choose("auto", [], [inside, mean, spread], 8, NONE)
    assert (only.name, only.of_input) == ("encoder.z_mean", False)
    lone = choose("auto", [], [inside, mean], 8, NONE)
    assert [layer.name for layer in lone] == ["encoder.z_mean:input", "encoder.z_mean"]


def test_a_model_that_tells_a_class_for_each_pixel_is_no_autoencoder() -> None:
    narrow, wide = module("mid", (8, 16, 8, 8), (8, 4, 2, 2)), module("out", (8, 16, 8, 8), (8, 3, 8, 8))
    fired = [module("in", (8, 3, 8, 8), (8, 16, 8, 8)), narrow, wide]
    assert choose("auto", [], fired, 8, NONE)[0].name == "mid"
    proof = prove(fired, 8, Facts(of_places=True))
    assert choose("auto", [], fired, 8, proof)[0].name == "out:input"
    assert proof.why == "the model tells a class for each place of a sample"


@pytest.mark.parametrize(
    ("target", "output", "kind", "right"),
    [
        ((8, 28, 28), (8, 3, 28, 28), "whole", True),
        ((8, 1, 28, 28), (8, 3, 28, 28), "whole", True),
        ((8, 28, 28, 1), (8, 3, 28, 28), "whole", True),
        ((8, 20), (8, 20, 5), "whole", True),
        ((8, 1, 28, 28), (8, 1, 28, 28), "binary", True),
        ((8, 3, 28, 28), (8, 3, 28, 28), "neither", False),  # an image again
        ((8, 1), (8, 3, 28, 28), "whole", False),
        ((8, 14, 14), (8, 3, 28, 28), "whole", False),
        ((8, 10), (8, 10, 1, 1), "binary", False),  # one place: a classifier
        ((8, 10), (8, 10), "binary", False),
    ],
)
def test_targets_of_places_are_known_by_their_shape(target: Any, output: Any, kind: str, right: bool) -> None:
    assert are_of_places(target, output, whole=kind == "whole", binary=kind == "binary") == right


def test_auto_of_a_binary_head_takes_what_goes_in() -> None:
    head = module("out", (8, 32), (8, 1))
    (only,) = choose("auto", NAMES, [CONV, head], 8, Proof(head, "binary"))
    assert (only.name, "binary classifier head" in only.reason) == ("out:input", True)


def test_it_is_said_why_there_is_no_head() -> None:
    assert choose("auto", NAMES, FIRED, 8, NONE)[0].reason.startswith(
        "no classifier head: nothing tells the classes; this goes into"
    )


def test_names_globs_and_inputs() -> None:
    chosen = choose(["fc", "enc*", "head:input", Layer("encoder.0", pool="mean")], NAMES, FIRED, 8, NONE)
    assert [layer.name for layer in chosen] == ["fc", "encoder", "encoder.0", "head:input"]
    assert [layer.default for layer in chosen] == [True, False, False, False]
    assert chosen[1].reason == "matches 'enc*'"
    assert [layer.name for layer in choose("*", NAMES, FIRED, 8, NONE)] == [
        m for m in NAMES if m not in ("", "dead")
    ]


def test_a_module_called_twice_is_told() -> None:
    (only,) = choose("fc", NAMES, [module("fc", (8, 256), (8, 64), calls=2)], 8, NONE)
    assert only.reason == "named by the user; called 2 times per batch, the first call counts"


def test_layers_are_chosen_among_calls_on_the_batchs_rows() -> None:
    fakes = module("generator", (8, 16), (8, 64), known=False)
    real = module("judge", (8, 64), (8, 32), calls=3, differs=True, first=False)
    layers = choose("auto", [], [module("fc", (8, 64), (8, 64)), real, fakes], 8, NONE)
    assert [layer.name for layer in layers] == ["judge:input", "judge"]
    assert layers[0].reason.endswith("3 times per batch, the first call on the batch's own rows counts")
    with pytest.raises(ConfigError, match="not known which call is on the batch's rows; forward="):
        choose("auto", [], [fakes], 8, NONE)
    (named,) = choose("generator", ["generator"], [module(*_OTHERS, calls=2, known=False)], 8, NONE)
    assert named.reason.endswith("it is not known whether that is on the batch's rows")


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
        choose(wanted, NAMES, FIRED, 8, NONE)


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(NotFoundError, match="no layer named 'heads'; there is head"):
        choose("heads", NAMES, FIRED, 8, NONE)


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is nothing to capture"):
        choose("auto", NAMES, [SOFTMAX], 8, NONE)


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
