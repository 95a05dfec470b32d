"""Writes a small BERT as an exporter of PyTorch does: token types, a pooled output, dynamic axes.

usage: export.py FOLDER        (FOLDER is benchmarks/harness/tests/exported)

FOLDER/model.onnx       inputs input_ids, attention_mask, token_type_ids; outputs last_hidden_state, pooler_output
FOLDER/config.json      the shape
FOLDER/golden.json      ids, mask, hidden states, versions
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(5)
config = BertConfig(vocab_size=13, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                    max_position_embeddings=64, initializer_range=0.3, attn_implementation="eager")
model = BertModel(config).eval()
ids = torch.randint(5, 13, (2, 9))
mask = torch.ones_like(ids)
mask[1, 6:] = 0
names = ["input_ids", "attention_mask", "token_type_ids"]
axes = {name: {0: "batch", 1: "sequence"} for name in [*names, "last_hidden_state"]} | {"pooler_output": {0: "batch"}}
torch.onnx.export(model, (ids, mask, torch.zeros_like(ids)), folder / "model.onnx", input_names=names,
                  output_names=["last_hidden_state", "pooler_output"], dynamic_axes=axes, opset_version=17, dynamo=False)
with torch.no_grad():
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
(folder / "config.json").write_text(config.to_json_string())
versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "onnx")}
golden = dict(versions=versions, ids=ids.tolist(), mask=mask.tolist(),
              hidden=[float(f"{value:.7g}") for value in hidden.flatten().tolist()])
(folder / "golden.json").write_text(json.dumps(golden) + "\n")
