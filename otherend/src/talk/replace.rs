//! Replacing a file as a whole: it is the old one or the new one, never a part.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::system::files::give_to_owner_of;

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
    // In the same folder, for a rename reaches no other file system; it is ours alone (0600), and
    // gone if anything fails before it has its name.
    let folder = real.parent().unwrap_or(real);
    let mut new = tempfile::Builder::new()
        .prefix(".otherend-")
        .tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    give_to_owner_of(new.as_file(), &old);
    new.as_file().set_permissions(old.permissions())?;
    // On the disk before it has the name: after a crash the name must not lead to an empty file.
    new.as_file().sync_all()?;
    new.persist(real)?;
    Ok(())
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
    fn permissions_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.talk");
        for mode in [0o600, 0o640, 0o444] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            whole(&path, "new").unwrap();
            let after = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(after & 0o777, mode);
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
