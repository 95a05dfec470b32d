"""Writes golden hidden states, logits and gradients of DNABERT-2, the Nucleotide Transformer and HyenaDNA.

usage: make.py FOLDER               (FOLDER is models/nn/tests/golden)
       make.py FOLDER --published   the published shapes, without gradients: some gigabytes

FOLDER/NAME/config.json              the shape, as the publication writes it
FOLDER/NAME/model.safetensors        random weights, by the names of the publication
FOLDER/NAME/golden.json              ids, mask, hidden states of every layer, logits, the loss, versions
FOLDER/NAME/gradients.safetensors    the loss's gradients

The loss is the sum of h[i] * sin(0.37 * (i + 1)) over the last hidden states of tokens, i counting all numbers of the
batch in row-major order, and of l[i] * cos(0.23 * (i + 1)) / 8 over their logits.

DNABERT-2 and HyenaDNA are those of multimolecule, their weights renamed; HyenaDNA runs each row alone, without padding.
The first Nucleotide Transformer is the ESM of transformers; the second is that ESM with rotary positions, its feed-forward
networks exchanged for gated ones without biases.
"""

import importlib.metadata
import json
import re
import sys
from pathlib import Path


import safetensors.torch
import torch
import transformers
from multimolecule.models.dnabert2 import DnaBert2Config, DnaBert2ForMaskedLM
from multimolecule.models.hyenadna import HyenaDnaConfig, HyenaDnaModel
from transformers import EsmConfig, EsmForMaskedLM

VERSIONS = {name: importlib.metadata.version(name) for name in ("multimolecule", "torch", "transformers")}

DNABERT2 = dict(model_type="bert", hidden_act="gelu", type_vocab_size=2, layer_norm_eps=1e-12, hidden_dropout_prob=0.1,
                attention_probs_dropout_prob=0.0, max_position_embeddings=512, alibi_starting_size=512)
NT_V1 = dict(model_type="esm", position_embedding_type="absolute", token_dropout=True, pad_token_id=1, mask_token_id=2,
             layer_norm_eps=1e-12, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
             emb_layer_norm_before=False, tie_word_embeddings=True)
NT_V2 = dict(NT_V1, position_embedding_type="rotary", token_dropout=False, add_bias_fnn=False, tie_word_embeddings=False)
HYENA = dict(model_type="hyenadna", emb_dim=5, activation_freq=10, num_inner_mlps=2, hyena_order=2, short_filter_order=3,
             embed_dropout=0.1, layer_norm_epsilon=1e-5, pad_vocab_size_multiple=8, vocab_size=12)

SMALL = {
    "dnabert2": dict(DNABERT2, vocab_size=21, hidden_size=24, num_hidden_layers=2, num_attention_heads=6,
                     intermediate_size=20),
    "nt-v1": dict(NT_V1, vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
                  max_position_embeddings=20),
    "nt-v2": dict(NT_V2, vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                  max_position_embeddings=20),
    "hyenadna": dict(HYENA, d_model=16, n_layer=2, d_inner=64, max_seq_len=40, filter_order=8),
}
PUBLISHED = {
    "dnabert2": dict(DNABERT2, vocab_size=4096, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                     intermediate_size=3072),
    "nt-v1": dict(NT_V1, vocab_size=4105, hidden_size=1280, num_hidden_layers=24, num_attention_heads=20,
                  intermediate_size=5120, max_position_embeddings=1002),
    "nt-v2": dict(NT_V2, vocab_size=4107, hidden_size=512, num_hidden_layers=22, num_attention_heads=16,
                  intermediate_size=2048, max_position_embeddings=2050),
    "hyenadna": dict(HYENA, d_model=256, n_layer=4, d_inner=1024, max_seq_len=32770, filter_order=64),
}


class GatedIntermediate(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = torch.nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)

    def forward(self, states):
        gate, value = self.dense(states).chunk(2, -1)
        return torch.nn.functional.silu(gate) * value


def dnabert2(config):
    keys = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "layer_norm_eps", "type_vocab_size"]
    own = DnaBert2Config(**{key: config[key] for key in keys}, hidden_dropout=0.0, attention_dropout=0.0)
    own._attn_implementation = "eager"
    return DnaBert2ForMaskedLM(own)


def published_dnabert2(tensors):
    """Joins query, key and value, and gives tensors the names of the publication."""
    out = {}
    for name, value in tensors.items():
        joined = re.fullmatch(r"(model\..*\.attention\.self)\.query\.(weight|bias)", name)
        if joined:
            parts = [tensors[f"{joined[1]}.{part}.{joined[2]}"] for part in ("query", "key", "value")]
            out[f"bert{joined[1][5:]}.Wqkv.{joined[2]}"] = torch.cat(parts)
            continue
        if re.search(r"\.attention\.self\.(key|value)\.", name) or name in ("lm_head.decoder.weight", "lm_head.decoder.bias"):
            continue
        if name == "lm_head.bias":
            out["cls.predictions.decoder.bias"] = value
            continue
        name = re.sub(r"^model\.", "bert.", re.sub(r"^lm_head\.", "cls.predictions.", name))
        name = name.replace(".mlp.up_proj.", ".mlp.gated_layers.").replace(".mlp.down_proj.", ".mlp.wo.")
        name = name.replace(".mlp.layer_norm.", ".mlp.layernorm.").replace(".layer_norm.", ".LayerNorm.")
        out[name] = value
    return out


def esm(config):
    own = {key: value for key, value in config.items() if key not in ("model_type", "add_bias_fnn")}
    own = EsmConfig(**own, is_folding_model=False)
    own._attn_implementation = "eager"
    model = EsmForMaskedLM(own)
    if "add_bias_fnn" in config:
        for layer in model.esm.encoder.layer:
            layer.intermediate = GatedIntermediate(own)
            layer.output.dense = torch.nn.Linear(own.intermediate_size, own.hidden_size, bias=False)
    return model


