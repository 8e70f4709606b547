//! Where typed lines are kept: `$XDG_STATE_HOME/otherend/history`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::file;
use crate::system::files::is_ours;

/// A history holds a thousand lines; somebody may have pasted long ones.
const LARGEST: usize = 16 << 20;

/// The file, in a folder that exists; none where there is no place for it.
///
/// # Errors
/// What is there must not be used, and why.
pub(super) fn file() -> Result<Option<PathBuf>, String> {
    let folder = folder(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"));
    let Some(folder) = folder.filter(|folder| fs::create_dir_all(folder).is_ok()) else {
        return Ok(None);
    };
    let file = folder.join("history");
    match unusable(&file) {
        Some(why) => Err(format!("no history: {}: {why}", file.display())),
        None => Ok(Some(file)),
    }
}

/// Why what is at `path` is no history of ours. A file that is not there yet can become one.
///
/// Whoever keeps the history reads the file to its end and takes the permissions of everybody else
/// away: that must not happen to a pipe, a device, or a link's target that somebody else owns.
fn unusable(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    if let Err(refusal) = file::check(&found, LARGEST) {
        return Some(refusal.to_string());
    }
    if found.is_dir() {
        return Some("it is a folder, not a file".to_owned());
    }
    (!is_ours(&found)).then(|| "it belongs to somebody else".to_owned())
}

/// By the XDG Base Directory Specification a relative path counts as none.
fn folder(state_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = state_home
        .and_then(absolute)
        .or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(state.join("otherend"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{chown, symlink};

    #[test]
    fn the_folder_follows_the_specification() {
        let of = |state: Option<&str>, home: Option<&str>| {
            let folder = folder(state.map(OsString::from), home.map(OsString::from));
            folder.map(|folder| folder.display().to_string())
        };
        assert_eq!(of(Some("/s"), Some("/h")).as_deref(), Some("/s/otherend"));
        let usual = Some("/h/.local/state/otherend");
        assert_eq!(of(None, Some("/h")).as_deref(), usual);
        assert_eq!(of(Some("relative"), Some("/h")).as_deref(), usual);
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn only_a_file_of_our_own_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "one\n").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        let large = fs::File::create(at("large")).unwrap();
        large.set_len(1 << 30).unwrap();
        let why = |name: &str| unusable(&at(name)).unwrap_or_default();
        assert_eq!([why("file"), why("link"), why("none")], ["", "", ""]);
        assert_eq!(why("zero"), "it is a device, not a file");
        assert_eq!(why("."), "it is a folder, not a file");
        assert_eq!(why("large"), "it has 1 GiB, and 16 MiB is the most");
    }

    #[test]
    fn a_link_to_a_file_of_somebody_else_is_left_alone() {
        // Only root has one at hand that is not its own: it can give a file away.
        let folder = tempfile::tempdir().unwrap();
        let (theirs, link) = (folder.path().join("theirs"), folder.path().join("link"));
        fs::write(&theirs, "").unwrap();
        symlink(&theirs, &link).unwrap();
        if chown(&theirs, Some(12_345), None).is_ok() {
            let why = unusable(&link);
            assert_eq!(why.as_deref(), Some("it belongs to somebody else"));
        }
    }
}
