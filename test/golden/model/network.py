"""The networks in PyTorch, written from the papers and from openpi's and Hugging Face's published conventions; it shares nothing with pistar
but the configs' keys and the names of published parameters. Where pistar reads prompt and FAST tokens as two segments, this reads them as one
sequence under one mask. B batch, S prefix tokens, F FAST tokens, H steps of a chunk, G key-value heads, D head size."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def tree(**modules):
    return nn.ModuleDict(modules)


class Siglip(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, self.heads, self.pool = c["width"], c["heads"], c["pool"]
        self.side = c["imageSize"] // c["patch"]
        self.tokens = (self.side // self.pool) ** 2
        self.embeddings = tree(
            patch_embedding=nn.Conv2d(3, width, c["patch"], stride=c["patch"]),
            position_embedding=nn.Embedding(self.side**2, width),
        )
        layer = lambda: tree(
            layer_norm1=nn.LayerNorm(width, 1e-6),
            layer_norm2=nn.LayerNorm(width, 1e-6),
            self_attn=tree(**{f"{n}_proj": nn.Linear(width, width) for n in ("q", "k", "v", "out")}),
            mlp=tree(fc1=nn.Linear(width, c["hidden"]), fc2=nn.Linear(c["hidden"], width)),
        )
        self.encoder = tree(layers=nn.ModuleList(layer() for _ in range(c["layers"])))
        self.post_layernorm = nn.LayerNorm(width, 1e-6)

    def forward(self, pictures):
        """uint8 [B, h, w, 3] → [B, N, C]"""
        x = self.embeddings["patch_embedding"](pictures.permute(0, 3, 1, 2).float() / 255 * 2 - 1)
        x = x.flatten(2).transpose(1, 2) + self.embeddings["position_embedding"].weight
        batch, tokens, width = x.shape
        size = width // self.heads
        for layer in self.encoder["layers"]:
            h = layer["layer_norm1"](x)
            q, k, v = (layer["self_attn"][f"{n}_proj"](h).view(batch, tokens, self.heads, size).transpose(1, 2) for n in "qkv")
            weights = (q @ k.transpose(-2, -1) * size**-0.5).softmax(-1)
            x = x + layer["self_attn"]["out_proj"]((weights @ v).transpose(1, 2).reshape(batch, tokens, width))
            h = layer["mlp"]["fc1"](layer["layer_norm2"](x))
            x = x + layer["mlp"]["fc2"](F.gelu(h, approximate="tanh"))
        x = self.post_layernorm(x)
        if self.pool > 1:
            square = x.transpose(1, 2).reshape(batch, width, self.side, self.side)
            x = F.avg_pool2d(square, self.pool).flatten(2).transpose(1, 2)
        return x


class Keypoints(nn.Module):
    """Spatial softmax (Levine et al. 2016) of temperature 1/8: one token of where each feature is and how strong."""

    tokens = 1

    def __init__(self, c):
        super().__init__()
        channels = [3, *c["channels"]]
        self.stem = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(channels, channels[1:]))
        self.find = nn.Conv2d(channels[-1], c["keypoints"], 1, bias=False)
        self.place = nn.Linear(3 * c["keypoints"], c["width"])

    def forward(self, pictures):
        """uint8 [B, h, w, 3] → [B, 1, C]"""
        x = pictures.permute(0, 3, 1, 2).float() / 255 * 2 - 1
        for convolution in self.stem:
            x = F.relu(convolution(x))
        _, _, height, width = x.shape
        found = self.find(x).flatten(2)
        weights = (8 * found).softmax(-1)
        along = lambda size: (2 * torch.arange(size) + 1) / size - 1
        y, x = torch.meshgrid(along(height), along(width), indexing="ij")
        where = torch.stack([(weights * feature).sum(-1) for feature in (x.flatten(), y.flatten(), found)], 2)
        return self.place(where.flatten(1))[:, None]


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x, _=None):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * (1 + self.weight), None


class AdaptiveRmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(width, 3 * width)

    def forward(self, x, condition):
        scale, shift, gate = self.dense(condition)[:, None].chunk(3, -1)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * (1 + scale) + shift, gate


def angles(positions, size, base):
    """positions [B, T] → cosines and sines [B, 1, T, D/2]"""
    angle = positions[:, None, :, None].float() * base ** (-torch.arange(0, size, 2) / size)
    return angle.cos(), angle.sin()


def turn(x, turning):
    cos, sin = turning
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Gemma(nn.Module):
    def __init__(self, c, adaptive, vocabulary=None):
        super().__init__()
        width, heads, groups, size = c["width"], c["heads"], c["keyValueHeads"], c["headSize"]
        self.heads, self.groups, self.size, self.gemma3 = heads, groups, size, c["gemma3"]
        norm = AdaptiveRmsNorm if adaptive else RmsNorm
        linear = lambda a, b: nn.Linear(a, b, bias=False)

        def layer():
            attention = {
                "q_proj": linear(width, heads * size),
                "k_proj": linear(width, groups * size),
                "v_proj": linear(width, groups * size),
                "o_proj": linear(heads * size, width),
            }
            if self.gemma3:
                attention |= {"q_norm": RmsNorm(size), "k_norm": RmsNorm(size)}
            mlp = {f"{n}_proj": linear(width, c["hidden"]) for n in ("gate", "up")} | {"down_proj": linear(c["hidden"], width)}
            norms = ["input_layernorm", "post_attention_layernorm"]
            if self.gemma3 and not adaptive:
                norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
            return tree(self_attn=tree(**attention), mlp=tree(**mlp), **{name: norm(width) for name in norms})

        if vocabulary:
            self.embed_tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(layer() for _ in range(c["layers"]))
        self.norm = norm(width)

    def forward(self, x, mask, positions, past_positions=None, past=None, condition=None, hidden_from=0):
        """x [B, T, C] after `past`, for each layer keys and values [B, G, S, D]; mask [B, T, S + T]. Gives the hidden states of the tokens from
        `hidden_from` on and the keys and values of x."""
        batch, tokens, _ = x.shape
        every = positions if past is None else torch.cat([past_positions, positions], 1)
        # Gemma 3: five layers of six see a window of tokens. The sixth has another base of its rotation, and longer distances.
        near, turnings = mask, {True: angles(positions, self.size, 1e4)}
        if self.gemma3:
            near = mask & (positions[:, :, None] - every[:, None, :] < self.gemma3["window"])
            turnings[False] = angles(positions / self.gemma3["globalScaling"], self.size, 1e6)
        cache = []
        for i, layer in enumerate(self.layers):
            local = not self.gemma3 or i % 6 != 5
            turning = turnings[local]
            attention = layer["self_attn"]
            h, gate = layer["input_layernorm"](x, condition)
            heads = lambda name, count, h: attention[name](h).view(batch, -1, count, self.size).transpose(1, 2)
            k, v = heads("k_proj", self.groups, h), heads("v_proj", self.groups, h)
            seen = near if local else mask
            if i == len(self.layers) - 1 and hidden_from > 0:
                x, h, seen = x[:, hidden_from:], h[:, hidden_from:], seen[:, hidden_from:]
                query_turning = tuple(part[:, :, hidden_from:] for part in turning)
            else:
                query_turning = turning
            q = heads("q_proj", self.heads, h)
            if self.gemma3:
                q, k = attention["q_norm"](q)[0], attention["k_norm"](k)[0]
            q, k = turn(q, query_turning), turn(k, turning)
            cache.append((k, v))
            if past is not None:
                k, v = torch.cat([past[i][0], k], 2), torch.cat([past[i][1], v], 2)
            # Heads that share keys as one product: [B, G, H/G, T, D] · [B, G, 1, D, S].
            q = q.unflatten(1, (self.groups, self.heads // self.groups))
            scores = q @ k[:, :, None].transpose(-2, -1) * self.size**-0.5
            weights = scores.masked_fill(~seen[:, None, None], -1e9).softmax(-1)
            y = (weights @ v[:, :, None]).flatten(1, 2).transpose(1, 2).flatten(2)
            y = attention["o_proj"](y)
            post = self.gemma3 and condition is None
            if post:
                y, _ = layer["post_attention_layernorm"](y)
            x = x + (y if gate is None else y * gate)
            before = "pre_feedforward_layernorm" if post else "post_attention_layernorm"
            h, gate = layer[before](x, condition)
            mlp = layer["mlp"]
            y = mlp["down_proj"](F.gelu(mlp["gate_proj"](h), approximate="tanh") * mlp["up_proj"](h))
            if post:
                y, _ = layer["post_feedforward_layernorm"](y)
            x = x + (y if gate is None else y * gate)
        return self.norm(x, condition)[0], cache


def block_mask(present, causal):
    """openpi's rule: a token looks at present tokens whose count of causal marks up to them is not above its own."""
    block = causal.int().cumsum(1)
    return (block[:, None, :] <= block[:, :, None]) & present[:, None, :] & present[:, :, None]


