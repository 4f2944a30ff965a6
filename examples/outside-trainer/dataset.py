"""Reads a LeRobot dataset v3.0 whose pictures are in its parquet files, as pistar's simulation records them."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from PIL import Image


class Dataset:
    """All frames in memory, in the order of the episodes. N frames."""

    def __init__(self, root):
        root = Path(root)
        info = json.loads((root / "meta/info.json").read_text())
        self.cameras = sorted(name for name, feature in info["features"].items() if feature["dtype"] == "image")
        if not self.cameras:
            raise SystemExit(f"{root}: expected cameras of dtype image; this example does not decode video")
        tasks = parquet.read_table(root / "meta/tasks.parquet").to_pydict()
        texts = dict(zip(tasks["task_index"], tasks["task"]))
        columns = ["observation.state", "action", "task_index", "episode_index", "frame_index", *self.cameras]
        rows = {name: [] for name in columns}
        for path in sorted((root / "data").rglob("*.parquet")):
            table = parquet.read_table(path, columns=columns)
            for name in columns:
                values = table.column(name).to_pylist()
                rows[name] += [decode(cell["bytes"]) for cell in values] if name in self.cameras else values
        self.state = np.asarray(rows["observation.state"], np.float32)  # [N, joints]
        self.action = np.asarray(rows["action"], np.float32)  # [N, joints]
        self.instructions = [texts[task] for task in rows["task_index"]]  # the word is in them
        self.pictures = {camera: np.stack(rows[camera]) for camera in self.cameras}  # [N, height, width, 3], uint8
        episode = np.asarray(rows["episode_index"])
        # The frame before which a chunk of actions ends: that of the next episode.
        starts = np.flatnonzero(np.diff(episode, prepend=-1))
        lengths = np.diff(np.append(starts, len(episode)))
        self.end = np.repeat(starts + lengths, lengths)

    def chunk(self, frames, horizon):
        """The next actions of frames [B], [B, horizon, joints]; the last one goes on behind an episode's end."""
        steps = np.minimum(frames[:, None] + np.arange(horizon), self.end[frames][:, None] - 1)
        return self.action[steps]


def decode(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
