//! Which words name files, and which the server.

use std::path::{Path, PathBuf};

use otherend_net::Endpoint;

use crate::args::address;
use crate::exit::Failure;
use crate::file::STDIN;
use crate::talk::files;

/// The files, and the address if there is one behind them.
///
/// A word that is there, or ends with `.talk`, is a file, and `-` is standard input; what follows the
/// last of them is the address.
pub(super) fn split(words: &[String]) -> Result<(Vec<PathBuf>, Option<Endpoint>), Failure> {
    let is_file =
        // `x.talk` is a file also when it is not there: `there is no such file` is what to say
        // then, and not that it is no address.
        |word: &String| word.ends_with(".talk") || word == STDIN || Path::new(word).exists();
    let files = words.iter().take_while(|word| is_file(word)).count();
    let (named, address) = words.split_at(files);
    if named.is_empty() {
        let first = words.first().map(String::as_str).unwrap_or_default();
        let first = first.escape_debug();
        return Err(Failure::Usage(format!(
            "`{first}` is no transcript: there is no such file"
        )));
    }
    let paths: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
    let endpoint = match address {
        [] => None,
        words => Some(Endpoint::from_words(words).map_err(|error| {
            let complaint = address::complaint(&error, address::Transports::AsPlayed);
            Failure::Usage(format!("behind the files stands the server: {complaint}"))
        })?),
    };
    Ok((files::find(&paths)?, endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn files_come_first_and_the_address_last() {
        let (files, address) = split(&words("a.talk b.talk example.net 25")).unwrap();
        assert_eq!(files, [PathBuf::from("a.talk"), PathBuf::from("b.talk")]);
        assert_eq!(address.unwrap().to_string(), "example.net:25");
        let (files, address) = split(&words("a.talk")).unwrap();
        assert_eq!((files.len(), address.is_none()), (1, true));
        let (files, address) = split(&words("- :8080")).unwrap();
        assert_eq!(files, [PathBuf::from("-")]);
        assert!(address.is_some());
    }

    #[test]
    fn what_is_neither_is_explained() {
        let error = split(&words("nowhere :8080")).unwrap_err().to_string();
        assert_eq!(error, "`nowhere` is no transcript: there is no such file");
        let error = split(&words("a.talk b.tlak :8080"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("behind the files stands the server: "),
            "{error}"
        );
    }
}
