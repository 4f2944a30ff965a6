"""Statistics with 5000-bin quantiles by numpy, on seeded columns. /usr/bin/python3 test/golden/stats/quantiles.py"""
import json
from pathlib import Path

import numpy as np

BINS = 5000
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}


def describe(values):
    x = values.astype(np.float64).reshape(-1, values.shape[-1])
    stats = {"min": x.min(0), "max": x.max(0), "mean": x.mean(0), "std": x.std(0)}
    for name, q in QUANTILES.items():
        found = []
        for column in x.T:
            edges = np.linspace(column.min() - 1e-10, column.max() + 1e-10, BINS + 1)
            below = np.concatenate([[0], np.cumsum(np.histogram(column, edges)[0])])
            last = int(np.searchsorted(below[1:], q * len(column)))
            if last == 0:
                found.append(edges[0])
            else:
                part = (q * len(column) - below[last]) / (below[last + 1] - below[last])
                found.append(edges[last] + part * (edges[last + 1] - edges[last]))
        stats[name] = np.array(found)
    return {name: value.tolist() for name, value in stats.items()}


rng = np.random.RandomState(0)
columns = {
    "normal": ("float64", rng.normal(size=(300, 3)) * [1, 10, 0.1]),
    "skewed": ("float64", np.exp(rng.normal(size=(1000, 1)))),
    "constant": ("float64", np.full((50, 2), 3.25)),
    "counts": ("int64", rng.randint(-7, 40, size=(200, 1))),
    "matrix": ("float64", rng.uniform(size=(80, 2, 3))),
    "two frames": ("float64", np.array([[0.0], [1.0]])),
}
cases = [
    {"name": name, "dtype": dtype, "shape": list(data.shape), "data": data.ravel().tolist(), "stats": describe(data)}
    for name, (dtype, data) in columns.items()
]
Path(__file__).with_suffix(".json").write_text(json.dumps(cases))
