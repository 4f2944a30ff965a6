"""Coefficients of action chunks as numpy's FFT gives them, rounded as numpy rounds; digitised states. Run with Debian's python3-numpy:
python3 generate.py"""

import json
import pathlib

import numpy as np

generator = np.random.default_rng(18)


def dct(chunk: np.ndarray) -> np.ndarray:
    """Orthonormal DCT-II over axis 0, by the FFT of the chunk followed by its mirror image."""
    steps = len(chunk)
    spectrum = np.fft.fft(np.concatenate([chunk, chunk[::-1]]), axis=0)[:steps]
    k = np.arange(steps)[:, None]
    unscaled = (spectrum * np.exp(-1j * np.pi * k / (2 * steps))).real / 2
    return unscaled * np.where(k == 0, np.sqrt(1 / steps), np.sqrt(2 / steps))


cases = []
for steps, size, scale in [(1, 3, 10.0), (4, 1, 2.0), (16, 6, 10.0), (50, 7, 10.0)]:
    walk = np.cumsum(generator.normal(size=(steps, size)) / np.sqrt(steps), axis=0).astype(np.float32)
    # The mean over 4 steps times 2 is the coefficient 0: exact halves, which go to the even neighbour.
    if steps == 4:
        walk = np.full((4, 1), 0.625, np.float32)
    coefficients = dct(walk.astype(np.float64))
    cases.append(
        {
            "steps": steps,
            "scale": scale,
            "chunk": walk.ravel().tolist(),
            "coefficients": coefficients.ravel().tolist(),
            "quantised": np.around(coefficients * scale).astype(int).ravel().tolist(),
        }
    )

states = np.concatenate([[-1.0, 1.0, -1.5, 1.5, 0.0, 0.9999, -0.00001], generator.uniform(-1.1, 1.1, 50)])
bins = np.digitize(states, bins=np.linspace(-1, 1, 256 + 1)[:-1]) - 1
golden = {"chunks": cases, "states": states.tolist(), "bins": bins.tolist()}
pathlib.Path(__file__).with_name("numbers.json").write_text(json.dumps(golden) + "\n")
