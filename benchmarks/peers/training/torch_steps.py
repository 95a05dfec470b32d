"""Training steps, or forward passes, of a BERT in PyTorch; prints one JSON object.

usage: torch_steps.py SIZE BATCH TOKENS STEPS [--compile] [--forward] [--threads N]
SIZE is `mini` (4 layers x 256, 4 heads, FFN 1,024) or `base` (12 x 768, 12 heads, FFN 3,072), both with 609 rows of
vocabulary and 512 positions. A step is masked-language-model loss with 15 % masked tokens, dropout 0.1, clipping by the
global norm and fused AdamW, as `transformers` users run it (scaled-dot-product attention). The first two steps are not counted.
"""

import argparse
import json
import resource
import statistics
import time

import torch
import transformers

SIZES = {"mini": (4, 256, 4, 1024), "base": (12, 768, 12, 3072)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("batch", type=int)
    parser.add_argument("tokens", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--forward", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    layers, hidden, heads, inner = SIZES[arguments.size]
    config = transformers.BertConfig(
        vocab_size=609,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=512,
        attn_implementation="sdpa",
    )
    model = transformers.BertForMaskedLM(config)
    run = torch.compile(model) if arguments.compile else model
    ids = torch.randint(5, 609, (arguments.batch, arguments.tokens))
    mask = torch.ones_like(ids)
    labels = torch.where(torch.rand(ids.shape) < 0.15, ids, torch.full_like(ids, -100))
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-4, weight_decay=0.01, fused=True)
    seconds, losses = [], []
    for _ in range(arguments.steps + 2):
        started = time.perf_counter()
        if arguments.forward:
            model.eval()
            with torch.no_grad():
                losses.append(float(run(input_ids=ids, attention_mask=mask).logits[0, 0, 0]))
        else:
            loss = run(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(float(loss))
        seconds.append(time.perf_counter() - started)
    counted = seconds[2:]
    print(
        json.dumps(
            {
                "seconds": counted,
                "tokens_per_second": arguments.batch * arguments.tokens / statistics.median(counted),
                "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "losses": losses,
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            }
        )
    )


main()
