"""Training steps and forward passes of a BERT beside PyTorch, in turn.

    cargo build --release -p dlm-train --example measure_training
    python compare.py [PAIRS] [CASE..]

Cases: `mini-16x128`, `base-8x128`, `base-2x510`, each as `train` and, with the suffix `-forward`, as forward pass alone.
Every figure is a fresh process on two threads; the sides take turns, and the ratio is taken pair by pair. Both sides
take the step that their users take: 15 % masked tokens, dropout 0.1, clipping, AdamW. PyTorch computes the
vocabulary's scores for every token, as `transformers` does; here they are computed where a token is masked.
`--compile` adds a row with `torch.compile`.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MEASURE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "measure_training"
SIZES = {"mini": ["4", "256", "4", "1024"], "base": ["12", "768", "12", "3072"]}
CASES = ["mini-16x128", "mini-16x128-forward", "base-8x128", "base-8x128-forward", "base-2x510"]
STEPS = {"mini": 10, "base": 3}
THREADS = "2"


def run(command, **environment):
    out = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return json.loads(out.stdout.strip().splitlines()[-1])


def ours(size, batch, tokens, steps, forward):
    mode = "forward" if forward else "train"
    arguments = [str(MEASURE), mode, *SIZES[size], batch, tokens, str(steps), "0.0" if forward else "0.1"]
    return run(arguments, RAYON_NUM_THREADS=THREADS)


def torch(size, batch, tokens, steps, forward, compiled):
    script = [sys.executable, str(Path(__file__).with_name("torch_steps.py")), size, batch, tokens, str(steps)]
    flags = ["--threads", THREADS] + ["--forward"] * forward + ["--compile"] * compiled
    return run(script + flags)


def gigabytes(row):
    return row["peak_resident_mib"] / 1024 if "peak_resident_mib" in row else row["peak_memory"] / 2**30


def speed(batch, tokens, row):
    return int(batch) * int(tokens) / statistics.median(row["seconds"])


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--compile"]
    compiled = [False, True] if "--compile" in sys.argv else [False]
    pairs = int(arguments[0]) if arguments else 5
    machine = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{machine}, {os.cpu_count()} processors, python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    for case in arguments[1:] or CASES:
        size, shape, *rest = case.split("-")
        batch, tokens = shape.split("x")
        forward = "forward" in rest
        for with_compile in compiled:
            mine, theirs = [], []
            for _ in range(pairs):
                mine.append(ours(size, batch, tokens, STEPS[size], forward))
                theirs.append(torch(size, batch, tokens, STEPS[size], forward, with_compile))
            fast = [[speed(batch, tokens, row) for row in rows] for rows in (mine, theirs)]
            ratios = sorted(a / b for a, b in zip(*fast))
            memory = [statistics.median(map(gigabytes, rows)) for rows in (mine, theirs)]
            print(
                f"{case}{' compiled' * with_compile}: here {statistics.median(fast[0]):.0f} tokens/s,"
                f" PyTorch {theirs[0]['torch']} {statistics.median(fast[1]):.0f};"
                f" ratio median {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}), {pairs} pairs;"
                f" peak memory {memory[0]:.2f} against {memory[1]:.2f} GB"
            )


main()
