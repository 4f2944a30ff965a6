"""An openpi client that shares nothing with pistar: `python3 client.py URL [API_KEY]` asks a server of linear-policy.ts with gain 2 and checks its
answers; prints JSON."""

import asyncio
import json
import sys

import numpy as np
from protocol import pack, unpack
from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import connect


def sliced(value, step):
    """One step of an answer as openpi's ActionChunkBroker takes it: of every array in it, whatever its name."""
    if isinstance(value, dict):
        return {key: sliced(entry, step) for key, entry in value.items()}
    return value[step, ...] if isinstance(value, np.ndarray) else value


async def main(url, key=None):
    headers = {"Authorization": f"Api-Key {key}"} if key else None
    options = {"compression": None, "max_size": None, "extra_headers": headers}
    rng = np.random.default_rng(3)
    async with connect(url, **options) as socket:
        metadata = unpack(await socket.recv())
        previous = []
        for i in range(20):
            images = [rng.integers(0, 256, (224, 224, 3), dtype=np.uint8) for _ in range(2)]
            state = rng.normal(size=6).astype(["<f4", "<f8", ">f4", "<f2"][i % 4])
            observation = {
                "observation/images/front": images[0],
                "observation/images/wrist": images[1][:, ::-1],
                "observation/state": state,
                "prompt": f"Würfel {i}",
                "ignored": {"nested": [1, None, 2.5, np.float32(1.5), np.bool_(True), np.arange(3)]},
            }
            await socket.send(pack(observation))
            answer = unpack(await socket.recv())
            expected = 2 * state.astype(np.float64) + images[0].mean() + np.arange(3)[:, None]
            assert answer["actions"].dtype == np.float32 and answer["actions"].shape == (3, 6), answer["actions"]
            np.testing.assert_allclose(answer["actions"], expected, rtol=1e-5)
            assert sliced(answer, 2)["actions"].shape == (6,)
            assert answer["policy_timing"]["infer_ms"] > 0
            previous.append("prev_total_ms" in answer["server_timing"])
    async with connect(url, **options) as socket:
        await socket.recv()
        await socket.send(pack({"observation/state": np.zeros(5, np.float32)}))
        error = await socket.recv()
        try:
            await socket.recv()
            code = None
        except ConnectionClosed as closed:
            code = closed.rcvd.code
    print(json.dumps({"metadata": metadata, "previous": previous, "error": error, "code": code}))


asyncio.run(main(*sys.argv[1:]))
