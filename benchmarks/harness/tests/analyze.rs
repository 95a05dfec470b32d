//! `dlm analyze`: sections over one subject, computed once, with data beside plots and one offline report.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

mod support {
    pub(crate) mod small;
}

use std::{fmt::Write as _, fs, path::Path, process::Output};

use dlm_sdk::random::Stream;
use serde_json::Value;
use tempfile::TempDir;

use support::small::{Small, dlm, done, runs};

/// Writes a model of two layers over 2-mers with fresh weights.
fn model(path: &Path, seed: u64) {
    Small { seed, ..Small::default() }.write(path);
}

/// A folder with a genome and a model.
fn subject() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    genome(&folder.path().join("genome.fa"), 1);
    model(&folder.path().join("model"), 1);
    folder
}

fn genome(path: &Path, seed: u64) {
    let mut stream = Stream::new(seed, "genome");
    let mut bases: String = (0..30_000).map(|_| char::from(b"AACGTT"[stream.below(6)])).collect();
    bases.replace_range(700..750, &"N".repeat(50));
    fs::write(path, format!(">chr1\n{bases}\n")).unwrap();
}

/// Runs the words of a line.
fn line(folder: &Path, words: &str) -> Output {
    dlm(folder, &words.split_whitespace().collect::<Vec<_>>()).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

const ANALYZE: [&str; 10] = [
    "--json",
    "analyze",
    "--model",
    "model",
    "--genome",
    "genome.fa",
    "--output",
    "out",
    "--held-out-windows",
    "30",
];

fn analyze(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ANALYZE.into_iter().chain(arguments.iter().copied()).collect();
    let output = dlm(folder, &all).output().unwrap();
    done(&output);
    json(&output)
}

#[test]
fn what_is_finished_is_computed_again_only_when_an_input_changes() {
    let place = subject();
    let place = place.path();
    let resumed = |arguments: &[&str]| {
        let answer = analyze(place, &[&["anatomy"], arguments].concat());
        assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
        answer["sections"][0]["resumed"].as_bool().unwrap()
    };
    assert!(!resumed(&[]));
    assert!(resumed(&[]));
    // Vocabulary alone decides here: other weights change nothing, another seed is another analysis.
    model(&place.join("model"), 2);
    assert!(resumed(&[]));
    assert!(!resumed(&["--seed", "5"]));
    assert!(!resumed(&[]));
    assert!(!resumed(&["--again"]));
    genome(&place.join("genome.fa"), 2);
    assert!(!resumed(&[]));
    assert!(resumed(&[]));
    fs::remove_file(place.join("out/anatomy/tokens.csv")).unwrap();
    assert!(!resumed(&[]), "a file that is gone is written again");
    fs::write(place.join("out/anatomy/section.json"), "{").unwrap();
    assert!(!resumed(&[]), "damaged findings are none");
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    assert!(page.contains("Vocabulary anatomy") && page.matches("<svg").count() >= 8);
    assert!(page.contains("not computed"), "what was not asked for is named");
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("xmlns=").count());
    for panel in fs::read_dir(place.join("out/anatomy")).unwrap() {
        let path = panel.unwrap().path();
        if path.extension().is_some_and(|it| it == "svg") {
            assert!(fs::read_to_string(path).unwrap().starts_with("<svg"));
        }
    }
}

