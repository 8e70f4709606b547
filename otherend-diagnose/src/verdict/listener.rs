//! Who listens, in words: the same in a cause and in a step of a diagnosis.

use crate::evidence::Listening;

/// "127.0.0.1:8080 is listened on by myserver (pid 4711)".
pub(crate) fn who(listening: &Listening) -> String {
    match &listening.process {
        Some(process) => {
            format!(
                "{} is listened on by {} (pid {})",
                listening.address, process.name, process.pid
            )
        }
        None => format!(
            "{} is listened on, by a process that this user may not see",
            listening.address
        ),
    }
}
