"""Pictures resized by PIL as openpi's clients do. Run with Debian's python3-numpy and python3-pil: python3 generate.py

Each case is inputs and outputs as raw RGB bytes, base64 of zlib; the test needs no image decoder.
"""

import base64
import json
import pathlib
import zlib

import numpy as np
from PIL import Image

generator = np.random.default_rng(14)


def picture(width: int, height: int) -> np.ndarray:
    """Smooth colours, hard edges and noise: what a camera sees."""
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, (x + y) % 64 * 4], axis=-1)
    base[(x // 8 + y // 8) % 5 == 0] = [255, 0, 255]
    return np.clip(base + generator.normal(size=base.shape) * 12, 0, 255).astype(np.uint8)


def fit(array: np.ndarray, height: int, width: int) -> np.ndarray:
    image = Image.fromarray(array)
    ratio = max(image.width / width, image.height / height)
    size = (int(image.width / ratio), int(image.height / ratio))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(image.resize(size, resample=Image.BILINEAR), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas)


def pack(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()


sizes = [
    ((160, 120), (64, 64)),
    ((120, 160), (64, 64)),
    ((160, 120), (56, 56)),
    ((97, 61), (32, 48)),
    ((61, 97), (48, 32)),
    ((33, 21), (64, 64)),  # enlarges
    ((7, 5), (20, 30)),
    ((64, 48), (64, 64)),  # bars only
    ((100, 99), (64, 64)),
    ((6, 90), (16, 16)),
    ((128, 128), (64, 64)),
    ((1, 1), (8, 8)),
]
cases = []
for (width, height), (out_height, out_width) in sizes:
    source = picture(width, height)
    expected = fit(source, out_height, out_width)
    cases.append({"from": [width, height], "to": [out_width, out_height], "input": pack(source), "output": pack(expected)})
pathlib.Path(__file__).with_name("cases.json").write_text(json.dumps(cases))
