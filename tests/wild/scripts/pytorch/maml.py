"""MAML: an inner step on the support set of a task, an outer step on its query set."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(9)
digits = load_digits()
x = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
ways, shots = 3, 4
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, ways))
meta_optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def sample_task():
    classes = torch.randperm(7)[:ways]
    rows = torch.stack(
        [torch.nonzero(y[:700] == c).flatten()[torch.randperm(60)[: 2 * shots]] for c in classes]
    )
    target = torch.arange(ways).repeat_interleave(shots)
    return x[rows[:, :shots].flatten()], target, x[rows[:, shots:].flatten()], target


# classes that no task has shown: 7, 8 and 9
unseen = torch.nonzero(y[:400] > 6).flatten()
test_loader = DataLoader(TensorDataset(x[unseen], y[unseen] - 7), batch_size=32)

with chroma.watch(model, loader=test_loader, split="unseen") as watch:
    for iteration in range(4):
        meta_loss = 0.0
        for _ in range(3):
            support_x, support_y, query_x, query_y = sample_task()
            params = dict(model.named_parameters())
            inner = F.cross_entropy(functional_call(model, params, (support_x,)), support_y)
            grads = torch.autograd.grad(inner, list(params.values()), create_graph=True)
            adapted = {name: p - 0.1 * g for (name, p), g in zip(params.items(), grads, strict=True)}
            meta_loss = meta_loss + F.cross_entropy(functional_call(model, adapted, (query_x,)), query_y)
        meta_optimizer.zero_grad()
        meta_loss.backward()
        meta_optimizer.step()
        watch.snapshot(step=iteration)
