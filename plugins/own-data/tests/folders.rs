//! Folders made from what people have, and folders written by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use dlm_plugin_own_data::{Init, Made, SplitBy, TargetKind, init};
use dlm_sdk::{Registry, Result, Split, SplitKind, Strand, Target, Task, conformance, dna, random::Stream};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn make(&self, from: &Path, change: impl Fn(&mut Init)) -> Result<Made> {
        let mut settings = Init::new(from, self.0.path().join("task"));
        change(&mut settings);
        init(&settings)
    }

    fn task(&self) -> Box<dyn Task> {
        task(&self.0.path().join("task")).unwrap()
    }

    fn failure(&self, name: &str, content: &str, change: impl Fn(&mut Init)) -> String {
        let chain = self.make(&self.file(name, content), change).unwrap_err().chain();
        assert!(!self.0.path().join("task").exists(), "{chain}");
        chain[chain.find(name).map_or(0, |at| at)..].to_owned()
    }
}

fn task(folder: &Path) -> Result<Box<dyn Task>> {
    Registry::builtin()?.task(&folder.to_string_lossy())
}

fn bases(stream: &mut Stream, length: usize) -> String {
    (0..length).map(|_| char::from(dna::BASES[stream.below(4)])).collect()
}

fn table(label: impl Fn(usize) -> String) -> String {
    let mut stream = Stream::new(1, "table");
    let mut table = String::from("seq,label\n");
    for row in 0..200 {
        writeln!(table, "{},{}", bases(&mut stream, 30), label(row)).unwrap();
    }
    table
}

fn sizes(task: &dyn Task) -> [usize; 3] {
    Split::ALL.map(|split| task.collect(split).unwrap().len())
}

#[test]
fn every_kind_of_target_becomes_a_task() {
    let cases: [(&dyn Fn(usize) -> String, Target); 4] = [
        (&|row| (row % 2).to_string(), Target::Binary),
        (&|row| ["liver", "brain", "none"][row % 3].to_owned(), Target::Multiclass(3)),
        (&|row| ["a;b", "b", "c", ""][row % 4].to_owned(), Target::Multilabel(3)),
        (&|row| format!("{row}.5"), Target::Regression(1)),
    ];
    for (label, target) in cases {
        let place = Place::new();
        let made = place.make(&place.file("x.csv", &table(label)), |_| {}).unwrap();
        let task = place.task();
        conformance::task(&*task).assert();
        assert_eq!((task.spec().target, task.spec().split), (target, SplitKind::Paper));
        assert_eq!(sizes(&*task), made.sizes);
        assert!(made.sizes[0].abs_diff(160) <= 3 && made.sizes[1].abs_diff(20) <= 3, "{:?}", made.sizes);
        assert_eq!(task.spec().name, "task");
    }
}

#[test]
fn copies_on_either_strand_stay_together() {
    let mut stream = Stream::new(2, "copies");
    let mut content = String::from("sequence\tlabel\n");
    for row in 0..100 {
        let forward = bases(&mut stream, 20);
        let reverse = String::from_utf8(dna::reverse_complement(forward.as_bytes())).unwrap();
        writeln!(content, "{forward}\t{}\n{reverse}\t{}", row % 2, row % 2).unwrap();
    }
    let place = Place::new();
    let made = place.make(&place.file("x.tsv", &content), |_| {}).unwrap();
    assert!(made.notes[0].starts_with("100 examples repeat"), "{:?}", made.notes);
    assert!(
        !place.task().spec().notes.iter().any(|note| note.starts_with("leak")),
        "{:?}",
        place.task().spec().notes
    );
}

#[test]
fn splits_are_taken_in_every_spelling() {
    let place = Place::new();
    let content = "Sequence,Labels,Split\nACGT,1,train\nGGTA,0,train\nTTTC,1,dev\nAGGA,0,test\nCACA,1,test\n";
    place.make(&place.file("x.csv", content), |_| {}).unwrap();
    let task = place.task();
    conformance::task(&*task).assert();
    assert_eq!(task.spec().split, SplitKind::Given);
    assert_eq!(sizes(&*task), [2, 1, 2]);
}

#[test]
fn a_missing_validation_split_is_drawn_from_train() {
    let mut content = table(|row| (row % 2).to_string()).replace("seq,label", "seq,label,split");
    content = content.lines().enumerate().fold(String::new(), |mut all, (line, row)| {
        let end = if line == 0 {
            ""
        } else if line > 150 {
            ",test"
        } else {
            ",train"
        };
        writeln!(all, "{row}{end}").unwrap();
        all
    });
    let place = Place::new();
    let made = place.make(&place.file("x.csv", &content), |_| {}).unwrap();
    assert_eq!(made.sizes, [136, 14, 50]);
    assert!(made.notes.iter().any(|note| note.starts_with("validation: a tenth of train")));
}

