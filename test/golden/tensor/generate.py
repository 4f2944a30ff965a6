"""Golden cases of every tensor operator, from PyTorch: writes operators.json beside this file.

Run with Debian's python3-torch:  /usr/bin/python3 test/golden/tensor/generate.py

Each case has inputs, attributes, outputs, `upstream` (one weight per output element) and the gradient of sum(upstream * output) by every
float input. PyTorch computes in double precision on inputs that are exact in the dtype they are written in. `smooth` is false where a case
stands on a kink on purpose or is too rough for float32, so that finite differences do not apply; `absolute` is an error allowed where a
gradient is the small difference of large numbers.
"""

import json
import pathlib

import numpy
import torch
import torch.nn.functional as F

from record import case, cases

# arithmetic

BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum,
}
SHAPES = {"same": ((2, 3), (2, 3)), "row": ((2, 3), (3,)), "both": ((3, 1, 2), (4, 1)), "scalar": ((), (2, 2)), "ones": ((1,), (1, 1))}
for operator, function in BINARY.items():
    for name, (a, b) in SHAPES.items():
        def inputs(d, a=a, b=b, operator=operator):
            if operator == "div":
                return [d.normal(*a), d.values(d.uniform(0.7, 3, *b)[1] * d.rng.choice([-1, 1], b))]
            # Apart from each other: no ties.
            count = int(numpy.prod(a))
            both = d.spread(count + int(numpy.prod(b)))[1]
            return [d.values(both[:count].reshape(a)), d.values(both[count:].reshape(b))]
        case(operator, name, function, inputs)
    case(operator, "number on the right", lambda x, f=function: f(x, torch.tensor(1.5, dtype=x.dtype)), lambda d: [d.normal(2, 3)], right=1.5)
    case(operator, "number on the left", lambda x, f=function: f(torch.tensor(1.5, dtype=x.dtype), x), lambda d: [d.uniform(2, 3, 4)], left=1.5)
for operator in ("maximum", "minimum"):
    case(operator, "ties", BINARY[operator], lambda d: [d.values([1, 2, -3, 0]), d.values([1, 2.5, -3, -1])], smooth=False)
for operator in ("add", "sub", "mul"):
    case(operator, "i32", BINARY[operator], lambda d: [d.integers(-9, 9, 2, 3), d.integers(-9, 9, 3)], out="i32")
    case(operator, "i64", BINARY[operator], lambda d: [d.integers(-9, 9, 5, dtype="i64"), d.integers(-9, 9, 5, dtype="i64")], out="i64")
case("div", "i32", lambda a, b: torch.div(a, b, rounding_mode="trunc"), lambda d: [d.values([7, -7, 6], "i32"), d.values([2, 2, -4], "i32")], out="i32")
case("add", "the same tensor twice", lambda x: x + x, lambda d: [d.normal(3)], twice=True)
case("mul", "the same tensor twice", lambda x: x * x, lambda d: [d.normal(3)], twice=True)
case("add", "f16", torch.add, lambda d: [d.normal(2, 3, dtype="f16"), d.normal(3, dtype="f16")], out="f16", smooth=False)
case("mul", "f16", torch.mul, lambda d: [d.normal(2, 3, dtype="f16"), d.normal(3, dtype="f16")], out="f16", smooth=False)
case("pow", "tensors", torch.pow, lambda d: [d.uniform(0.5, 2, 2, 3), d.uniform(-2, 2, 3)])
case("pow", "square of negative numbers", lambda x: x**2, lambda d: [d.values([-2, -0.5, 0, 3])], right=2)
case("pow", "cube", lambda x: x**3, lambda d: [d.normal(5)], right=3)
case("pow", "inverse", lambda x: x**-1, lambda d: [d.uniform(0.5, 2, 5)], right=-1)
case("pow", "square root", lambda x: x**0.5, lambda d: [d.uniform(0.5, 2, 5)], right=0.5)
case("pow", "number to a tensor", lambda x: 2.0**x, lambda d: [d.normal(5)], left=2)
case("full", "f32", lambda: torch.full((2, 3), -1.25), lambda d: [], fill=-1.25, shape=[2, 3], dtype="f32")
case("full", "scalar", lambda: torch.tensor(0.1), lambda d: [], fill=0.1, shape=[], dtype="f32")
case("full", "i64", lambda: torch.full((2,), 7), lambda d: [], out="i64", fill=7, shape=[2], dtype="i64")
case("full", "large", lambda: torch.full((70, 3), 7), lambda d: [], out="i32", fill=7, shape=[70, 3], dtype="i32")
case("full", "bool", lambda: torch.full((2,), True), lambda d: [], out="bool", fill=1, shape=[2], dtype="bool")
case("full", "f16", lambda: torch.full((2,), 0.333), lambda d: [], out="f16", fill=0.333, shape=[2], dtype="f16")

