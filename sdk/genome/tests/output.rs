//! Outputs appear whole or not at all.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, io::Write, path::Path};

use dlm_genome::{
    ErrorKind,
    output::{self, Output},
};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_only_when_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.json");
    output::write(&path, "old").unwrap();
    let mut output = Output::create(&path).unwrap();
    output.write_all(&vec![b'x'; 1 << 20]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()).len(), 2);
    drop(output);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["out.json"]);

    output::write(&path, "new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn a_failing_writer_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    output::write(&path, "old").unwrap();
    let error = output::write_with(&path, |output| {
        output.write_all(b"half")?;
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.hint(), Some("free some space, or write elsewhere"));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["out"]);
}

#[test]
fn folders_are_refused_and_missing_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Output::create(folder.path()).unwrap_err().kind(), ErrorKind::Directory);
    let error = Output::create(folder.path().join("absent/out")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.hint(), Some("its folder does not exist; create it first"));
}

#[cfg(unix)]
mod unix {
    use std::{
        io::Read,
        os::unix::fs::{FileTypeExt, PermissionsExt, symlink},
        process::Command,
    };

    use super::*;

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real/out", folder.path().join("link")).unwrap();
        for content in ["first", "second"] {
            output::write(folder.path().join("link"), content).unwrap();
            assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(folder.path().join("real/out")).unwrap(), content);
        }
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(Output::create(folder.path().join("loop")).is_err());
    }

    #[test]
    fn permissions_of_an_old_file_are_kept_and_those_of_a_new_one_usual() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        output::write(&path, "").unwrap();
        fs::write(folder.path().join("usual"), "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&folder.path().join("usual")));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        output::write(&path, "new").unwrap();
        assert_eq!(mode(&path) & 0o777, 0o640);
    }

    #[test]
    fn a_pipe_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut text = String::new();
                fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        output::write(&pipe, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn devices_are_written_through() {
        output::write("/dev/null", "gone").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let full = Path::new("/dev/full");
        if full.exists() {
            assert_eq!(output::write(full, "x").unwrap_err().kind(), ErrorKind::Io);
        }
    }
}
