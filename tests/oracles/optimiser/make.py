"""Writes golden weights of PyTorch's optimisers.

usage: make.py FOLDER
FOLDER is models/train/tests/golden. Weights and gradients are drawn once in single precision; PyTorch updates in double
precision, with `clip_grad_norm_` where a run clips and decay on the first parameter alone.
"""

import json
import sys
from pathlib import Path

import torch

STEPS = 12
SHAPES = [7, 3]


def rounded(tensor):
    return [float(x) for x in tensor.to(torch.float32)]


def run(method, clip, decay, beta_1, beta_2, epsilon):
    torch.manual_seed(11)
    start = [torch.randn(n, dtype=torch.float32) for n in SHAPES]
    gradients = [[torch.randn(n, dtype=torch.float32) * 2 for n in SHAPES] for _ in range(STEPS)]
    rates = [1e-2 * min(1.0, (step + 1) / 4) * (1 - step / 20) for step in range(STEPS)]
    weights = [torch.nn.Parameter(w.double()) for w in start]
    groups = [{"params": weights[:1], "weight_decay": decay}, {"params": weights[1:], "weight_decay": 0.0}]
    kind = {"adam": torch.optim.Adam, "adam-w": torch.optim.AdamW}[method]
    optimiser = kind(groups, lr=1.0, betas=(beta_1, beta_2), eps=epsilon)
    norms = []
    for step in range(STEPS):
        for weight, gradient in zip(weights, gradients[step]):
            weight.grad = gradient.double()
        norm = torch.nn.utils.clip_grad_norm_(weights, clip if clip else float("inf"))
        norms.append(float(norm))
        for group in optimiser.param_groups:
            group["lr"] = rates[step]
        optimiser.step()
    options = {"beta-1": beta_1, "beta-2": beta_2, "epsilon": epsilon, "weight-decay": decay, "clip": clip}
    return {
        "method": method,
        "options": options,
        "rates": rates,
        "start": [rounded(w) for w in start],
        "decay": [True, False],
        "gradients": [[rounded(g) for g in step] for step in gradients],
        "norms": norms,
        "end": [[float(x) for x in w.detach()] for w in weights],
    }


def main(folder):
    runs = [
        run("adam-w", 1.0, 0.01, 0.9, 0.999, 1e-8),
        run("adam-w", None, 0.5, 0.9, 0.98, 1e-6),
        run("adam", 1.0, 0.1, 0.9, 0.999, 1e-8),
        run("adam", None, 0.0, 0.8, 0.95, 1e-3),
    ]
    document = {"made_with": {"torch": torch.__version__}, "runs": runs}
    Path(folder, "optimiser.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
