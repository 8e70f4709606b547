//! The machine: one adapter that is up, one that is down, and addresses of every scope.

use super::installed::{all_there, show_skipped};
use super::program::{Outcome, program};

const STAGE: &str = "set -e
mount -t sysfs sysfs /sys
ip link add up0 address 02:00:00:00:00:01 mtu 1400 type veth peer name peer0
ip link set up0 up
ip link set peer0 up
ip address add 192.168.77.1/24 dev up0
ip address add 203.0.113.1/32 dev up0
ip address add fd77::1/64 dev up0 nodad
ip address add fe80::77/64 dev up0 scope link nodad
ip route add default via 192.168.77.254
ip link add down0 type veth peer name peer1
ip address add 10.77.0.1/8 dev down0
";

/// Run this on the stage, where `$OTHEREND` is the program; none where there can be no stage.
pub(crate) fn staged(script: &str) -> Option<Outcome> {
    if !all_there(&["ip", "unshare"]) {
        return None;
    }
    if !rustix::process::geteuid().is_root() {
        show_skipped("network namespaces need root");
        return None;
    }
    let script = format!("{STAGE}{script}");
    let words = ["--net", "--mount", "sh", "-c", &script];
    let stage = program("unshare", &words).env("OTHEREND", env!("CARGO_BIN_EXE_otherend"));
    Some(stage.run())
}
