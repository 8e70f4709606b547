//! Where a recording goes: one file for all connections, or a folder with a file for each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use otherend_core::transcript::Over;

use super::notes::{Note, What};
use super::sheet::Sheet;
use super::{RecordError, RecordingConfig, SyncWhen};
use crate::system::files;

/// Gives a name to the file of a connection.
type Name = dyn Fn(u64) -> String + Send;

/// The files that are open.
pub(super) struct Place {
    config: RecordingConfig,
    path: PathBuf,
    /// Names the files of a folder; `None`: there is one file, and its key is 0.
    name: Option<Box<Name>>,
    open: BTreeMap<u64, Sheet>,
}

impl Place {
    /// One file, which must not exist.
    pub(super) fn file(path: PathBuf, config: RecordingConfig) -> Result<Self, RecordError> {
        let sheet = Sheet::create(path.clone(), &config)?;
        Ok(Place {
            config,
            path,
            name: None,
            open: BTreeMap::from([(0, sheet)]),
        })
    }

    /// A folder, which is created where there is none.
    pub(super) fn folder(
        path: PathBuf,
        config: RecordingConfig,
        name: Box<Name>,
    ) -> Result<Self, RecordError> {
        let created = files::create_private_folder(&path);
        created.map_err(|cause| RecordError::File {
            path: path.clone(),
            cause,
        })?;
        Ok(Place {
            config,
            path,
            name: Some(name),
            open: BTreeMap::new(),
        })
    }

    pub(super) fn over(&self) -> Over {
        self.config.over
    }

    pub(super) fn sync(&self) -> SyncWhen {
        self.config.sync
    }

    pub(super) fn note(&mut self, note: &Note, bytes: &[u8]) -> Result<(), RecordError> {
        let key = if self.name.is_some() {
            note.connection
        } else {
            0
        };
        if let (Some(name), false) = (&self.name, self.open.contains_key(&key)) {
            let path = self.path.join(name(key));
            self.open.insert(key, Sheet::create(path, &self.config)?);
        }
        let Some(sheet) = self.open.get_mut(&key) else {
            return Ok(());
        };
        sheet.note(note, bytes)?;
        if self.name.is_some() && note.what == What::Ended {
            sheet.end()?;
            self.open.remove(&key);
        }
        Ok(())
    }

    /// Append what is ready.
    pub(super) fn write(&mut self) -> Result<(), RecordError> {
        self.open.values_mut().try_for_each(Sheet::write)
    }

    /// Write what may have waited long enough; `true`: there is more that waits.
    pub(super) fn settle(&mut self, quiet: bool) -> bool {
        let mut waits = false;
        for sheet in self.open.values_mut() {
            waits |= sheet.settle(quiet);
        }
        waits
    }

    /// Vouch for all lines so far; with `sync` wait until they are on the disk.
    pub(super) fn seal(&mut self, sync: bool) -> Result<(), RecordError> {
        for sheet in self.open.values_mut() {
            sheet.seal()?;
            if sync {
                sheet.sync()?;
            }
        }
        Ok(())
    }

    /// Every file is complete.
    pub(super) fn end(&mut self) -> Result<(), RecordError> {
        self.open.values_mut().try_for_each(Sheet::end)
    }

    /// Every file ends here, for this reason.
    pub(super) fn break_off(&mut self, why: &RecordError) {
        for sheet in self.open.values_mut() {
            sheet.break_off(why);
        }
    }

    pub(super) fn too_slow(&self) -> RecordError {
        RecordError::TooSlow(self.path.clone())
    }
}
