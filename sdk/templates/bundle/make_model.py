"""Writes model.onnx of this template: an embedding, the mean of the row's real tokens, and a layer on both.

python make_model.py model.onnx      (onnx 1.23.2, numpy 2)
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, HIDDEN = 6, 8
rng = np.random.default_rng(0)


def weight(name, *shape):
    return numpy_helper.from_array((rng.normal(size=shape) * 0.5).astype(np.float32), name)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


nodes = [
    helper.make_node("Gather", ["embeddings.weight", "input_ids"], ["embedded"]),
    helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
    helper.make_node("Mul", ["embedded", "mask3"], ["real"]),
    helper.make_node("ReduceSum", ["real", "one"], ["sums"], keepdims=1),
    helper.make_node("ReduceSum", ["mask3", "one"], ["counts"], keepdims=1),
    helper.make_node("Max", ["counts", "least"], ["counted"]),
    helper.make_node("Div", ["sums", "counted"], ["means"]),
    helper.make_node("MatMul", ["means", "context.weight"], ["context"]),
    helper.make_node("Add", ["embedded", "context"], ["added"]),
    helper.make_node("MatMul", ["added", "dense.weight"], ["product"]),
    helper.make_node("Add", ["product", "dense.bias"], ["biased"]),
    helper.make_node("Tanh", ["biased"], ["last_hidden_state"]),
    helper.make_node("MatMul", ["last_hidden_state", "head.weight"], ["logits"]),
]
weights = [
    weight("embeddings.weight", VOCABULARY, HIDDEN),
    weight("context.weight", HIDDEN, HIDDEN),
    weight("dense.weight", HIDDEN, HIDDEN),
    weight("dense.bias", HIDDEN),
    weight("head.weight", HIDDEN, VOCABULARY),
    constant("last", np.array([2], dtype=np.int64)),
    constant("one", np.array([1], dtype=np.int64)),
    constant("least", np.array(1.0, dtype=np.float32)),
]


def port(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


graph = helper.make_graph(
    nodes,
    "bases",
    [port("input_ids", TensorProto.INT64, "batch", "tokens"), port("attention_mask", TensorProto.INT64, "batch", "tokens")],
    [
        port("last_hidden_state", TensorProto.FLOAT, "batch", "tokens", HIDDEN),
        port("logits", TensorProto.FLOAT, "batch", "tokens", VOCABULARY),
    ],
    weights,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, sys.argv[1])
