# Episodes in the layout of ALOHA's record_episodes.py: one HDF5 file each, pictures plain or as padded JPEG. Their values
# follow from episode and frame (hdf5.test.ts).
# python test/golden/aloha/generate.py (h5py, numpy, pillow)
import io
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 32, 48
CAMERAS = ["cam_high", "cam_left_wrist"]


def picture(episode, frame, camera):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([4 * x, 6 * y, np.full_like(x, 60 * camera + 20 * episode + 5 * frame)], axis=-1).astype(np.uint8)


def jpeg(image):
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, "JPEG", quality=95, subsampling=0)
    return np.frombuffer(packed.getvalue(), np.uint8)


for episode, (length, compressed) in enumerate([(4, False), (3, True)]):
    with h5py.File(Path(__file__).parent / f"episode_{episode + 9}.hdf5", "w") as root:
        root.attrs["sim"] = False
        root.attrs["compress"] = compressed
        joints = np.arange(14) / 10
        vector = lambda offset: np.stack([offset + episode + frame + joints for frame in range(length)])
        observations = root.create_group("observations")
        observations["qpos"] = vector(0)
        observations["qvel"] = vector(100)
        observations["effort"] = vector(200)
        root["action"] = vector(300)
        root["base_action"] = vector(400)[:, :2]
        images = observations.create_group("images")
        for at, camera in enumerate(CAMERAS):
            frames = [picture(episode, frame, at) for frame in range(length)]
            if not compressed:
                images.create_dataset(camera, data=np.stack(frames), chunks=(1, HEIGHT, WIDTH, 3), compression="gzip")
                continue
            packed = [jpeg(frame) for frame in frames]
            longest = max(map(len, packed))
            images.create_dataset(camera, data=np.stack([np.pad(one, (0, longest - len(one))) for one in packed]))
        if compressed:
            root["compress_len"] = np.zeros((len(CAMERAS), length))
