//! What only a terminal has.

use super::descriptor::AsDescriptor;

/// How many columns it has, if it is one and says so.
pub(crate) fn columns(terminal: &impl AsDescriptor) -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(terminal);
    size.ok().map(|size| size.ws_col)
}

/// It is the terminal that controls this process: the one that Ctrl-C in it reaches us from.
pub(crate) fn is_ours(terminal: &impl AsDescriptor) -> bool {
    rustix::termios::tcgetpgrp(terminal).is_ok()
}
