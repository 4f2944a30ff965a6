"""Writes scaled-down Gemma 3 models of the transformers library (Apache-2.0), with random weights in bf16 under its names, and what that library
makes of a batch: model.safetensors (images and text), text.safetensors and siglip.safetensors (a text model and a vision tower alone, as Gemma 3
270M and SigLIP are published), numbers.json (configs, inputs, outputs; arrays flat, in C order), and the published sizes' parameter counts.

Needs torch and transformers 5.18: python generate.py. No test needs them."""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, Gemma3ForCausalLM, SiglipVisionConfig, SiglipVisionModel
from transformers import masking_utils

here = pathlib.Path(__file__).parent
torch.manual_seed(3)

text = {
    "vocab_size": 64,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "query_pre_attn_scalar": 8,
    "sliding_window": 9,
    "attn_implementation": "eager",
}
scaled = {"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6}, "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}}
vision = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 56, "patch_size": 14, "vision_use_head": False, "attn_implementation": "eager"}
image_token = 63


def randomize(model):
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 10
            parameter.copy_((torch.randn_like(parameter) / fan_in**0.5).bfloat16().float())
    return model.eval()


def save(name, model, renamed=lambda name: name):
    """Tied output weights are left out, as in published files."""
    state = {renamed(key): x.bfloat16().contiguous() for key, x in model.state_dict().items() if "lm_head" not in key}
    save_file(state, here / name, {"format": "pt"})


def flat(x):
    if isinstance(x, dict):
        return {name: flat(part) for name, part in x.items()}
    if not torch.is_tensor(x):
        return x
    if not x.is_floating_point():
        return x.int().flatten().tolist()
    return [float(np.format_float_positional(one, unique=True)) for one in x.detach().numpy().flatten()]


# One image of 16 patches, averaged to 4 tokens, then text. The window is smaller than both together.
config = Gemma3Config(text_config=text | scaled, vision_config=vision, mm_tokens_per_image=4, image_token_index=image_token)
model = randomize(Gemma3ForConditionalGeneration(config))
batch, length = 2, 20
pictures = torch.randint(256, (batch, 56, 56, 3), dtype=torch.uint8)
prompt = torch.randint(image_token, (batch, length))
tokens = torch.cat([torch.full((batch, 4), image_token), prompt], 1)
with torch.no_grad():
    out = model.model(
        input_ids=tokens,
        pixel_values=pictures.permute(0, 3, 1, 2).float() / 255 * 2 - 1,
        token_type_ids=(tokens == image_token).int(),
    )
    logits = model.lm_head(out.last_hidden_state)
save("model.safetensors", model)
# The names of the first releases, "language_model.model.…", give the same model.
numbers = {"multimodal": {"config": config.to_dict(), "pictures": pictures, "prompt": prompt, "hidden": out.last_hidden_state, "logits": logits[:, -1]}}

# A text model alone, without scaling, and a vision tower alone.
alone = randomize(Gemma3ForCausalLM(Gemma3TextConfig(**text)))
with torch.no_grad():
    hidden = alone.model(input_ids=prompt).last_hidden_state
save("text.safetensors", alone)
tower = randomize(SiglipVisionModel(SiglipVisionConfig(**vision)))
with torch.no_grad():
    seen = tower(pictures.permute(0, 3, 1, 2).float() / 255 * 2 - 1).last_hidden_state
save("siglip.safetensors", tower)
numbers["text"] = {"config": alone.config.to_dict(), "hidden": hidden}
numbers["siglip"] = {"seen": seen}

# Positions of 8 × 8 patches resized to 4 × 4, as JAX and torch do with antialiasing.
positions = torch.randn(64, 3)
square = positions.T.reshape(1, 3, 8, 8)
resized = torch.nn.functional.interpolate(square, size=(4, 4), mode="bilinear", antialias=True, align_corners=False)
numbers["positions"] = {"from": positions, "to": resized.reshape(3, 16).T.contiguous()}


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


# The published sizes, without memory for them.
with torch.device("meta"):
    of4b = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config={"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "sliding_window": 1024},
            vision_config={"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16, "image_size": 896, "patch_size": 14, "vision_use_head": False},
        )
    )
    of270m = Gemma3ForCausalLM(
        Gemma3TextConfig(vocab_size=262144, hidden_size=640, intermediate_size=2048, num_hidden_layers=18, num_attention_heads=4, num_key_value_heads=1, sliding_window=512)
    )
numbers["counts"] = {
    "4B": count(of4b),
    "4B vision": count(of4b.model.vision_tower),
    "4B projector": count(of4b.model.multi_modal_projector),
    "270M": count(of270m),
}
(here / "numbers.json").write_text(json.dumps(flat(numbers)))
print(numbers["counts"], {name: x.abs().max().item() for name, x in [("hidden", out.last_hidden_state), ("text", hidden), ("seen", seen)]})