# elementwise

UNARY = {
    "neg": torch.neg, "exp": torch.exp, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "relu": torch.relu, "erf": torch.erf, "silu": F.silu, "gelu": F.gelu,
}
for operator, function in UNARY.items():
    case(operator, "matrix", function, lambda d: [d.normal(3, 4)])
    case(operator, "scalar", function, lambda d: [d.normal()])
    case(operator, "far out", function, lambda d: [d.values([-30, -6, -3, 3, 6, 20])], smooth=False, absolute=3e-7 if operator == "tanh" else 0)
    case(operator, "many", function, lambda d: [d.normal(2, 3, 5, 7)], smooth=False)
    case(operator, "f16", function, lambda d: [d.normal(7, dtype="f16")], out="f16", smooth=False)
case("neg", "i32", torch.neg, lambda d: [d.integers(-9, 9, 4)], out="i32")
case("neg", "i64", torch.neg, lambda d: [d.integers(-9, 9, 4, dtype="i64")], out="i64")
case("relu", "at zero", torch.relu, lambda d: [d.values([0, -1, 1])], smooth=False)
gelu_tanh = lambda x: F.gelu(x, approximate="tanh")
case("gelu", "tanh", gelu_tanh, lambda d: [d.normal(3, 4)], form="tanh")
case("gelu", "tanh far out", gelu_tanh, lambda d: [d.values([-30, -6, -3, 0, 3, 6, 20])], form="tanh", smooth=False)
case("gelu", "erf by name", F.gelu, lambda d: [d.normal(3, 4, scale=2)], form="erf")
case("log", "positive", torch.log, lambda d: [d.uniform(0.3, 4, 3, 4)])
case("log", "small and large", torch.log, lambda d: [d.values([1e-30, 1e-3, 1e30])], smooth=False)
case("sqrt", "positive", torch.sqrt, lambda d: [d.uniform(0.3, 4, 3, 4)])
case("sqrt", "small and large", torch.sqrt, lambda d: [d.values([1e-30, 1e-3, 1e30])], smooth=False)
case("clamp", "both sides", lambda x: torch.clamp(x, -1, 1), lambda d: [d.spread(3, 4)], low=-1, high=1)
case("clamp", "at the bounds", lambda x: torch.clamp(x, -1, 2), lambda d: [d.values([-2, -1, 0, 2, 3])], low=-1, high=2, smooth=False)
case("clamp", "one point", lambda x: torch.clamp(x, 1, 1), lambda d: [d.values([0, 1, 2])], low=1, high=1, smooth=False)
case("clamp", "i32", lambda x: torch.clamp(x, -2, 2), lambda d: [d.integers(-9, 9, 8)], out="i32", low=-2, high=2)

# comparisons and choice

COMPARISONS = {
    "equal": torch.eq, "notEqual": torch.ne, "less": torch.lt, "lessEqual": torch.le, "greater": torch.gt, "greaterEqual": torch.ge,
}
for operator, function in COMPARISONS.items():
    case(operator, "f32 with ties", function, lambda d: [d.values([1, 2, 3]), d.values([[1, 3, 2], [3, 2, 1]])], out="bool")
    case(operator, "i32", function, lambda d: [d.integers(0, 3, 2, 4), d.integers(0, 3, 4)], out="bool")
    case(operator, "i64", function, lambda d: [d.integers(0, 3, 6, dtype="i64"), d.integers(0, 3, 6, dtype="i64")], out="bool")
    case(operator, "number", lambda x, f=function: f(x, 1), lambda d: [d.integers(0, 3, 6)], out="bool", right=1)
case("equal", "bool", torch.eq, lambda d: [d.bools(8), d.bools(8)], out="bool")
case("logicalAnd", "broadcast", torch.logical_and, lambda d: [d.bools(4, 3), d.bools(3)], out="bool")
case("logicalOr", "broadcast", torch.logical_or, lambda d: [d.bools(4, 3), d.bools(4, 1)], out="bool")
case("logicalNot", "matrix", torch.logical_not, lambda d: [d.bools(2, 3)], out="bool")
case("where", "same", torch.where, lambda d: [d.bools(2, 3), d.normal(2, 3), d.normal(2, 3)])
case("where", "all broadcast", torch.where, lambda d: [d.bools(4, 1), d.normal(3), d.normal(2, 1, 1)])
case("where", "number", lambda c, x: torch.where(c, x, torch.tensor(-7, dtype=x.dtype)), lambda d: [d.bools(5), d.normal(5)], right=-7)
case("where", "i64", torch.where, lambda d: [d.bools(5), d.integers(0, 9, 5, dtype="i64"), d.integers(0, 9, 5, dtype="i64")], out="i64")
TORCH = {"f32": torch.float64, "f16": torch.float64, "i64": torch.int64, "i32": torch.int32, "bool": torch.bool, "u8": torch.uint8}
CASTS = {"f32": [-2.7, -0.5, 0, 0.5, 2.7], "f16": [-2.7, 0, 2.7], "i64": [-3, 0, 5], "i32": [-3, 0, 5], "bool": [0, 1], "u8": [0, 1, 255]}
for source, values in CASTS.items():
    for target in CASTS:
        if source == target or (target == "u8" and source != "bool"):
            continue
        case("cast", f"{source} to {target}", lambda x, t=TORCH[target]: x.to(t), lambda d, s=source, v=values: [d.values(v, s)], out=target,
             smooth=False, dtype=target)
