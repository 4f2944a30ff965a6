# Reads a dataset of pistar with LeRobot's own reader. Every cell must be what `pistar dataset show` prints, every picture readable.
# Needs LeRobot 0.6 or newer (https://github.com/huggingface/lerobot); no test of this repository needs it.
# python test/lerobot/read.py DATASET
import json
import subprocess
import sys

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

root = sys.argv[1]
dataset = LeRobotDataset("local/check", root=root)
print(f"{dataset.num_episodes} episodes, {dataset.num_frames} frames")
row = 0
cells = 0
for episode in range(dataset.num_episodes):
    command = ["npx", "tsx", "src/cli/main.ts", "dataset", "show", root, str(episode), "--json"]
    columns = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    length = len(columns["frame_index"])
    for frame in range(length):
        item = dataset[row]
        for name, values in columns.items():
            ours = values[frame]
            if isinstance(ours[0], str):
                assert item[name] == ours[0], (name, episode, frame)
                continue
            theirs = np.asarray(item[name], dtype=np.float64).reshape(-1)
            assert np.array_equal(theirs, np.asarray(ours, dtype=np.float64)), (name, episode, frame, theirs, ours)
            cells += theirs.size
        for camera in dataset.meta.camera_keys:
            assert np.isfinite(np.asarray(item[camera])).all(), (camera, episode, frame)
        row += 1
assert row == dataset.num_frames, (row, dataset.num_frames)
print(f"{cells} cells equal")
