"""Writes, for each case, CASE.safetensors (random weights in bf16 under LeRobot's names, as published checkpoints are stored) and CASE.json
(config, inputs, and what network.py makes of them). Run with Debian's python3-torch: python3 generate.py"""

import json
import pathlib

import numpy as np
import torch

from network import Policy, Value

vision = {"kind": "siglip", "imageSize": 28, "patch": 14, "width": 24, "layers": 2, "hidden": 40, "heads": 3, "pool": 1}
language = {"width": 32, "layers": 3, "hidden": 48, "heads": 4, "keyValueHeads": 1, "headSize": 8, "gemma3": False}
pi05 = {
    "cameras": ["base_0_rgb", "left_wrist_0_rgb"],
    "vision": vision,
    "language": language,
    "expert": {"width": 24, "hidden": 40},
    "vocabulary": 96,
    "promptTokens": 10,
    "stateSize": 3,
    "state": "text",
    "actionSize": 4,
    "horizon": 5,
    "actionTokens": 6,
    "knowledgeInsulation": True,
}
pi06 = pi05 | {
    "cameras": ["base_0_rgb"],
    "vision": vision | {"imageSize": 56, "pool": 2},
    # Six layers, of which the last is global, and more tokens than the others' window.
    "language": {"width": 16, "layers": 6, "hidden": 24, "heads": 4, "keyValueHeads": 2, "headSize": 4}
    | {"gemma3": {"window": 1024, "globalScaling": 8}},
    "expert": {"width": 12, "hidden": 20},
    "vocabulary": 40,
    "promptTokens": 1100,
}
nano = pi05 | {
    "vision": {"kind": "keypoints", "imageSize": 32, "channels": [6, 12], "keypoints": 5, "width": 24},
    "language": language | {"keyValueHeads": 2},
    "state": "token",
    "knowledgeInsulation": False,
}
value = {key: nano[key] for key in ("cameras", "vision", "language", "vocabulary", "promptTokens", "stateSize", "state")} | {"bins": 11}


def numbers(tensor):
    """The shortest decimals that give the same float32."""
    return [float(np.format_float_positional(x, unique=True)) for x in tensor.detach().numpy().astype(np.float32).flatten()]


def randomize(model):
    """Numbers of the size of trained ones, none zero; rounded to bf16."""
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 10
            parameter.copy_((torch.randn_like(parameter) / fan_in**0.5).bfloat16().float())


def save(path, model):
    """A safetensors file, written by hand. The embeddings stand under the name of the output weights that they are tied to, as in LeRobot's."""
    tied = "paligemma_with_expert.paligemma.lm_head.weight"
    embeddings = "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight"
    header, blob = {}, b""
    for name, parameter in model.named_parameters():
        data = parameter.detach().bfloat16().view(torch.int16).numpy().tobytes()
        key = f"model.{tied if name == embeddings else name}"
        header[key] = {"dtype": "BF16", "shape": list(parameter.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + blob)


def observations(c, size, prompt_lengths):
    side = c["vision"]["imageSize"]
    length = c["promptTokens"]
    prompt_mask = torch.arange(length)[None] < torch.tensor(prompt_lengths)[:, None]
    causal = torch.zeros_like(prompt_mask)
    causal[0, 6:8] = True
    return {
        "pictures": {camera: torch.randint(256, (size, side, side, 3), dtype=torch.uint8) for camera in c["cameras"]},
        "pictureMasks": {camera: torch.tensor([True, camera == c["cameras"][0]]) for camera in c["cameras"]},
        "state": torch.randn(size, c["stateSize"]),
        "prompt": torch.randint(c["vocabulary"], (size, length), dtype=torch.int32),
        "promptMask": prompt_mask,
        "promptCausal": causal,
    }


def targets(c, size):
    chunk = (size, c["horizon"], c["actionSize"])
    action_weights, fast_weights = torch.ones(chunk), torch.ones(size, c["actionTokens"])
    action_weights[1] *= 0.5
    action_weights[1, 3:] = 0
    action_weights[:, :, 3] = 0
    fast_weights[0, 4:] = 0
    prompt_weights = torch.zeros(size, c["promptTokens"])
    prompt_weights[0, 6:8] = 1
    return {
        "actions": torch.randn(chunk),
        "actionWeights": action_weights,
        "noise": torch.randn(chunk),
        "time": torch.tensor([0.8125, 0.359375]),
        "fast": torch.randint(c["vocabulary"], (size, c["actionTokens"]), dtype=torch.int32),
        "fastWeights": fast_weights,
        "promptWeights": prompt_weights,
    }


def plain(batch):
    def one(x):
        if isinstance(x, dict):
            return {key: one(part) for key, part in x.items()}
        return numbers(x) if x.is_floating_point() else x.int().flatten().tolist()

    return {key: one(x) for key, x in batch.items()}


def probe(gradient):
    """Two numbers that a wrong gradient misses: its norm and its product with cosines."""
    flat = gradient.flatten().double()
    return [float(flat.norm()), float(flat @ torch.arange(len(flat)).double().cos())]


def policy_case(c, prompt_lengths, learns_text):
    model = Policy(c)
    randomize(model)
    batch = observations(c, 2, prompt_lengths) | targets(c, 2)
    parts, made = model.losses(batch, learns_text)
    sum(weight * parts[name] for name, weight in {"flow": 10, "fast": 1, "text": 1}.items() if name in parts).backward()
    gradients = {name: probe(p.grad) for name, p in model.named_parameters() if p.grad is not None}
    with torch.no_grad():
        hidden = model.read(batch)[0]
        other = {"prompt": (batch["prompt"] + 1) % c["vocabulary"], "promptMask": batch["promptMask"]}
        free = {"actions": model.sample(batch, batch["noise"], 10)}
        guided = {"actions": model.sample(batch, batch["noise"], 5, 2.0, other)}
    # Of long prefixes only what the ends look like.
    kept = list(range(hidden.shape[1])) if hidden.shape[1] < 64 else [0, 3, 4, *range(1040, 1050)]
    return model, {
        "config": c,
        "learnsText": learns_text,
        "batch": plain(batch),
        "unconditioned": plain(other),
        "kept": kept,
        "hidden": numbers(hidden[:, kept]),
        "velocity": numbers(made["velocity"]),
        "fastLogits": numbers(made["fastLogits"]),
        "losses": {name: float(x) for name, x in parts.items()},
        "gradients": gradients,
        "sampled": numbers(free["actions"]),
        "guided": numbers(guided["actions"]),
    }


def value_case(c, prompt_lengths):
    model = Value(c)
    randomize(model)
    batch = observations(c, 2, prompt_lengths)
    return model, {"config": c, "batch": plain(batch), "logits": numbers(model(batch))}


folder = pathlib.Path(__file__).parent
torch.manual_seed(6)
cases = {
    "pi05": policy_case(pi05, [10, 7], learns_text=True),
    "pi06": policy_case(pi06, [1100, 1060], learns_text=False),
    "nano": policy_case(nano, [9, 10], learns_text=False),
    "value": value_case(value, [9, 10]),
}
for name, (model, numbers_of_it) in cases.items():
    save(folder / f"{name}.safetensors", model)
    (folder / f"{name}.json").write_text(json.dumps(numbers_of_it))
