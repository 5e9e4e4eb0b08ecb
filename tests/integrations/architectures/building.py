"""Builds small models of the installed transformers, without weights."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers.models.auto import modeling_auto

from tests.integrations.architectures.checking import B, Built, loss_of, short

KINDS = (
    "SEQUENCE_CLASSIFICATION",
    "IMAGE_CLASSIFICATION",
    "AUDIO_CLASSIFICATION",
    "VIDEO_CLASSIFICATION",
    "",
    "CAUSAL_LM",
    "MASKED_LM",
    "TOKEN_CLASSIFICATION",
    "SEQ_TO_SEQ_CAUSAL_LM",
    "CTC",
    "SEMANTIC_SEGMENTATION",
    "DEPTH_ESTIMATION",
    "OBJECT_DETECTION",
    "TEXT_ENCODING",
)
_PER_TOKEN = ("CAUSAL_LM", "MASKED_LM", "TOKEN_CLASSIFICATION", "SEQ_TO_SEQ_CAUSAL_LM")  # labels
T, CLASSES, VOCABULARY = 12, 3, 99
_PAD, _END = 1, 2  # tokens
_SMALL: dict[str, int] = {
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers"), 2),
    **dict.fromkeys(("decoder_layers", "num_encoder_layers", "num_decoder_layers", "depth"), 2),
    **dict.fromkeys(("intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "ffn_dim"), 48),
    **dict.fromkeys(("n_inner", "moe_intermediate_size", "shared_expert_intermediate_size"), 48),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "n_group", "topk_group", "n_shared_experts"), 1),
    **dict.fromkeys(("vocab_size", "text_vocab_size", "decoder_vocab_size"), VOCABULARY),
    **dict.fromkeys(("pad_token_id",), _PAD),
    **dict.fromkeys(("bos_token_id", "eos_token_id", "decoder_start_token_id", "sep_token_id"), _END),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_source_positions", "n_ctx"), 128),
    **dict.fromkeys(("image_token_id", "image_token_index", "video_token_id", "audio_token_id"), 98),
}
_NARROW: dict[str, int] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "embed_dim", "embedding_size"), 32),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("d_kv", "head_dim"), 8),
    **dict.fromkeys(("projection_dim", "codevector_dim", "proj_codevector_dim"), 16),
    "image_size": 32,
    "patch_size": 8,
}
_LISTS: dict[str, Any] = {
    **dict.fromkeys(("depths", "layers_block_type_counts", "num_blocks"), lambda values: [1] * len(values)),
    **dict.fromkeys(
        ("hidden_sizes", "embed_dims", "neck_hidden_sizes"),
        lambda values: [16 << n for n in range(len(values))],
    ),
    "conv_dim": lambda values: [16] * len(values),
}
_FROM_NONE = ("num_key_value_heads", "pad_token_id")
_MOST_PARAMETERS = 30_000_000


def classes() -> dict[str, str]:
    """Names of the model classes behind the Auto classes, and what each is for; by family."""
    found: dict[str, tuple[str, str]] = {}
    for kind in KINDS:
        mapping = f"MODEL_FOR_{kind}_MAPPING_NAMES" if kind else "MODEL_MAPPING_NAMES"
        for family, names in getattr(modeling_auto, mapping).items():
            for name in (names,) if isinstance(names, str) else names:
                found.setdefault(name, (family, kind))
    return {name: kind for name, (_, kind) in sorted(found.items(), key=lambda item: item[1][0])}


def build(name: str, kind: str) -> Built:
    """A small model of a class, and samples that it can be trained on.

    Raises:
        ValueError: None was found.
    """
    model_class = getattr(transformers, name)
    why: list[str] = []
    for options in ({**_SMALL, **_NARROW}, {**_SMALL, **_NARROW, "hidden_size": 64}, _SMALL):
        try:
            config = _configured(model_class.config_class, options)
            with torch.device("meta"):
                size = sum(parameter.numel() for parameter in model_class(config).parameters())
            if size > _MOST_PARAMETERS:
                raise ValueError(f"{size / 1e6:,.0f} million parameters with a small configuration")
            torch.manual_seed(0)
            model = model_class(config)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it needs
            why.append(short(error))
            continue
        for samples in _samples(model, kind):
            if "labels" in samples[0]:
                one_label = not samples[0]["labels"].ndim
            else:  # it gives the scores of its classes all the same
                one_label = name.endswith("ForImageClassification")
            built = Built(model, samples, lambda model, batch: model(**batch), one_label)
            try:
                model.train()
                loss_of(model(**torch.utils.data.default_collate(samples[:B]))).backward()
                model.eval()
                with torch.no_grad():
                    model(**torch.utils.data.default_collate(samples[:B]))
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001
                why.append(short(error))
                continue
            model.zero_grad()
            return built
    raise ValueError(why[0])


def _configured(config_class: Any, options: dict[str, int]) -> Any:
    default = config_class()
    return config_class(**_smaller(default, options))


def _smaller(config: Any, options: dict[str, int]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in vars(config).items():
        if isinstance(value, transformers.PretrainedConfig):
            given[key] = _smaller(value, options)
            if "model_type" not in given[key]:
                given[key]["model_type"] = value.model_type
        elif key in _LISTS and isinstance(value, (list, tuple)):
            given[key] = _LISTS[key](value)
        elif key in options and (type(value) is int or (value is None and key in _FROM_NONE)):
            given[key] = options[key]
    given["num_labels"] = CLASSES
    if getattr(config, "is_encoder_decoder", False):
        given["decoder_start_token_id"] = _END
    return given


def _samples(model: Any, kind: str) -> Iterator[list[dict[str, Any]]]:
    """Samples that a model may take: of all that it names, else of one kind."""
    named = set(inspect.signature(model.forward).parameters)
    random = torch.Generator().manual_seed(1)
    words, images = _words(model.config, named, random), _images(model.config, named, random)
    sounds = _sounds(model.config, named, random)
    turned = {key: value.transpose(1, 2) for key, value in sounds.items() if value.ndim == 3}
    spectra = {key: torch.randn(2 * B, 1024, 128, generator=random) for key in sounds}
    videos = {
        key: value[:, None].repeat_interleave(_frames(model.config), 1) for key, value in images.items()
    }
    decoded = {"decoder_input_ids": words["input_ids"]} if {"decoder_input_ids", "input_ids"} <= named else {}
    if "decoder_input_ids" in named and not decoded:
        decoded = {"decoder_input_ids": torch.randint(3, 90, (2 * B, T), generator=random)}
    labels: dict[str, Tensor] = {}
    if "labels" in named and kind in _PER_TOKEN:
        labels = {"labels": words["input_ids"] % CLASSES} if "input_ids" in words else {}
    elif "labels" in named and kind.endswith("CLASSIFICATION"):
        labels = {"labels": torch.arange(2 * B) % CLASSES}
    alone = ({**words, **images}, words, images, sounds, turned, videos, spectra, {**words, **sounds})
    with_decoder = [{**given, **decoded} for given in (words, images, sounds, turned) if given and decoded]
    for given in (*alone, *([] if kind.endswith("CLASSIFICATION") else with_decoder)):
        for columns in (
            ({**given, **labels}, given) if labels and kind in _PER_TOKEN else ({**given, **labels},)
        ):
            if given:
                yield [{key: value[row] for key, value in columns.items()} for row in range(2 * B)]


def _words(config: Any, named: set[str], random: torch.Generator) -> dict[str, Tensor]:
    if "input_ids" not in named:
        return {}
    vocabulary = getattr(getattr(config, "text_config", config), "vocab_size", None) or VOCABULARY
    tokens = torch.randint(3, max(4, min(VOCABULARY, vocabulary) - 5), (2 * B, T), generator=random)
    mask = torch.ones(2 * B, T, dtype=torch.long)
    mask[::3, T // 2 :] = 0
    tokens[mask == 0] = _PAD
    tokens[torch.arange(2 * B), mask.sum(1) - 1] = _END
    found = {"input_ids": tokens}
    if "attention_mask" in named:
        found["attention_mask"] = mask
    if "bbox" in named:
        found["bbox"] = torch.tensor([1, 2, 3, 4]).expand(2 * B, T, 4)
    return found


def _images(config: Any, named: set[str], random: torch.Generator) -> dict[str, Tensor]:
    vision = getattr(config, "vision_config", config)
    size = getattr(vision, "image_size", None)
    sides = size if isinstance(size, (list, tuple)) else (size or 64, size or 64)
    shape = (2 * B, getattr(vision, "num_channels", 3), *sides)
    return {
        key: torch.randn(shape, generator=random)
        for key in ("pixel_values", "pixel_values_videos")
        if key in named
    }


def _frames(config: Any) -> int:
    return getattr(config, "num_frames", None) or getattr(config, "frames_per_clip", None) or 2


def _sounds(config: Any, named: set[str], random: torch.Generator) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    if "input_values" in named:
        found["input_values"] = torch.randn(2 * B, 4_800, generator=random)
    if "input_features" in named:
        mels = getattr(config, "num_mel_bins", None) or getattr(config, "feature_size", 80)
        frames = 2 * getattr(config, "max_source_positions", 32)
        found["input_features"] = torch.randn(2 * B, mels, frames, generator=random)
    return found