case("cast", "f32 to u8", lambda x: x.to(torch.uint8), lambda d: [d.values([0, 1.5, 254.9])], out="u8", dtype="u8")
case("cast", "to itself", lambda x: x, lambda d: [d.normal(3)], dtype="f32")

# reductions

AXES = {"all": None, "first": 0, "last": -1, "middle": 1, "two": [0, -1], "none": []}


def reduce(function):
    def run(x, axes, keep):
        if axes is None:
            axes = list(range(x.dim()))
        if axes == []:
            return x
        return function(x, dim=axes, keepdim=keep)
    return run


for operator, function in {"sum": reduce(torch.sum), "mean": reduce(torch.mean), "max": reduce(torch.amax)}.items():
    for name, axes in AXES.items():
        for keep in (False, True):
            attributes = {} if axes is None else {"axes": axes}
            case(operator, f"{name}{' kept' if keep else ''}", lambda x, f=function, a=axes, k=keep: f(x, a, k), lambda d: [d.spread(2, 3, 4)],
                 keep=keep, **attributes)
    case(operator, "size one", lambda x, f=function: f(x, 1, False), lambda d: [d.normal(3, 1)], axes=1, keep=False)
    case(operator, "scalar", lambda x: x * 1, lambda d: [d.normal()], keep=False)
    case(operator, "f16", lambda x, f=function: f(x, 1, False), lambda d: [d.normal(3, 4, dtype="f16")], out="f16", axes=1, keep=False, smooth=False)
case("sum", "i32", lambda x: x.sum(1, dtype=torch.int32), lambda d: [d.integers(-9, 9, 2, 3)], out="i32", axes=1, keep=False)
case("sum", "i64", lambda x: x.sum(0), lambda d: [d.integers(-9, 9, 2, 3, dtype="i64")], out="i64", axes=0, keep=False)
case("max", "i32", lambda x: x.amax(1), lambda d: [d.integers(-9, 9, 2, 3)], out="i32", axes=1, keep=False)
case("max", "i64", lambda x: x.amax(1), lambda d: [d.integers(-9, 9, 2, 3, dtype="i64")], out="i64", axes=1, keep=False)
case("max", "ties", lambda x: x.amax(1), lambda d: [d.values([[1, 2, 2], [3, 3, 3]])], axes=1, keep=False, smooth=False)
case("max", "ties over all", lambda x: x.amax((0, 1)), lambda d: [d.values([[1, 2, 2], [0, 2, -1]])], keep=False, smooth=False)
case("argmax", "last", lambda x: x.argmax(-1), lambda d: [d.normal(3, 5)], out="i32")
case("argmax", "first axis", lambda x: x.argmax(0), lambda d: [d.normal(3, 5)], out="i32", axis=0)
case("argmax", "negative axis", lambda x: x.argmax(-2), lambda d: [d.normal(2, 3, 4)], out="i32", axis=-2)
case("argmax", "ties give the first", lambda x: torch.tensor([1, 0]), lambda d: [d.values([[1, 2, 2], [3, 3, 3]])], out="i32")
case("argmax", "i32", lambda x: x.argmax(-1), lambda d: [d.values([[3, 9, -4]], "i32")], out="i32")
for name, (shape, to) in {"row": ((2, 3), (3,)), "column": ((2, 3), (2, 1)), "both": ((4, 2, 3), (2, 1)), "scalar": ((2, 3), ()), "ones": ((2, 3), (1, 1)),
                          "same": ((2, 3), (2, 3)), "size one": ((1, 3), (3,))}.items():
    case("sumTo", name, lambda x, t=to: x.sum_to_size(t), lambda d, s=shape: [d.normal(*s)], shape=list(to))
for name, (shape, to) in {"row": ((3,), (2, 3)), "column": ((2, 1), (2, 3)), "both": ((2, 1), (4, 2, 3)), "scalar": ((), (2, 3)), "same": ((2, 3), (2, 3))}.items():
    case("expand", name, lambda x, t=to: x.expand(t), lambda d, s=shape: [d.normal(*s)], shape=list(to))
case("expand", "i32", lambda x: x.expand(2, 3), lambda d: [d.integers(0, 9, 3)], out="i32", shape=[2, 3])

