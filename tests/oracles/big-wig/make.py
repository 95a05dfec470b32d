"""Writes sdk/genome/tests/golden/big_wig and most of fuzz/corpus/big_wig: small bigWig files of all three forms of sections
and both byte orders, and what pyBigWig finds in them.

Three files: one that pyBigWig writes, with enough sections for an index of two levels; one laid out here by the format's
description, in both byte orders (pyBigWig reads that of the machine, and both must hold the same); one that the crate
packs from bedGraph. Run it with the repository root as working directory.
"""

import importlib.metadata
import json
import pathlib
import struct
import subprocess
import zlib

import numpy
import pyBigWig

folder = pathlib.Path("sdk/genome/tests/golden/big_wig")
corpus = pathlib.Path("fuzz/corpus/big_wig")
for path in [folder, corpus]:
    path.mkdir(parents=True, exist_ok=True)


def by_hand(order, sections, sequences, packed=True):
    """Lays a file out: header, names, sections, an index of one node a section under a root."""
    names = list(sequences)
    width = max(map(len, names))
    tree = struct.pack(f"{order}4I2Q", 0x78CA8C91, 256, width, 8, len(names), 0)
    tree += struct.pack(f"{order}BBH", 1, 0, len(names))
    for number, name in enumerate(names):
        tree += name.encode().ljust(width, b"\0") + struct.pack(f"{order}2I", number, sequences[name])
    data_start = 64 + len(tree)
    data, leaves, most = struct.pack(f"{order}Q", len(sections)), [], 0
    for number, form, step, span, rows in sections:
        starts = [row[0] for row in rows]
        ends = [row[1] for row in rows]
        body = struct.pack(f"{order}5IBBH", number, starts[0], ends[-1], step, span, form, 0, len(rows))
        for start, end, value in rows:
            body += {
                1: lambda: struct.pack(f"{order}2If", start, end, value),
                2: lambda: struct.pack(f"{order}If", start, value),
                3: lambda: struct.pack(f"{order}f", value),
            }[form]()
        most = max(most, len(body))
        body = zlib.compress(body) if packed else body
        leaves.append((number, starts[0], number, ends[-1], data_start + len(data), len(body)))
        data += body
    index_start = data_start + len(data)
    first, last = leaves[0], leaves[-1]
    index = struct.pack(f"{order}2IQ4IQ2I", 0x2468ACE0, 256, len(sections), *first[:2], *last[2:4], index_start, 1024, 0)
    nodes = index_start + len(index) + 4 + 24 * len(leaves)
    # One more branch of room: the reader of a peer reads 32 bytes a branch.
    index += struct.pack(f"{order}BBH", 0, 0, len(leaves))
    for place, leaf in enumerate(leaves):
        index += struct.pack(f"{order}4IQ", *leaf[:4], nodes + 36 * place)
    for leaf in leaves:
        index += struct.pack(f"{order}BBH4I2Q", 1, 0, 1, *leaf)
    head = struct.pack(f"{order}I2H3Q2H2QIQ", 0x888FFC26, 4, 0, 64, data_start, index_start, 0, 0, 0, 0, most if packed else 0, 0)
    return head + tree + data + index + b"\0" * 64


sequences = {"chr20": 1_000, "chr21": 5_000}
sections = [
    (0, 1, 0, 0, [(0, 10, 1.5), (10, 11, -2.0), (500, 1_000, 0.25)]),
    (1, 2, 0, 5, [(100, 105, 1.0), (105, 110, 2.0), (300, 305, float("nan")), (400, 405, -3.5)]),
    (1, 3, 20, 10, [(1_000 + 20 * i, 1_010 + 20 * i, i * 0.5) for i in range(50)]),
]
hand = {order: by_hand(order, sections, sequences) for order in "<>"}
(folder / "by_hand.bw").write_bytes(hand["<"])
(folder / "big_endian.bw").write_bytes(hand[">"])

path = folder / "many_sections.bw"
file = pyBigWig.open(str(path), "w")
many = [(f"chr{i}", 2_000) for i in range(1, 90)]
file.addHeader(many, maxZooms=0)
generator = numpy.random.default_rng(7)
for place, (name, length) in enumerate(many):
    if place % 3 == 0:
        file.addEntries([name] * 3, [3, 50, 700], ends=[9, 700, 701], values=[float(place), 0.5, -1.25])
    elif place % 3 == 1:
        file.addEntries(name, [10, 20, 1_990], values=[1.0, float(place), 3.0], span=10)
    else:
        values = [float(value) for value in generator.integers(-9, 9, 40)]
        file.addEntries(name, 100, values=values, span=7, step=25)
file.close()

rows = [("chr1", 5, 90, 1.0), ("chr1", 90, 100, 0.1), ("chr2", 0, 1, 3e38), ("chr21", 40, 60, -7.25)]
rows += [("chr3", 10 * i, 10 * i + 7, i % 13 / 8) for i in range(3_000)]
lengths = {"chr1": 100, "chr2": 1, "chr3": 40_000, "chr21": 46_709_983, "chrX": 5}
(folder / "packed.bedGraph").write_text("".join(f"{name}\t{start}\t{end}\t{value}\n" for name, start, end, value in rows))
(folder / "lengths.tsv").write_text("".join(f"{name}\t{length}\n" for name, length in lengths.items()))
subprocess.run(
    ["cargo", "run", "--quiet", "-p", "dlm-genome", "--example", "pack_signal", "--"]
    + [str(folder / name) for name in ["packed.bedGraph", "lengths.tsv", "packed.bw"]],
    check=True,
)


