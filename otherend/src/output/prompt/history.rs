//! Where typed lines are kept: `$XDG_STATE_HOME/otherend/history`.

use std::ffi::OsString;
use std::path::PathBuf;

/// The file, in a folder that exists; none where there is no place for it.
pub(super) fn file() -> Option<PathBuf> {
    let folder = folder(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
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
}