# softmax

for operator, function in {"softmax": F.softmax, "logSoftmax": F.log_softmax}.items():
    for axis in (-1, 0, 1):
        case(operator, f"axis {axis}", lambda x, f=function, a=axis: f(x, a), lambda d: [d.normal(2, 3, 4, scale=2)], axis=axis)
    case(operator, "large logits", lambda x, f=function: f(x, -1), lambda d: [d.values([[1000, 1001, 998], [-1000, -1001, -999]])], axis=-1, smooth=False)
    case(operator, "size one", lambda x, f=function: f(x, -1), lambda d: [d.normal(3, 1)], axis=-1)
    case(operator, "f16", lambda x, f=function: f(x, -1), lambda d: [d.normal(3, 4, dtype="f16")], out="f16", axis=-1, smooth=False)

# matrices


def product(transpose_a, transpose_b, scale):
    def run(a, b):
        a = a.transpose(-1, -2) if transpose_a else a
        b = b.transpose(-1, -2) if transpose_b else b
        return (a @ b) * scale
    return run


MATMULS = {"matrices": ((), ()), "batch": ((2,), (2,)), "batch by matrix": ((2, 3), ()), "matrix by batch": ((), (3,)), "broadcast batch": ((2, 1), (3,)),
           "batch of one": ((1,), (3,))}
for name, (batch_a, batch_b) in MATMULS.items():
    for ta in (False, True):
        for tb in (False, True):
            for scale in (1, -0.5):
                label = f"{name}{' Aᵀ' if ta else ''}{' Bᵀ' if tb else ''}{' scaled' if scale != 1 else ''}"
                shape_a = batch_a + ((4, 2) if ta else (2, 4))
                shape_b = batch_b + ((3, 4) if tb else (4, 3))
                case("matmul", label, product(ta, tb, scale), lambda d, a=shape_a, b=shape_b: [d.normal(*a), d.normal(*b)],
                     transposeA=ta, transposeB=tb, scale=scale)
case("matmul", "inner size one", torch.matmul, lambda d: [d.normal(3, 1), d.normal(1, 2)])
case("matmul", "one number", torch.matmul, lambda d: [d.normal(1, 1), d.normal(1, 1)])
case("matmul", "by itself", lambda x: x @ x, lambda d: [d.normal(3, 3)], twice=True)
case("matmul", "f16", torch.matmul, lambda d: [d.normal(2, 4, dtype="f16"), d.normal(4, 3, dtype="f16")], out="f16", smooth=False)
case("matmul", "f16 batch Bᵀ scaled", product(False, True, 0.5), lambda d: [d.normal(2, 2, 4, dtype="f16"), d.normal(2, 3, 4, dtype="f16")], out="f16",
     smooth=False, transposeB=True, scale=0.5)
for name, shape in {"rows": (5, 4), "batch": (2, 3, 4), "deep": (1, 2, 2, 4), "one vector": (4,)}.items():
    case("linear", name, F.linear, lambda d, s=shape: [d.normal(*s), d.normal(3, 4), d.normal(3)])
    case("linear", f"{name} without bias", F.linear, lambda d, s=shape: [d.normal(*s), d.normal(3, 4)])
case("linear", "f16", F.linear, lambda d: [d.normal(5, 4, dtype="f16"), d.normal(3, 4, dtype="f16"), d.normal(3, dtype="f16")], out="f16", smooth=False)

# normalisation


def rms(x, weight, epsilon=1e-6):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * weight


for name, shape in {"rows": (3, 5), "batch": (2, 3, 4), "vector": (6,), "width one": (3, 1)}.items():
    width = shape[-1]
    if width > 1:
        case("layerNorm", name, lambda x, w, b: F.layer_norm(x, w.shape, w, b), lambda d, s=shape, n=width: [d.normal(*s), d.normal(n), d.normal(n)])
    case("rmsNorm", name, rms, lambda d, s=shape, n=width: [d.normal(*s), d.normal(n)], smooth=width > 1, absolute=0 if width > 1 else 1e-6)
case("layerNorm", "epsilon", lambda x, w, b: F.layer_norm(x, w.shape, w, b, 0.3), lambda d: [d.normal(3, 4), d.normal(4), d.normal(4)], epsilon=0.3)
case("layerNorm", "far from zero", lambda x, w, b: F.layer_norm(x, w.shape, w, b), lambda d: [d.values(d.normal(3, 4)[1] + 20), d.normal(4), d.normal(4)], smooth=False)
case("layerNorm", "f16", lambda x, w, b: F.layer_norm(x, w.shape, w, b), lambda d: [d.normal(3, 4, dtype="f16"), d.normal(4, dtype="f16"), d.normal(4, dtype="f16")],
     out="f16", smooth=False)