def published_esm(tensors):
    return {name: value for name, value in tensors.items() if not re.search("contact_head|inv_freq|position_ids", name)}


def hyenadna(config):
    own = HyenaDnaConfig(
        vocab_size=config["vocab_size"], hidden_size=config["d_model"], num_hidden_layers=config["n_layer"],
        intermediate_size=config["d_inner"], embedding_dropout=0.0, max_position_embeddings=config["max_seq_len"],
        layer_norm_eps=config["layer_norm_epsilon"], filter_order=config["filter_order"],
        filter_emb_dim=config["emb_dim"], num_inner_mlps=config["num_inner_mlps"],
        activation_freq=config["activation_freq"], pad_token_id=4,
    )
    model = HyenaDnaModel(own, add_pooling_layer=False)
    for layer in model.layers:
        # One sine serves all, as in the publication.
        network = layer.mixer.filter_fn.implicit_filter
        network[3] = network[5] = network[1]
    return model


def published_hyenadna(tensors):
    out = {}
    for name, value in tensors.items():
        if re.search(r"implicit_filter\.[35]\.freq|pos_emb|modulation", name):
            continue
        out["hyena.backbone." + name.replace("final_layer_norm", "ln_f")] = value
    return out


MAKE = {"dnabert2": (dnabert2, published_dnabert2), "nt-v1": (esm, published_esm), "nt-v2": (esm, published_esm),
        "hyenadna": (hyenadna, published_hyenadna)}


def draw(model, scale):
    """Draws weights that let every part show: norms near one, biases not zero."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("freq"):
                parameter.copy_(10.0 + noise)
            elif re.search(r"(norm\d?|LayerNorm|layer_norm|layer_norm_after)\.weight$", name):
                parameter.copy_(1.0 + 0.1 * noise)
            else:
                # Sines of large numbers tell nothing but rounding.
                parameter.copy_((0.1 if "implicit_filter" in name else 1.0) * scale * noise)


def batch(name, config, tokens):
    generator = torch.Generator().manual_seed(11)
    low, high, pad = {"dnabert2": (5, config["vocab_size"], 3), "hyenadna": (7, 12, 4)}.get(name, (4, config.get("vocab_size"), 1))
    ids = torch.randint(low, high, (2, tokens), generator=generator)
    mask = torch.ones_like(ids)
    cut = tokens - tokens // 3
    mask[1, cut:] = 0
    ids[1, cut:] = pad
    if name == "nt-v1":
        # Blanked tokens change the scale of a row.
        ids[0, 2] = ids[1, 1] = ids[1, 3] = 2
    return ids, mask


def outputs(name, model, ids, mask):
    if name != "hyenadna":
        found = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return list(found.hidden_states), found.logits
    rows = []
    for row, real in zip(ids, mask):
        found = model(input_ids=row[: int(real.sum())][None], output_hidden_states=True)
        # The last layer is the normalised one.
        states = [*found.hidden_states[:-2], found.hidden_states[-1]]
        rows.append([torch.nn.functional.pad(state, (0, 0, 0, ids.shape[1] - state.shape[1])) for state in states])
    states = [torch.cat(layer) for layer in zip(*rows)]
    return states, states[-1] @ model.embeddings.word_embeddings.weight.T


def main(folder, published):
    for name, config in (PUBLISHED if published else SMALL).items():
        path = Path(folder) / name
        path.mkdir(parents=True, exist_ok=True)
        make, rename = MAKE[name]
        model = make(config).eval()
        draw(model, 0.03 if published else 0.25)
        weights = {key: value.detach().clone().contiguous() for key, value in rename(dict(model.named_parameters(remove_duplicate=False))).items()}
        if config.get("tie_word_embeddings"):
            weights.pop("lm_head.decoder.weight", None)
        weights.pop("lm_head.decoder.bias", None)
        safetensors.torch.save_file(weights, path / "model.safetensors")
        (path / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        ids, mask = batch(name, config, 300 if published else 13)
        if not published and name != "hyenadna":
            model.double()
        with torch.set_grad_enabled(not published):
            states, logits = outputs(name, model, ids, mask)
        real = mask[..., None]
        count = lambda values: torch.arange(1, values.numel() + 1).reshape(values.shape).double()
        last = states[-1]
        loss = (last * torch.sin(0.37 * count(last)) * real).sum() + (logits * torch.cos(0.23 * count(logits)) * real).sum() / 8
        if not published:
            loss.backward()
            own = {key: value.grad for key, value in model.named_parameters()}
            for key, value in model.named_parameters(remove_duplicate=False):
                own.setdefault(key, value.grad)
            gradients = {key: value.float().contiguous().clone() for key, value in rename(own).items() if value is not None and key in weights}
            assert gradients.keys() == weights.keys(), gradients.keys() ^ weights.keys()
            safetensors.torch.save_file(gradients, path / "gradients.safetensors")
        flat = lambda values: [float(f"{value:.7g}") for value in values.flatten().tolist()]
        kept = range(len(states)) if not published else [0, len(states) // 2, len(states) - 1]
        golden = dict(versions=VERSIONS, ids=ids.tolist(), mask=mask.tolist(), loss=loss.item(),
                      hidden={str(layer): flat(states[layer]) for layer in kept}, logits=[] if published else flat(logits))
        (path / "golden.json").write_text(json.dumps(golden) + "\n")
        print(name, sum(value.numel() for value in weights.values()), "parameters", loss.item(),
              [f"{state.abs().mean():.3f}" for state in states])


main(sys.argv[1], "--published" in sys.argv)
