"""Writes reference.safetensors with nothing but struct and json, and reads it (or another file) back the same way.

/usr/bin/python3 test/golden/safetensors/generate.py              writes the golden file beside this script
/usr/bin/python3 test/golden/safetensors/generate.py FILE         prints what FILE holds as JSON
"""

import json
import pathlib
import struct
import sys

FORMATS = {"F32": "<f", "F16": "<e", "BF16": "<H", "I64": "<q", "I32": "<i", "U8": "<B", "BOOL": "<?"}


def write(path, metadata, tensors):
    header, body = {"__metadata__": metadata}, b""
    for name, (dtype, shape, numbers) in tensors.items():
        packed = b"".join(struct.pack(FORMATS[dtype], x) for x in numbers)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(packed)]}
        body += packed
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def read(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = [x for (x,) in struct.iter_unpack(FORMATS[entry["dtype"]], data[start:end])]
        tensors[name] = [entry["dtype"], entry["shape"], numbers]
    return {"padded": length % 8 == 0, "metadata": metadata, "tensors": tensors}


GOLDEN = {
    "steps": ("I64", [], [2**60 + 1]),
    "ids": ("I64", [3], [-1, 0, 2**40]),
    "encoder.weight": ("F32", [2, 3], [0.0, -1.5, 3.25, 1e-38, 3e38, -0.0]),
    "größe": ("F32", [1], [0.5]),
    "12": ("I32", [2, 1], [-(2**31), 2**31 - 1]),
    "half": ("F16", [4], [1.0, -2.0, 65504.0, 5.960464477539063e-08]),
    "brain": ("BF16", [3], [0x3F80, 0xC000, 0x7F7F]),
    "pixels": ("U8", [2, 2], [0, 1, 254, 255]),
    "mask": ("BOOL", [3], [True, False, True]),
    "empty": ("F32", [0, 4], []),
}

if len(sys.argv) > 1:
    print(json.dumps(read(pathlib.Path(sys.argv[1]))))
else:
    write(pathlib.Path(__file__).with_name("reference.safetensors"), {"format": "pt", "note": "written by hand"}, GOLDEN)
