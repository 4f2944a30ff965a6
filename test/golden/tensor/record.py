"""One golden case: seeded inputs, PyTorch's outputs and gradients, as JSON."""

import zlib

import numpy
import torch

NUMPY = {"f32": numpy.float32, "f16": numpy.float16, "i64": numpy.int64, "i32": numpy.int32, "bool": numpy.bool_, "u8": numpy.uint8}
FLOATS = ("f32", "f16")
cases = []


class Draw:
    """Inputs of one case, seeded by its name: adding a case changes no other."""

    def __init__(self, name):
        self.rng = numpy.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *shape, scale=1.0, dtype="f32"):
        return dtype, self.rng.normal(0, scale, shape)

    def uniform(self, low, high, *shape, dtype="f32"):
        return dtype, self.rng.uniform(low, high, shape)

    def spread(self, *shape, dtype="f32"):
        """Values at least 0.25 apart, none nearer to 0 than 0.125: no kink within reach of a finite difference."""
        count = int(numpy.prod(shape))
        return dtype, ((self.rng.permutation(count) - count // 2) * 0.25 + 0.125).reshape(shape)

    def integers(self, low, high, *shape, dtype="i32"):
        return dtype, self.rng.integers(low, high, shape)

    def bools(self, *shape):
        return "bool", self.rng.integers(0, 2, shape)

    @staticmethod
    def values(numbers, dtype="f32"):
        return dtype, numpy.array(numbers)


def number(x, dtype):
    if dtype not in FLOATS:
        return int(x)
    text = str(NUMPY[dtype](x))
    assert NUMPY[dtype](float(text)) == NUMPY[dtype](x), (x, dtype)
    return float(text)


def tensor_json(dtype, array):
    array = numpy.asarray(array)
    return {"dtype": dtype, "shape": list(array.shape), "data": [number(x, dtype) for x in array.reshape(-1)]}


def case(operator, name, run, inputs, *, out="f32", smooth=True, absolute=0, differentiable=None, **attributes):
    """`inputs` takes a Draw and gives (dtype, array) pairs; `run` computes the operator in PyTorch on them."""
    draw = Draw(f"{operator} {name}")
    drawn = [(dtype, numpy.asarray(array).astype(NUMPY[dtype])) for dtype, array in inputs(draw)]
    tensors = [torch.tensor(array.astype(numpy.float64) if dtype in FLOATS else array) for dtype, array in drawn]
    floats = [t for (dtype, _), t in zip(drawn, tensors) if dtype in FLOATS]
    result = run(*[t.requires_grad_() if dtype in FLOATS else t for (dtype, _), t in zip(drawn, tensors)])
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    record = {"operator": operator, "name": name, "smooth": smooth, "absolute": absolute, "attributes": attributes}
    record["inputs"] = [tensor_json(dtype, array) for dtype, array in drawn]
    record["outputs"] = [tensor_json(out, r.detach().numpy()) for r in results]
    differentiable = out in FLOATS and len(floats) > 0 if differentiable is None else differentiable
    if differentiable:
        weights = [draw.rng.uniform(-1, 1, tuple(r.shape)).astype(numpy.float32) for r in results]
        loss = sum((r * torch.tensor(w.astype(numpy.float64))).sum() for r, w in zip(results, weights))
        gradients = torch.autograd.grad(loss, floats, allow_unused=True)
        record["upstream"] = [tensor_json("f32", w) for w in weights]
        flowing = iter(gradients)
        record["gradients"] = [
            None if dtype not in FLOATS or (g := next(flowing)) is None else tensor_json(dtype, g.numpy()) for dtype, _ in drawn
        ]
    cases.append(record)
