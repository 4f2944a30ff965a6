# Records small datasets with LeRobot itself, and writes what LeRobot's own reader finds in them as golden numbers.
# Needs LeRobot 0.6.2 with its extra "dataset" (https://github.com/huggingface/lerobot); no test needs it.
# python test/lerobot/generate.py
#
# test/golden/lerobot/NAME is a dataset, NAME.json what LeRobot reads from it (reading.py).
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from lerobot.annotations.steerable_pipeline.reader import iter_episodes
from lerobot.annotations.steerable_pipeline.staging import EpisodeStaging
from lerobot.annotations.steerable_pipeline.writer import LanguageColumnsWriter
from lerobot.configs.video import DepthEncoderConfig, RGBEncoderConfig
from lerobot.datasets.dataset_tools import delete_episodes, merge_datasets
from lerobot.datasets.language import language_feature_info
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from reading import contents, opened

OUT = Path(__file__).parent.parent / "golden" / "lerobot"
FPS = 10
TASKS = ["Stack the cubes.", "Öffne die Schublade."]
H264 = RGBEncoderConfig(vcodec="h264", crf=23)
VECTOR = {"dtype": "float32", "shape": (3,), "names": ["x.pos", "y.pos", "gripper.pos"]}
STATE_ACTION = {"observation.state": VECTOR, "action": VECTOR}


def colour(episode, frame, height, width):
    """A gradient with a square that moves."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([255 * x / width, 255 * y / height, np.full_like(x, 40 * episode + 20)], axis=-1).astype(np.uint8)
    at = 4 + 3 * frame
    image[at : at + 8, at : at + 8] = [250, 20, 200 - 20 * frame]
    return image


def depth(episode, frame, height, width):
    """A slope from 0.3 m to 3 m with a hole, where a sensor has no answer."""
    y, x = np.mgrid[0:height, 0:width]
    metres = 0.3 + 2.7 * (x + y + episode + frame) / (height + width + 8)
    metres[:3, :3] = 0
    return metres.astype(np.float32)[..., None]


def values(episode, frame):
    random = np.random.default_rng(100 * episode + frame)
    return {name: random.normal(size=3).astype(np.float32) for name in STATE_ACTION}


def fresh(name):
    root = OUT / name
    shutil.rmtree(root, ignore_errors=True)
    return root


def create(root, features, **options):
    return LeRobotDataset.create(
        "local/fixture", FPS, {**STATE_ACTION, **features}, root=root, robot_type="so101_follower", **options
    )


def record(dataset, lengths, more=lambda episode, frame: {}, first=0):
    for episode, length in enumerate(lengths, first):
        for frame in range(length):
            dataset.add_frame({**values(episode, frame), **more(episode, frame), "task": TASKS[episode % 2]})
        dataset.save_episode(parallel_encoding=False)
    dataset.finalize()


def camera(dtype, height, width, channels=3, **info):
    feature = {"dtype": dtype, "shape": (height, width, channels), "names": ["height", "width", "channels"]}
    return {**feature, "info": info} if info else feature


def pictures():
    root = fresh("pictures")
    sides = {"observation.images.front": (24, 32), "observation.images.wrist": (32, 24)}
    features = {name: camera("image", *side) for name, side in sides.items()}
    more = lambda episode, frame: {name: colour(episode, frame, *side) for name, side in sides.items()}
    record(create(root, features, use_videos=False), [4, 3], more)


VIDEO = "observation.images.front"


def film(episode, frame):
    return {VIDEO: colour(episode, frame, 64, 64)}


def h264():
    record(create(fresh("h264"), {VIDEO: camera("video", 64, 64)}, rgb_encoder=H264), [5, 3, 4], film)


def av1():
    record(create(fresh("av1"), {VIDEO: camera("video", 64, 64)}), [5, 3], film)


def extras():
    """Columns of every kind of dtype and shape."""
    one = lambda dtype: {"dtype": dtype, "shape": (1,), "names": None}
    dtypes = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float16", "float32", "float64"]
    features = {f"one.{dtype}": one(dtype) for dtype in dtypes}
    features |= {
        "next.reward": one("float32"),
        "next.done": one("bool"),
        "next.success": one("bool"),
        "intervention": one("bool"),
        "complementary_info.discrete_penalty": one("float32"),
        "collector": one("string"),
        "matrix": {"dtype": "float32", "shape": (2, 3), "names": None},
        "cube": {"dtype": "int64", "shape": (2, 2, 2), "names": None},
        "wide": {"dtype": "float64", "shape": (4,), "names": {"axes": ["a", "b", "c", "d"]}},
    }

    def more(episode, frame):
        number = 10 * episode + frame
        own = {f"one.{dtype}": np.array([number % 2 if dtype == "bool" else number], dtype=dtype) for dtype in dtypes}
        last = frame == 3 - episode
        return own | {
            "next.reward": np.array([1.0 if last else -0.1], dtype=np.float32),
            "next.done": np.array([last]),
            "next.success": np.array([last and episode == 0]),
            "intervention": np.array([frame == 2]),
            "complementary_info.discrete_penalty": np.array([-0.02 * frame], dtype=np.float32),
            "collector": f"policy {episode} – π",
            "matrix": np.arange(6, dtype=np.float32).reshape(2, 3) / (number + 1),
            "cube": np.arange(8).reshape(2, 2, 2) - number,
            "wide": np.arange(4) / 3 + number,
        }

    record(create(fresh("extras"), features), [4, 3], more)


def subtasks():
    """LeRobot's language columns as its annotation writes them, and the older subtask_index with its list of texts."""
    root = fresh("subtasks")
    features = {"subtask_index": {"dtype": "int64", "shape": (1,), "names": None}}
    more = lambda episode, frame: {"subtask_index": np.array([int(frame >= 2)])}
    record(create(root, features), [4, 3], more)
    texts = ["reach for the cube", "lift the cube"]
    pd.DataFrame({"subtask_index": [0, 1]}, index=pd.Index(texts, name="subtask")).to_parquet(
        root / "meta" / "subtasks.parquet"
    )
    staged = fresh("staged")
    for episode in [0, 1]:
        row = {"role": "assistant", "camera": None, "tool_calls": None}
        rows = [{**row, "style": "subtask", "content": text, "timestamp": 0.2 * at} for at, text in enumerate(texts)]
        rows.append({**row, "style": "plan", "content": "reach, then lift", "timestamp": 0.0})
        EpisodeStaging(staged, episode).write("plan", rows)
        event = {**row, "role": "user", "style": "interjection", "content": "a little higher", "timestamp": 0.0}
        EpisodeStaging(staged, episode).write("interjections", [event])
    LanguageColumnsWriter(drop_existing_subtask_index=False).write_all(list(iter_episodes(root)), staged, root)
    shutil.rmtree(staged)
    path = root / "meta" / "info.json"
    info = json.loads(path.read_text())
    info["features"] |= language_feature_info()
    path.write_text(json.dumps(info, indent=4))