case("rmsNorm", "epsilon", lambda x, w: rms(x, w, 0.3), lambda d: [d.normal(3, 4), d.normal(4)], epsilon=0.3)
case("rmsNorm", "f16", rms, lambda d: [d.normal(3, 4, dtype="f16"), d.normal(4, dtype="f16")], out="f16", epsilon=1e-5, smooth=False)

# shapes

for name, (shape, to) in {"flatten": ((2, 3), (6,)), "free": ((2, 3, 4), (-1, 6)), "same": ((2, 3), (2, 3)), "scalar": ((1, 1), ()), "from scalar": ((), (1,)),
                          "axes of one": ((2, 3), (1, 2, 1, 3))}.items():
    case("reshape", name, lambda x, t=to: x.reshape(t), lambda d, s=shape: [d.normal(*s)], shape=list(to))
case("transpose", "reversed", lambda x: x.permute(2, 1, 0), lambda d: [d.normal(2, 3, 4)])
case("transpose", "heads", lambda x: x.permute(0, 2, 1, 3), lambda d: [d.normal(2, 3, 2, 2)], order=[0, 2, 1, 3])
case("transpose", "cycle", lambda x: x.permute(1, 2, 0), lambda d: [d.normal(2, 3, 4)], order=[1, 2, 0])
case("transpose", "negative", lambda x: x.permute(-1, 0, 1), lambda d: [d.normal(2, 3, 4)], order=[-1, 0, 1])
case("transpose", "identity", lambda x: x * 1, lambda d: [d.normal(2, 3)], order=[0, 1])
case("concat", "rows", lambda *x: torch.cat(x, 0), lambda d: [d.normal(1, 3), d.normal(2, 3), d.normal(1, 3)], axis=0)
case("concat", "last", lambda *x: torch.cat(x, -1), lambda d: [d.normal(2, 1), d.normal(2, 3)], axis=-1)
case("concat", "one", lambda *x: torch.cat(x, 0), lambda d: [d.normal(2, 1)], axis=0)
case("concat", "twice the same", lambda x: torch.cat([x, x], 1), lambda d: [d.normal(2, 2)], axis=1, twice=True)
case("concat", "i64", lambda *x: torch.cat(x, 0), lambda d: [d.integers(0, 9, 2, dtype="i64"), d.integers(0, 9, 3, dtype="i64")], out="i64", axis=0)
case("slice", "middle", lambda x: x[:, 1:3], lambda d: [d.normal(2, 4, 3)], axis=1, start=1, end=3)
case("slice", "to the end", lambda x: x[..., 2:], lambda d: [d.normal(2, 4)], axis=-1, start=2)
case("slice", "negative", lambda x: x[-3:-1], lambda d: [d.normal(5, 2)], axis=0, start=-3, end=-1)
case("slice", "whole", lambda x: x * 1, lambda d: [d.normal(5)], axis=0, start=0)
case("slice", "one", lambda x: x[3:4], lambda d: [d.normal(5)], axis=0, start=3, end=4)
case("split", "uneven", lambda x: torch.split(x, [1, 3, 2], 1), lambda d: [d.normal(2, 6)], axis=1, sizes=[1, 3, 2])
case("split", "negative axis", lambda x: torch.split(x, [2, 2], -2), lambda d: [d.normal(4, 3)], axis=-2, sizes=[2, 2])
case("split", "one part", lambda x: torch.split(x, [4], 0), lambda d: [d.normal(4)], axis=0, sizes=[4])
case("split", "more parts than one kernel takes", lambda x: torch.split(x, [1] * 10, 1), lambda d: [d.normal(2, 10)], axis=1, sizes=[1] * 10)
case("pad", "both sides", lambda x: F.pad(x, (2, 1, 1, 0)), lambda d: [d.normal(2, 3)], amounts=[[1, 0], [2, 1]])
case("pad", "fill", lambda x: F.pad(x, (0, 2), value=-1.5), lambda d: [d.normal(2, 3)], amounts=[[0, 0], [0, 2]], fill=-1.5)
case("pad", "nothing", lambda x: x * 1, lambda d: [d.normal(2)], amounts=[[0, 0]])
case("pad", "i64", lambda x: F.pad(x, (1, 1), value=5), lambda d: [d.integers(0, 9, 2, dtype="i64")], out="i64", amounts=[[1, 1]], fill=5)
case("stopGradient", "value", lambda x: x.detach() * 1, lambda d: [d.normal(3)], differentiable=False)

# indices


def take(axis):
    def run(table, indices):
        axis_from_front = axis % table.dim()
        rows = torch.index_select(table, axis_from_front, indices.reshape(-1).long())
        return rows.reshape(table.shape[:axis_from_front] + indices.shape + table.shape[axis_from_front + 1:])
    return run


