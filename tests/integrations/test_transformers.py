from __future__ import annotations

import copy
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers import BertForTokenClassification, GPT2Config, GPT2LMHeadModel, TrainerCallback

import chroma
from chroma.integrations.transformers import ChromaCallback
from chroma.records import Metrics, RunClosed, RunOpened
from tests.integrations.autologged import autolog, runs
from tests.integrations.digits import outputs, samples, snapshots, written
from tests.integrations.words import Net, Reviews, config, logits, made, tokenizer

pytestmark = [
    pytest.mark.transformers,
    # the framework's own, of the installed versions
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*"),
]


def callback(**options: Any) -> ChromaCallback:
    return ChromaCallback(**{"silent": True, "project": "tests", "dtype": "float32", **options})


WAYS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "grouped by length, accumulating": {
        "train_sampling_strategy": "group_by_length",
        "gradient_accumulation_steps": 2,
    },
    "persistent workers": {"dataloader_num_workers": 1, "dataloader_persistent_workers": True},
}


@pytest.mark.parametrize("train", ["probe", "ride"])
@pytest.mark.parametrize("way", WAYS)
def test_each_row_is_the_sample_it_names(home: Path, tmp_path: Path, way: str, train: str) -> None:
    """The first token of a sample is its number; labels and logits are those of the same sample."""
    ours = callback(layers=["signature", "classifier"], splits={"train": train, "val": "ride"})
    trainer = made(ours, folder=tmp_path, **WAYS[way])
    trainer.train()
    for split, n, start in (("train", 48, 0), ("val", 40, 1)):
        known = samples(home, split)
        assert known.ids.tolist() == list(range(n))
        assert (known.identity, known.of) == ("index", n)
        assert known.labels.tolist() == [(i + start) % 3 % 2 for i in range(n)]
        assert known.texts == trainer_texts(trainer, split)
        captured = snapshots(home, "signature", split)
        assert [s.epoch for s in captured] == [0, 1]
        for snapshot in captured:
            np.testing.assert_array_equal(snapshot.vectors[:, 0], snapshot.ids)
    exact = logits(trainer.model, trainer.eval_dataset)
    last = [each for each in outputs(home) if each.split == "val"][-1]
    np.testing.assert_allclose(last.logits, exact, atol=1e-4)
    assert ours.receipt is not None
    assert ours.receipt.missing == {}


def test_rows_that_a_collator_moves_keep_their_ids(home: Path, tmp_path: Path) -> None:
    """The longest first, the last one left out; the first token of a sample is its number."""
    pad = transformers.DataCollatorWithPadding(tokenizer())

    def collator(items: list[Any]) -> Any:
        return pad(sorted(items, key=lambda item: -len(item["input_ids"]))[:-1])

    ours = callback(layers=["signature"], splits={"train": "ride", "val": "ride"})
    made(ours, folder=tmp_path, given={"data_collator": collator}, num_train_epochs=1).train()
    for split, n, start in (("train", 45, 0), ("val", 37, 1)):
        known = samples(home, split)
        assert (known.identity, len(known.ids)) == ("index", n)
        assert known.labels.tolist() == [(i + start) % 3 % 2 for i in known.ids.tolist()]
        (captured,) = snapshots(home, "signature", split)
        np.testing.assert_array_equal(captured.vectors[:, 0], captured.ids)


def trainer_texts(trainer: Any, split: str) -> list[str]:
    return (trainer.train_dataset if split == "train" else trainer.eval_dataset).texts


@pytest.mark.parametrize("how", ["callback", "autolog"])
def test_training_is_the_same_to_the_bit(tmp_path: Path, how: str) -> None:
    """Weights, optimizer, random states and what is logged; dropout, shuffling and a train probe are on."""

    def train(capture: bool) -> tuple[Any, ...]:
        ours = [callback(splits=("train", "val"))] if capture and how == "callback" else []
        trainer = made(*ours, folder=tmp_path, logging_steps=1)
        trainer.train()
        steps = [
            {name: value for name, value in entry.items() if "runtime" not in name and "second" not in name}
            for entry in trainer.state.log_history
        ]
        moments = [value for kept in trainer.optimizer.state.values() for value in kept.values()]
        state = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
        return trainer.model.state_dict(), moments, steps, state, trainer

    plain = train(False)
    if how == "autolog":
        autolog(splits=("train", "val"))
    ours = train(True)
    assert plain[0].keys() == ours[0].keys()
    assert all(torch.equal(value, ours[0][name]) for name, value in plain[0].items())
    assert all(torch.equal(left, right) for left, right in zip(plain[1], ours[1], strict=True))
    assert plain[2] == ours[2]
    assert torch.equal(plain[3][0], ours[3][0])
    assert plain[3][1:] == ours[3][1:]
    assert vars(plain[4]).keys() == vars(ours[4]).keys()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in ours[4].model.modules())


