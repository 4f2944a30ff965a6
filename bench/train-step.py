"""The transformer of transformer.ts in PyTorch, driven by train-step.ts over stdin. The first line is a folder with weights and data;
each further line is a number of steps to run."""

import json
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(int(sys.argv[1]))
sizes = json.loads(sys.argv[2])
width, heads = sizes["width"], sizes["heads"]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        batch, tokens, _ = x.shape
        q, k, v = (
            p(x).view(batch, tokens, heads, width // heads).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        scores = (q @ k.transpose(-2, -1)) * (width // heads) ** -0.5
        return self.o_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = Attention(), Mlp()

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Block() for _ in range(sizes["layers"]))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


model = Transformer()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
folder = sys.stdin.readline().strip()
load = lambda name, shape: torch.from_numpy(np.fromfile(f"{folder}/{name}", np.float32).reshape(shape))
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(load(name, parameter.shape))
shape = (sizes["batch"], sizes["tokens"], width)
x, target = load("x", shape), load("target", shape)
print("ready", flush=True)

for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = ((model(x) - target) ** 2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "loss": loss.item(), "peakMegabytes": peak}), flush=True)
