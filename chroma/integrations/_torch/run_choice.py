"""Which layers of a PyTorch model a run captures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chroma.capture.heads import Facts, Loss, Proof, prove, task_of
from chroma.capture.layers import Chosen
from chroma.capture.modules import Module
from chroma.integrations._torch.views import Views

ONE_CLASS = ("classes", "binary")  # kinds of heads that predict one class
_SCORES = ":scores"  # no module's name


@dataclass(slots=True)
class RunChoice:
    """The layers of a run, chosen once for all its splits.

    Attributes:
        layers: The layers to capture; empty before they are chosen.
        widths: Values per sample of each.
        scores: The layer whose output may be scores of classes; None if there is none.
        fired: The modules that the first batch called.
        rows: Samples in that batch.
        outermost: Names of the modules that the training step itself called on it.
        loss: What the training's loss compares, as far as its graph says.
        compared: How many scores per sample it compares with the labels; 0 where it does not say.
        proof: What the last layer is, as known once the first pass is complete; None before.
        task: What is learned, likewise; "" before.
        about: Where labels and the head are, for people.
        views: How several views of each sample are joined in what the model takes; None where none are.
        cut: Names of the layers of which the first views are taken.
    """

    layers: list[Chosen] = field(default_factory=list[Chosen])
    widths: list[int] = field(default_factory=list[int])
    scores: Chosen | None = None
    fired: Sequence[Module] = ()
    rows: int = 0
    outermost: Collection[str] = ()
    loss: Loss = "unknown"
    compared: int = 0
    proof: Proof | None = None
    task: str = ""
    views: Views | None = None
    cut: Collection[str] = ()
    about: str = ""

    @property
    def known_proof(self) -> Proof:
        """What the last layer is, once the first pass is complete."""
        assert self.proof is not None
        return self.proof

    def prove(self, facts: Facts, said: str, task: str) -> bool:
        """The first pass is complete: prove the head by all that is known.

        Args:
            facts: What is known of the classes.
            said: The task that the user says, or "auto".
            task: What one would call it by the labels alone.

        Returns:
            Whether the scores that were taken are those of the head, if one is proved.
        """
        proof = self.proof = prove(self.fired, self.rows, facts)
        self.task = said if said != "auto" else task_of(task, proof, self.fired, facts)
        scores = scores_of(proof)
        if proof.kind not in ONE_CLASS or self.scores == scores:
            return True
        self.scores = scores
        return False


def scores_of(proof: Proof) -> Chosen | None:
    """The output of what may be a head, as a layer."""
    if proof.module is None:
        return None
    head = proof.module
    pool, channels = head.pooled or "auto", head.channels_out
    return Chosen(_SCORES, head.name, False, pool, "none", "the logits", channels=channels)
