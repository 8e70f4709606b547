//! The .NET programs: compiled by `mcs` into a folder of the test, run by `mono`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::installed::all_there;
use super::program::{Program, program};

/// A compiled program; it goes with this.
pub(crate) struct Compiled {
    folder: TempDir,
}

/// Compile one of the sources beside this file; none if Mono is not installed.
#[track_caller]
pub(crate) fn compile(source: &str) -> Option<Compiled> {
    if !all_there(&["mcs", "mono"]) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder for the test");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let compiled = Compiled { folder };
    let output = Command::new("mcs")
        .arg(format!("-out:{}", compiled.path()))
        .arg(sources.join(source))
        .output()
        .expect("mcs runs");
    assert!(output.status.success(), "{output:?}");
    Some(compiled)
}

impl Compiled {
    /// Prepare to start it with these words.
    pub(crate) fn prepare(&self, words: &[&str]) -> Program {
        let path = self.path();
        program("mono", &[&[path.as_str()], words].concat())
    }

    fn path(&self) -> String {
        self.folder.path().join("peer.exe").display().to_string()
    }
}
