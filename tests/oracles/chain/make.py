"""Writes where pyliftover finds bases in another build.

usage: make.py FOLDER_OF_CHAINS > sdk/genome/tests/golden/chain/bases.tsv
The folder holds UCSC's hg19ToHg38.over.chain.gz and hg38ToHg19.over.chain.gz. Bases are drawn from a fixed seed: half
anywhere, half near the borders of blocks of the first chains. A row is the direction, the base, and its places as
chromosome:position:strand in the order of chain scores; strand is that of a base that was read forward.
"""

import gzip
import importlib.metadata
import random
import sys
from pathlib import Path

from pyliftover import LiftOver

SIZES = 2000


def borders(path: Path) -> list[tuple[str, int]]:
    """Returns starts and ends of blocks."""
    found = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            fields = line.split()
            if line.startswith("chain"):
                name, at = fields[2], int(fields[5])
            elif fields:
                found.append((name, at))
                found.append((name, at + int(fields[0])))
                at += int(fields[0]) + (int(fields[1]) if len(fields) == 3 else 0)
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    print(f"# pyliftover {importlib.metadata.version('pyliftover')}, python {sys.version.split()[0]}")
    for direction in ("hg19ToHg38", "hg38ToHg19"):
        path = folder / f"{direction}.over.chain.gz"
        lifter, draw = LiftOver(str(path)), random.Random(11)
        edges = borders(path)
        names = sorted({name for name, _ in edges})
        sizes = {name: max(at for other, at in edges if other == name) for name in names}
        main_names = [name for name in names if "_" not in name]
        bases = [(name, draw.randrange(sizes[name])) for name in draw.choices(main_names, k=SIZES // 4)]
        bases += [(name, draw.randrange(sizes[name])) for name in draw.choices(names, k=SIZES // 4)]
        bases += [(name, max(0, at + draw.choice((-1, 0, 1)))) for name, at in draw.choices(edges, k=SIZES // 2)]
        for name, at in bases:
            places = lifter.convert_coordinate(name, at) or []
            print(direction, name, at, " ".join(f"{place[0]}:{place[1]}:{place[2]}" for place in places), sep="\t")


main()
