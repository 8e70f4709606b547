//! The lines that end a conversation.

use otherend_core::ExitWords;

/// Which lines end a conversation.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ExitWordArgs {
    /// A line that ends the conversation; repeatable [default: Exit, exit].
    #[arg(long, value_name = "LINE", conflicts_with = "no_exit_word")]
    exit_word: Vec<String>,

    /// No line ends the conversation.
    #[arg(long)]
    no_exit_word: bool,
}

impl ExitWordArgs {
    /// The lines themselves.
    pub(crate) fn exit_words(&self) -> ExitWords {
        match (self.no_exit_word, self.exit_word.is_empty()) {
            (true, _) => ExitWords::none(),
            (false, true) => ExitWords::default(),
            (false, false) => ExitWords::new(self.exit_word.iter().map(String::as_str)),
        }
    }

    /// Some were named.
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.exit_word.is_empty()
    }

    /// One of them, for those who do not know any.
    pub(crate) fn shown(&self) -> Option<&str> {
        let first = self.exit_word.first().map_or("Exit", String::as_str);
        (!self.no_exit_word).then_some(first)
    }
}
