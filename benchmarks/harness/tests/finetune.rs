//! `dlm finetune` and `dlm predict`: a model is trained on a task, kept, interrupted, resumed, and asked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking and says what it skips")]

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Tokenizer},
    weights::Element,
};
use dlm_sdk::random::Stream;
use serde_json::Value;

fn dlm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
    command.current_dir(folder).args(arguments);
    command
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A model over 3-mers, a task whose classes are how many A a sequence has, and sequences without an answer.
fn inputs(place: &Path) -> Vec<(String, usize)> {
    let config = Config::from_json(
        r#"{"model_type": "bert", "vocab_size": 73, "hidden_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 32}"#,
    )
    .unwrap();
    let model = Model::random(config, Heads::BOTH, 5);
    folder::write(&place.join("tiny"), &model, Tokenizer::Spec("kmer:3"), Element::F32).unwrap();
    let mut stream = Stream::new(1, "sequences");
    let mut draw = || {
        let class = stream.below(2);
        let pool: &[u8] = if class == 1 { b"AAACGT" } else { b"ACCGGT" };
        let bases: String = (0..45).map(|_| char::from(pool[stream.below(6)])).collect();
        (bases, class)
    };
    let mut table = "sequence,label,split\n".to_owned();
    for row in 0..400 {
        let (bases, class) = draw();
        let split = ["train", "train", "validation", "test"][row % 4];
        writeln!(table, "{bases},{},{split}", ["few", "many"][class]).unwrap();
    }
    fs::create_dir(place.join("task")).unwrap();
    fs::write(place.join("task/examples.csv"), table).unwrap();
    fs::write(
        place.join("task/task.toml"),
        "version = 1\nname = \"shares\"\ntarget = \"binary\"\nclasses = [\"few\", \"many\"]\nsplit = \"given\"\n",
    )
    .unwrap();
    let rows: Vec<(String, usize)> = (0..100).map(|_| draw()).collect();
    let (mut fasta, mut bed, mut genome) = (String::new(), String::new(), String::from(">chr1\n"));
    for (number, (bases, _)) in rows.iter().enumerate() {
        writeln!(fasta, ">r{number}\n{bases}").unwrap();
        writeln!(bed, "chr1\t{}\t{}\tr{number}\t0\t+", number * 45, (number + 1) * 45).unwrap();
        genome.push_str(bases);
    }
    genome.push('\n');
    fs::write(place.join("rows.fa"), fasta).unwrap();
    fs::write(place.join("rows.bed"), bed).unwrap();
    fs::write(place.join("genome.fa"), genome).unwrap();
    rows
}

fn arguments(output: &str) -> Vec<&str> {
    let settings = ["--learning-rate", "3e-3", "--epochs", "6", "--batch", "16", "--head", "mean"];
    ["finetune", "--json", "--quiet", "--model", "./tiny", "--task", "./task", "--output", output]
        .into_iter()
        .chain(settings)
        .collect()
}

#[test]
fn a_model_is_trained_kept_and_asked() {
    let found = dlm_runtime::Runtime::get();
    if let Err(error) = found {
        println!("skipped: {error}");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let rows = inputs(place);
    let answer = json(&dlm(place, &arguments("whole")).output().unwrap());
    assert!(answer["test"]["mcc"].as_f64().unwrap() > 0.8, "{answer}");

    let curve = ["model", "curve", "--json", "whole", "--output", "curve.svg"];
    let drawn = json(&dlm(place, &curve).output().unwrap());
    assert!(drawn["trainings"][0]["validation"].as_array().unwrap().len() >= 6, "{drawn}");
    assert!(fs::read_to_string(place.join("curve.svg")).unwrap().contains(">whole, batches<"));

    // Small changes of queries and values, and the head: what is kept has the names of the whole.
    let mut adapted = arguments("adapted");
    adapted.extend(["--lora", "4"]);
    let answer = json(&dlm(place, &adapted).output().unwrap());
    assert!(answer["test"]["mcc"].as_f64().unwrap() > 0.6, "{answer}");
    assert!(answer.to_string().contains("queries and values, rank 4"), "{answer}");
    let names = |folder: &str| fs::read_to_string(place.join(folder).join("finetuned.json")).unwrap();
    assert!(!names("adapted").contains("lora_"));

    // Interrupted and resumed, the weights are the same to the bit.
    let mut child =
        dlm(place, &arguments("halves")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let metrics = place.join("halves/training/trial-0/metrics.jsonl");
    while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < 5 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!place.join("halves/finetuned.json").exists());
    let mut resume = arguments("halves");
    resume.push("--resume");
    json(&dlm(place, &resume).output().unwrap());
    let weights = |name: &str| fs::read(place.join(name).join("weights.safetensors")).unwrap();
    assert!(weights("whole") == weights("halves"), "the weights differ");

    // What is kept answers by itself, in every form alike.
    fs::remove_dir_all(place.join("tiny")).unwrap();
    for output in ["p.tsv", "p.bed", "p.parquet"] {
        json(
            &dlm(place, &["predict", "--json", "--model", "whole", "--fasta", "rows.fa", "--output", output])
                .output()
                .unwrap(),
        );
    }
    let table = fs::read_to_string(place.join("p.tsv")).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("name\tstart\tend\tprediction\tscore_0\tscore_1"));
    let mut right = 0;
    for ((number, (_, class)), line) in (0..).zip(&rows).zip(lines.by_ref()) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields[..3], [format!("r{number}").as_str(), "0", "45"]);
        let scores: Vec<f64> = fields[4..].iter().map(|score| score.parse().unwrap()).collect();
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{line}");
        assert_eq!(fields[3] == "many", scores[1] > scores[0], "{line}");
        right += usize::from(fields[3] == ["few", "many"][*class]);
    }
    assert!(lines.next().is_none() && right > 85, "{right} of 100");
    json(
        &dlm(place, &["predict", "--json", "--model", "whole", "--bed", "rows.bed", "--output", "q.bed"])
            .args(["--genome", "genome.fa"])
            .output()
            .unwrap(),
    );
    let answered = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(place.join(name)).unwrap();
        text.lines().map(|line| line.split('\t').nth(6).unwrap().to_owned()).collect()
    };
    assert_eq!(answered("p.bed"), answered("q.bed"), "intervals of the genome are the same sequences");

    let fails = |arguments: &[&str], expected: &str| {
        let output = dlm(place, arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    fails(&["predict", "--model", "task", "--fasta", "rows.fa", "--output", "x.tsv"], "dlm finetune");
    fails(
        &["predict", "--model", "whole", "--fasta", "rows.fa", "--output", "x.csv"],
        ".tsv, .parquet and .bed",
    );
    fs::write(place.join("long.fa"), format!(">l\n{}\n", "ACG".repeat(40))).unwrap();
    fails(&["predict", "--model", "whole", "--fasta", "long.fa", "--output", "x.tsv"], "--long truncate");
    assert!(!place.join("x.tsv").exists());
}
