"""Makes the inputs of the TF-IDF comparison: a class, a tab and tokens a line.

Real sequence throughout: windows of human chromosome 21, and the tasks of GUE in their released layout.
"""

import csv
import gzip
import random
from pathlib import Path


def chromosome(data):
    with gzip.open(data / "genome" / "GRCh38.chr21.fa.gz", "rt") as file:
        next(file)
        return "".join(line.strip() for line in file).upper()


def windows(sequence, length, count, seed):
    """Draws N-free windows at distinct starts on a grid."""
    draw = random.Random(seed)
    starts = [at for at in range(0, len(sequence) - length, length)]
    draw.shuffle(starts)
    out = []
    for start in starts:
        window = sequence[start : start + length]
        if "N" not in window:
            out.append(window)
            if len(out) == count:
                return out
    raise SystemExit(f"only {len(out)} windows without N")


def cut(sequence, k, overlap):
    """Cuts into k-mers; leftovers are single letters, an N restarts the frame."""
    if overlap:
        return [sequence[at : at + k] for at in range(len(sequence) - k + 1)]
    out, at = [], 0
    while at < len(sequence):
        word = sequence[at : at + k]
        if len(word) == k and "N" not in word:
            out.append(word)
            at += k
        else:
            out.append(word[0])
            at += 1
    return out


def write(path, rows):
    with open(path, "w") as file:
        for label, tokens in rows:
            file.write(f"{label}\t{' '.join(tokens)}\n")


def bpe_windows(data, out):
    """20,000 windows of 300 bases in byte-pair tokens of 600 merges; the class is GC content above the median."""
    from tokenizers import Tokenizer, models, trainers

    sequences = windows(chromosome(data), 300, 20_000, 1)
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=604, show_progress=False)
    tokenizer.train_from_iterator(sequences[:4000], trainer)
    gc = [sum(base in "GC" for base in sequence) for sequence in sequences]
    median = sorted(gc)[len(gc) // 2]
    rows = [
        (int(content >= median), encoding.tokens)
        for content, encoding in zip(gc, tokenizer.encode_batch(sequences))
    ]
    write(out / "bpe.train", rows[:16_000])
    write(out / "bpe.test", rows[16_000:])


def next_kmer(data, out):
    """20,000 + 2,000 segments of 56 bases: 50 in non-overlapping 6-mers, the class is the next 6-mer."""
    code = {base: at for at, base in enumerate("ACGT")}
    rows = []
    for segment in windows(chromosome(data), 56, 22_000, 2):
        label = 0
        for base in segment[50:]:
            label = label * 4 + code[base]
        rows.append((label, cut(segment[:50], 6, False)))
    write(out / "next6.train", rows[:20_000])
    write(out / "next6.test", rows[20_000:])


def gue(data, out, name, k, overlap):
    """A GUE task in k-mers, and the name of the files."""
    stem = f"{name.replace('/', '_')}.{k}{'o' if overlap else ''}"
    for split in ("train", "test"):
        path = data / "gue" / name / f"{split}.csv.gz"
        with gzip.open(path, "rt") as file:
            rows = [(row["label"], cut(row["sequence"].upper(), k, overlap)) for row in csv.DictReader(file)]
        write(out / f"{stem}.{split}", rows)
    return stem


def load(path):
    labels, texts = [], []
    with open(path) as file:
        for line in file:
            label, text = line.rstrip("\n").split("\t")
            labels.append(int(label))
            texts.append(text)
    return labels, texts


def data_root(argument):
    root = Path(argument)
    if not (root / "genome" / "GRCh38.chr21.fa.gz").exists():
        raise SystemExit(f"{root}: no genome/GRCh38.chr21.fa.gz there")
    return root
