"""A policy in PyTorch (test/golden/model/network.py), driven by policy.ts over stdin. The first line is a folder with weights, batches and noise.
Each further line is {"train": STEPS} or {"sample": TIMES, "guidance": β}."""

import copy
import json
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent.parent / "test/golden/model"))
from network import Policy  # noqa: E402

threads, config, steps = int(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
folder = pathlib.Path(sys.stdin.readline().strip())
kinds = {"f32": np.float32, "i32": np.int32, "u8": np.uint8, "bool": np.bool_}


def load(part):
    def one(entry):
        if "dtype" not in entry:
            return {key: one(inner) for key, inner in entry.items()}
        return torch.from_numpy(np.fromfile(folder / entry["file"], kinds[entry["dtype"]]).reshape(entry["shape"]))

    return one(json.loads((folder / "index.json").read_text())[part])


model = Policy(config)
weights = load("weights")
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(weights[name])
trained, observed, unconditioned = load("train"), load("sample"), load("unconditioned")
# Chunks are sampled with the first weights, however many steps were trained.
frozen = copy.deepcopy(model)
decayed = [p for name, p in model.named_parameters() if "bias" not in name and "norm" not in name]
kept = [p for name, p in model.named_parameters() if "bias" in name or "norm" in name]
groups = [{"params": decayed}, {"params": kept, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.01)
print("ready", flush=True)


def train():
    optimizer.zero_grad(set_to_none=True)
    parts, _ = model.losses(trained)
    loss = parts["flow"] + parts["fast"]
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def sample(guidance):
    with torch.inference_mode():
        return frozen.sample(observed, observed["noise"], steps, guidance, unconditioned).flatten().tolist()


for line in sys.stdin:
    asked = json.loads(line)
    wall, cpu, result = [], [], None
    for _ in range(asked.get("train", asked.get("sample"))):
        start, start_cpu = time.perf_counter(), time.process_time()
        result = train() if "train" in asked else sample(asked["guidance"])
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - start_cpu) * 1e3)
    print(json.dumps({"wall": wall, "cpu": cpu, "result": result}), flush=True)
