# What LeRobot's own reader finds in a dataset, in the form of the golden files (test/golden/lerobot) and of contents.ts.
import hashlib

import av
import numpy as np
from lerobot.configs.video import DepthEncoderConfig
from lerobot.datasets.depth_utils import dequantize_depth
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def opened(root):
    return LeRobotDataset("local/fixture", root=root, video_backend="pyav", return_uint8=True, depth_output_unit="m")


def depth_film(dataset, key):
    """
    All depth maps of a camera in metres, in order. They are decoded from the beginning of each file: LeRobot's reader
    seeks, and x265's default of open groups of pictures leaves frames out after a seek (PyAV 18).
    """
    encoder = DepthEncoderConfig.from_video_info(dataset.meta.features[key]["info"])
    scale = {name: getattr(encoder, name) for name in ["depth_min", "depth_max", "shift", "use_log"]}
    maps = []
    for path in sorted((dataset.root / "videos" / key).rglob("*.mp4")):
        with av.open(str(path)) as film:
            codes = [frame.to_ndarray(format="gray12le") for frame in film.decode(video=0)]
        maps += [dequantize_depth(one[..., None], **scale, output_unit="m", output_tensor=False) for one in codes]
    return maps


def contents(root):
    """
    A list of episodes: `task`, `columns` (a list of values or one text a frame), `pictures` (SHA-256 of each frame's RGB
    bytes), `depth` (metres of each frame).
    """
    dataset = opened(root)
    depth = dataset.meta.depth_keys
    films = {key: depth_film(dataset, key) for key in depth if key in dataset.meta.video_keys}
    # Torch would round float64 to float32.
    exact = dataset.hf_dataset.with_format(None)
    dataset.meta.info.features = {key: one for key, one in dataset.meta.features.items() if key not in films}
    episodes = [{"columns": {}, "pictures": {}, "depth": {}} for _ in range(dataset.num_episodes)]
    for row in range(dataset.num_frames):
        item = dataset[row] | {key: maps[row] for key, maps in films.items()}
        found = episodes[int(item["episode_index"])]
        found.setdefault("task", item["task"])
        for key in [*dataset.features, *films]:
            value = item[key]
            if key in depth:
                found["depth"].setdefault(key, []).append([float(f"{one:.7g}") for one in np.asarray(value).ravel()])
            elif key in dataset.meta.camera_keys:
                pixels = np.ascontiguousarray(np.asarray(value).transpose(1, 2, 0))
                if dataset.meta.features[key]["dtype"] == "image":
                    pixels = np.rint(255 * pixels).astype(np.uint8)
                assert pixels.dtype == np.uint8 and pixels.shape[2] == 3, (key, pixels.dtype, pixels.shape)
                found["pictures"].setdefault(key, []).append(hashlib.sha256(pixels.tobytes()).hexdigest())
            else:
                cell = exact[row][key]
                plain = cell if isinstance(value, (str, list)) else np.asarray(cell).ravel().tolist()
                found["columns"].setdefault(key, []).append(plain)
    return episodes
