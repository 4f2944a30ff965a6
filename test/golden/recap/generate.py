"""The method's numbers in numpy, written from the paper's formulas with plain loops. Run: python3 generate.py"""

import json
import pathlib

import numpy as np

BINS = 201
VALUES = np.linspace(-1.0, 0.0, BINS)
generator = np.random.default_rng(6)

lengths = {0: [40, 55, 73], 1: [310, 402, 640]}  # by task
outcomes = {0: [True, False, True], 1: [True, True, False]}
fractions = {0: 0.3, 1: 0.4}
horizon = 50

episodes = []
for task in (0, 1):
    unit = max(lengths[task]) * 200 / 199  # steps from value 0 to value -1; also the cost of a failure
    for length, success in zip(lengths[task], outcomes[task]):
        rewards = np.array([-1.0] * (length - 1) + [0.0 if success else -unit])
        returns = np.array([rewards[t:].sum() for t in range(length)])
        targets = np.clip(returns / unit, -1.0, 0.0)
        hard = [int(np.argmin(np.abs(VALUES - v))) for v in targets]
        two_hot = []
        for v in targets:
            weights = np.maximum(0.0, 1.0 - np.abs(VALUES - v) * (BINS - 1))
            two_hot.append(weights / weights.sum())
        logits = generator.normal(size=(length, BINS)) * 4
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        values = np.clip(targets + generator.normal(size=length) * 0.05, -1.0, 0.0)
        advantages, monte_carlo = [], []
        for t in range(length):
            end = min(t + horizon, length)
            bootstrap = values[t + horizon] if t + horizon < length else 0.0
            advantages.append(rewards[t:end].sum() / unit + bootstrap - values[t])
            monte_carlo.append(rewards[t:].sum() / unit - values[t])
        probe = [0, length // 3, length - 1]
        episodes.append(
            {
                "task": task,
                "length": length,
                "success": success,
                "rewards": rewards.tolist(),
                "returns": returns.tolist(),
                "targets": targets.tolist(),
                "hard": hard,
                "twoHot": {str(t): {str(b): two_hot[t][b] for b in np.flatnonzero(two_hot[t] > 1e-9)} for t in probe},
                "probabilities": {str(t): probabilities[t].round(8).tolist() for t in probe},
                "expected": {str(t): float(probabilities[t].round(8) @ VALUES) for t in probe},
                "values": values.tolist(),
                "advantages": advantages,
                "monteCarlo": monte_carlo,
                "forced": (generator.random(length) < 0.1).astype(int).tolist(),
            }
        )

thresholds, positives = {}, []
for task in (0, 1):
    pool = np.sort(np.concatenate([e["advantages"] for e in episodes if e["task"] == task]))[::-1]
    thresholds[task] = float(pool[int(np.floor(fractions[task] * len(pool)))])
for episode in episodes:
    above = np.array(episode["advantages"]) > thresholds[episode["task"]]
    episode["indicators"] = (above | (np.array(episode["forced"]) == 1)).astype(int).tolist()

golden = {"horizon": horizon, "fractions": fractions, "thresholds": thresholds, "episodes": episodes}
path = pathlib.Path(__file__).with_name("numbers.json")
path.write_text(json.dumps(golden))
