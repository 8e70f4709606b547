//! The files of `transcripts/`: the good ones are canonical, each bad one has its own message.
#![expect(clippy::disallowed_methods, reason = "the corpus is made of files")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use otherend_core::transcript::Transcript;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// `bad/x.talk` is refused with exactly what `bad/x.txt` says. A new case is two files.
#[test]
fn each_bad_file_has_its_own_message() {
    let mut seen = BTreeMap::new();
    for path in files("../transcripts/bad", "talk") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let source = fs::read(&path).unwrap();
        let error = Transcript::parse(&source).expect_err(name);
        let screen = error.render(name, &source);
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        assert!(
            screen == expected,
            "expected:\n{expected}\nfound:\n{screen}"
        );
        if let Some(other) = seen.insert(
            format!("{}\n{}", error.wrong, error.wrong.hint()),
            name.to_owned(),
        ) {
            panic!("{name} and {other} have the same message");
        }
    }
}
