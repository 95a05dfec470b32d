"""Loads a folder that was exported, by transformers and by ONNX Runtime, and compares the two.

usage: loads.py FOLDER       (made by the example export_model of dlm-nn)

Prints the largest differences of hidden states and logits, and fails above 1e-4.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers


def main() -> None:
    folder = Path(sys.argv[1])
    net, notes = transformers.AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not any(notes[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), notes
    net.eval()
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    draw, worst = np.random.default_rng(1), {}
    for rows, columns in [(1, 7), (3, 40)]:
        ids = draw.integers(5, net.config.vocab_size, (rows, columns))
        mask = np.ones_like(ids)
        mask[rows - 1, columns - 3 :] = 0
        own = dict(zip([o.name for o in session.get_outputs()],
                       session.run(None, {"input_ids": ids, "attention_mask": mask})))
        with torch.no_grad():
            out = net(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask), output_hidden_states=True)
        pairs = {f"hidden.{i}": state.numpy() for i, state in enumerate(out.hidden_states)}
        pairs["logits"] = out.logits.numpy()
        for name, value in pairs.items():
            apart = np.abs(own[name] - value)[mask == 1].max()
            worst[name] = max(worst.get(name, 0.0), float(apart))
    for name, apart in worst.items():
        print(f"{name}: at most {apart:.1e} apart")
    versions = dict(torch=torch.__version__, transformers=transformers.__version__,
                    onnxruntime=onnxruntime.__version__, onnx=onnx.__version__)
    print(versions)
    assert max(worst.values()) < 1e-4


if __name__ == "__main__":
    main()