case("gather", "embedding", take(0), lambda d: [d.normal(4, 3), d.integers(0, 4, 2, 5)], axis=0)
case("gather", "repeated", take(0), lambda d: [d.normal(5, 2), d.values([1, 1, 1, 3, 1], "i64")], axis=0)
case("gather", "columns", take(1), lambda d: [d.normal(2, 4, 3), d.integers(0, 4, 2, 2)], axis=1)
case("gather", "last", take(-1), lambda d: [d.normal(2, 3), d.integers(0, 3, 4)], axis=-1)
case("gather", "one index", take(0), lambda d: [d.normal(4, 3), d.values(2, "i32")], axis=0)
case("gather", "one index of the middle", take(1), lambda d: [d.normal(2, 4, 3), d.values(2, "i64")], axis=1)
case("gather", "vector", take(0), lambda d: [d.normal(4), d.integers(0, 4, 3)], axis=0)
case("gather", "many rows", take(0), lambda d: [d.normal(300, 2), d.integers(0, 300, 8)], axis=0, smooth=False)
case("gather", "many columns", take(-1), lambda d: [d.normal(2, 300), d.integers(0, 300, 2, 2)], axis=-1, smooth=False)
case("gather", "i64 table", take(0), lambda d: [d.integers(0, 99, 5, dtype="i64"), d.integers(0, 5, 3)], out="i64", axis=0)
case("gather", "f16", take(0), lambda d: [d.normal(4, 3, dtype="f16"), d.integers(0, 4, 5)], out="f16", axis=0, smooth=False)
along = lambda axis: lambda x, i: torch.gather(x, axis, i.long())
case("takeAlongAxis", "last", along(-1), lambda d: [d.normal(3, 4), d.integers(0, 4, 3, 1)], axis=-1)
case("takeAlongAxis", "first, repeated", along(0), lambda d: [d.normal(3, 2), d.integers(0, 3, 6, 2, dtype="i64")], axis=0)
case("takeAlongAxis", "middle", along(1), lambda d: [d.normal(2, 3, 2), d.integers(0, 3, 2, 2, 2)], axis=1)
case("takeAlongAxis", "f16", along(-1), lambda d: [d.normal(3, 4, dtype="f16"), d.integers(0, 4, 3, 6)], out="f16", axis=-1, smooth=False)
case("oneHot", "matrix", lambda i: F.one_hot(i.long(), 4), lambda d: [d.integers(0, 4, 2, 3)], out="f32", depth=4)
case("oneHot", "i64", lambda i: F.one_hot(i, 5), lambda d: [d.integers(0, 5, 3, dtype="i64")], out="f32", depth=5)
case("oneHot", "bool", lambda i: F.one_hot(i.long(), 4), lambda d: [d.integers(0, 4, 3)], out="bool", depth=4, dtype="bool")
case("oneHot", "scalar", lambda i: F.one_hot(i.long(), 3), lambda d: [d.values(1, "i32")], out="f32", depth=3)
case("oneHot", "outside", lambda i: torch.tensor([[0, 0], [0, 1], [0, 0]]), lambda d: [d.values([-1, 1, 2], "i32")], out="f32", depth=2)

# convolution

CONVOLUTIONS = {
    "plain": ((2, 2, 5, 4), (3, 2, 3, 2), {}), "one by one": ((1, 3, 2, 2), (2, 3, 1, 1), {}),
    "padding": ((1, 2, 4, 4), (2, 2, 3, 3), {"padding": 1}), "stride": ((1, 1, 6, 5), (2, 1, 2, 2), {"stride": 2}),
    "stride with remainder": ((1, 1, 8, 6), (1, 1, 3, 3), {"stride": 3}), "dilation": ((1, 2, 6, 5), (1, 2, 2, 2), {"dilation": 2}),
    "everything": ((2, 2, 7, 6), (2, 2, 3, 2), {"stride": 2, "padding": 2, "dilation": 2}),
    "patches": ((1, 3, 4, 4), (2, 3, 2, 2), {"stride": 2}), "window as large as the image": ((2, 1, 3, 3), (1, 1, 3, 3), {}),
}
for name, (x, weight, options) in CONVOLUTIONS.items():
    case("conv2d", name, lambda a, w, o=options: F.conv2d(a, w, **o), lambda d, s=x, k=weight: [d.normal(*s), d.normal(*k)], **options)
    case("conv2d", f"{name} with bias", lambda a, w, b, o=options: F.conv2d(a, w, b, **o),
         lambda d, s=x, k=weight: [d.normal(*s), d.normal(*k), d.normal(k[0])], **options)

# rotary embedding


