"""Writes blocks.json: two transformer blocks in PyTorch (written from the papers, sharing nothing with pistar), their loss, gradients, and
parameters after ten steps of AdamW with clipping. Run with Debian's python3-torch: python3 generate.py > blocks.json"""

import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, TOKENS, WIDTH, HEADS, GROUPS, HIDDEN = 2, 6, 16, 4, 2, 32
SIZE = WIDTH // HEADS


class SiglipBlock(nn.Module):
    """Pre-norm, biases, bidirectional with padding masked, gelu in its tanh form."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.ModuleDict({f"{n}_proj": nn.Linear(WIDTH, WIDTH) for n in "qkvo"})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(WIDTH, HIDDEN), "fc2": nn.Linear(HIDDEN, WIDTH)})

    def forward(self, x, mask, _):
        h = self.norm1(x)
        q, k, v = (self.attention[f"{n}_proj"](h).view(BATCH, TOKENS, HEADS, SIZE).transpose(1, 2) for n in "qkv")
        scores = (q @ k.transpose(-2, -1)) / SIZE**0.5
        weights = scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)
        x = x + self.attention["o_proj"]((weights @ v).transpose(1, 2).reshape(BATCH, TOKENS, WIDTH))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x)), approximate="tanh"))


class GemmaBlock(nn.Module):
    """RMSNorm, rotary positions, grouped heads, causal, gated MLP, no biases."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = (nn.ParameterDict({"weight": nn.Parameter(0.1 * torch.randn(WIDTH))}) for _ in range(2))
        outputs = {"q": HEADS * SIZE, "k": GROUPS * SIZE, "v": GROUPS * SIZE, "o": WIDTH}
        self.attention = nn.ModuleDict({f"{n}_proj": nn.Linear(WIDTH, out, bias=False) for n, out in outputs.items()})
        self.mlp = nn.ModuleDict(
            {
                "gate_proj": nn.Linear(WIDTH, HIDDEN, bias=False),
                "up_proj": nn.Linear(WIDTH, HIDDEN, bias=False),
                "down_proj": nn.Linear(HIDDEN, WIDTH, bias=False),
            }
        )

    @staticmethod
    def norm(x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * (1 + weight)

    @staticmethod
    def turn(x, positions):
        angle = positions[:, None, :, None] * 10_000 ** (-torch.arange(0, SIZE, 2) / SIZE)
        a, b = x.chunk(2, -1)
        return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)

    def forward(self, x, mask, positions):
        h = self.norm(x, self.norm1["weight"])
        heads = lambda n, count: self.attention[f"{n}_proj"](h).view(BATCH, TOKENS, count, SIZE).transpose(1, 2)
        q, k, v = self.turn(heads("q", HEADS), positions), self.turn(heads("k", GROUPS), positions), heads("v", GROUPS)
        k, v = (t.repeat_interleave(HEADS // GROUPS, 1) for t in (k, v))
        scores = (q @ k.transpose(-2, -1)) / SIZE**0.5
        weights = scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)
        x = x + self.attention["o_proj"]((weights @ v).transpose(1, 2).reshape(BATCH, TOKENS, WIDTH))
        h = self.norm(x, self.norm2["weight"])
        return x + self.mlp["down_proj"](F.gelu(self.mlp["gate_proj"](h), approximate="tanh") * self.mlp["up_proj"](h))


def numbers(tensor):
    return [float(np.format_float_positional(v, unique=True)) for v in tensor.detach().numpy().astype(np.float32).flatten()]


def case(block, mask):
    x, target = torch.randn(BATCH, TOKENS, WIDTH), torch.randn(BATCH, TOKENS, WIDTH)
    positions = torch.tensor([[0, 1, 2, 3, 4, 5], [0, 0, 1, 2, 3, 4]])
    parameters = dict(block.named_parameters())
    initial = {name: numbers(p) for name, p in parameters.items()}
    decayed = [p for p in parameters.values() if p.dim() > 1]
    plain = [p for p in parameters.values() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0}], lr=3e-3, betas=(0.9, 0.95), eps=1e-8
    )
    losses, norms, gradients = [], [], None
    for step in range(10):
        optimizer.zero_grad()
        loss = ((block(x, mask, positions) - target) ** 2).mean()
        loss.backward()
        if step == 0:
            gradients = {name: numbers(p.grad) for name, p in parameters.items()}
        norms.append(float(nn.utils.clip_grad_norm_(parameters.values(), 0.25)))
        losses.append(loss.item())
        optimizer.step()
    return {
        "x": numbers(x),
        "target": numbers(target),
        "mask": mask.int().flatten().tolist(),
        "positions": positions.flatten().tolist(),
        "shapes": {name: list(p.shape) for name, p in parameters.items()},
        "initial": initial,
        "gradients": gradients,
        "losses": losses,
        "norms": norms,
        "final": {name: numbers(p) for name, p in parameters.items()},
    }


torch.manual_seed(7)
padding = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, :].expand(BATCH, TOKENS, TOKENS)
causal = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril().expand(BATCH, TOKENS, TOKENS)
json.dump({"siglip": case(SiglipBlock(), padding), "gemma": case(GemmaBlock(), causal)}, sys.stdout)
