"""A small flow policy: two cameras, a state and an instruction to a chunk of joint targets.

It reads the instruction as a bag of words. So the word "positive" or "negative" at its end is one more word, and nothing in the network
knows of advantages. B observations, H steps of a chunk, J joints.
"""

import zlib

import numpy as np
import torch
from torch import nn

WORDS = 1024


def words_of(instruction):
    """Numbers of an instruction's words, [WORDS]: 1 for a word that occurs."""
    found = np.zeros(WORDS, np.float32)
    for word in instruction.lower().replace(":", " ").split():
        found[zlib.crc32(word.encode()) % WORDS] = 1
    return found


class Eye(nn.Module):
    """Where each of some features is in a picture: convolutions and a spatial softmax, [B, 3, side, side] to [B, 2 * features]."""

    def __init__(self, features=32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2), nn.GELU(), nn.Conv2d(32, 64, 3, 2, 1), nn.GELU(),
            nn.Conv2d(64, 64, 3, 1, 1), nn.GELU(), nn.Conv2d(64, features, 1),
        )

    def forward(self, picture):
        maps = self.layers(picture)
        batch, features, height, width = maps.shape
        weights = maps.reshape(batch, features, -1).softmax(-1).reshape(maps.shape)
        x = torch.linspace(-1, 1, width, device=maps.device)
        y = torch.linspace(-1, 1, height, device=maps.device)
        return torch.cat([(weights.sum(2) * x).sum(-1), (weights.sum(3) * y).sum(-1)], -1)


class Policy(nn.Module):
    def __init__(self, cameras, joints, horizon=16, side=64, width=384):
        super().__init__()
        self.sizes = {"cameras": list(cameras), "joints": joints, "horizon": horizon, "side": side, "width": width}
        self.cameras, self.joints, self.horizon, self.side = list(cameras), joints, horizon, side
        self.eyes = nn.ModuleList([Eye() for _ in self.cameras])
        self.text = nn.Linear(WORDS, 64)
        self.context = nn.Sequential(nn.Linear(64 * (len(self.cameras) + 1) + joints, width), nn.GELU(), nn.Linear(width, width))
        self.input = nn.Linear(horizon * joints + 16, width)
        self.blocks = nn.ModuleList([nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width)) for _ in range(3)])
        self.output = nn.Linear(width, horizon * joints)
        # Normalisation, from the training data: states; actions relative to the state, but the last joint's (the gripper's).
        for name, size in (("state_mean", joints), ("state_std", joints), ("action_mean", joints), ("action_std", joints)):
            self.register_buffer(name, torch.zeros(size) if name.endswith("mean") else torch.ones(size))

    def relative(self, state):
        """What an action is relative to, [B, 1, J]."""
        return torch.cat([state[:, :-1], torch.zeros_like(state[:, -1:])], -1)[:, None]

    def normalise(self, state, actions):
        return (actions - self.relative(state) - self.action_mean) / self.action_std

    def see(self, pictures, state, words):
        """The context of a chunk, [B, width]. @param pictures of each camera, [B, 3, side, side] in [0, 1]"""
        seen = [eye(picture * 2 - 1) for eye, picture in zip(self.eyes, pictures)]
        return self.context(torch.cat([*seen, self.text(words), (state - self.state_mean) / self.state_std], -1))

    def velocity(self, x, time, context):
        """From noise (time 1) to actions (time 0), [B, H, J]."""
        angles = time[:, None] * torch.pi * 2.0 ** torch.arange(8, device=x.device)
        h = self.input(torch.cat([x.flatten(1), angles.sin(), angles.cos()], -1))
        for block in self.blocks:
            h = h + block(torch.cat([h, context], -1))
        return self.output(h).reshape(x.shape)

    def loss(self, pictures, state, words, actions):
        """The flow matching loss (Lipman et al. 2023), times drawn as π0 does."""
        target = self.normalise(state, actions)
        noise = torch.randn_like(target)
        time = torch.distributions.Beta(1.5, 1.0).sample((len(target),)) * 0.999 + 0.001
        x = time[:, None, None] * noise + (1 - time[:, None, None]) * target
        return (self.velocity(x, time, self.see(pictures, state, words)) - (noise - target)).square().mean()

    @torch.no_grad()
    def act(self, pictures, state, words, noise, steps=10):
        """Joint targets in the robot's units, [B, H, J]. @param noise [B, H, J]"""
        context = self.see(pictures, state, words)
        x = noise
        for step in range(steps):
            x = x - self.velocity(x, torch.full((len(x),), 1 - step / steps), context) / steps
        return x * self.action_std + self.action_mean + self.relative(state)
