//! Mistakes on the command line, where the parser's own advice would mislead or there is none.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Flags that other tools have for what is an address here.
const ADDRESSES: [&str; 4] = ["-p", "--port", "--host", "--address"];

/// `error` with advice for hands that are used to other tools, and without the advice to write
/// `-- -1`, for nothing here begins with a hyphen but flags.
pub(super) fn explained(mut error: Error) -> Error {
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => context(&error, ContextKind::InvalidArg).and_then(of_flag),
        ErrorKind::InvalidSubcommand => {
            context(&error, ContextKind::InvalidSubcommand).and_then(of_word)
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => of_environment(&error),
        ErrorKind::ArgumentConflict => of_conflict(&error),
        _ => return error,
    };
    let others = match error.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips,
        _ => Vec::new(),
    };
    let others = others
        .into_iter()
        .filter(|tip| !tip.to_string().contains("'-- "));
    let tips: Vec<_> = others.chain(tip.map(Into::into)).collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

fn context(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

fn of_flag(flag: &str) -> Option<String> {
    let tip = match flag {
        flag if ADDRESSES.contains(&flag) => {
            "an address is written without a flag: HOST:PORT, :PORT or PORT"
        }
        "-l" | "--listen" => "to listen: otherend serve [ADDRESS]",
        "-k" | "--keep-open" => "a server goes on after each client without a flag",
        _ => return None,
    };
    Some(tip.to_owned())
}

fn of_word(word: &str) -> Option<String> {
    let tip = match word {
        "listen" | "server" | "echo" => "to be the server: otherend serve [ADDRESS]".to_owned(),
        "client" | "telnet" | "nc" => "to be the client: otherend connect [ADDRESS]".to_owned(),
        word if word.contains([':', '.']) || word == "localhost" => {
            format!("to be its client: otherend connect {word}")
        }
        _ => return None,
    };
    Some(tip)
}

/// Why two flags exclude each other, where it can be asked.
fn of_conflict(error: &Error) -> Option<String> {
    let text = error.to_string();
    let is_framed = text.contains("--framing") && text.contains("--udp");
    is_framed.then(|| "a datagram is a message already: nothing has to frame it".to_owned())
}

/// Nobody wrote the flag that the error names.
fn of_environment(error: &Error) -> Option<String> {
    let flag = context(error, ContextKind::InvalidArg)?;
    let flag = flag.split([' ', '=', '[']).next()?;
    let name = flag.strip_prefix("--")?.to_uppercase().replace('-', "_");
    let variable = format!("OTHEREND_{name}");
    let written = std::env::args().any(|word| word.split('=').next() == Some(flag));
    let value = std::env::var(&variable).ok().filter(|_| !written)?;
    (Some(value.as_str()) == context(error, ContextKind::InvalidValue))
        .then(|| format!("the value is from the environment: {variable}"))
}
