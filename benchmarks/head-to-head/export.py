"""Exports a BERT from PyTorch, as somebody does who never heard of dlm, with fresh weights and the given tokenizer.

usage: export.py TOKENIZER.json FOLDER

FOLDER/model.onnx       inputs input_ids, attention_mask, token_type_ids; outputs last_hidden_state, pooler_output
FOLDER/config.json      the shape: two layers of width 128, 64 positions
FOLDER/tokenizer.json   the tokenizer
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

tokenizer, folder = map(Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
text = json.loads(tokenizer.read_text())
ids = [*text["model"]["vocab"].values(), *(token["id"] for token in text["added_tokens"])]
torch.manual_seed(0)
config = BertConfig(vocab_size=max(ids) + 1, hidden_size=128, num_hidden_layers=2, num_attention_heads=2,
                    intermediate_size=512, max_position_embeddings=64, attn_implementation="eager")
model = BertModel(config).eval()
row = torch.randint(0, config.vocab_size, (2, 9))
names = ["input_ids", "attention_mask", "token_type_ids"]
axes = {name: {0: "batch", 1: "sequence"} for name in [*names, "last_hidden_state"]} | {"pooler_output": {0: "batch"}}
torch.onnx.export(model, (row, torch.ones_like(row), torch.zeros_like(row)), folder / "model.onnx", input_names=names,
                  output_names=["last_hidden_state", "pooler_output"], dynamic_axes=axes, opset_version=17, dynamo=False)
(folder / "config.json").write_text(config.to_json_string())
shutil.copy(tokenizer, folder / "tokenizer.json")
