# LeRobot opens a π0.5 that pistar wrote: all tensors, its processors, and the same actions. Needs LeRobot 0.6.2 with its extra "pi"
# (https://github.com/huggingface/lerobot); no test needs it.
# python test/lerobot/pi05.py
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden/pi05"
sys.path.insert(0, str(GOLDEN))
from lerobot.policies.factory import make_pre_post_processors  # noqa: E402
from lerobot.processor import tokenizer_processor  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from tiny import pi05  # noqa: E402


class Tokenizer:
    """Stands for PaliGemma's, which LeRobot fetches."""

    @classmethod
    def from_pretrained(cls, *_, **__):
        return cls()

    def __call__(self, text, max_length, **_):
        self.text = text
        ids = torch.ones(len(text), max_length, dtype=torch.long)
        return {"input_ids": ids, "attention_mask": ids}


tokenizer_processor.AutoTokenizer = Tokenizer
numbers = json.loads((GOLDEN / "numbers.json").read_text())
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["npx", "tsx", HERE / "pi05.ts", folder], check=True)
    config = pi05.PI05Config.from_pretrained(folder)
    policy = pi05.PI05Policy(config)
    state = policy._fix_pytorch_state_dict_keys(load_file(f"{folder}/model.safetensors"), config)
    if not any("vision_tower.vision_model" in name for name in policy.state_dict()):
        state = {name.replace("vision_tower.vision_model.", "vision_tower."): x for name, x in state.items()}
    policy.load_state_dict(state, strict=True)
    print(f"{len(state)} tensors, none missing, none too many")

    def batch(name, *shape):
        return torch.tensor(numbers[name]).reshape(2, *shape)

    images = [torch.tensor(x).reshape(2, 28, 28, 3).permute(0, 3, 1, 2) / 127.5 - 1 for x in numbers["pictures"].values()]
    masks = [torch.tensor(x).bool() for x in numbers["pictureMasks"].values()]
    with torch.no_grad():
        found = policy.model.sample_actions(images, masks, batch("prompt", 12), batch("promptMask", 12).bool(), noise=batch("noise", 4, 32))
    off = (found - batch("actions", 4, 32)).abs().max().item()
    assert off < 1e-5, off
    print(f"actions after {config.num_inference_steps} steps are off by {off:.1e}")

    before, after = make_pre_post_processors(config, pretrained_path=folder)
    observation = {f"observation.images.{name}": torch.zeros(3, 28, 28) for name in ("front", "wrist")}
    seen = before(observation | {"observation.state": torch.tensor([1.0, -2, 4, 1, 1, 1]), "task": "fold it"})
    assert seen["observation.state"].tolist() == [[0, -1, 1, 0, 0, 0]], seen["observation.state"]
    acted = after(torch.zeros(1, 4, 6))
    # The middle of −2 to 4, added to the state but for the gripper.
    assert acted[0, 0].tolist() == [2, -1, 5, 2, 2, 1], acted
    print("processors normalise, and add relative actions to the state, as pistar does")
