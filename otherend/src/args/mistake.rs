//! Mistakes on the command line, where the parser's own advice would mislead.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Flags that other tools have for what is an address here.
const ADDRESSES: [&str; 4] = ["-p", "--port", "--host", "--address"];

/// `error` without the advice to write `-- -1`, for nothing here begins with a hyphen but flags.
pub(super) fn explained(mut error: Error) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.clone(),
        _ => return error,
    };
    let tip = ADDRESSES
        .contains(&flag.as_str())
        .then(|| "an address is written without a flag: HOST:PORT, :PORT or PORT".into());
    let others = match error.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips,
        _ => Vec::new(),
    };
    let others = others
        .into_iter()
        .filter(|tip| !tip.to_string().contains("'-- "));
    let tips: Vec<_> = others.chain(tip).collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}
