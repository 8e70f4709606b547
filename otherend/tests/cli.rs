//! The program as a user starts it: one file a command, all on the builder in `cli/program.rs`.

mod cli {
    mod bench;
    mod bench_talk;
    mod completions;
    mod connect;
    mod diagnose;
    #[cfg(unix)]
    mod escapes;
    #[cfg(target_os = "linux")]
    mod files;
    #[cfg(target_os = "linux")]
    mod frames;
    #[cfg(target_os = "linux")]
    mod full_stdout;
    mod interfaces;
    mod limits;
    mod man;
    mod networks;
    mod numbers;
    mod play;
    pub(crate) mod program;
    #[cfg(unix)]
    mod prompt;
    mod recording;
    mod secrets;
    #[cfg(unix)]
    mod serve;
    mod serve_talk;
    #[cfg(target_os = "linux")]
    mod signals;
    #[cfg(target_os = "linux")]
    mod stdio;
    mod talk;
    mod tap;
    mod tap_check;
    mod tap_recording;
    #[cfg(unix)]
    mod terminal;
    #[cfg(unix)]
    mod udp;
    mod usage;
}