def answers(name):
    file = pyBigWig.open(str(folder / name))
    queries = []
    for sequence, length in file.chroms().items():
        for start, end in [(0, length), (0, 1), (5, 90), (102, 404), (1_005, 1_051), (length - 1, length), (650, 1_995)]:
            if start < end <= length:
                mean = file.stats(sequence, start, end, type="mean", exact=True)[0]
                share = file.stats(sequence, start, end, type="coverage", exact=True)[0]
                if any(row[2] != row[2] for row in file.intervals(sequence, start, end) or []):
                    # Its statistics count NaN as a value; here it is none.
                    bases = numpy.array(file.values(sequence, start, end), dtype=float)
                    share = float(numpy.mean(~numpy.isnan(bases)))
                    mean = float(numpy.nanmean(bases)) if share else None
                found = [
                    [max(row[0], start), min(row[1], end), row[2]]
                    for row in file.intervals(sequence, start, end) or []
                    if row[2] == row[2]
                ]
                if len(found) > 60:
                    found = None
                queries.append([sequence, start, end, mean, share, found])
    return {"lengths": file.chroms(), "queries": queries}


golden = {"pyBigWig": importlib.metadata.version("pyBigWig")}
for name in ["by_hand.bw", "many_sections.bw", "packed.bw"]:
    golden[name] = answers(name)
(folder / "answers.json").write_text(json.dumps(golden) + "\n")


def changed(change, order="<", **options):
    data = bytearray(by_hand(order, sections, sequences, **options))
    change(data)
    return bytes(data)


def put(offset, form, *numbers):
    return lambda data: struct.pack_into("<" + form, data, offset, *numbers)


small = by_hand("<", sections, sequences)
raw = by_hand("<", sections, sequences, packed=False)
data_start = struct.unpack_from("<Q", small, 16)[0]
index = struct.unpack_from("<Q", small, 24)[0]
raw_data, raw_index = struct.unpack_from("<2Q", raw, 16)
leaf = index + 48 + 4 + 24 * 3


def in_raw(offset, form, *numbers):
    return changed(put(raw_data + 8 + offset, form, *numbers), packed=False)


files = {
    "toy": small,
    "big_endian": hand[">"],
    "unpacked": raw,
    "bed_graph_text": b"chr21\t1\t2\t0.5\n",
    "empty": b"",
    "big_bed": changed(put(0, "I", 0x8789F2EB)),
    "version_9": changed(put(4, "H", 9)),
    "names_elsewhere": changed(put(8, "Q", 65)),
    "names_past_end": changed(put(8, "Q", 2**63)),
    "names_past_all": changed(put(8, "Q", 2**64 - 4)),
    "wide_values": changed(put(64 + 12, "I", 9)),
    "huge_names": changed(put(64 + 8, "I", 2**32 - 9)),
    "huge_count_of_names": changed(put(64 + 16, "Q", 2**60)),
    "names_loop": changed(lambda data: (put(64 + 32, "B", 0)(data), put(64 + 36 + 5, "Q", 64 + 32)(data), put(64 + 36 + 18, "Q", 64 + 32)(data))),
    "names_of_no_kind": changed(put(64 + 32, "B", 7)),
    "name_twice": changed(lambda data: data.__setitem__(slice(64 + 36 + 13, 64 + 36 + 18), b"chr20")),
    "number_twice": changed(put(64 + 36 + 13 + 5, "I", 0)),
    "no_bases": changed(put(64 + 36 + 9, "I", 0)),
    "blank_name": changed(lambda data: data.__setitem__(slice(64 + 36, 64 + 41), b"\0" * 5)),
    "index_elsewhere": changed(put(24, "Q", index + 1)),
    "index_past_end": changed(put(24, "Q", 2**64 - 8)),
    "index_of_no_kind": changed(put(index + 48, "B", 3)),
    "index_loop": changed(put(index + 52 + 16, "Q", index + 48)),
    "section_past_end": changed(put(leaf + 4 + 16, "Q", 2**40)),
    "huge_section": changed(put(leaf + 4 + 24, "Q", 2**62)),
    "empty_section": changed(put(leaf + 4 + 24, "Q", 0)),
    "small_buffer": changed(put(52, "I", 8)),
    "not_deflated": changed(put(data_start + 8, "2I", 0, 0)),
    "checksum": changed(put(data_start + 8 + 20, "B", 0x55)),
    "cut_section": changed(put(raw_index + 48 + 4 + 24 * 3 + 4 + 24, "Q", 20), packed=False),
    "form_9": in_raw(20, "B", 9),
    "more_rows": in_raw(22, "H", 65_535),
    "unknown_sequence": in_raw(0, "I", 7),
    "backward": in_raw(24, "2I", 10, 10),
    "past_end": in_raw(24, "2I", 0, 2**32 - 1),
    "overlap": in_raw(24, "2I", 0, 11),
    "infinite": in_raw(24 + 8, "f", float("inf")),
    "wide_span": in_raw(24 + 36 + 16, "I", 2**32 - 1),
    "wide_step": in_raw(24 + 36 + 24 + 32 + 12, "I", 2**32 - 1),
    "cut": small[: len(small) // 2],
    "cut_header": small[:40],
}
for name, data in files.items():
    (corpus / name).write_bytes(data)
