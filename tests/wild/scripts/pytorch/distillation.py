"""Knowledge distillation: a small student learns what a frozen teacher says."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

torch.manual_seed(13)
digits = load_digits()
x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
train_loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=50, shuffle=True)
test_loader = DataLoader(TensorDataset(x[200:320], y[200:320]), batch_size=50)

teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)).eval()
student = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
T = 2.0
with chroma.watch(student, loader={"train": train_loader, "test": test_loader}) as watch:
    for epoch in range(2):
        for inputs, labels in train_loader:
            optimizer.zero_grad()
            with torch.no_grad():
                teacher_logits = teacher(inputs)
            student_logits = student(inputs)
            soft = F.kl_div(
                F.log_softmax(student_logits / T, dim=1),
                F.softmax(teacher_logits / T, dim=1),
                reduction="batchmean",
            )
            (0.5 * T * T * soft + 0.5 * F.cross_entropy(student_logits, labels)).backward()
            optimizer.step()
        watch.snapshot(epoch=epoch)
