//! Marks and colours. `NO_COLOR`, `CLICOLOR` and a missing terminal are anstream's to notice.

use std::fmt;

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use anstyle::{AnsiColor, Style};

/// Who speaks, by the direction in which the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
    /// A remark of otherend itself.
    Remark,
}

impl Mark {
    /// The mark as it stands before a line.
    pub(crate) const fn sign(self) -> char {
        match self {
            Mark::ToServer => '>',
            Mark::ToClient => '<',
            Mark::Remark => '*',
        }
    }

    const fn color(self) -> AnsiColor {
        match self {
            Mark::ToServer => AnsiColor::Green,
            Mark::ToClient => AnsiColor::Cyan,
            Mark::Remark => AnsiColor::Yellow,
        }
    }
}

/// The styles of one stream: all plain where colours are not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    colored: bool,
}

impl Palette {
    /// Without any colour.
    pub(crate) const PLAIN: Palette = Palette { colored: false };
    /// With colours, wherever they go.
    #[cfg(test)]
    pub(crate) const COLORED: Palette = Palette { colored: true };

    /// What suits stdout.
    #[allow(clippy::disallowed_methods, reason = "it is only looked at")]
    pub(crate) fn of_stdout() -> Palette {
        Palette::of(&std::io::stdout())
    }

    /// What suits stderr.
    #[allow(clippy::disallowed_methods, reason = "it is only looked at")]
    pub(crate) fn of_stderr() -> Palette {
        Palette::of(&std::io::stderr())
    }

    /// What suits `stream`: colours on a terminal unless the user's environment says otherwise.
    fn of(stream: &impl RawStream) -> Palette {
        Palette {
            colored: AutoStream::choice(stream) != ColorChoice::Never,
        }
    }

    /// A mark.
    pub(crate) fn mark(self, mark: Mark) -> Painted<char> {
        self.paint(mark.color().on_default(), mark.sign())
    }

    /// What matters most.
    pub(crate) fn strong<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(Style::new().bold(), text)
    }

    /// What is there when looked for.
    pub(crate) fn faint<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(Style::new().dimmed(), text)
    }

    /// What is as it should be.
    pub(crate) fn good<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// What is not as it should be.
    pub(crate) fn bad<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    fn paint<T>(self, style: Style, text: T) -> Painted<T> {
        let style = if self.colored { style } else { Style::new() };
        Painted { style, text }
    }
}

/// Something to show in a style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style.render())?;
        // Width and alignment belong to the text, not to what colours it.
        self.text.fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_palette_writes_nothing_but_the_text() {
        let plain = Palette::PLAIN;
        let marks =
            [Mark::ToServer, Mark::ToClient, Mark::Remark].map(|m| plain.mark(m).to_string());
        assert_eq!(marks, [">", "<", "*"]);
        assert_eq!(plain.bad("refused").to_string(), "refused");
    }

    #[test]
    fn a_style_ends_with_its_text() {
        assert_eq!(
            Palette::COLORED.good("up").to_string(),
            "\u{1b}[32mup\u{1b}[0m"
        );
    }

    #[test]
    fn width_counts_the_text_only() {
        assert_eq!(
            format!("{:<4}|", Palette::COLORED.strong("up")),
            "\u{1b}[1mup  \u{1b}[0m|"
        );
    }
}
