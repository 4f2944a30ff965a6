"""The Python side of `npm run bench -- serve`: a server of openpi's protocol, and one client for both servers.

    serve-peer.py server                    prints its URL and serves until its input ends
    serve-peer.py client N URL URL ...      asks the servers in turn N times, prints milliseconds as JSON, a list for each

Written from the protocol: asyncio and `websockets` without compression. The messages are those of the tests' Python peers.
It needs numpy, msgpack and websockets 11 or newer (Debian's is older).
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "test/serve/python"))
from protocol import pack, unpack  # noqa: E402


def act(observation):
    """A policy that does nothing: the state, 50 times."""
    return {"actions": np.tile(observation["observation/state"], (50, 1)).astype(np.float32)}


async def serve():
    from websockets.asyncio.server import serve as listen

    async def session(socket):
        await socket.send(pack({}))
        previous = None
        async for message in socket:
            start = time.monotonic()
            observation = unpack(message)
            began = time.monotonic()
            answer = act(observation)
            answer["server_timing"] = {"infer_ms": (time.monotonic() - began) * 1000}
            if previous is not None:
                answer["server_timing"]["prev_total_ms"] = previous * 1000
            await socket.send(pack(answer))
            previous = time.monotonic() - start

    async with listen(session, "127.0.0.1", 0, compression=None, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"ws://127.0.0.1:{port}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def ask(rounds, urls):
    from websockets.sync.client import connect

    pictures = {
        f"observation/{name}": (np.arange(224 * 224 * 3) * 31 % 251).astype(np.uint8).reshape(224, 224, 3)
        for name in ("image", "wrist_image")
    }
    question = {**pictures, "observation/state": np.zeros(6, np.float32), "prompt": "put the cube into the bowl"}
    sockets = [connect(url, compression=None, max_size=None) for url in urls]
    for socket in sockets:
        unpack(socket.recv())
    trips = [[] for _ in urls]
    for turn in range(rounds + 300):
        for at, socket in enumerate(sockets):
            start = time.perf_counter()
            socket.send(pack(question))
            answer = unpack(socket.recv())
            trip = (time.perf_counter() - start) * 1000
            if answer["actions"].shape != (50, 6):
                raise RuntimeError(f"expected actions [50, 6], got {answer['actions'].shape}")
            if turn >= 300:
                trips[at].append(trip)
    for socket in sockets:
        socket.close()
    print(json.dumps(trips))


if sys.argv[1] == "server":
    asyncio.run(serve())
else:
    ask(int(sys.argv[2]), sys.argv[3:])
