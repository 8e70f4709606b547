//! A prompt with line editing and history; what arrives meanwhile appears above it.
//!
//! Two hands hold it: [`Prompt`] reads lines in a thread of its own, [`Above`] prints from another.
//! Nothing that is printed gets lost or lands in the middle of what is being typed: between two
//! lines, when the terminal belongs to nobody, printing waits for a moment.

mod gate;
mod history;
mod suspend;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{
    Behavior, Cmd, ColorMode, Config, Editor, EventHandler, ExternalPrinter, KeyCode, KeyEvent,
    Modifiers,
};

use super::style::{Mark, Palette};
use gate::{Gate, Hooks};
use suspend::CtrlZ;

use crate::lock::lock;
use crate::output::stdio;
use crate::system::terminal;

/// What somebody did at the prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Enter. A paste may bring several lines at once.
    Lines(Vec<String>),
    /// Ctrl-D on an empty line: nothing more will be typed.
    End,
    /// Ctrl-C.
    Interrupt,
}

/// Reads lines from the terminal.
pub(crate) struct Prompt {
    editor: Editor<Hooks, FileHistory>,
    gate: Arc<Gate>,
    history: Option<PathBuf>,
    sign: &'static str,
    ctrl_z: CtrlZ,
}

impl Prompt {
    /// Take the terminal over; `keeps_history`: what is typed is there the next time.
    ///
    /// # Errors
    ///
    /// When it cannot edit lines: it is none, or a dumb one.
    pub(crate) fn new(keeps_history: bool) -> anyhow::Result<(Prompt, Above)> {
        let gate = Arc::new(Gate::default());
        let palette = Palette::of_stdout();
        let config = Config::builder()
            .history_ignore_space(true)
            .max_history_size(1000)?
            .behavior(behavior())
            .build();
        let mut editor = Editor::with_config(config)?;
        if palette == Palette::PLAIN {
            editor.set_color_mode(ColorMode::Disabled);
        }
        let mark = palette.mark(Mark::ToServer).to_string();
        editor.set_helper(Some(Hooks::new(Arc::clone(&gate), format!("{mark} "))));
        // There is nothing to complete, and tabs belong to some protocols.
        let tab = KeyEvent(KeyCode::Tab, Modifiers::NONE);
        editor.bind_sequence(tab, Cmd::SelfInsert(1, '\t'));
        let ctrl_z = CtrlZ::new(Arc::clone(&gate));
        let handler = EventHandler::Conditional(Box::new(ctrl_z.clone()));
        editor.bind_sequence(KeyEvent::ctrl('Z'), handler);
        let printer: Box<dyn ExternalPrinter + Send> = Box::new(editor.create_external_printer()?);
        let history = match keeps_history.then(history::file).transpose() {
            Ok(file) => file.flatten(),
            Err(why) => {
                remark(&why);
                None
            }
        };
        if let Some(file) = &history {
            // Without the file of an earlier time the history begins now.
            let _ = editor.load_history(file);
        }
        let above = Above {
            printer: Arc::new(Mutex::new(printer)),
            gate: Arc::clone(&gate),
        };
        let prompt = Prompt {
            editor,
            gate,
            history,
            sign: "> ",
            ctrl_z,
        };
        Ok((prompt, above))
    }

    /// Wait for the next thing that somebody does; `keeps`: the text may stand in the history.
    ///
    /// # Errors
    ///
    /// When the terminal is gone.
    pub(crate) fn next(&mut self, keeps: impl Fn(&str) -> bool) -> anyhow::Result<Typed> {
        let mut read = self.editor.readline(self.sign);
        // Ctrl-Z left the editor to give the terminal back to the shell; after `fg` what was being
        // typed stands there again, the cursor where it was.
        while let Some((before, behind)) = self.ctrl_z.stopped() {
            let typed = (&before[..], &behind[..]);
            read = self.editor.readline_with_initial(self.sign, typed);
        }
        match read {
            Ok(text) => {
                if keeps(&text) {
                    self.remember(&text);
                }
                Ok(Typed::Lines(lines(&text)))
            }
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
            Err(error) => Err(error.into()),
        }
    }

    /// Show no sign any more: what is typed goes nowhere. What is printed still appears.
    pub(crate) fn hide(&mut self) {
        self.sign = "";
    }

    /// Remark on what was typed, while no prompt stands.
    pub(crate) fn remark(&mut self, text: &str) {
        remark(text);
    }

    fn remember(&mut self, text: &str) {
        let added = self.editor.add_history_entry(text).unwrap_or(false);
        if let (true, Some(file)) = (added, &self.history) {
            // A history that cannot be written is no reason to stop the conversation.
            let _ = self.editor.append_history(file);
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        self.gate.remove();
    }
}

/// Prints above the prompt.
#[derive(Clone)]
pub(crate) struct Above {
    printer: Arc<Mutex<Box<dyn ExternalPrinter + Send>>>,
    gate: Arc<Gate>,
}

/// Moves the cursor up and down again: a print that leaves everything as it is.
const NOTHING: &str = "\x1b[A\n";

impl Above {
    /// Print whole lines, which must already be fit for a terminal.
    ///
    /// # Errors
    ///
    /// When the terminal is gone.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        if self.gate.wait_until_open() {
            let mut printer = lock(&self.printer);
            // Through the editor, which knows what is typed: it takes the prompt away, shows the
            // text and puts the prompt back below.
            if printer.print(text.to_owned()).is_ok() {
                return Ok(());
            }
        }
        let mut stdout = stdio::stdout();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Return when everything printed so far can be seen.
    ///
    /// # Errors
    ///
    /// As [`print`](Self::print).
    pub(crate) fn settle(&self) -> io::Result<()> {
        // One text can be under way at a time: the first of these has to wait until the last real
        // text was taken, the second until it was shown.
        for _ in 0..2 {
            if self.gate.wait_until_open() {
                self.print(NOTHING)?;
            }
        }
        Ok(())
    }

    /// Take back the sign of a prompt that has gone with nothing typed behind it.
    ///
    /// # Errors
    ///
    /// As [`print`](Self::print).
    pub(crate) fn erase_empty_prompt(&self) -> io::Result<()> {
        if !self.gate.nothing_typed() {
            return Ok(());
        }
        let mut stdout = stdio::stdout();
        stdout.write_all(b"\x1b[A\x1b[2K\r")?;
        stdout.flush()
    }
}

fn remark(text: &str) {
    let mark = Palette::of_stdout().mark(Mark::Remark);
    // A terminal that is gone is noticed by whoever reads it.
    let _ = writeln!(stdio::stdout(), "{mark} {text}");
}

/// The terminal is opened anew, so that its mode is nobody else's: where somebody who shares it has
/// set O_NONBLOCK, the line editor would take a full terminal for one that is gone. That opens the
/// controlling terminal, which is nearly always the one at hand.
fn behavior() -> Behavior {
    match terminal::is_ours(&stdio::stdin()) && terminal::is_ours(&stdio::stdout()) {
        true => Behavior::PreferTerm,
        false => Behavior::Stdio,
    }
}

/// The lines of what was typed or pasted; an empty one if there was nothing.
fn lines(text: &str) -> Vec<String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let line = |line: &str| line.strip_suffix('\r').unwrap_or(line).to_owned();
    text.split('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_as_many_lines_as_it_has() {
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("one"), ["one"]);
        assert_eq!(lines("one\r\n\ntwo\n"), ["one", "", "two"]);
    }
}