class Projector(nn.Module):
    """Gemma 3's: a norm, then a product with weights stored the other way round."""

    def __init__(self, seen, width):
        super().__init__()
        self.mm_soft_emb_norm = RmsNorm(seen)
        self.mm_input_projection_weight = nn.Parameter(torch.zeros(seen, width))

    def forward(self, x):
        return self.mm_soft_emb_norm(x)[0] @ self.mm_input_projection_weight


class Backbone(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        width = c["language"]["width"]
        paligemma = tree(
            vision_tower=tree(vision_model={"siglip": Siglip, "keypoints": Keypoints}[c["vision"]["kind"]](c["vision"])),
            multi_modal_projector=Projector(c["vision"]["width"], width) if c["language"]["gemma3"] else tree(linear=nn.Linear(c["vision"]["width"], width)),
            language_model=Gemma(c["language"], False, c["vocabulary"]),
        )
        self.paligemma_with_expert = tree(paligemma=tree(model=paligemma))
        if c["state"] == "token":
            self.state_proj = nn.Linear(c["stateSize"], width)

    @property
    def model(self):
        return self.paligemma_with_expert["paligemma"]["model"]

    def embed(self, tokens):
        return self.model["language_model"].embed_tokens(tokens) * math.sqrt(self.c["language"]["width"])

    def embed_prefix(self, batch):
        """Tokens [B, S, C], which of them are present, and which look only backwards."""
        x, present, causal = [], [], []
        for camera in self.c["cameras"]:
            seen = self.model["vision_tower"]["vision_model"](batch["pictures"][camera])
            projector = self.model["multi_modal_projector"]
            x.append(projector(seen) if self.c["language"]["gemma3"] else projector["linear"](seen))
            present.append(batch["pictureMasks"][camera][:, None].expand(-1, seen.shape[1]))
        if self.c["state"] == "token":
            x.append(self.state_proj(batch["state"])[:, None])
            present.append(torch.ones(len(batch["state"]), 1, dtype=torch.bool))
        causal = [torch.zeros_like(part) for part in present]
        x.append(self.embed(batch["prompt"]))
        present.append(batch["promptMask"])
        causal.append(torch.ones_like(batch["promptMask"]) if self.c["language"]["gemma3"] else batch["promptCausal"])
        return torch.cat(x, 1), torch.cat(present, 1), torch.cat(causal, 1)

    def read(self, batch, after=None, hidden_from=0):
        """Prefix, and causal tokens `after` it [B, T, C], as one sequence."""
        x, present, causal = self.embed_prefix(batch)
        length = x.shape[1]
        if after is not None:
            ones = torch.ones(after.shape[:2], dtype=torch.bool)
            x, present, causal = torch.cat([x, after], 1), torch.cat([present, ones], 1), torch.cat([causal, ones], 1)
        positions = present.int().cumsum(1) - 1
        hidden, cache = self.model["language_model"](x, block_mask(present, causal), positions, hidden_from=hidden_from)
        prefix = [(k[:, :, :length], v[:, :, :length]) for k, v in cache]
        return hidden, {"cache": prefix, "present": present[:, :length], "positions": positions[:, :length]}

    def logits(self, hidden):
        return hidden @ self.model["language_model"].embed_tokens.weight.T


class Policy(Backbone):
    def __init__(self, c):
        super().__init__(c)
        width = c["expert"]["width"]
        self.paligemma_with_expert["gemma_expert"] = tree(model=Gemma(c["language"] | c["expert"], True))
        self.action_in_proj, self.action_out_proj = nn.Linear(c["actionSize"], width), nn.Linear(width, c["actionSize"])
        self.time_mlp_in, self.time_mlp_out = nn.Linear(width, width), nn.Linear(width, width)

    def velocity(self, prefix, noisy, time):
        width, steps = self.c["expert"]["width"], self.c["horizon"]
        period = 4e-3 * (4 / 4e-3) ** torch.linspace(0, 1, width // 2, dtype=torch.float64)
        angle = time[:, None].double() * 2 * math.pi / period
        embedded = torch.cat([angle.sin(), angle.cos()], 1).float()
        condition = F.silu(self.time_mlp_out(F.silu(self.time_mlp_in(embedded))))
        before = prefix["present"][:, None, :].expand(-1, steps, -1)
        mask = torch.cat([before, torch.ones(len(time), steps, steps, dtype=torch.bool)], 2)
        positions = prefix["present"].sum(1, keepdim=True) + torch.arange(steps)
        expert = self.paligemma_with_expert["gemma_expert"]["model"]
        x = self.action_in_proj(noisy)
        hidden, _ = expert(x, mask, positions, prefix["positions"], prefix["cache"], condition)
        return self.action_out_proj(hidden)

    def losses(self, batch, learns_text=False):
        """The parts of the loss, and what they are made of."""
        before = self.prefix_length()
        hidden, prefix = self.read(batch, self.embed(batch["fast"]))
        cache = prefix["cache"]
        if self.c["knowledgeInsulation"]:
            cache = [(k.detach(), v.detach()) for k, v in cache]
        time = batch["time"][:, None, None]
        noisy = time * batch["noise"] + (1 - time) * batch["actions"]
        velocity = self.velocity(prefix | {"cache": cache}, noisy, batch["time"])
        error = (velocity - (batch["noise"] - batch["actions"])) ** 2
        weights = batch["actionWeights"]
        parts = {"flow": (error * weights).sum() / weights.sum()}
        # The prompt's last token foretells the first FAST token.
        last = (prefix["present"] * torch.arange(before)).argmax(1)
        foretelling = torch.cat([hidden[torch.arange(len(last)), last][:, None], hidden[:, before:-1]], 1)
        fast_logits = self.logits(foretelling)
        each = F.cross_entropy(fast_logits.transpose(1, 2), batch["fast"].long(), reduction="none")
        parts["fast"] = (each * batch["fastWeights"]).sum() / batch["fastWeights"].sum()
        if learns_text:
            text = self.logits(hidden[:, before - self.c["promptTokens"] : before])
            parts["text"] = foretold(text, batch["prompt"], batch["promptWeights"])
        return parts, {"hidden": hidden[:, :before], "velocity": velocity, "fastLogits": fast_logits}

    def prefix_length(self):
        vision = self.model["vision_tower"]["vision_model"]
        return len(self.c["cameras"]) * vision.tokens + (self.c["state"] == "token") + self.c["promptTokens"]

    def sample(self, batch, noise, steps, guidance=1.0, unconditioned=None):
        """Euler's steps from time 1 to 0; with guidance two prefixes, and their velocities mixed at every step."""
        guided = guidance != 1
        _, prefix = self.read(stacked(batch, batch | unconditioned) if guided else batch, hidden_from=self.prefix_length())
        x = noise
        for step in range(steps):
            both = torch.cat([x, x]) if guided else x
            v = self.velocity(prefix, both, torch.full((len(both),), 1 - step / steps))
            if guided:
                conditioned, free = v.chunk(2)
                v = free + guidance * (conditioned - free)
            x = x - v / steps
        return x


def stacked(a, b):
    return {key: stacked(a[key], b[key]) if isinstance(a[key], dict) else torch.cat([a[key], b[key]]) for key in a}


class Value(Backbone):
    def __init__(self, c):
        super().__init__(c)
        width = c["language"]["width"]
        self.value_head = nn.Linear(width, c["bins"])

    def forward(self, batch):
        hidden, prefix = self.read(batch)
        there = prefix["present"][:, :, None].float()
        return self.value_head((hidden * there).sum(1) / there.sum(1))


def foretold(logits, tokens, weights):
    """Cross-entropy of each token given those before it, weighted."""
    each = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:].long(), reduction="none")
    return (each * weights[:, 1:]).sum() / weights[:, 1:].sum()
