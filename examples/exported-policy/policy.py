"""Answers an observation with ONNX Runtime in Python.

    python examples/exported-policy/policy.py exported exported/example/observation.json

Prints the actions as JSON. If the observation has expected actions, it prints the largest difference on stderr.
It needs numpy, onnxruntime, tokenizers and pillow.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from tokenizers import Tokenizer


class ExportedPolicy:
    """An observation in the robot's units goes in, a chunk [horizon, action_names] in the robot's units comes out."""

    def __init__(self, folder):
        folder = Path(folder)
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / self.manifest["tokenizer"]))
        self.session = onnxruntime.InferenceSession(str(folder / self.manifest["model"]))

    def act(self, task, state, pictures, noise=None, previous=None, weights=None):
        """
        pictures: PIL images by camera; may lack cameras.
        noise: standard normal; left out, it is drawn.
        previous, weights: for an export with real-time chunking, as manifest.json says; left out, the chunk begins anew.
        """
        manifest = self.manifest
        side = manifest["image_size"]
        size = {one["name"]: int(np.prod(one["shape"])) for one in manifest["inputs"]}
        numbers = {
            "state": state,
            "noise": np.random.standard_normal(size["noise"]) if noise is None else noise,
            "camera_mask": [camera in pictures for camera in manifest["cameras"]],
        }
        if "continuation" in manifest:
            numbers["previous"] = np.zeros(size["previous"]) if previous is None else previous
            numbers["previous_weights"] = np.zeros(size["previous_weights"]) if weights is None else weights
        for camera in manifest["cameras"]:
            blank = Image.new("RGB", (side, side))
            fitted = ImageOps.pad(pictures.get(camera, blank).convert("RGB"), (side, side), Image.Resampling.BILINEAR)
            numbers[f"pictures.{camera}"] = np.asarray(fitted)
        prompt = manifest["prompt"]
        self._say(numbers, "prompt", prompt["template"], task, state, size)
        if "unconditioned_template" in prompt:
            self._say(numbers, "unconditioned_prompt", prompt["unconditioned_template"], task, state, size)
        feeds = {
            one["name"]: np.asarray(numbers[one["name"]], dtype=one["dtype"]).reshape(one["shape"])
            for one in manifest["inputs"]
        }
        return self.session.run(["actions"], feeds)[0][0]

    def _say(self, numbers, name, template, task, state, size):
        """The tokens of a prompt and their mask."""
        scaling = self.manifest["normalization"]["state"]
        scaled = (np.asarray(state, np.float32) - scaling["center"]) / scaling["scale"]
        bins = np.clip(np.floor((scaled + 1) * 128), -1, 255).astype(int)
        parts = {"{task}": re.sub(r"[_\n]", " ", task.strip()), "{state}": " ".join(map(str, bins))}
        text = re.sub(r"\{(?:task|state)\}", lambda part: parts[part[0]], template)
        prompt = self.manifest["prompt"]
        tokens = [prompt["begin_token"], *self.tokenizer.encode(text, add_special_tokens=False).ids]
        room = size[name]
        if len(tokens) > room:
            raise ValueError(f"expected a shorter instruction, got {task!r}")
        numbers[name] = tokens + [prompt["pad_token"]] * (room - len(tokens))
        numbers[f"{name}_mask"] = [True] * len(tokens) + [False] * (room - len(tokens))


if __name__ == "__main__":
    exported, file = sys.argv[1:]
    given = json.loads(Path(file).read_text())
    shown = {camera: Image.open(Path(file).parent / name) for camera, name in given["pictures"].items()}
    actions = ExportedPolicy(exported).act(given["task"], given["state"], shown, given["noise"])
    print(json.dumps(actions.tolist()))
    if "actions" in given:
        print(f"differs by {np.abs(actions - given['actions']).max()} at most", file=sys.stderr)