def test_tokens_are_averaged_where_they_are_valid(home: Path, tmp_path: Path) -> None:
    layers = ["bert.encoder", chroma.Layer("bert.encoder.layer.0", pool="last")]
    trainer = made(callback(layers=layers), folder=tmp_path, num_train_epochs=1)
    trainer.train()
    (mean,), (last,) = snapshots(home, "bert.encoder"), snapshots(home, "bert.encoder.layer.0")
    assert mean.note is not None
    assert mean.note.pooling == "mean over tokens"
    model = trainer.model.eval()
    for row in (0, 5, 6):  # 3 to 9 tokens, padded to 10
        tokens = torch.tensor([trainer.eval_dataset[row]["input_ids"]])
        with torch.no_grad():
            seen = model.bert(tokens, output_hidden_states=True)
        np.testing.assert_allclose(mean.vectors[row], seen.last_hidden_state[0].mean(0), atol=1e-4)
        np.testing.assert_allclose(last.vectors[row], seen.hidden_states[1][0, -1], atol=1e-4)


def test_auto_takes_the_head_and_arguments_and_metrics_are_kept(home: Path, tmp_path: Path) -> None:
    ours = callback()
    made(ours, folder=tmp_path, run_name="reviews", logging_steps=1).train()
    features, head = snapshots(home, "classifier:input"), snapshots(home, "classifier")
    assert len(features) == len(head) == 2
    assert features[0].note is not None
    assert features[0].note.default
    opened, closed = written(home)[0], written(home)[-1]
    assert isinstance(opened, RunOpened)
    assert isinstance(closed, RunClosed)
    assert (opened.name, opened.framework) == ("reviews", f"transformers {transformers.__version__}")
    assert opened.config["learning_rate"] == 1e-3
    assert opened.config["model"] == "Net"
    tasks = [record.task for record in written(home) if isinstance(record, RunOpened)]
    assert tasks[-1] == "classification"
    names = {name for record in written(home) if isinstance(record, Metrics) for name in record.values}
    assert {"loss", "eval_loss", "train_loss", "grad_norm", "learning_rate"} <= names
    assert "epoch" not in names


@pytest.mark.parametrize(
    ("strategy", "val", "split"), [("no", True, "val"), ("no", False, "train"), ("steps", True, "val")]
)
def test_what_is_followed_by_default(
    home: Path, tmp_path: Path, strategy: str, val: bool, split: str
) -> None:
    """Without evaluations the samples are evaluated aside; by steps, at those steps."""
    trainer = made(callback(), folder=tmp_path, eval_strategy=strategy, eval_steps=2)
    trainer.eval_dataset = trainer.eval_dataset if val else None
    known = len(trainer.accelerator._dataloaders)
    trainer.train()
    captured = snapshots(home, "classifier", split)
    assert [s.step for s in captured] == ([2, 4, 6] if strategy == "steps" else [3, 6])
    assert [s.epoch for s in captured] == ([0, 1, 1] if strategy == "steps" else [0, 1])
    assert samples(home, split).ids.tolist() == list(range(40 if val else 48))
    if strategy == "no":
        assert len(trainer.accelerator._dataloaders) <= known + 1


def tokens_model() -> Any:
    return BertForTokenClassification(config(num_labels=2))


def language_model() -> Any:
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=len(tokenizer()), n_embd=16, n_layer=1, n_head=2, n_positions=32)
    )


@pytest.mark.parametrize("task", ["regression", "tokens", "language"])
def test_other_tasks(home: Path, tmp_path: Path, task: str) -> None:
    model = {
        "regression": lambda: Net(config(num_labels=1)),
        "tokens": tokens_model,
        "language": language_model,
    }
    collator: Any = None
    if task == "tokens":
        collator = transformers.DataCollatorForTokenClassification(tokenizer())
    if task == "language":
        collator = transformers.DataCollatorForLanguageModeling(tokenizer(), mlm=False)
    data = {split: Reviews(n, task=task) for split, n in (("train", 48), ("val", 40))}
    if task == "language":
        for item in [*data["train"].items, *data["val"].items]:
            del item["labels"], item["key"], item["stars"]
    ours = callback(splits=("train", "val"))
    trainer = made(ours, folder=tmp_path, model=model[task], **data, given={"data_collator": collator})
    trainer.train()
    opened = [record for record in written(home) if isinstance(record, RunOpened)][-1]
    assert opened.task == ("regression" if task == "regression" else "sequence")
    layer = "lm_head:input" if task == "language" else "classifier:input"
    for split in ("train", "val"):
        assert [s.epoch for s in snapshots(home, layer, split)] == [0, 1]
    known = samples(home)
    if task == "regression":
        assert known.labels.tolist() == [(i % 3 % 2) / 2 for i in range(40)]
    else:
        assert known.labels is None
    assert ours.receipt is not None
    assert ours.receipt.missing == {}


