"""Writes a tiny π0.5 of LeRobot's own code and what that code makes of a batch: config.json and model.safetensors (random weights, stored in
bf16 without the second copies of tied ones), numbers.json (inputs and outputs; arrays flat, in C order).

Needs LeRobot 0.6.2 with its extra "pi" (https://github.com/huggingface/lerobot, Apache-2.0): python generate.py. No test needs it."""

import json
import pathlib

import numpy as np
import torch
from lerobot.configs import FeatureType, PolicyFeature
from lerobot.policies.pi05.configuration_pi05 import PI05Config
from safetensors.torch import save_file

from tiny import pi05, vocabulary

horizon, prompt_length, pixels = 4, 12, 28
cameras = ["front", "wrist"]
config = PI05Config(
    input_features={
        **{f"observation.images.{name}": PolicyFeature(FeatureType.VISUAL, (3, pixels, pixels)) for name in cameras},
        "observation.state": PolicyFeature(FeatureType.STATE, (6,)),
    },
    output_features={"action": PolicyFeature(FeatureType.ACTION, (6,))},
    image_resolution=(pixels, pixels),
    chunk_size=horizon,
    n_action_steps=horizon,
    tokenizer_max_length=prompt_length,
    device="cpu",
)
torch.manual_seed(5)
policy = pi05.PI05Policy(config).eval()
model = policy.model
with torch.no_grad():
    for parameter in policy.parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 10
        parameter.copy_((torch.randn_like(parameter) / fan_in**0.5).bfloat16().float())

batch = 2
pictures = {name: torch.randint(256, (batch, pixels, pixels, 3), dtype=torch.uint8) for name in cameras}
masks = {name: torch.tensor([True, name == "front"]) for name in cameras}
prompt = torch.randint(vocabulary, (batch, prompt_length))
prompt_mask = torch.arange(prompt_length)[None] < torch.tensor([[prompt_length], [7]])
noisy, noise = torch.randn(batch, horizon, 32), torch.randn(batch, horizon, 32)
time = torch.tensor([0.8125, 0.359375])

images = [pictures[name].permute(0, 3, 1, 2).float() / 255 * 2 - 1 for name in cameras]
image_masks = [masks[name] for name in cameras]
with torch.no_grad():
    embedded, pads, attention = model.embed_prefix(images, image_masks, prompt, prompt_mask)
    (hidden, _), cache = model.paligemma_with_expert.forward(
        attention_mask=pi05.prepare_attention_masks_4d(pi05.make_att_2d_masks(pads, attention)),
        position_ids=torch.cumsum(pads, 1) - 1,
        past_key_values=None,
        inputs_embeds=[embedded, None],
        use_cache=True,
    )
    velocity = model.denoise_step(pads, cache, noisy, time)
    actions = model.sample_actions(images, image_masks, prompt, prompt_mask, noise=noise)


def flat(x):
    if isinstance(x, dict):
        return {name: flat(part) for name, part in x.items()}
    if not x.is_floating_point():
        return x.int().flatten().tolist()
    return [float(np.format_float_positional(one, unique=True)) for one in x.numpy().flatten()]


here = pathlib.Path(__file__).parent
policy.config._save_pretrained(here)
state = {name: x.bfloat16() for name, x in policy.state_dict().items() if "lm_head" not in name}
save_file(state, here / "model.safetensors", {"format": "pt"})
numbers = {"pictures": pictures, "pictureMasks": masks, "prompt": prompt, "promptMask": prompt_mask, "noisy": noisy, "time": time}
numbers |= {"noise": noise, "prefixMask": pads, "hidden": hidden, "velocity": velocity, "actions": actions}
(here / "numbers.json").write_text(json.dumps(flat(numbers)))
print({name: list(x.shape) for name, x in [("hidden", hidden), ("velocity", velocity), ("actions", actions)]})
print({name: x.abs().max().item() for name, x in [("hidden", hidden), ("velocity", velocity), ("actions", actions)]})
