//! What a run found, as figures with stable names: the form in which it is saved and compared, and
//! from which every picture of it is made.
//!
//! Times in names' `_s` are seconds, in `_ns` nanoseconds. A field may be added, none changes its
//! meaning without another `schema`.

pub(crate) mod chart;
pub(crate) mod compare;
mod figures;
pub(crate) mod html;
mod machine;
mod remarks;
#[cfg(test)]
pub(crate) mod sample;
mod svg;
pub(crate) mod text;
pub(crate) mod time;

use serde::{Deserialize, Serialize};

pub(crate) use figures::report;
pub(crate) use machine::Machine;
pub(crate) use remarks::{Blame, Remark};

/// The number of this form.
pub(crate) const SCHEMA: u32 = 1;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) schema: u32,
    /// Who measured: name and version.
    pub(crate) program: String,
    /// When the run ended, RFC 3339.
    pub(crate) when: String,
    pub(crate) machine: Machine,
    /// The address as it was asked for.
    pub(crate) address: String,
    /// Where the clients really connected to.
    pub(crate) targets: Vec<String>,
    pub(crate) load: Load,
    pub(crate) connections: Connections,
    /// Seconds measured.
    pub(crate) measured_s: f64,
    /// Replies heard in them, each whole, right and in order.
    pub(crate) lines: u64,
    pub(crate) lines_per_s: f64,
    /// Bytes of the lines said and of their replies, together.
    pub(crate) bytes_per_s: f64,
    pub(crate) latency: Latency,
    /// Open loop only: how late the load was itself. It is part of the latency.
    pub(crate) lateness: Option<Latency>,
    /// Latency at quantiles: (quantile, nanoseconds).
    pub(crate) quantiles: Vec<(f64, u64)>,
    /// Lines by latency: (from, to, lines), nanoseconds, `to` excluded.
    pub(crate) histogram: Vec<(u64, u64, u64)>,
    /// The run over time, warm-up included.
    pub(crate) series: Vec<Point>,
    pub(crate) load_cpu: Vec<ThreadCpu>,
    /// The server's process, when it is on this machine and the system tells.
    pub(crate) server_cpu: Option<ServerCpu>,
    pub(crate) trouble: Trouble,
    pub(crate) remarks: Vec<Remark>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) clients: u32,
    pub(crate) threads: u32,
    /// Closed loop: unanswered lines of a client at any time. Open loop: at most so many, if limited.
    pub(crate) in_flight: Option<u32>,
    /// Open loop: lines due a second.
    pub(crate) rate: Option<u64>,
    /// Bytes of a line said, its end included.
    pub(crate) size: usize,
    pub(crate) prefix: String,
    pub(crate) seconds: f64,
    pub(crate) warm_up_s: f64,
}

/// How connecting went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Connections {
    pub(crate) asked: u32,
    pub(crate) made: u32,
    pub(crate) took_s: f64,
    pub(crate) missing: Vec<MissingClients>,
}

/// Connections that did not come about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MissingClients {
    /// A stable word.
    pub(crate) cause: String,
    /// The cause in a sentence.
    pub(crate) text: String,
    pub(crate) clients: u32,
    /// Where the first of them was to go.
    pub(crate) target: String,
}

/// A distribution of times; all zero when there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) lines: u64,
    pub(crate) min_ns: u64,
    pub(crate) mean_ns: f64,
    pub(crate) p50_ns: u64,
    pub(crate) p90_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) p999_ns: u64,
    pub(crate) max_ns: u64,
}

/// A stretch of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
    pub(crate) lines_per_s: f64,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    /// Clients whose connection ended.
    pub(crate) ended: u64,
}

/// What a thread of the load did with its time, as shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ThreadCpu {
    pub(crate) busy: f64,
    /// Waiting for a core, where the system tells.
    pub(crate) waiting: Option<f64>,
    /// It had no time left: the figures are then the load's limit.
    pub(crate) saturated: bool,
}

/// The server's CPU in the measured part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServerCpu {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// Cores that it and its children kept busy.
    pub(crate) cores: f64,
    pub(crate) lines_per_cpu_s: f64,
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// Clients that heard another reply than the one expected.
    pub(crate) differs: u64,
    /// Clients that heard more than was asked for.
    pub(crate) unasked: u64,
    /// Clients whose connection the server closed or reset, or that failed in another way.
    pub(crate) closed: u64,
    pub(crate) reset: u64,
    pub(crate) failed: u64,
    /// Lines never answered, on connections that stood and on those that did not.
    pub(crate) unanswered: u64,
    pub(crate) lost: u64,
    /// The first reply that differs.
    pub(crate) first_difference: Option<FirstDifference>,
    /// The first failure that is neither of these, as the system says it.
    pub(crate) first_failure: Option<String>,
    /// Ctrl-C ended the run early.
    pub(crate) stopped: bool,
}

/// A reply that differs, escaped for showing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FirstDifference {
    pub(crate) client: u32,
    /// Counted from 1.
    pub(crate) reply: u64,
    /// The first byte that differs, counted from 1.
    pub(crate) byte: usize,
    pub(crate) expected: String,
    pub(crate) got: String,
    /// Stands under the first byte that differs.
    pub(crate) caret: String,
    pub(crate) hint: Option<String>,
}
