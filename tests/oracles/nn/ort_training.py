"""Writes golden gradients of a loss by onnxruntime-training-cpu 1.19.2, the last release of ONNX Runtime that
differentiates graphs from Python.

usage: ort_training.py LOSS.onnx FOLDER      (FOLDER is models/nn/tests/golden)
LOSS.onnx is made by the example loss_graph of dlm-nn: loss_graph FOLDER/tiny 2 13 5 LOSS.onnx

The gradient is what a step of plain descent takes off, at a rate so high that the weight does not matter.
"""

import json
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.training import artifacts
from onnxruntime.training.api import CheckpointState, Module, Optimizer

RATE = 4096.0


def save(path: Path, tensors: dict) -> None:
    header, offset = {}, 0
    for name, value in sorted(tensors.items()):
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for _, v in sorted(tensors.items())))


def main() -> None:
    graph, folder = Path(sys.argv[1]), Path(sys.argv[2])
    golden = json.loads((folder / "tiny.json").read_text())
    model = onnx.load(graph)
    # Its rules take the statistics of norms from outputs that only training needs.
    for node in model.graph.node:
        if node.op_type == "LayerNormalization":
            node.output.extend(f"{node.output[0]}:{part}" for part in ("mean", "deviation"))
    names = [i.name for i in model.graph.initializer if i.name.startswith(("bert.", "cls."))]
    with tempfile.TemporaryDirectory() as scratch:
        artifacts.generate_artifacts(
            model, requires_grad=names, optimizer=artifacts.OptimType.SGD, artifact_directory=scratch)
        state = CheckpointState.load_checkpoint(f"{scratch}/checkpoint")
        module = Module(f"{scratch}/training_model.onnx", state, f"{scratch}/eval_model.onnx")
        optimizer = Optimizer(f"{scratch}/optimizer_model.onnx", module)
        feeds = {
            "input_ids": np.array(golden["ids"]), "attention_mask": np.array(golden["mask"]),
            "masked_places": np.array(golden["places"]), "masked_labels": np.array(golden["labels"]),
            "masked_weights": np.full(len(golden["places"]), 1 / len(golden["places"]), np.float32),
        }
        before = {name: np.array(state.parameters[name].data) for name in names}
        module.train()
        loss = module(*[feeds[name] for name in module.input_names()])
        optimizer.set_learning_rate(RATE)
        optimizer.step()
        after = {name: np.array(state.parameters[name].data) for name in names}
    gradients = {name: ((before[name] - after[name]) / RATE).astype(np.float32) for name in names}
    save(folder / "tiny-gradients-ort.safetensors", gradients)
    print("loss", float(loss), "onnxruntime", onnxruntime.__version__, len(names), "gradients")


if __name__ == "__main__":
    main()
