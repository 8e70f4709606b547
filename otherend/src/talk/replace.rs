//! Replacing a file as a whole: it is the old one or the new one, never a part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process;

use crate::exit::Failure;
use crate::exit::file::unwritable;

/// Give the file at `path`, or the one that a link there leads to, this text. Its owner, where that
/// may be, and its permissions stay; nobody else can read the new text before they are set.
///
/// # Errors
/// It cannot be written; it is as it was then.
pub(crate) fn whole(path: &Path, text: &str) -> Result<(), Failure> {
    let replaced = fs::canonicalize(path).and_then(|real| write_and_rename(&real, text));
    replaced.map_err(|error| unwritable(path, &error))
}

fn write_and_rename(real: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(real)?;
    let (beside, mut file) = create_beside(real)?;
    let renamed = file
        .write_all(text.as_bytes())
        .and_then(|()| {
            // Only root may give a file away; for anybody else it becomes theirs.
            let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
            file.set_permissions(old.permissions())
        })
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, real));
    if renamed.is_err() {
        // What made it fail is said; that it also left this behind would not help.
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// A new file in the same folder, with a name that nobody uses, for us alone.
fn create_beside(real: &Path) -> io::Result<(PathBuf, File)> {
    for attempt in 0_u32.. {
        let beside = real.with_file_name(format!(".otherend-{}-{attempt}", process::id()));
        let mut options = OpenOptions::new();
        match options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
        {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (beside, file)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn names_in(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real.talk"), "old").unwrap();
        fs::write(at("link.talk.new"), "the user's own").unwrap();
        symlink("real.talk", at("link.talk")).unwrap();
        whole(&at("link.talk"), "new").unwrap();
        assert_eq!(
            fs::read_link(at("link.talk")).unwrap(),
            Path::new("real.talk")
        );
        assert_eq!(fs::read_to_string(at("real.talk")).unwrap(), "new");
        let own = fs::read_to_string(at("link.talk.new")).unwrap();
        assert_eq!(own, "the user's own");
        let all = ["link.talk", "link.talk.new", "real.talk"];
        assert_eq!(names_in(folder.path()), all);
    }

    #[test]
    fn permissions_stay_and_are_never_wider() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.talk");
        for mode in [0o600, 0o640, 0o444] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let (beside, file) = create_beside(&path).unwrap();
            let at_first = file.metadata().unwrap().permissions().mode();
            assert_eq!(at_first & 0o777, 0o600);
            // A name that is taken is not taken away.
            whole(&path, "new").unwrap();
            assert!(beside.exists());
            let after = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(after & 0o777, mode);
            fs::remove_file(beside).unwrap();
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.talk");
        fs::create_dir(&path).unwrap();
        assert!(whole(&path, "new").is_err());
        assert_eq!(names_in(folder.path()), ["x.talk"]);
    }
}
