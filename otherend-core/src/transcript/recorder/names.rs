//! The names of masked secrets: equal ones share one, so that whoever plays the file gives each once.

use std::collections::HashMap;
use std::sync::Arc;

/// What every masked secret's name begins with.
const NAME: &str = "secret";

/// The secrets of a recording that have a name.
#[derive(Debug, Default)]
pub(super) struct SecretNames {
    known: HashMap<Box<[u8]>, u64>,
    count: u64,
}

impl SecretNames {
    /// So many are remembered; a later one is new every time.
    const MOST: usize = 1024;
    /// A longer one is new every time.
    const LONGEST: usize = 512;

    /// `secret`, `secret2`, `secret3` in the order of the recording.
    pub(super) fn name(&mut self, secret: &[u8]) -> Arc<str> {
        //     C: AUTH LOGIN
        //     S: 334 VXNlcm5hbWU6
        //     C: {{secret:text=****}}      the user
        //     S: 334 UGFzc3dvcmQ6
        //     C: {{secret2:text=****}}     the password: with one name for both, no `--set` could
        //                                  give it
        let number = self.known.get(secret).copied().unwrap_or_else(|| {
            self.count += 1;
            if self.known.len() < Self::MOST && secret.len() <= Self::LONGEST {
                self.known.insert(secret.into(), self.count);
            }
            self.count
        });
        match number {
            1 => NAME.into(),
            _ => format!("{NAME}{number}").into(),
        }
    }
}
