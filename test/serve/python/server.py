"""An openpi server that shares nothing with pistar: prints its port, and answers with the state, as [2, 6] float64, second row plus one. A prompt
"fail" makes it report an error as openpi's server does."""

import asyncio
import hashlib
import http
import traceback

import numpy as np
from protocol import pack, unpack
from websockets.legacy.server import serve


async def handle(socket):
    assert socket.request_headers["Authorization"] == "Api-Key secret"
    await socket.send(pack({"server": "python", "horizon": np.int64(2)}))
    try:
        async for frame in socket:
            observation = unpack(frame)
            if observation["prompt"] == "fail":
                raise KeyError("observation/other")
            state = observation["observation/state"]
            assert state.dtype == np.float32 and state.shape == (6,), state
            image = observation["observation/images/front"]
            assert image.dtype == np.uint8 and image.shape == (48, 64, 3), image.shape
            actions = np.stack([state, state + 1]).astype(np.float64)
            actions[1, 5] = int(hashlib.sha256(image.tobytes()).hexdigest()[:4], 16)
            await socket.send(pack({"actions": actions, "server_timing": {"infer_ms": np.float32(0.5)}}))
    except KeyError:
        await socket.send(traceback.format_exc())
        await socket.close(code=1011, reason="Internal server error. Traceback included in previous frame.")


async def health(path, _):
    return (http.HTTPStatus.OK, [], b"OK\n") if path == "/healthz" else None


async def main():
    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None, process_request=health) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
