"""LeRobot's π0.5 with small numbers where its own are fixed: import this before making one."""

from lerobot.policies import pi_gemma
from lerobot.policies.pi05 import modeling_pi05 as pi05

# transformers 5.18 makes the same mask without this argument.
causal_mask = pi_gemma.create_causal_mask
pi_gemma.create_causal_mask = lambda cache_position=None, **given: causal_mask(**given)

vocabulary = 96
sizes = {
    "gemma_2b": pi05.GemmaConfig(width=24, depth=2, mlp_dim=40, num_heads=2, num_kv_heads=1, head_dim=256),
    "gemma_300m": pi05.GemmaConfig(width=16, depth=2, mlp_dim=24, num_heads=2, num_kv_heads=1, head_dim=256),
}


def tiny(name):
    """LeRobot's configurations with small numbers where its own are fixed."""
    make = published[name]

    def made(**given):
        config = make(**given)
        if name == "gemma":
            config.vocab_size = vocabulary
            return config
        vision = config.vision_config
        vision.hidden_size, vision.num_hidden_layers, vision.num_attention_heads, vision.patch_size = 72, 1, 1, 14
        return config

    return made


published = dict(pi05.CONFIG_MAPPING.items())
pi05.CONFIG_MAPPING = {name: tiny(name) for name in ("paligemma", "gemma")}
pi05.get_gemma_config = sizes.__getitem__
construct = pi05.PaliGemmaForConditionalGenerationWithPiGemma


def constructed(config):
    config.text_config.vocab_size = vocabulary
    config.vision_config.intermediate_size = 32
    config.vision_config.projection_dim = sizes["gemma_2b"].width
    return construct(config=config)


pi05.PaliGemmaForConditionalGenerationWithPiGemma = constructed
