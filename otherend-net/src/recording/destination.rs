//! Where a recording goes: one file for all connections, or a folder with a file for each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use otherend_core::transcript::Transport;

use super::file::RecordingFile;
use super::notes::{Note, What};
use super::{RecordError, RecordingConfig, SyncWhen};
use crate::system::files;

/// Gives a name to the file of a connection.
type FileName = dyn Fn(u64) -> String + Send;

/// The files that are open.
pub(super) struct Destination {
    config: RecordingConfig,
    path: PathBuf,
    /// Names the files of a folder; `None`: there is one file, and its key is 0.
    name: Option<Box<FileName>>,
    open: BTreeMap<u64, RecordingFile>,
}

impl Destination {
    /// One file, which must not exist.
    pub(super) fn file(path: PathBuf, config: RecordingConfig) -> Result<Self, RecordError> {
        let file = RecordingFile::create(path.clone(), &config)?;
        Ok(Destination {
            config,
            path,
            name: None,
            open: BTreeMap::from([(0, file)]),
        })
    }

    /// A folder, which is created where there is none.
    pub(super) fn folder(
        path: PathBuf,
        config: RecordingConfig,
        name: Box<FileName>,
    ) -> Result<Self, RecordError> {
        let created = files::create_private_folder(&path);
        created.map_err(|cause| RecordError::File {
            path: path.clone(),
            cause,
        })?;
        Ok(Destination {
            config,
            path,
            name: Some(name),
            open: BTreeMap::new(),
        })
    }

    pub(super) fn transport(&self) -> Transport {
        self.config.transport
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
            self.open
                .insert(key, RecordingFile::create(path, &self.config)?);
        }
        let Some(file) = self.open.get_mut(&key) else {
            return Ok(());
        };
        file.note(note, bytes)?;
        if self.name.is_some() && note.what == What::Ended {
            file.end()?;
            self.open.remove(&key);
        }
        Ok(())
    }

    /// Append what is ready.
    pub(super) fn write(&mut self) -> Result<(), RecordError> {
        self.open.values_mut().try_for_each(RecordingFile::write)
    }

    /// Write what may have waited long enough; `true`: there is more that waits.
    pub(super) fn settle(&mut self, quiet: bool) -> bool {
        let mut waits = false;
        for file in self.open.values_mut() {
            waits |= file.settle(quiet);
        }
        waits
    }

    /// Vouch for all lines so far; with `sync` wait until they are on the disk.
    pub(super) fn seal(&mut self, sync: bool) -> Result<(), RecordError> {
        for file in self.open.values_mut() {
            file.seal()?;
            if sync {
                file.sync()?;
            }
        }
        Ok(())
    }

    /// Every file is complete.
    pub(super) fn end(&mut self) -> Result<(), RecordError> {
        self.open.values_mut().try_for_each(RecordingFile::end)
    }

    /// Every file ends here, for this reason.
    pub(super) fn break_off(&mut self, why: &RecordError) {
        for file in self.open.values_mut() {
            file.break_off(why);
        }
    }

    pub(super) fn too_slow(&self) -> RecordError {
        RecordError::TooSlow(self.path.clone())
    }
}
