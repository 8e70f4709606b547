//! `otherend connect` at a terminal talks to servers of others.

use expectrl::ControlCode;

use super::program::Running;
use super::servers::{NCAT, OPENBSD_NC, start, start_dotnet};
use super::terminal::Terminal;

/// Somebody types to a server at this address.
fn connected(address: &str) -> Terminal {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&["connect", address], home);
    terminal.sees(&format!("* connected to {address}"));
    terminal.sees("> ");
    terminal
}

#[test]
fn lines_go_both_ways_at_any_time_with_ncat() {
    let Some((mut ncat, address)) = start(NCAT) else {
        return;
    };
    let mut terminal = connected(&address);
    terminal.types("hello\r");
    ncat.stdout_with("hello");
    terminal.types("half a li");
    ncat.say("news");
    terminal.sees("< news");
    terminal.types("ne\r");
    assert_eq!(ncat.stdout_with("half"), "half a line\n");
    drop::<Running>(ncat);
    terminal.sees("* the server closed the connection; 2 lines said and 1 heard");
    terminal.exits(0);
}

#[test]
fn the_exit_word_ends_it_at_a_dotnet_server() {
    let Some((mut server, address)) = start_dotnet("bom-crlf") else {
        return;
    };
    let mut terminal = connected(&address);
    terminal.types("Grüße\r");
    server.stdout_with("heard Grüße");
    terminal.sees("< From server -> Grüße");
    terminal.types("Exit\r");
    terminal.sees("* you said Exit and the server closed; 2 lines said and 1 heard");
    terminal.exits(0);
    assert!(server.wait().exited(0).stdout.ends_with("heard Exit\n"));
}

#[test]
fn ctrl_d_ends_it_at_a_netcat() {
    let Some((mut nc, address)) = start(OPENBSD_NC) else {
        return;
    };
    let mut terminal = connected(&address);
    terminal.types("hello\r");
    nc.stdout_with("hello");
    terminal.presses(ControlCode::EndOfTransmission);
    terminal.sees("* you ended the input (Ctrl-D) and the server closed; 1 line said and 0 heard");
    terminal.exits(0);
}