#[test]
fn fasta_pairs_and_headers_hold_labels() {
    let mut stream = Stream::new(3, "fasta");
    let mut records = |prefix: &str, end: &str| -> String {
        (0..60).fold(String::new(), |mut all, row| {
            writeln!(all, ">{prefix}{row}{end}\n{}", bases(&mut stream, 40)).unwrap();
            all
        })
    };
    let place = Place::new();
    let negatives = place.file("neg.fa", &records("n", ""));
    let made = place
        .make(&place.file("pos.fa", &records("p", "")), |settings| {
            settings.negatives = Some(negatives.clone());
        })
        .unwrap();
    assert_eq!(
        (made.target, made.classes),
        (TargetKind::Binary, vec!["negative".to_owned(), "positive".to_owned()])
    );
    conformance::task(&*place.task()).assert();
    for (a, b, label) in
        [(" label=x", " label=y", None), ("|1", "|0", None), (" type:x;", " type:y;", Some("type:([a-z])"))]
    {
        let place = Place::new();
        let content = records("a", a) + &records("b", b);
        let made = place
            .make(&place.file("x.fa", &content), |settings| settings.label = label.map(ToOwned::to_owned))
            .unwrap();
        assert_eq!(made.classes.len(), 2, "{a}");
    }
}

#[test]
fn intervals_are_cut_in_reading_direction() {
    let mut stream = Stream::new(4, "genome");
    let chromosome = bases(&mut stream, 5_000_000);
    let place = Place::new();
    let genome = place.file("genome.fa", &format!(">21\n{chromosome}\n"));
    let mut bed = String::new();
    for row in 0..200 {
        let start = row * 24_000;
        let (label, strand) = (["open", "closed"][row % 2], ["+", "-"][row / 2 % 2]);
        writeln!(bed, "chr21\t{start}\t{}\t{label}\t{row}\t{strand}", start + 100).unwrap();
    }
    let bed = place.file("x.bed", &bed);
    let made = place.make(&bed, |settings| settings.genome = Some(genome.clone())).unwrap();
    assert_eq!(
        (made.split.as_str(), made.classes.as_slice()),
        ("grouped", ["closed".to_owned(), "open".to_owned()].as_slice())
    );
    let task = place.task();
    conformance::task(&*task).assert();
    let set = task.collect(Split::Train).unwrap();
    let view = set.view();
    let examples = view.examples();
    for (locus, sequence) in examples.items.loci.unwrap().iter().zip(examples.items.sequences) {
        let piece = &chromosome.as_bytes()[locus.start as usize..locus.end as usize];
        let wanted = if locus.strand == Some(Strand::Reverse) {
            dna::reverse_complement(piece)
        } else {
            piece.to_vec()
        };
        assert_eq!(sequence.bases(), wanted);
    }
    let held_out = task.held_out().unwrap();
    assert_eq!(held_out.len(), made.sizes[1] + made.sizes[2]);
    assert!(held_out.iter().all(|locus| &*locus.chromosome == "21"), "loci are spelled as the genome does");
    let place = Place::new();
    let made = place.make(&bed, |settings| {
        settings.genome = Some(genome.clone());
        settings.target = Some(TargetKind::Regression);
        settings.split_by = Some(SplitBy::Random);
    });
    assert_eq!(
        (made.unwrap().target, place.task().spec().target),
        (TargetKind::Regression, Target::Regression(1))
    );
}