def depths():
    """Depth as TIFF and as quantised video, given in metres and in millimetres."""
    millimetres = lambda metres: np.round(1000 * metres).astype(np.uint16)
    names = {"observation.depth.m": lambda metres: metres, "observation.depth.mm": millimetres}
    more = lambda episode, frame: {name: unit(depth(episode, frame, 32, 32)) for name, unit in names.items()}
    features = lambda dtype: {name: camera(dtype, 32, 32, 1, is_depth_map=True) for name in names}
    record(create(fresh("depth-pictures"), features("image"), use_videos=False), [2, 1], more)
    encoder = DepthEncoderConfig(depth_max=5.0)
    record(create(fresh("depth-video"), features("video"), depth_encoder=encoder), [3, 2], more)


def resumed():
    root = fresh("resumed")
    record(create(root, {VIDEO: camera("video", 64, 64)}, rgb_encoder=H264), [3, 4], film)
    record(LeRobotDataset.resume("local/fixture", root=root, rgb_encoder=H264), [2, 3], film, first=2)


def edited():
    """An episode deleted, which re-encodes the rest of its video; then merged with another recording."""
    whole = opened(OUT / "h264")
    part = delete_episodes(whole, [1], output_dir=fresh("edited"), repo_id="local/part")
    merge_datasets([part, opened(OUT / "resumed")], "local/merged", output_dir=fresh("merged"))


for make in [pictures, h264, av1, extras, subtasks, depths, resumed, edited]:
    make()
for folder in sorted(path for path in OUT.iterdir() if path.is_dir()):
    (OUT / f"{folder.name}.json").write_text(json.dumps(contents(folder), ensure_ascii=False) + "\n")
