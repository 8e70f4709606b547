//! The machine that measured, as far as it says what it is.

use serde::{Deserialize, Serialize};

use crate::output::human;
use crate::system::process::system_name;

/// What stands beside every figure: without it a figure means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The processor's name; `unknown` where the system does not tell.
    pub(crate) cpu: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// System, release and architecture.
    pub(crate) system: String,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Machine {
        Machine {
            cpu: cpu(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: system_name(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cores = human::plural(self.cores as u64, "core");
        write!(f, "{}, {cores}, {}", self.cpu, self.system)
    }
}

fn cpu(cpuinfo: &str) -> String {
    let name = cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == "model name");
    name.map_or("unknown", |(_, name)| name.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name_where_the_system_tells() {
        assert_eq!(
            cpu("vendor_id : X\nmodel name\t: Fast 9\nflags : a b\n"),
            "Fast 9"
        );
        assert_eq!(cpu(""), "unknown");
    }
}
