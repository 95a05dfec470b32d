"""Low-rank adaptation by PEFT: losses of a short training, and the merged weights.

usage: python golden.py > ../../../models/train/tests/golden/lora.json
Needs torch, peft, numpy; versions are recorded in the file.
"""

import json

import numpy
import peft
import torch

INPUTS, HIDDEN, ROWS, STEPS, RANK, ALPHA = 6, 10, 8, 12, 3, 5.0


class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.query = torch.nn.Linear(INPUTS, HIDDEN)
        self.other = torch.nn.Linear(HIDDEN, HIDDEN)
        self.head = torch.nn.Linear(HIDDEN, 1)

    def forward(self, x):
        return self.head(torch.tanh(self.other(torch.tanh(self.query(x)))))[:, 0]


def listed(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().double().flatten().tolist()]


def main():
    torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    base = Layers()
    # Weights are single precision everywhere.
    with torch.no_grad():
        for weight in base.parameters():
            weight.copy_(weight.float().double())
    start = {name: listed(value) for name, value in base.state_dict().items()}
    config = peft.LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=["query"], modules_to_save=["head"], bias="none"
    )
    model = peft.get_peft_model(base, config)
    adapters = {}
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(value.float().double())
            if "lora_" in name:
                adapters[name.split(".")[-3]] = listed(value)
    trained = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    x = torch.randn(STEPS, ROWS, INPUTS).float().double()
    y = torch.randn(STEPS, ROWS).float().double()
    losses = []
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = ((model(x[step]) - y[step]) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    merged = model.merge_and_unload()
    print(
        json.dumps(
            {
                "versions": {"torch": torch.__version__, "peft": peft.__version__, "numpy": numpy.__version__},
                "rank": RANK,
                "alpha": ALPHA,
                "weights": start,
                "adapters": adapters,
                "x": [listed(batch) for batch in x],
                "y": [listed(batch) for batch in y],
                "losses": losses,
                "merged": {name: listed(value) for name, value in merged.state_dict().items()},
            }
        )
    )


main()
