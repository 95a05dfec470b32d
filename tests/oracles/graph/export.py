"""Writes small models as PyTorch's exporters write them, with gradients and a loss curve of PyTorch in double precision.

usage: export.py models/graph/tests/golden

A BERT and an ESM (rotary positions) of two layers of 8, each by the exporter that records a run (`script`) and by the
one that reads the program (`dynamo`). For each: NAME.onnx.gz, and NAME.json with versions, a batch, the gradient of the
masked-language-model loss for every weight, and the losses of 20 steps of Adam.
"""

import copy
import gzip
import io
import json
import sys
import warnings
from pathlib import Path

import onnx
import onnxscript
import torch
import transformers

VOCABULARY, TOKENS, STEPS, RATE = 12, 7, 20, 1e-2
SMALL = dict(
    vocab_size=VOCABULARY,
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=16,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def bert(attention):
    config = transformers.BertConfig(max_position_embeddings=TOKENS + 2, **SMALL)
    config._attn_implementation = attention
    return transformers.BertForMaskedLM(config)


def esm():
    config = transformers.EsmConfig(
        max_position_embeddings=TOKENS + 2,
        position_embedding_type="rotary",
        token_dropout=False,
        pad_token_id=1,
        mask_token_id=2,
        **SMALL,
    )
    config._attn_implementation = "eager"
    return transformers.EsmForMaskedLM(config)


def script(model, ids, mask, dynamic):
    names = {0: "batch", 1: "tokens"}
    file = io.BytesIO()
    torch.onnx.export(
        model,
        (ids, mask),
        file,
        dynamo=False,
        opset_version=17,
        do_constant_folding=False,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": names, "attention_mask": names, "logits": names} if dynamic else None,
    )
    return onnx.load_from_string(file.getvalue())


def dynamo(model, ids, mask, dynamic):
    batch, tokens = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("tokens", min=2, max=TOKENS + 2)
    shapes = {"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}}
    program = torch.onnx.export(
        model,
        (ids, mask),
        dynamo=True,
        optimize=False,
        opset_version=20,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes=shapes if dynamic else None,
    )
    proto = program.model_proto
    # Notes about the source are not part of the model, and are most of the file.
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*proto.graph.value_info, *proto.graph.input, *proto.graph.output]:
        del value.metadata_props[:]
    return proto


def case(name, model, export, dynamic, folder):
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        # No two weights are equal, so that none are stored as one.
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    model = Logits(model.eval())
    ids = torch.randint(3, VOCABULARY, (2, TOKENS), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    labels = torch.randint(3, VOCABULARY, (2, TOKENS), generator=generator)
    labels[0, ::2] = -100
    labels[1, 5:] = -100
    # Exporters leave traces in a model's caches.
    proto = export(copy.deepcopy(model), ids, mask, dynamic)
    stored = {tensor.name for tensor in proto.graph.initializer}
    with gzip.GzipFile(folder / f"{name}.onnx.gz", "wb", mtime=0) as file:
        file.write(proto.SerializeToString())

    model.double()
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    losses, gradients = [], {}
    for step in range(STEPS):
        logits = model(ids, mask)
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), labels.reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            # A tied weight has several names, and the file one of them.
            for parameter, value in model.named_parameters(remove_duplicate=False):
                if parameter in stored:
                    gradients[parameter] = [float(f"{x:.9g}") for x in value.grad.flatten().tolist()]
        losses.append(float(f"{loss.item():.12g}"))
        optimiser.step()
    golden = {
        "versions": {
            "onnx": onnx.__version__,
            "onnxscript": onnxscript.__version__,
            "python": sys.version.split()[0],
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "input_ids": ids.tolist(),
        "attention_mask": mask.tolist(),
        "labels": labels.tolist(),
        "rate": RATE,
        "losses": losses,
        "gradients": gradients,
    }
    text = json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"')
    (folder / f"{name}.json").write_text(text + "\n")


def main():
    folder = Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    torch.manual_seed(7)
    case("bert-script", bert("sdpa"), script, True, folder)
    case("bert-dynamo", bert("eager"), dynamo, True, folder)
    case("esm-script", esm(), script, True, folder)
    # The program of ESM depends on the length of its rows.
    case("esm-dynamo", esm(), dynamo, False, folder)


main()
