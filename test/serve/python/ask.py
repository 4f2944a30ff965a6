"""An openpi client that shares nothing with pistar: `python3 ask.py URL API_KEY` asks a server of an SO-101 policy once, with the observation of
serve-command.test.ts, and prints what it said as JSON."""

import asyncio
import json
import sys

import numpy as np
from protocol import pack, unpack
from websockets.legacy.client import connect


async def main(url, key):
    picture = (np.arange(30 * 40 * 3) % 251).astype(np.uint8).reshape(30, 40, 3)
    observation = {
        "observation/images/front": picture,
        "observation/images/wrist": picture[::-1, :16],
        "observation/state": np.arange(6) / 4,
        "prompt": "push the block",
        "pistar/seed": [7, 3],
    }
    async with connect(url, compression=None, max_size=None, extra_headers={"Authorization": f"Api-Key {key}"}) as socket:
        metadata = unpack(await socket.recv())
        await socket.send(pack(observation))
        answer = unpack(await socket.recv())
    print(json.dumps({"metadata": metadata, "actions": answer["actions"].tolist()}))


asyncio.run(main(*sys.argv[1:]))
