//! Programs that people have at hand talk to ours: netcats, telnets, a shell, and .NET under Mono.
//!
//! A peer that is not installed is skipped with a word about it; with `OTHEREND_CI=1` in the
//! environment it fails, because there all of them must be.

mod peers {
    mod clients;
    mod dotnet;
    mod frames;
    mod installed;
    #[path = "../cli/program.rs"]
    mod program;
    mod servers;
    #[path = "../cli/terminal.rs"]
    mod terminal;
    mod tls;
    mod typed;
}
