"""Writes sdk/genome/tests/golden/vcf: a small VCF file, bgzip, and what pysam (htslib) reads from it.

Run it with the repository root as working directory.
"""

import json
import pathlib

import pysam

folder = pathlib.Path("sdk/genome/tests/golden/vcf")
folder.mkdir(parents=True, exist_ok=True)
text = """##fileformat=VCFv4.3
##contig=<ID=20,length=62435964>
##contig=<ID=chr1,length=100>
##ALT=<ID=DEL,Description="Deletion">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##FILTER=<ID=q10,Description="Low">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA
20\t14370\trs6054257\tG\tA\t29\tPASS\tAF=0.5\tGT\t0|0
20\t17330\t.\tT\tA,CG\t3.5\tq10\tAF=0.017,0.1\tGT\t0/1
20\t1110696\trs6040355;x\tACGT\tA\t67\tPASS\t.\tGT\t1/2
20\t1230237\t.\tT\t.\t47\tPASS\t.\tGT\t0/0
chr1\t1\tfirst\tN\tC\t.\t.\t.\tGT\t./.
chr1\t2\t.\tC\t<DEL>,*\t.\t.\t.\tGT\t./.
chr1\t7\tbnd\tG\tG]20:198982]\t6\tPASS\t.\tGT\t./.
chr1\t8\t.\tG\t.TT\t6\tPASS\t.\tGT\t./.
"""
plain = folder / "toy.vcf"
plain.write_text(text)
rows = []
with pysam.VariantFile(str(plain)) as file:
    for row in file:
        rows.append([row.chrom, row.start, row.stop if "<" not in str(row.alts) else row.start + len(row.ref), row.id, row.ref, list(row.alts or [])])
pysam.tabix_compress(str(plain), str(folder / "toy.vcf.gz"), force=True)
plain.unlink()
(folder / "rows.json").write_text(json.dumps({"pysam": pysam.__version__, "rows": rows}, indent=0) + "\n")
