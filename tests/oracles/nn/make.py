"""Writes golden outputs, losses and gradients of BERT, by transformers' BertForMaskedLM.

usage: make.py FOLDER        (FOLDER is models/nn/tests/golden)

FOLDER/tiny/         config.json and model.safetensors of a small model, as save_pretrained writes them
FOLDER/tiny.bin      the same weights as PyTorch saves them, tied ones under both names
FOLDER/tiny.json     its hidden states, logits, loss and predictions for two rows, one of them padded
FOLDER/tiny-gradients.safetensors    the loss's gradients in double precision, rounded to single
FOLDER/grover.json   hidden states and logits of a model of GROVER's shape, at some places

Weights follow from their names alone, so that those of the large model need no file: value i of a tensor is
scale * (u - 0.5), u being the upper 24 bits of splitmix64(seed + i) over 2^24, the seed being the first 8 bytes of the
SHA-256 of the name, and 1 more for the scales of norms.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import transformers
from transformers import BertConfig, BertForMaskedLM

TINY = dict(
    vocab_size=25, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
    max_position_embeddings=14, type_vocab_size=2, layer_norm_eps=1e-12,
)
GROVER = dict(
    vocab_size=609, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
    max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12,
)


def values(name: str, size: int, scale: float) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(size, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) / 2.0**24
    base = 1.0 if name.endswith("LayerNorm.weight") else 0.0
    return (base + scale * (u - 0.5)).astype(np.float32)


def model(shape: dict, scale: float) -> BertForMaskedLM:
    config = BertConfig(**shape, attn_implementation="eager")
    net = BertForMaskedLM(config).eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(torch.from_numpy(values(name, parameter.numel(), scale).reshape(parameter.shape)))
    return net


def rounded(tensor) -> list:
    return [float(f"{value:.7g}") for value in tensor.detach().double().flatten().tolist()]


def tiny(folder: Path) -> None:
    net = model(TINY, 0.8)
    net.save_pretrained(folder / "tiny", safe_serialization=True)
    torch.save(net.state_dict(), folder / "tiny.bin")
    draw = np.random.default_rng(5)
    ids = draw.integers(4, 25, (2, 13))
    ids[:, 0], ids[0, 12], ids[1, 8] = 2, 3, 3
    mask = np.ones((2, 13), dtype=np.int64)
    ids[1, 9:], mask[1, 9:] = 0, 0
    labels = np.full((2, 13), -100)
    for row, column in [(0, 2), (0, 3), (0, 9), (1, 1), (1, 6)]:
        labels[row, column] = draw.integers(5, 25)
        ids[row, column] = 4
    ids_t, mask_t, labels_t = (torch.from_numpy(a) for a in (ids, mask, labels))
    out = net(input_ids=ids_t, attention_mask=mask_t, output_hidden_states=True)
    double = model(TINY, 0.8).double()
    loss = double(input_ids=ids_t, attention_mask=mask_t, labels=labels_t).loss
    loss.backward()
    gradients = {name: p.grad.float() for name, p in double.named_parameters() if p.grad is not None}
    safetensors.torch.save_file(gradients, folder / "tiny-gradients.safetensors")
    places = [(r * 13 + c) for r in range(2) for c in range(13) if labels[r, c] >= 0]
    write(folder / "tiny.json", {
        "ids": ids.tolist(), "mask": mask.tolist(), "places": places,
        "labels": [int(labels[p // 13, p % 13]) for p in places],
        "hidden": [rounded(state) for state in out.hidden_states],
        "logits": rounded(out.logits), "loss": loss.item(),
    })


def grover(folder: Path) -> None:
    net = model(GROVER, 0.12)
    draw = np.random.default_rng(6)
    ids = draw.integers(5, 609, (1, 24))
    ids[0, 0], ids[0, 23] = 2, 3
    with torch.no_grad():
        out = net(input_ids=torch.from_numpy(ids), output_hidden_states=True)
    write(folder / "grover.json", {
        "ids": ids.tolist(), "scale": 0.12, "stride": 997,
        "hidden": [rounded(state.flatten()[::997]) for state in out.hidden_states],
        "logits": rounded(out.logits.flatten()[::997]),
    })


def write(path: Path, content: dict) -> None:
    content["versions"] = {
        "torch": torch.__version__, "transformers": transformers.__version__, "safetensors": safetensors.__version__,
    }
    path.write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    tiny(Path(sys.argv[1]))
    grover(Path(sys.argv[1]))
