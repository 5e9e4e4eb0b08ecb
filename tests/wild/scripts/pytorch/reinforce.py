"""REINFORCE on a little corridor: go right until the end."""

import torch
from torch import nn
from torch.distributions import Categorical

import chroma

torch.manual_seed(8)


class Corridor:
    def reset(self):
        self.at, self.t = 0.0, 0
        return torch.tensor([self.at, 0.0])

    def step(self, action):
        self.at, self.t = self.at + (1.0 if action == 1 else -1.0), self.t + 1
        done = abs(self.at) >= 4 or self.t >= 12
        return torch.tensor([self.at, self.t / 12]), self.at / 4, done


policy = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
env = Corridor()
# the states that we look at: every place of the corridor at every second moment
states = torch.tensor([[float(at), t / 12] for at in range(-4, 5) for t in range(0, 12, 2)])

with chroma.watch(policy, loader=[states], split="states") as watch:
    for episode in range(6):
        state, done, log_probs, rewards = env.reset(), False, [], []
        while not done:
            dist = Categorical(logits=policy(state))
            action = dist.sample()
            state, reward, done = env.step(action.item())
            log_probs.append(dist.log_prob(action))
            rewards.append(reward)
        returns = torch.tensor([sum(rewards[t:]) for t in range(len(rewards))])
        loss = -(torch.stack(log_probs) * (returns - returns.mean())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if episode % 3 == 2:
            watch.snapshot(step=episode)
