//! A process that is told to stop leaves nothing half written; alone in its process, as the list is shared.

use std::io::Write;

use dlm_genome::output::{self, Output};

#[test]
fn temporaries_can_be_removed_before_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut outputs = ["a", "b"].map(|name| Output::create(folder.path().join(name)).unwrap());
    outputs[0].write_all(b"half").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    output::remove_unfinished();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