#[test]
fn faults_of_the_source_name_file_and_line() {
    let place = Place::new();
    let fail = |name: &str, content: &str| place.failure(name, content, |_| {});
    assert_eq!(fail("x.csv", "seq,label\nAC,1\nA?,0\n"), "x.csv: line 3: base 2: '?' is no base");
    assert_eq!(
        fail("x.csv", "seq,labl\nAC,1\n"),
        "x.csv: line 1: no column is called \"label\" or \"labels\""
    );
    assert_eq!(fail("x.csv", "seq,label\nAC,1\nAG,1\n"), "x.csv: all examples have the label \"1\"");
    assert_eq!(
        fail("x.csv", "seq,label,split\nAC,1,train\nAG,0,tset\n"),
        "x.csv: line 3: \"tset\" is no split"
    );
    assert_eq!(fail("x.csv", "seq,label,split\nAC,1,train\nAG,0,\n"), "x.csv: line 3: it has no split");
    assert_eq!(fail("x.csv", "seq,label\nAC,0.5\nAG,high\n"), "x.csv: line 3: label \"high\" is no number");
    assert_eq!(fail("x.csv", "seq,label\n"), "x.csv: it holds no example");
    assert_eq!(fail("x.fa", ">a\nAC\n"), "x.fa: line 1: the header has no label");
    assert_eq!(fail("x.bed", "chr1\t5\t9\ta\n"), "x.bed: intervals need a genome");
    assert_eq!(fail("x.bed", "chr1\t9\t5\ta\n"), "x.bed: line 1: the interval 9 to 5 holds no base");
    assert_eq!(fail("x.doc", "?"), "x.doc: the name says no format that is read");
    assert_eq!(fail("x.csv", "seq,label\nAC,1\nAG,0\n"), "x.csv: no example would be in test");
    let genome = place.file("genome.fa", ">chr1\nACGTACGT\n");
    let fault = place.failure("x.bed", "chr1\t5\t9\ta\n", |settings| settings.genome = Some(genome.clone()));
    assert!(fault.starts_with("x.bed: line 1: interval chr1:5-9 ends past the end"), "{fault}");
}

#[test]
fn a_folder_that_is_not_empty_stays_as_it_is() {
    let place = Place::new();
    fs::create_dir(place.0.path().join("task")).unwrap();
    fs::write(place.0.path().join("task/notes"), "mine").unwrap();
    let error = place.make(&place.file("x.csv", &table(|row| (row % 2).to_string())), |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("the folder is not empty"));
    assert_eq!(fs::read_dir(place.0.path().join("task")).unwrap().count(), 1);
}

const MANIFEST: &str = "version = 1\nname = \"x\"\ntarget = \"binary\"\nsplit = \"given\"\n";

#[test]
fn faults_of_a_folder_name_file_and_line() {
    let fail = |manifest: &str, examples: &str| {
        let place = Place::new();
        fs::create_dir(place.0.path().join("t")).unwrap();
        fs::write(place.0.path().join("t/task.toml"), manifest).unwrap();
        fs::write(place.0.path().join("t/examples.csv"), examples).unwrap();
        let chain = task(&place.0.path().join("t")).unwrap_err().chain();
        let at = chain.rfind("/t/").map_or(0, |at| at + 3);
        chain[at..].to_owned()
    };
    let good = "sequence,label,split\nAC,1,train\nAG,0,train\nTTC,1,val\nGGC,0,test\n";
    assert!(
        fail(&format!("{MANIFEST}spilt = 1\n"), good).starts_with("task.toml: line 5: unknown field `spilt`")
    );
    assert_eq!(fail(&MANIFEST.replace('1', "2"), good), "task.toml: version 2 is not read, only 1");
    assert!(fail("version = 1\nname = ", good).starts_with("task.toml: line 2: "));
    assert!(
        fail(&format!("{MANIFEST}examples = \"../x.csv\"\n"), good).contains("is no file of this folder")
    );
    let row = |row: &str| fail(MANIFEST, &format!("{good}{row}\n"));
    assert_eq!(row("AC,2,train"), "examples.csv: line 6: label \"2\" is no class");
    assert_eq!(row("AC,1,tset"), "examples.csv: line 6: \"tset\" is no split");
    assert_eq!(row(",1,test"), "examples.csv: line 6: the sequence is empty");
    assert_eq!(row("AC,1"), "examples.csv: line 6: it has 2 fields, the header 3");
    let same = "sequence,label,split\nAC,1,train\nAG,0,train\nTTC,1,val\nGAA,0,test\n";
    assert_eq!(fail(MANIFEST, same), "examples.csv: validation and test hold the same sequences");
    assert_eq!(
        fail(MANIFEST, "sequence,label,split\nAC,1,train\n"),
        "examples.csv: no example is in validation"
    );
    let groups = "seq,label,split,group\nAC,1,train,a\nAG,0,train,b\nTTC,1,val,c\nGGC,0,test,b\n";
    let grouped = MANIFEST.replace("given", "grouped");
    assert_eq!(fail(&grouped, groups), "examples.csv: line 5: group \"b\" is in train already, not in test");
    let error = task(Path::new("./nowhere")).unwrap_err();
    assert!(error.chain().ends_with("./nowhere: there is no task.toml"), "{}", error.chain());
}
