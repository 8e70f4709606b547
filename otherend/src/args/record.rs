//! Recording a conversation: the flags of every command that can.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use jiff::Zoned;
use otherend_core::Time;
use otherend_core::transcript::Masks;
use otherend_net::recording::{
    OnTrouble, RecordError, Recording, RecordingConfig, SyncWhen, Writer,
};

use crate::exit::Failure;
use crate::exit::file::not_written;
use crate::output::human;
use crate::output::screen::{Remark, Screen};
use crate::run::Subject;

/// What is recorded, and how carefully.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArgs {
    /// Record into this new file, or a file each into this folder.
    ///
    /// A name that ends with / is a folder, and is created if there is none.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// When what was recorded must be on the disk.
    ///
    /// With `each`, a line is shown only once it is.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "1s")]
    sync: Sync,

    /// Also mask what this matches, or its first group; repeatable.
    ///
    /// The slashes may be left out: '/session (\w+)/' masks the word only.
    #[arg(long, value_name = "/REGEX/")]
    mask: Vec<String>,

    /// Record passwords and tokens too, instead of masking them.
    #[arg(long)]
    no_mask: bool,
}

/// When the disk is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sync {
    /// When the system gets to it.
    Never,
    /// Once a second.
    #[value(name = "1s")]
    EverySecond,
    /// Before the line is shown.
    Each,
}

impl RecordArgs {
    /// Begin to record `subject`, if that is wanted.
    pub(crate) fn start(
        &self,
        subject: &Subject,
        on_trouble: OnTrouble,
    ) -> anyhow::Result<Option<(Recording, Writer)>> {
        let Some(path) = &self.record else {
            return Ok(None);
        };
        let mut config = self.config(&subject.what)?;
        config.transport = subject.transport;
        config.framing = subject.framing.drawing().cloned();
        let started = if is_folder(path) {
            Recording::to_folder(path, config, file_name, on_trouble)
        } else {
            Recording::to_file(path, config, on_trouble)
        };
        Ok(Some(started.map_err(failure)?))
    }

    /// As [`start`](Self::start) for many connections: trouble is told on the screen, whose
    /// conversations count time from `zero`.
    pub(crate) fn start_beside(
        &self,
        screen: &Screen,
        zero: Instant,
        subject: &Subject,
    ) -> anyhow::Result<Option<(Recording, Writer)>> {
        let screen = screen.clone();
        let on_trouble = Box::new(move |trouble: &RecordError| {
            let text = format!("the recording ends here, the connections go on: {trouble}");
            let now = Time::ZERO + zero.elapsed();
            screen.remark(now, 0, &Remark::note("recording-ended", &text));
        });
        self.start(subject, on_trouble)
    }

    /// Refuse a file that exists, before anything is done that a recording belongs to.
    pub(crate) fn refuse_existing(&self) -> Result<(), Failure> {
        match &self.record {
            Some(path) if path.is_file() => Err(failure(RecordError::Exists(path.clone()))),
            _ => Ok(()),
        }
    }

    /// `recording to a.talk`, if that is done.
    pub(crate) fn begun(&self) -> Option<String> {
        let path = self.record.as_ref()?;
        Some(format!("recording to {}", path.display()))
    }

    /// `recorded 2.13 KiB in a.talk`, once all is written.
    pub(crate) fn done(&self) -> Option<String> {
        let path = self.record.as_ref()?;
        let file = path.metadata().ok().filter(Metadata::is_file);
        let size = file.map(|file| format!("{} ", human::size(file.len())));
        Some(format!(
            "recorded {}in {}",
            size.unwrap_or_default(),
            path.display()
        ))
    }

    /// Say on the screen where to.
    pub(crate) fn tell_begun(&self, screen: &Screen) {
        if let Some(text) = self.begun() {
            screen.remark(Time::ZERO, 0, &Remark::note("recording", &text));
        }
    }

    /// Say on the screen how much that was.
    pub(crate) fn tell_done(&self, screen: &Screen, now: Time) {
        if let Some(text) = self.done() {
            screen.remark(now, 0, &Remark::note("recorded", &text));
        }
    }

    /// How many files are open for each connection beside those that all share.
    pub(crate) fn descriptors_per_client(&self) -> usize {
        let folder = self.record.as_deref().is_some_and(is_folder);
        usize::from(folder)
    }

    /// What is shown waits until it is on the disk.
    pub(crate) fn is_before_showing(&self) -> bool {
        self.record.is_some() && self.sync == Sync::Each
    }

    fn config(&self, what: &str) -> anyhow::Result<RecordingConfig> {
        let now = Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z");
        let mut config = RecordingConfig::new(&format!("{now} by {what}"));
        config.sync = match self.sync {
            Sync::Never => SyncWhen::Never,
            Sync::EverySecond => SyncWhen::EverySecond,
            Sync::Each => SyncWhen::Each,
        };
        if self.no_mask {
            config.masks = Masks::none();
        }
        for pattern in &self.mask {
            let bare = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/'));
            let masks = config.masks.and(bare.unwrap_or(pattern));
            config.masks =
                masks.map_err(|wrong| Failure::Usage(format!("--mask {pattern}: {wrong}")))?;
        }
        Ok(config)
    }
}

/// End the recording in good order, or say why it ended before.
pub(crate) fn finish(writer: Option<Writer>) -> anyhow::Result<()> {
    let finished = writer.map_or(Ok(()), Writer::finish);
    finished.map_err(|error| failure(error).into())
}

fn failure(error: RecordError) -> Failure {
    let text = error.to_string();
    match error {
        RecordError::File { cause, .. } => not_written(text, &cause),
        RecordError::Exists(_) => not_written(text, &ErrorKind::AlreadyExists.into()),
        _ => Failure::Usage(text),
    }
}

fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// By number and time, so that a folder lists them in order.
fn file_name(number: u64) -> String {
    // The time tells runs apart: numbers begin with 1 again, and a recording never replaces a file.
    let now = Zoned::now().strftime("%Y%m%dT%H%M%S");
    format!("{number:04}-{now}.talk")
}
