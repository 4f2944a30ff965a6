"""Vectors in blocks whose range grows, and numpy's statistics of them all. Run: python3 generate.py"""

import json
import pathlib

import numpy as np

generator = np.random.default_rng(27)
blocks = []
for block, rows in enumerate([1, 50, 400, 3, 600]):
    vectors = np.stack(
        [
            generator.normal(size=rows) * (1 + block),
            generator.exponential(size=rows) + 1000,
            np.full(rows, -0.25),
            np.round(generator.uniform(0, 1, size=rows)),
        ],
        axis=1,
    ).round(6)
    blocks.append(vectors)
every = np.concatenate(blocks)
golden = {
    "width": every.shape[1],
    "blocks": [block.ravel().tolist() for block in blocks],
    "mean": every.mean(axis=0).tolist(),
    "std": every.std(axis=0).tolist(),
    "min": every.min(axis=0).tolist(),
    "max": every.max(axis=0).tolist(),
    "q01": np.quantile(every, 0.01, axis=0, method="inverted_cdf").tolist(),
    "q99": np.quantile(every, 0.99, axis=0, method="inverted_cdf").tolist(),
}
pathlib.Path(__file__).with_name("vectors.json").write_text(json.dumps(golden))