#[test]
fn wrong_input_is_told() {
    let place = subject();
    let place = place.path();
    let fails = |arguments: &[&str], expected: &str| {
        let output = dlm(place, &[&["analyze"], arguments].concat()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    fails(&["anatomi", "--model", "model", "--genome", "genome.fa"], "anatomy");
    fails(&["anatomy", "--genome", "genome.fa"], "--model");
    fails(&["anatomy", "--model", "model"], "--genome");
    fails(&["anatomy", "--model", "model", "--genome", "none.fa"], "none.fa");
    fails(&["anatomy", "--model", "model", "--genome", "genome.fa", "--device", "abacus"], "abacus");
    fs::write(place.join("n.fa"), ">a\nNNNNNNNN\n").unwrap();
    fails(&["anatomy", "--model", "model", "--genome", "n.fa"], "n.fa: has no known bases");
    let listed = json(&line(place, "--json analyze list"));
    assert!(listed.as_array().unwrap().iter().any(|section| section["name"] == "intrinsic"));
}

#[test]
fn hidden_tokens_are_scored_beside_frequency_and_neighbours() {
    if !runs() {
        return;
    }
    let place = subject();
    let place = place.path();
    let answer = analyze(place, &["intrinsic"]);
    assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
    let mut reader = csv::Reader::from_path(place.join("out/intrinsic/scores.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let perplexity = |method: &str| -> f64 {
        let row = rows.iter().find(|row| row[0].starts_with(method) && &row[1] == "perplexity").unwrap();
        let (value, low, high): (f64, f64, f64) =
            (row[2].parse().unwrap(), row[3].parse().unwrap(), row[4].parse().unwrap());
        assert!(low <= value && value <= high);
        value
    };
    // Fresh weights know nothing: 25 ids alike. Frequency knows that A and T are twice as frequent.
    assert!((perplexity("model") - 25.0).abs() < 3.0, "{}", perplexity("model"));
    let alone = perplexity("token frequencies");
    assert!(alone < 15.5 && alone > 12.0, "{alone}");
    let mut reader = csv::Reader::from_path(place.join("out/intrinsic/tokens.csv")).unwrap();
    let tokens: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // 2-mers, and the single bases before an N.
    assert_eq!(tokens.len(), 20);
    let share: f64 = tokens.iter().map(|row| row[3].parse::<f64>().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-9);
    // Other weights are another model.
    model(&place.join("model"), 2);
    assert_eq!(analyze(place, &["intrinsic"])["sections"][0]["resumed"], false);
}

/// A task whose second class holds `TATAAA`, a genome of such sequences, and where the motif lies in each.
fn planted(place: &Path) -> Vec<usize> {
    let mut stream = Stream::new(4, "planted");
    let mut sequence = |motif: bool| {
        let mut bases: Vec<u8> = (0..40).map(|_| b"ACGT"[stream.below(4)]).collect();
        let at = stream.below(35);
        if motif {
            bases[at..at + 6].copy_from_slice(b"TATAAA");
        }
        (String::from_utf8(bases).unwrap(), at)
    };
    fs::create_dir(place.join("task")).unwrap();
    fs::write(
        place.join("task/task.toml"),
        "version = 1\nname = \"planted\"\ntarget = \"binary\"\nclasses = [\"no\", \"yes\"]\nsplit = \"given\"\n",
    )
    .unwrap();
    let mut table = "sequence,label,split\n".to_owned();
    for row in 0..1200 {
        let motif = row / 2 % 2 == 1;
        let split = ["train", "train", "train", "validation", "test", "train"][row % 6];
        let label = if motif { "yes" } else { "no" };
        writeln!(table, "{},{label},{split}", sequence(motif).0).unwrap();
    }
    fs::write(place.join("task/examples.csv"), table).unwrap();
    let rows: Vec<(String, usize)> = (0..6).map(|_| sequence(true)).collect();
    // Unknown bases between them, so that no variant sees another motif.
    let genome: Vec<&str> = rows.iter().map(|(bases, _)| bases.as_str()).collect();
    fs::write(place.join("genome.fa"), format!(">chr1\n{}\n", genome.join("NNNNN"))).unwrap();
    let mut bed = String::new();
    for n in 0..6 {
        writeln!(bed, "chr1\t{}\t{}\tr{n}", 45 * n, 45 * n + 40).unwrap();
    }
    fs::write(place.join("regions.bed"), bed).unwrap();
    rows.into_iter().map(|(_, at)| at).collect()
}

/// Checks that what a model rests on peaks at the motifs, and that tracks hold the same numbers, base by base.
fn peaks_and_tracks(place: &Path, motifs: &[usize]) {
    let mut reader = csv::Reader::from_path(place.join("out/inside/bases.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 240);
    let (mut saliency, mut gradients, mut mutations) = (0, 0, 0);
    for (number, motif) in motifs.iter().enumerate() {
        let own = &rows[40 * number..40 * (number + 1)];
        let within = |column: usize| {
            let value = |base: usize| own[base][column].parse::<f64>().unwrap();
            let peak = (0..40).fold(0, |best, base| if value(base) > value(best) { base } else { best });
            usize::from((*motif..motif + 6).contains(&peak))
        };
        saliency += within(5);
        gradients += within(6);
        mutations += within(7);
    }
    assert!(gradients >= 5 && mutations == 6 && saliency >= 5, "{saliency} {gradients} {mutations}");
    // Tracks hold the same, base by base.
    let rows_of = |name: &str| -> Vec<dlm_genome::bed_graph::Record> {
        let path = place.join("out/inside").join(name);
        dlm_genome::bed_graph::Reader::open(path).unwrap().map(Result::unwrap).collect()
    };
    for (name, column) in [("integrated_gradients", 6), ("mutagenesis", 7)] {
        let track = rows_of(&format!("{name}.bedGraph"));
        for row in &track {
            for base in row.interval().start()..row.interval().end() {
                let number = (base / 45 * 40 + base % 45) as usize;
                let value: f64 = rows[number][column].parse().unwrap();
                assert!((value - row.value()).abs() < 1e-9);
            }
        }
        assert_eq!(track.iter().map(|row| row.interval().len()).sum::<u64>(), 240);
        let mut packed =
            dlm_genome::big_wig::BigWig::open(place.join(format!("out/inside/{name}.bw"))).unwrap();
        let all = dlm_genome::Interval::new("chr1", 0, 265).unwrap();
        assert_eq!(packed.coverage(&all).unwrap().covered(), 240);
    }
}

#[test]
fn a_planted_motif_is_what_a_fine_tuned_model_rests_on() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let motifs = planted(place);
    // 4,096 words and five special tokens.
    Small {
        tokenizer: "kmer:6:overlap",
        vocabulary: 4_101,
        layers: 1,
        pooler: true,
        seed: 3,
        ..Small::default()
    }
    .write(&place.join("model"));
    let tuned = line(
        place,
        "finetune --quiet --model ./model --task ./task --output tuned --learning-rate 5e-3 --epochs 12 --batch 16 \
         --head pooler --dropout 0",
    );
    done(&tuned);
    // A change of the motif's second base, one beside it, a deletion, and one that is not spelled out.
    let at = motifs[0] + 1;
    let genome = fs::read_to_string(place.join("genome.fa")).unwrap();
    let bases = genome.lines().nth(1).unwrap().as_bytes();
    let base = |at: usize| char::from(bases[at]);
    let far = if motifs[0] > 20 { 3 } else { 36 };
    let other = |base: char| if base == 'G' { 'C' } else { 'G' };
    let vcf = format!(
        "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
         chr1\t{}\tbreaks\t{}\tG\t.\t.\t.\nchr1\t{}\tspares\t{}\t{}\t.\t.\t.\nchr1\t{}\tdeletes\t{}{}\t{}\t.\t.\t.\n\
         chr1\t50\tsymbol\t{}\t<DEL>\t.\t.\t.\n",
        at + 1,
        base(at),
        far + 1,
        base(far),
        other(base(far)),
        at + 1,
        base(at),
        base(at + 1),
        base(at),
        base(49),
    );
    fs::write(place.join("variants.vcf"), vcf).unwrap();
    let run = |variants: &str| {
        line(
            place,
            &format!(
                "--json analyze inside --model tuned --genome genome.fa --regions regions.bed --variants {variants} \
                 --flank 20 --integration-steps 128 --output out"
            ),
        )
    };
    let output = run("variants.vcf");
    done(&output);
    peaks_and_tracks(place, &motifs);
    let mut reader = csv::Reader::from_path(place.join("out/inside/variants.csv")).unwrap();
    let scores: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let score = |id: &str| scores.iter().find(|row| &row[2] == id).unwrap()[5].parse::<f64>().ok();
    assert!(score("breaks").unwrap() < score("spares").unwrap() - 1.0, "{scores:?}");
    assert!(score("deletes").unwrap() < score("spares").unwrap() - 1.0, "{scores:?}");
    assert_eq!(score("symbol"), None);
    // A reference allele that the genome does not have.
    fs::write(place.join("wrong.vcf"), format!("chr1\t{}\t.\t{}\tA\t.\t.\t.\n", at + 1, other(base(at))))
        .unwrap();
    let told = run("wrong.vcf");
    assert_eq!(told.status.code(), Some(2));
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(text.contains("wrong.vcf") && text.contains("in the genome"), "{text}");
}

#[test]
fn variants_of_a_pretrained_model_are_compared_token_by_token() {
    if !runs() {
        return;
    }
    let place = subject();
    let place = place.path();
    let text = fs::read_to_string(place.join("genome.fa")).unwrap();
    let bases = text.lines().nth(1).unwrap();
    let at = 1_000;
    let (one, two) = (&bases[at..=at], &bases[at..at + 3]);
    let other = if one == "G" { "C" } else { "G" };
    let vcf = format!(
        "chr1\t{0}\tsnv\t{one}\t{other}\t.\t.\t.\nchr1\t{0}\tsame\t{one}\t{one}\t.\t.\t.\nchr1\t{0}\tdeletion\t{two}\t{one}\t.\t.\t.\n\
         chr1\t{0}\tinsertion\t{one}\t{one}AC\t.\t.\t.\n",
        at + 1
    );
    fs::write(place.join("variants.vcf"), vcf).unwrap();
    fs::write(place.join("regions.bed"), "chr1\t2000\t2040\ta\nchr1\t3000\t3040\tb\t0\t-\n").unwrap();
    let arguments = ["inside", "--variants", "variants.vcf", "--regions", "regions.bed", "--flank", "30"];
    let answer = analyze(place, &arguments);
    assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
    let mut reader = csv::Reader::from_path(place.join("out/inside/variants.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |id: &str| rows.iter().find(|row| &row[2] == id).unwrap();
    assert_eq!(row("same")[5].parse::<f64>().unwrap(), 0.0);
    assert_eq!((&row("snv")[8], &row("snv")[9]), ("1", "1"));
    assert!(row("snv")[5].parse::<f64>().unwrap() != 0.0);
    // Two bases are one token: what comes behind is in step again.
    for (id, reference, alternate) in [("deletion", 3, 2), ("insertion", 2, 3)] {
        let count = |column: usize| row(id)[column].parse::<i64>().unwrap();
        assert_eq!(count(8) - count(9), reference - alternate, "{id}: {:?}", row(id));
        assert!(count(8) <= 4 && count(9) <= 4, "{id}: {:?}", row(id));
    }
    // Fresh weights share out what they know among few tokens; of the hidden one nothing is its own.
    let mut reader = csv::Reader::from_path(place.join("out/inside/heads.csv")).unwrap();
    assert_eq!(reader.records().count(), 4);
    // A region that the model does not take is told by its name.
    fs::write(place.join("regions.bed"), "chr1\t2000\t2400\tlong\n").unwrap();
    let all: Vec<&str> = ANALYZE.into_iter().chain(arguments).collect();
    let output = dlm(place, &all).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("region long"), "{output:?}");
}

#[test]
fn a_vocabulary_is_chosen_on_validation_and_the_choice_is_resumed() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    genome(&place.join("genome.fa"), 1);
    let preset = include_str!("../../../models/presets/grover-mini.toml");
    let mut tiny = String::new();
    for line in preset.lines() {
        let sizes = [
            ("hidden =", "16"),
            ("layers =", "1"),
            ("heads =", "2"),
            ("intermediate =", "32"),
            ("max_positions =", "64"),
            ("longest =", "60"),
            ("shortest =", "5"),
            ("batch =", "8"),
        ];
        let size = sizes.iter().find(|(name, _)| line.starts_with(name));
        match size {
            Some((name, size)) => {
                writeln!(tiny, "{name} {{ value = {size}, origin = \"resolved\", source = \"a test\" }}")
                    .unwrap();
            }
            None => writeln!(tiny, "{line}").unwrap(),
        }
    }
    fs::write(place.join("tiny.toml"), tiny).unwrap();
    let arguments: Vec<&str> =
        "--json analyze vocabulary --genome genome.fa --output out --cycles 10,20,30,40 --kmers 2 \
                                --next 2 --models 2 --steps 3 --samples 200 --trees 5 --preset tiny.toml"
            .split_whitespace()
            .collect();
    let output = dlm(place, &arguments).output().unwrap();
    done(&output);
    let answer = json(&output);
    let facts = answer["sections"][0]["facts"].to_string();
    assert!(facts.contains("chosen vocabulary") && facts.contains("bpe-"), "{facts}");
    // Four snapshots and a k-mer vocabulary, two models each, and five TF-IDF and the majority.
    let mut reader = csv::Reader::from_path(place.join("out/vocabulary/accuracy.csv")).unwrap();
    assert!(!reader.headers().unwrap().iter().any(|name| name.contains("test")));
    assert_eq!(reader.records().count(), 10 + 5 + 1);
    // All of a shape, a budget and the same bases: no window of a vocabulary of short tokens is cut.
    let mut reader = csv::Reader::from_path(place.join("out/vocabulary/models.csv")).unwrap();
    let models: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let of = |column: usize| models.iter().map(move |row| row[column].parse::<u64>().unwrap());
    assert_eq!((models.len(), of(2).max(), of(2).min()), (10, Some(3), Some(3)));
    let (least, most) = (of(5).min().unwrap(), of(5).max().unwrap());
    assert!(most as f64 / (least as f64) < 1.1, "{least} to {most} bases");
    // Nothing that is there is trained again.
    let weights = place.join("out/vocabulary/models/bpe-20-seed-1/model.safetensors");
    let stamp = || fs::metadata(&weights).unwrap().modified().unwrap();
    let before = stamp();
    let mut again = arguments.clone();
    again.push("--again");
    let second = json(&dlm(place, &again).output().unwrap());
    assert_eq!((second["sections"][0]["resumed"].as_bool(), stamp()), (Some(false), before));
    assert_eq!(second["sections"][0]["facts"], answer["sections"][0]["facts"]);
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    assert!(page.contains("Vocabulary selection") && page.contains("majority"));
    for wrong in ["--models 1", "--cycles 10", "--next 3,3", "--kmers 4,4", "--kmers 7"] {
        let told = line(place, &format!("analyze vocabulary --genome genome.fa {wrong}"));
        assert_eq!(told.status.code(), Some(2), "{wrong}");
    }
}
