import numpy as np
import pytest

from chroma.insight.influence import Step, influence, strongest

RNG = np.random.default_rng(0)


def test_it_is_the_product_of_the_gradients_of_the_last_layer():
    torch = pytest.importorskip("torch")
    head = torch.nn.Linear(5, 3)
    train, asked = torch.randn(6, 5), torch.randn(2, 5)
    y, z = torch.tensor([0, 1, 2, 0, 1, 2]), torch.tensor([1, 0])

    def gradient(features, label):
        loss = torch.nn.functional.cross_entropy(head(features)[None], label[None])
        return torch.cat([g.ravel() for g in torch.autograd.grad(loss, list(head.parameters()))])

    expected = [
        [float(gradient(a, q) @ gradient(t, c)) for t, c in zip(train, y, strict=True)]
        for a, q in zip(asked, z, strict=True)
    ]
    with torch.no_grad():
        step = Step(train.numpy(), head(train).numpy(), asked.numpy(), head(asked).numpy(), rate=0.5)
    found = influence([step, step], y.numpy(), z.numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_wrong_labels_are_the_opponents_of_what_they_misled():
    n, classes = 600, 3
    truth = RNG.integers(0, classes, n)
    features = np.abs(RNG.normal(size=(n, 8))) + 4 * np.eye(classes, 8)[truth]
    labels = truth.copy()
    flipped = RNG.choice(n, 60, replace=False)
    labels[flipped] = (truth[flipped] + 1) % classes
    logits = 3 * np.eye(classes)[truth] + RNG.normal(size=(n, classes))
    asked = np.abs(RNG.normal(size=(20, 8))) + 4 * np.eye(classes, 8)[np.zeros(20, int)]
    said = 2 * np.eye(classes)[np.ones(20, int)] + RNG.normal(size=(20, classes))
    pushed = influence([Step(features, logits, asked, said)], labels, np.zeros(20, int))
    against, speaks_for = strongest(pushed, count=10)
    assert np.isin(against, flipped).mean() > 0.75
    assert (labels[speaks_for] == 0).all()


def test_what_is_not_known_has_no_influence():
    step = Step(np.ones((3, 2)), np.zeros((3, 2)), np.ones((1, 2)), np.zeros((1, 2)))
    step.features[2], step.logits[2] = np.nan, np.inf
    found = influence([step], np.array([0, -1, 1]), np.array([0]))
    assert found[0, 1] == 0
    assert np.isnan(found[0, 2])
    against, speaks_for = strongest(found, count=5)
    assert against.tolist() == [[1, 0, 2]]
    assert speaks_for.tolist() == [[0, 1, 2]]
