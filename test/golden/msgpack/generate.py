"""Writes cases.json: values and the bytes that python3-msgpack packs them to, numpy values as openpi's protocol describes them (dicts with bin keys).
Run with Debian's python3-msgpack and python3-numpy: python3 generate.py > cases.json

A value is JSON, except {"$": kind, ...}: float, int, bytes, array, repeat (a string, bytes, list or dict of that length). Bytes longer than 400 are
given as their SHA-256 and length."""

import base64
import hashlib
import json
import sys

import msgpack
import numpy as np


def numpy_dict(value):
    if isinstance(value, np.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    if isinstance(value, np.generic):
        return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}
    raise TypeError(type(value))


def pack(value):
    return msgpack.packb(value, default=numpy_dict)


def array(a):
    numbers = [x.hex() if isinstance(x, float) else str(int(x)) for x in a.flatten().tolist()]
    return {"$": "array", "dtype": a.dtype.name, "shape": list(a.shape), "data": numbers}


def repeat(kind, length):
    value = {
        "text": lambda: "é" + "x" * (length - 2),
        "bytes": lambda: bytes(i % 251 for i in range(length)),
        "list": lambda: [i % 7 for i in range(length)],
        "dict": lambda: {f"k{i}": i for i in range(length)},
    }[kind]()
    return value, {"$": "repeat", "kind": kind, "length": length}


both, decoded = [], []


def case(into, name, value, described):
    packed = pack(value)
    entry = {"name": name, "value": described}
    if len(packed) <= 400:
        entry["bytes"] = base64.b64encode(packed).decode()
    else:
        entry |= {"sha256": hashlib.sha256(packed).hexdigest(), "length": len(packed)}
    into.append(entry)


for value in [None, True, False, "", "pick up the cube", "Würfel 🤖", [], [1, [2, ["three", None]]], {}, {"a": {"b": [1, 2]}}]:
    case(both, f"plain {value!r}", value, value)
edges = [0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
edges += [-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -0x80000000, -0x80000001, -(2**53), -(2**53) - 1, -(2**63)]
for value in edges:
    case(both, f"int {value}", value, {"$": "int", "value": str(value)})
for value in [0.5, -0.0, 0.1, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]:
    case(both, f"float {value}", value, {"$": "float", "value": str(value)})
for kind in ["text", "bytes", "list", "dict"]:
    for length in [15, 16, 31, 32, 255, 256, 65535, 65536]:
        if not (kind == "dict" and length > 40000):
            case(both, f"{kind} of {length}", *repeat(kind, length))

rng = np.random.default_rng(7)
for name in ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"]:
    dtype = np.dtype(name)
    if dtype.kind == "f":
        numbers = rng.normal(size=24).astype(dtype)
        numbers[:3] = [np.inf, -0.0, np.finfo(dtype).max]
    elif dtype.kind == "b":
        numbers = rng.integers(0, 2, 24).astype(dtype)
    else:
        numbers = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, 24, dtype=dtype, endpoint=True)
    for shape in [(), (1,), (24,), (0,), (4, 6), (2, 0, 3), (2, 3, 4), (1, 2, 1, 2, 2, 3)]:
        a = numbers[: int(np.prod(shape))].reshape(shape)
        case(both, f"{name} {list(shape)}", a, array(a))
    one = numbers[3]
    if isinstance(one.item(), float):
        described = {"$": "float", "value": str(one.item())}
    else:
        described = one.item() if name == "bool" else {"$": "int", "value": str(one.item())}
    case(decoded, f"scalar {name}", one, described)
    if dtype.itemsize > 1:
        swapped = numbers.reshape(2, 12).astype(dtype.newbyteorder(">"))
        case(decoded, f"big-endian {name}", swapped, array(numbers.reshape(2, 12)))

fortran = np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3))
case(both, "Fortran order in memory travels in C order", fortran, array(fortran))
case(both, "every second column", np.arange(12, dtype=np.int16).reshape(3, 4)[:, ::2], array(np.arange(12, dtype=np.int16).reshape(3, 4)[:, ::2]))
image, state = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), rng.normal(size=8).astype(np.float32)
case(
    both,
    "an observation",
    {"observation/image": image, "observation/state": state, "nested": {"images": {"cam": image}}, "prompt": "stack"},
    {"observation/image": array(image), "observation/state": array(state), "nested": {"images": {"cam": array(image)}}, "prompt": "stack"},
)
json.dump({"both": both, "decoded": decoded}, sys.stdout, indent=0, allow_nan=False)
