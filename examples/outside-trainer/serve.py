"""Serves a checkpoint of train.py by openpi's protocol: metadata first, then actions for each observation.

Two keys go beyond openpi's, and its clients need neither: "pistar/seed", two numbers that decide the noise, and "pistar/prompts", several
instructions for one observation.
"""

import argparse
import asyncio
import traceback
from pathlib import Path

import msgpack
import numpy as np
import torch
import websockets

from policy import Policy, words_of

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("--checkpoint", required=True, help="folder with policy.pt")
options.add_argument("--port", type=int, default=8000)
options.add_argument("--threads", type=int, default=1, help="CPU threads")
given = options.parse_args()

torch.set_num_threads(given.threads)
saved = torch.load(Path(given.checkpoint) / "policy.pt", weights_only=True)
policy = Policy(**saved["sizes"])
policy.load_state_dict(saved["weights"])
policy.eval()


def encode(value):
    if isinstance(value, np.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    raise TypeError(f"cannot send {type(value)}")


def decode(value):
    if b"__ndarray__" in value:
        return np.ndarray(buffer=value[b"data"], dtype=np.dtype(value[b"dtype"]), shape=value[b"shape"])
    return value


def picture(observation, camera):
    """The picture of "observation.images.front" is "observation/images/front" over the wire. [1, 3, side, side]"""
    pixels = torch.from_numpy(np.array(observation[camera.replace(".", "/")])).permute(2, 0, 1)[None].float() / 255
    if pixels.shape[-2:] == (policy.side, policy.side):
        return pixels
    return torch.nn.functional.interpolate(pixels, (policy.side, policy.side), mode="bilinear", antialias=True)


def infer(observation):
    several = "pistar/prompts" in observation
    prompts = observation["pistar/prompts"] if several else [observation["prompt"]]
    count = len(prompts)
    pictures = [picture(observation, camera).expand(count, -1, -1, -1) for camera in policy.cameras]
    state = torch.from_numpy(np.array(observation["observation/state"], np.float32))[None].expand(count, -1)
    words = torch.from_numpy(np.stack([words_of(prompt) for prompt in prompts]))
    noise = torch.Generator()
    if "pistar/seed" in observation:
        episode, question = observation["pistar/seed"]
        noise.manual_seed((int(episode) * 1_000_003 + int(question)) % 2**63)
    else:
        noise.seed()
    # Prompts of one observation share their noise, so that their difference is the word's.
    start = torch.randn((1, policy.horizon, policy.joints), generator=noise).expand(count, -1, -1)
    actions = policy.act(pictures, state, words, start).numpy()
    return {"actions": actions if several else actions[0]}


async def client(socket):
    await socket.send(msgpack.packb({"pistar/seed": True, "pistar/prompts": True}))
    async for message in socket:
        try:
            answer = infer(msgpack.unpackb(message, object_hook=decode))
        except Exception:
            await socket.send(traceback.format_exc())
            await socket.close(1011, "internal error")
            return
        await socket.send(msgpack.packb(answer, default=encode))


async def main():
    async with websockets.serve(client, "127.0.0.1", given.port, compression=None, max_size=None):
        print(f"ws://127.0.0.1:{given.port}", flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
