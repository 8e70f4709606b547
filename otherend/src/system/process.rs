//! This process: its rights and limits, the machine's name, and signals to itself.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Resource, Signal, geteuid, getpid, getrlimit, kill_current_process_group, kill_process,
};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::SIGCONT;

/// Where nobody can continue it the system does not stop a program: so long it may take to.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);
/// How often it is asked whether the program goes on.
const PAUSE: Duration = Duration::from_millis(5);

/// It may look at everybody's processes.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// How many descriptors it may have.
pub(crate) fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// System, release and architecture.
pub(crate) fn system_name() -> String {
    let name = rustix::system::uname();
    let part = |text: &CStr| text.to_string_lossy().into_owned();
    let parts = [name.sysname(), name.release(), name.machine()].map(part);
    parts.join(" ")
}

/// How long the thread that calls has computed, the system's work for it included.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

/// Do to ourselves what Ctrl-C does.
pub(crate) fn interrupt() {
    let _ = kill_process(getpid(), Signal::INT);
}

/// Stop the process group, as the terminal does at Ctrl-Z, and return when it goes on.
pub(crate) fn stop() {
    let goes_on = Arc::new(AtomicBool::new(false));
    let Ok(id) = signal_hook::flag::register(SIGCONT, Arc::clone(&goes_on)) else {
        return;
    };
    // The signal may stop another thread first: this one must not take the terminal back before.
    if kill_current_process_group(Signal::TSTP).is_ok() {
        let until = Instant::now() + STOPPED_WITHIN;
        while !goes_on.load(Ordering::SeqCst) && Instant::now() < until {
            thread::sleep(PAUSE);
        }
    }
    signal_hook::low_level::unregister(id);
}