def angles(positions, size, base):
    frequencies = base ** (-2 * torch.arange(size // 2, dtype=torch.float64) / size)
    return positions.double().unsqueeze(-1) * frequencies


def turn(x, cosines, sines):
    first, second = x.chunk(2, -1)
    c, s = cosines.unsqueeze(1), sines.unsqueeze(1)
    return torch.cat([first * c - second * s, second * c + first * s], -1)


case("rotaryAngles", "shared", lambda p: (angles(p, 8, 10_000).cos(), angles(p, 8, 10_000).sin()), lambda d: [d.values([[0, 1, 2, 50]], "i32")], headSize=8)
case("rotaryAngles", "base", lambda p: (angles(p, 4, 100).cos(), angles(p, 4, 100).sin()), lambda d: [d.integers(0, 99, 2, 3, dtype="i64")], headSize=4, base=100)


def rotary_inputs(d, batch, heads, rows, length, size):
    a = angles(torch.tensor(d.integers(0, 40, rows, length)[1]), size, 100).numpy()
    return [d.normal(batch, heads, length, size), ("f32", numpy.cos(a)), ("f32", numpy.sin(a))]


def turn_without_angles(x, cosines, sines):
    return turn(x, cosines.detach(), sines.detach())


case("rotary", "shared positions", turn_without_angles, lambda d: rotary_inputs(d, 2, 2, 1, 3, 4))
case("rotary", "positions per batch", turn_without_angles, lambda d: rotary_inputs(d, 2, 3, 2, 3, 4))
case("rotary", "one token", turn_without_angles, lambda d: rotary_inputs(d, 1, 1, 1, 1, 2))
case("rotary", "wide heads", turn_without_angles, lambda d: rotary_inputs(d, 2, 2, 2, 2, 16), smooth=False)

# cross-entropy


def integer_each(logits, target):
    return F.cross_entropy(logits.movedim(-1, 1) if logits.dim() > 2 else logits, target.long(), reduction="none")


def soft_each(logits, target):
    return -(F.log_softmax(logits, -1) * target).sum(-1)


def weighted(each, weights):
    return (each * weights).sum() / torch.clamp(weights.expand_as(each).sum(), min=1e-8)


def probabilities(d, *shape):
    numbers = d.uniform(0.1, 1, *shape)[1]
    return "f32", numbers / numbers.sum(-1, keepdims=True)


case("crossEntropy", "integers", lambda l, t: integer_each(l, t).mean(), lambda d: [d.normal(4, 3), d.integers(0, 3, 4)])
case("crossEntropy", "i64, batch", lambda l, t: integer_each(l, t).mean(), lambda d: [d.normal(2, 3, 4), d.integers(0, 4, 2, 3, dtype="i64")])
case("crossEntropy", "soft", lambda l, t: soft_each(l, t).mean(), lambda d: [d.normal(4, 3), probabilities(d, 4, 3)])
case("crossEntropy", "large logits", lambda l, t: integer_each(l, t).mean(), lambda d: [d.values([[500, 0, -500], [0, 500, 1]]), d.values([0, 0], "i32")], smooth=False)
case("crossEntropy", "weighted", lambda l, t, w: weighted(integer_each(l, t), w), lambda d: [d.normal(4, 3), d.integers(0, 3, 4), d.uniform(0.2, 1, 4)])
case("crossEntropy", "masked", lambda l, t, w: weighted(integer_each(l, t), w), lambda d: [d.normal(4, 3), d.integers(0, 3, 4), d.values([1, 0, 0, 1])])
case("crossEntropy", "soft weighted", lambda l, t, w: weighted(soft_each(l, t), w), lambda d: [d.normal(2, 2, 3), probabilities(d, 2, 2, 3), d.uniform(0.2, 1, 2, 2)])
case("crossEntropy", "all masked", lambda l, t, w: weighted(integer_each(l, t), w), lambda d: [d.normal(4, 3), d.integers(0, 3, 4), d.values([0.0] * 4)], smooth=False)
case("crossEntropyEach", "integers", integer_each, lambda d: [d.normal(4, 3), d.integers(0, 3, 4)])
case("crossEntropyEach", "batch", integer_each, lambda d: [d.normal(2, 3, 4), d.integers(0, 4, 2, 3)])
case("crossEntropyEach", "soft", soft_each, lambda d: [d.normal(2, 3, 4), probabilities(d, 2, 3, 4)])
case("crossEntropyEach", "one class", soft_each, lambda d: [d.normal(2, 1), d.values([[1.0], [1.0]])])
case("weightedMean", "same shape", weighted, lambda d: [d.normal(2, 3), d.uniform(0.2, 1, 2, 3)])
case("weightedMean", "broadcast", weighted, lambda d: [d.normal(2, 3), d.uniform(0.2, 1, 2, 1)])
case("weightedMean", "all zero", weighted, lambda d: [d.normal(2, 3), d.values([0.0, 0.0, 0.0])], smooth=False)

path = pathlib.Path(__file__).with_name("operators.json")
# attention


def attend(q, k, v, mask=None):
    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if mask is not None:
        mask = mask.reshape((-1,) + tuple(mask.shape[-2:])).unsqueeze(1)
        scores = torch.where(mask, scores, -1e9)  # in float32 the same as adding: -1e9 swallows the score
    return torch.softmax(scores, -1) @ v


for name, (batch, heads, groups, length, keys, mask) in {
    "no mask": (2, 2, 2, 3, 3, None), "cross": (1, 2, 2, 2, 4, None), "grouped heads": (2, 4, 2, 2, 3, None), "one group": (1, 3, 1, 2, 3, None),
    "mask for all": (2, 2, 1, 3, 3, (3, 3)), "mask of one batch": (2, 2, 2, 3, 3, (1, 3, 3)), "mask per batch": (2, 4, 2, 2, 3, (2, 2, 3)),
}.items():
    def inputs(d, b=batch, h=heads, g=groups, t=length, s=keys, mask=mask):
        tensors = [d.normal(b, h, t, 4), d.normal(b, g, s, 4), d.normal(b, g, s, 4)]
        # Every token looks at the first key at least.
        return tensors if mask is None else [*tensors, ("bool", d.bools(*mask)[1] | (numpy.arange(s) == 0))]
    case("attention", name, attend, inputs)
case("attention", "a token without any key", attend, lambda d: [d.normal(1, 1, 2, 2), d.normal(1, 1, 3, 2), d.normal(1, 1, 3, 2), d.values([[0, 1, 0], [0, 0, 0]], "bool")],
     differentiable=False)

# half precision: what ONNX Runtime has no kernel for it computes in float32

HALVES = {
    "pow": (torch.pow, lambda d: [d.uniform(0.5, 2, 3, dtype="f16"), d.uniform(-2, 2, 3, dtype="f16")], {}),
    "log": (torch.log, lambda d: [d.uniform(0.5, 2, 3, dtype="f16")], {}),
    "sqrt": (torch.sqrt, lambda d: [d.uniform(0.5, 2, 3, dtype="f16")], {}),
    "clamp": (lambda x: torch.clamp(x, -0.9, 0.9), lambda d: [d.spread(6, dtype="f16")], {"low": -0.9, "high": 0.9}),
    "maximum": (torch.maximum, lambda d: [d.spread(6, dtype="f16"), d.values([0] * 6, "f16")], {}),
    "where": (torch.where, lambda d: [d.bools(5), d.normal(5, dtype="f16"), d.normal(5, dtype="f16")], {}),
    "expand": (lambda x: x.expand(2, 3), lambda d: [d.normal(3, dtype="f16")], {"shape": [2, 3]}),
    "reshape": (lambda x: x.reshape(6), lambda d: [d.normal(2, 3, dtype="f16")], {"shape": [6]}),
    "transpose": (lambda x: x.T, lambda d: [d.normal(2, 3, dtype="f16")], {}),
    "concat": (lambda *x: torch.cat(x, 0), lambda d: [d.normal(2, dtype="f16"), d.normal(1, dtype="f16")], {"axis": 0}),
    "slice": (lambda x: x[1:3], lambda d: [d.normal(4, dtype="f16")], {"axis": 0, "start": 1, "end": 3}),
    "split": (lambda x: torch.split(x, [1, 3], 0), lambda d: [d.normal(4, dtype="f16")], {"axis": 0, "sizes": [1, 3]}),
    "pad": (lambda x: F.pad(x, (1, 2)), lambda d: [d.normal(3, dtype="f16")], {"amounts": [[1, 2]]}),
    "conv2d": (lambda x, w: F.conv2d(x, w, stride=2, padding=1), lambda d: [d.normal(1, 2, 5, 4, dtype="f16"), d.normal(2, 2, 3, 3, dtype="f16")],
               {"stride": 2, "padding": 1}),
    "crossEntropy": (lambda l, t: integer_each(l, t).mean(), lambda d: [d.normal(4, 3, dtype="f16"), d.integers(0, 3, 4)], {}),
    "attention": (attend, lambda d: [d.normal(1, 2, 3, 4, dtype="f16"), d.normal(1, 1, 2, 4, dtype="f16"), d.normal(1, 1, 2, 4, dtype="f16"), d.values(numpy.tri(3, 2), "bool")], {}),
    "rotary": (turn_without_angles, lambda d: [("f16", array) for _, array in rotary_inputs(d, 2, 2, 2, 3, 4)], {}),
}
for operator, (function, inputs, attributes) in HALVES.items():
    case(operator, "half precision", function, inputs, out="f16", smooth=False, **attributes)

assert len({(c["operator"], c["name"]) for c in cases}) == len(cases), "two cases share a name"
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":"), ensure_ascii=False) for c in cases) + "\n]\n")
print(f"{len(cases)} cases, {path.stat().st_size} bytes")
