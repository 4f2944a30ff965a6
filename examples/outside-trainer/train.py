"""Trains the policy on a LeRobot dataset. It knows nothing of pistar: the word is in the instructions."""

import argparse
import copy
import math
import random
from pathlib import Path

import numpy as np
import torch

from dataset import Dataset
from policy import Policy, words_of

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("--dataset", required=True, help="folder of a LeRobot dataset v3.0")
options.add_argument("--from", dest="start", default="", help="checkpoint to begin from; empty: anew")
options.add_argument("--out", required=True, help="folder for policy.pt")
options.add_argument("--steps", type=int, default=2000)
options.add_argument("--seed", type=int, default=0)
options.add_argument("--batch", type=int, default=64)
options.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
options.add_argument("--threads", type=int, default=0, help="CPU threads (0: all)")
given = options.parse_args()

random.seed(given.seed)
torch.manual_seed(given.seed)
draw = np.random.default_rng(given.seed)
if given.threads:
    torch.set_num_threads(given.threads)

data = Dataset(given.dataset)
words = {text: words_of(text) for text in set(data.instructions)}
print(f"{len(data.state)} frames, cameras {', '.join(data.cameras)}", flush=True)
if given.start:
    saved = torch.load(Path(given.start) / "policy.pt", weights_only=True)
    policy = Policy(**saved["sizes"])
    policy.load_state_dict(saved["weights"])
else:
    side = data.pictures[data.cameras[0]].shape[1]
    policy = Policy(data.cameras, data.action.shape[1], side=side)
    deltas = data.chunk(np.arange(len(data.action)), policy.horizon) - np.pad(data.state[:, None, :-1], ((0, 0), (0, 0), (0, 1)))
    for name, of in (("state", data.state), ("action", deltas.reshape(-1, policy.joints))):
        getattr(policy, f"{name}_mean").copy_(torch.from_numpy(of.mean(0)))
        getattr(policy, f"{name}_std").copy_(torch.from_numpy(of.std(0) + 1e-3))

average = copy.deepcopy(policy)
optimiser = torch.optim.AdamW(policy.parameters(), lr=given.rate, weight_decay=1e-4)
warmup = min(100, given.steps)
for step in range(1, given.steps + 1):
    progress = step / given.steps
    optimiser.param_groups[0]["lr"] = given.rate * min(step / warmup, 0.02 + 0.98 * (1 + math.cos(math.pi * progress)) / 2)
    frames = draw.integers(len(data.state), size=given.batch)
    pictures = [torch.from_numpy(data.pictures[camera][frames]).permute(0, 3, 1, 2).float() / 255 for camera in policy.cameras]
    # Pictures are shifted by some pixels, so that places are not learned by heart.
    shift = draw.integers(-3, 4, size=2)
    pictures = [torch.roll(picture, tuple(shift), (2, 3)) for picture in pictures]
    loss = policy.loss(
        pictures,
        torch.from_numpy(data.state[frames]),
        torch.from_numpy(np.stack([words[data.instructions[frame]] for frame in frames])),
        torch.from_numpy(data.chunk(frames, policy.horizon)),
    )
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimiser.step()
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), policy.parameters()):
            mean.lerp_(weight, 1 - min(0.995, step / (step + 10)))
    if step % 50 == 0 or step == given.steps:
        print(f"step: {step} loss: {loss.item():.4f}", flush=True)

Path(given.out).mkdir(parents=True, exist_ok=True)
torch.save({"sizes": policy.sizes, "weights": average.state_dict()}, Path(given.out) / "policy.pt")
