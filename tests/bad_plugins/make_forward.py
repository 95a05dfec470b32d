"""Writes forward.onnx: what the encoder of plugin.c computes, with its table as an input.

python make_forward.py forward.onnx      (onnx 1.23.2, numpy 2)
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def port(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


nodes = [
    helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
    helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
    helper.make_node("Mul", ["embedded", "mask3"], ["real"]),
    helper.make_node("ReduceSum", ["real", "one"], ["sums"], keepdims=1),
    helper.make_node("ReduceSum", ["mask3", "one"], ["counts"], keepdims=1),
    helper.make_node("Max", ["counts", "least"], ["counted"]),
    helper.make_node("Div", ["sums", "counted"], ["means"]),
    helper.make_node("Add", ["embedded", "means"], ["hidden"]),
]
graph = helper.make_graph(
    nodes,
    "averages",
    [
        port("input_ids", TensorProto.INT64, "batch", "tokens"),
        port("attention_mask", TensorProto.INT64, "batch", "tokens"),
        port("table", TensorProto.FLOAT, 6, 4),
    ],
    [port("hidden", TensorProto.FLOAT, "batch", "tokens", 4)],
    [
        constant("last", np.array([2], dtype=np.int64)),
        constant("one", np.array([1], dtype=np.int64)),
        constant("least", np.array(1.0, dtype=np.float32)),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, sys.argv[1])
