"""Writes sdk/genome/tests/golden/two_bit: small 2bit files of both byte orders and what two Python readers find in them.

The bytes are laid out here by the format's description; the answers are twobitreader's (both byte orders, slices with
soft mask) and py2bit's (lengths, slices, blocks). Run it with the repository root as working directory.
"""

import importlib.metadata
import json
import pathlib
import re
import struct

import py2bit
import twobitreader

folder = pathlib.Path("sdk/genome/tests/golden/two_bit")
folder.mkdir(parents=True, exist_ok=True)
state = 7


def bases(count):
    global state
    text = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        text.append("ACGT"[(state >> 33) % 4])
    return "".join(text)


def blocks(text, pattern, order):
    found = [match.span() for match in re.finditer(pattern, text)]
    numbers = [len(found), *(start for start, _ in found), *(end - start for start, end in found)]
    return struct.pack(f"{order}{len(numbers)}I", *numbers)


def packed(text):
    codes = ["TCAG".find(base) if base in "TCAG" else 0 for base in text.upper()] + [0] * (-len(text) % 4)
    quads = [codes[i : i + 4] for i in range(0, len(codes), 4)]
    return bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in quads)


def two_bit(sequences, order):
    head = struct.pack(f"{order}4I", 0x1A412743, 0, len(sequences), 0)
    index, records = b"", b""
    start = len(head) + sum(5 + len(name) for name in sequences)
    for name, text in sequences.items():
        index += bytes([len(name)]) + name.encode() + struct.pack(f"{order}I", start + len(records))
        size, reserved = struct.pack(f"{order}I", len(text)), struct.pack(f"{order}I", 0)
        records += size + blocks(text, "[Nn]+", order) + blocks(text, "[acgtn]+", order) + reserved + packed(text)
    return head + index + records


sequences = {
    "one": "N" * 10 + bases(91).lower() + bases(402) + "n" * 7 + bases(93) + "N" * 5,
    "two": bases(1),
    "three": bases(2) + "N" + bases(1) + bases(3).lower(),
    "four": bases(4096),
}
paths = {order: folder / name for order, name in [("<", "toy.2bit"), (">", "big_endian.2bit")]}
for order, path in paths.items():
    path.write_bytes(two_bit(sequences, order))

slices = []
plain, big, c = twobitreader.TwoBitFile(str(paths["<"])), twobitreader.TwoBitFile(str(paths[">"])), py2bit.open(str(paths["<"]), True)
for name, text in sequences.items():
    length = len(text)
    for start, end in [(0, 1), (0, length), (3, 14), (9, 12), (100, 103), (499, 515), (length - 6, length)]:
        start, end = max(start, 0), min(end, length)
        if start < end:
            found = plain[name][start:end]
            assert found == big[name][start:end] and found.upper() == c.sequence(name, start, end).upper()
            slices.append([name, start, end, found])
golden = {
    "py2bit": importlib.metadata.version("py2bit"),
    "twobitreader": importlib.metadata.version("twobitreader"),
    "lengths": c.chroms(),
    "masked": {name: c.softMaskedBlocks(name) for name in sequences},
    "slices": slices,
}
(folder / "slices.json").write_text(json.dumps(golden, indent=0) + "\n")
