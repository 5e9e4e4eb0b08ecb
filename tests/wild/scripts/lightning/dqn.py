"""Deep Q-learning in Lightning's manner: an IterableDataset samples from a replay buffer."""

import random

import lightning as L
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

import chroma

chroma.autolog()
L.seed_everything(12, verbose=False)


class RLDataset(IterableDataset):
    def __init__(self, buffer, sample_size=60):
        self.buffer, self.sample_size = buffer, sample_size

    def __iter__(self):
        yield from random.sample(self.buffer, self.sample_size)


class DQNLightning(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        self.target_net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        self.buffer = []
        self.populate()

    def populate(self, steps=200):
        state = (0.0, 0.0)
        for step in range(steps):
            action = random.randrange(2)
            place = state[0] + 2 * action - 1
            done = abs(place) > 3
            new_state = (0.0 if done else place, (step % 10) / 10)
            self.buffer.append((torch.tensor(state), action, float(done), done, torch.tensor(new_state)))
            state = new_state

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, nb_batch):
        states, actions, rewards, dones, next_states = batch
        values = self.net(states).gather(1, actions.unsqueeze(-1)).squeeze(-1)
        with torch.no_grad():
            next_values = self.target_net(next_states).max(1)[0]
            next_values[dones] = 0.0
        if self.global_step % 2 == 0:
            self.target_net.load_state_dict(self.net.state_dict())
        return nn.MSELoss()(values, rewards.float() + 0.9 * next_values)

    def configure_optimizers(self):
        return torch.optim.Adam(self.net.parameters(), lr=1e-2)

    def train_dataloader(self):
        return DataLoader(RLDataset(self.buffer), batch_size=20)


model = DQNLightning()
trainer = L.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model)