def test_several_evaluation_datasets_and_evaluations_of_other_samples(home: Path, tmp_path: Path) -> None:
    class Evaluates(TrainerCallback):
        trainer: Any = None

        def on_epoch_begin(self, *args: Any, **kwargs: Any) -> None:
            self.trainer.evaluate(self.trainer.train_dataset, metric_key_prefix="train")

    theirs = Evaluates()
    several = {"near": Reviews(20), "far": Reviews(30, start=1)}
    theirs.trainer = made(callback(layers="signature"), theirs, folder=tmp_path, val=several)
    theirs.trainer.train()
    for split, n in (("val", 20), ("val:1", 30)):
        assert [len(s.ids) for s in snapshots(home, "signature", split)] == [n, n]
    assert {record.split for record in written(home) if hasattr(record, "identity")} == {"val", "val:1"}


def test_evaluate_and_predict_belong_to_the_run_of_the_training(home: Path, tmp_path: Path) -> None:
    trainer = made(callback(layers="signature", splits=("val", "test")), folder=tmp_path, num_train_epochs=1)
    trainer.train()
    metrics = trainer.evaluate()
    given = trainer.predict(Reviews(24))
    assert metrics.keys() >= {"eval_loss"}
    assert len(given.predictions) == 24
    assert runs(home) == 1
    assert [len(s.ids) for s in snapshots(home, "signature", "test")] == [24]
    assert [s.step for s in snapshots(home, "signature")] == [3, 3]
    assert "prediction_step" not in vars(trainer)


def test_the_users_error_is_the_same_object_and_nothing_stays(home: Path, tmp_path: Path) -> None:
    error = ValueError("the user's own")

    class Breaks(TrainerCallback):
        def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
            raise error

    trainer = made(callback(splits=("train", "val")), Breaks(), folder=tmp_path)
    before = set(vars(trainer))
    with pytest.raises(ValueError, match="the user's own") as caught:
        trainer.train()
    assert caught.value is error
    assert isinstance(closed := written(home)[-1], RunClosed)
    assert (closed.status, closed.error) == ("failed", "ValueError: the user's own")
    assert not {"evaluate", "prediction_step", "training_step"} & (set(vars(trainer)) - before)


def test_control_c_interrupts_the_run(home: Path, tmp_path: Path) -> None:
    class Stops(TrainerCallback):
        def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(callback(), Stops(), folder=tmp_path).train()
    assert isinstance(closed := written(home)[-1], RunClosed)
    assert closed.status == "interrupted"


def test_when_a_layer_is_unknown_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    ours = callback(layers="clasifier")
    result = made(ours, folder=tmp_path).train()
    assert result.global_step == 6
    warned = [record for record in caplog.records if record.name == "chroma"]
    assert len(warned) == 1
    assert "no layer named 'clasifier'" in caplog.text
    assert ours.receipt is not None
    assert ours.receipt.missing


def test_copies_and_pickles_are_fresh(home: Path, tmp_path: Path) -> None:
    ours = callback(max_samples=7)
    trainer = made(ours, folder=tmp_path, num_train_epochs=1)
    trainer.train()
    torch.save(trainer.model, tmp_path / "model.pt")
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert again.run is None
    assert ours.receipt is not None
    assert (ours.receipt.layers[0].n, ours.receipt.layers[0].of) == (7, 40)


def test_a_resumed_training_goes_on_with_its_epochs(home: Path, tmp_path: Path) -> None:
    options = {"folder": tmp_path / "out", "save_strategy": "steps", "save_steps": 2}
    made(folder=tmp_path / "out", save_strategy="steps", save_steps=2).train()
    split = {"train": "ride", "val": "ride"}
    trainer = made(callback(layers="signature", splits=split), **options)
    trainer.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-2"))
    assert [(s.epoch, s.step) for s in snapshots(home, "signature")] == [(0, 3), (1, 6)]
    (train,) = snapshots(home, "signature", "train")  # of epoch 0 a part was trained on before
    assert train.epoch == 1
    np.testing.assert_array_equal(train.vectors[:, 0], train.ids)


@pytest.mark.timeout(300)
def test_two_processes_cover_every_sample_once(home: Path, tmp_path: Path) -> None:
    """41 samples over two processes, in batches of 8."""
    root = Path(__file__).parents[2]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    ran = subprocess.run(
        [sys.executable, *launcher, Path(__file__).with_name("two_trainers.py"), tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert runs(home) == 1
    for split, n in (("train", 30), ("val", 41)):
        captured = snapshots(home, "signature", split)
        for step in {snapshot.step for snapshot in captured}:
            ids = np.concatenate([each.ids for each in captured if each.step == step])
            assert set(ids.tolist()) == set(range(n))
            assert len(ids) - n <= 7  # accelerate fills the last batches up; ingest drops these by id
        for part in captured:
            np.testing.assert_array_equal(part.vectors[:, 0], part.ids)
