//! `otherend connect` at a terminal: a real one, made for the test.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::Command;

use expectrl::ControlCode;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::connect::port_without_listener;
use super::terminal::Terminal;

/// Somebody at a terminal, talking to a server that the test plays.
struct Operator {
    terminal: Terminal,
    server: TcpStream,
}

impl Operator {
    fn connected() -> Operator {
        Operator::with_home(tempfile::tempdir().expect("a folder"))
    }

    fn with_home(home: TempDir) -> Operator {
        Operator::started(&["connect"], home)
    }

    /// With these words, and the address behind them.
    fn started(words: &[&str], home: TempDir) -> Operator {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let terminal = Terminal::start(&[words, &[&address]].concat(), home);
        let (server, _) = listener.accept().expect("the client");
        let mut operator = Operator { terminal, server };
        operator.sees(&format!("* connected to {address}"));
        // Keys pressed before the prompt stands are the terminal's to understand.
        operator.sees("> ");
        operator
    }

    #[track_caller]
    fn sees(&mut self, text: &str) {
        self.terminal.sees(text);
    }

    /// As `sees`, and gives back what came before it.
    #[track_caller]
    fn sees_after(&mut self, text: &str) -> String {
        self.terminal.sees(text)
    }

    fn types(&mut self, text: &str) {
        self.terminal.types(text);
    }

    /// The program gets a signal from outside.
    fn is_sent(&mut self, signal: Signal) {
        let process = self.terminal.session.get_process();
        let id = Pid::from_raw(process.pid().as_raw()).expect("a process");
        kill_process(id, signal).expect("the program runs");
    }

    fn presses(&mut self, key: ControlCode) {
        self.terminal.presses(key);
    }

    fn server_says(&mut self, text: &str) {
        self.server
            .write_all(text.as_bytes())
            .expect("the client listens");
    }

    #[track_caller]
    fn server_hears(&mut self, text: &str) {
        let mut heard = vec![0; text.len()];
        self.server
            .read_exact(&mut heard)
            .expect("bytes of the client");
        assert_eq!(String::from_utf8_lossy(&heard), text);
    }

    /// The client has half-closed; now the server closes as well.
    fn server_closes_too(&mut self) {
        let mut rest = Vec::new();
        self.server.read_to_end(&mut rest).expect("the end");
        assert_eq!(rest, b"");
        self.server.shutdown(Shutdown::Write).expect("a close");
    }

    #[track_caller]
    fn exits(self, code: i32) -> TempDir {
        self.terminal.exits(code)
    }
}

#[test]
fn an_address_that_refuses_is_explained_and_asked_again() {
    let question = "connect to which address [127.0.0.1:8080]: ";
    let (_taken, nobody) = port_without_listener();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&["connect"], home);
    terminal.sees(question);
    terminal.types(&format!("{nobody}\r"));
    terminal.sees(&format!("* cannot connect to {nobody}: connection refused"));
    terminal.sees(question);
    terminal.types(&format!("{address}\r"));
    terminal.sees(&format!("* connected to {address}; Exit or Ctrl-D ends it"));
}

#[test]
fn no_address_is_complained_of_on_a_line_of_its_own() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&["connect"], home);
    terminal.sees("address [127.0.0.1:8080]: ");
    terminal.presses(ControlCode::EndOfTransmission);
    terminal.sees("\notherend: no address was given");
    terminal.exits(2);
}

#[test]
fn replies_appear_above_what_is_being_typed() {
    let mut operator = Operator::connected();
    operator.types("half a li");
    operator.server_says("news\n");
    operator.sees("< news");
    operator.sees("half a li");
    operator.types("ne\r");
    operator.server_hears("half a line\n");
}

#[test]
fn a_line_is_ended_as_the_server_ends_its_own() {
    let mut operator = Operator::connected();
    operator.server_says("220 ready\r\n");
    operator.sees("< 220 ready");
    operator.types("HELO\r");
    operator.server_hears("HELO\r\n");
}

#[test]
fn the_beginning_of_a_line_is_shown_when_the_server_waits() {
    let mut operator = Operator::connected();
    operator.server_says("login: ");
    operator.sees("< login: …");
}

#[test]
fn the_servers_bytes_do_not_drive_the_terminal() {
    let mut operator = Operator::connected();
    operator.server_says("\x1b]0;title\x07 caf\u{e9}\n");
    operator.sees("< \\x1b]0;title\\x07 café");
}

#[test]
fn the_exit_word_is_said_and_ends() {
    let mut operator = Operator::connected();
    operator.types("Exit\r");
    operator.server_hears("Exit\n");
    operator.server_closes_too();
    operator.sees("* you said Exit and the server closed; 1 line said and 0 heard");
    operator.exits(0);
}

#[test]
fn the_end_of_input_still_shows_what_comes() {
    let mut operator = Operator::connected();
    operator.presses(ControlCode::EndOfTransmission);
    let mut rest = Vec::new();
    operator.server.read_to_end(&mut rest).unwrap();
    operator.server_says("late\n");
    operator.server.shutdown(Shutdown::Write).unwrap();
    operator.sees("< late");
    operator.sees("* you ended the input (Ctrl-D) and the server closed");
    operator.exits(0);
}

#[test]
fn ctrl_c_closes_with_half_a_line_typed() {
    let mut operator = Operator::connected();
    operator.types("half");
    operator.sees("half");
    operator.presses(ControlCode::EndOfText);
    operator.server_closes_too();
    operator.sees("* you closed it (Ctrl-C); 0 lines said");
    operator.exits(0);
}

#[test]
fn a_second_ctrl_c_leaves_a_server_that_goes_on_talking() {
    let mut operator = Operator::connected();
    operator.server_says("unfinished");
    operator.sees("< unfinished…");
    operator.presses(ControlCode::EndOfText);
    operator.sees("* closing; Ctrl-C again leaves at once");
    operator.server_says(" and more\nand more");
    operator.presses(ControlCode::EndOfText);
    let seen = operator.sees_after("* you closed it (Ctrl-C) and left before the server closed");
    assert!(!seen.contains("more"), "{seen}");
    operator.exits(0);
}

#[test]
fn ctrl_c_leaves_a_server_that_does_not_close_after_the_end_of_input() {
    let mut operator = Operator::connected();
    operator.presses(ControlCode::EndOfTransmission);
    operator.sees("* input ended; waiting for the server to close; Ctrl-C leaves");
    operator.server_says("still heard\nunfinished");
    operator.sees("< still heard");
    operator.sees("< unfinished…");
    operator.types("too late\r");
    operator.sees("* not said: the input has ended");
    operator.presses(ControlCode::EndOfText);
    operator.sees("* you ended the input (Ctrl-D) and left before the server closed");
    operator.exits(0);
}

#[test]
fn a_second_signal_leaves_at_once() {
    let mut operator = Operator::connected();
    operator.is_sent(Signal::TERM);
    operator.sees("* closing; Ctrl-C again leaves at once");
    operator.is_sent(Signal::TERM);
    operator.sees("* SIGTERM closed it and left before the server closed");
    operator.exits(0);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_comes_back_with_the_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let program = env!("CARGO_BIN_EXE_otherend");
    let script = format!("'{program}' connect {address}; stty -a; echo in the shell; fg");
    let mut shell = Command::new("sh");
    shell.args(["-m", "-c", &script]);
    let terminal = Terminal::running(shell, tempfile::tempdir().expect("a folder"));
    let (server, _) = listener.accept().expect("the client");
    let mut operator = Operator { terminal, server };
    operator.sees("ends it");
    operator.sees("> ");
    operator.types("half a");
    operator.sees("half a");
    operator.presses(ControlCode::Substitute);
    let shell = operator.sees_after("in the shell");
    assert!(shell.contains(" icanon"), "{shell}");
    operator.sees("> half a");
    operator.types(" line\r");
    operator.server_hears("half a line\n");
    operator.types("Exit\r");
    operator.server_hears("Exit\n");
    operator.server_closes_too();
    operator.exits(0);
}

#[test]
fn the_servers_leaving_ends_the_prompt_at_once() {
    let mut operator = Operator::connected();
    operator.types("half");
    operator.sees("half");
    operator.server.shutdown(Shutdown::Both).unwrap();
    operator.sees("* the server closed the connection");
    operator.exits(0);
}

#[test]
fn a_frame_is_shown_once_and_what_frames_it_never() {
    let home = tempfile::tempdir().expect("a folder");
    let mut operator = Operator::started(&["connect", "--framing", "u16"], home);
    operator.server_says("\0\x05hello");
    operator.sees("< hello");
    // Longer than the beginning of a line would wait.
    std::thread::sleep(std::time::Duration::from_millis(500));
    operator.types("abc\r");
    operator.server_hears("\0\x03abc");
    operator.server_says("\0\x03end");
    let between = operator.sees_after("< end");
    assert!(!between.contains("hello"), "{between}");
}

#[test]
fn each_question_of_a_device_that_ends_no_line_is_shown_once() {
    let mut operator = Operator::connected();
    operator.server_says("login: ");
    operator.sees("< login: …");
    operator.types("me\r");
    operator.server_hears("me\n");
    operator.server_says("volume: ");
    operator.sees("< volume: …");
}

#[test]
fn a_reset_behind_the_end_of_the_input_names_the_flag_that_keeps_it_open() {
    let mut operator = Operator::connected();
    operator.presses(ControlCode::EndOfTransmission);
    let mut rest = Vec::new();
    operator.server.read_to_end(&mut rest).expect("the end");
    let linger = Some(std::time::Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(&operator.server, linger).expect("it is open");
    drop(operator.server);
    operator.terminal.sees("the peer reset the connection");
    operator.terminal.sees("try --no-half-close");
    operator.terminal.exits(1);
}

#[test]
fn a_reset_is_trouble() {
    let mut operator = Operator::connected();
    operator.types("unread\r");
    let mut first = [0];
    operator.server.read_exact(&mut first).unwrap();
    // Closing with unread input resets the connection.
    drop(std::mem::replace(&mut operator.server, stand_in()));
    operator.sees("the peer reset the connection");
    operator.exits(1);
}

#[test]
fn history_comes_back_and_only_its_owner_reads_it() {
    let mut operator = Operator::connected();
    operator.types("remembered\r");
    operator.server_hears("remembered\n");
    operator.types(" PASS secret\r");
    operator.server_hears(" PASS secret\n");
    operator.types("PASS secret-too\r");
    operator.server_hears("PASS secret-too\n");
    operator.server.write_all(b"Password: ").unwrap();
    operator.sees("Password:");
    operator.types("the secret answer\r");
    operator.server_hears("the secret answer\n");
    operator.types("Exit\r");
    operator.server_hears("Exit\n");
    operator.server_closes_too();
    let home = operator.exits(0);
    let file = home.path().join("otherend/history");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("secret"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "{mode:o}");

    let mut operator = Operator::with_home(home);
    operator.types("\x1b[A\x1b[A\r");
    operator.server_hears("remembered\n");
}

#[test]
fn a_history_that_is_no_file_of_ours_is_left_alone() {
    let kinds = [
        ("/dev/zero", "it is a device, not a file"),
        ("pipe", "it is a pipe, not a file"),
    ];
    for (target, why) in kinds {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("otherend");
        std::fs::create_dir(&folder).expect("a folder");
        let pipe = Command::new("mkfifo").arg(folder.join("pipe")).status();
        assert!(pipe.expect("mkfifo").success());
        symlink(target, folder.join("history")).expect("a link");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let terminal = Terminal::start(&["connect", &address], home);
        let (server, _) = listener.accept().expect("the client");
        let mut operator = Operator { terminal, server };
        operator.sees("* no history: ");
        operator.sees(&format!("otherend/history: {why}"));
        operator.sees(&format!("* connected to {address}"));
        operator.sees("> ");
        operator.types("hello\rExit\r");
        operator.server_hears("hello\nExit\n");
        operator.server_closes_too();
        operator.exits(0);
    }
}

#[test]
fn without_history_nothing_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let home = tempfile::tempdir().expect("a folder");
    let terminal = Terminal::start(&["connect", "--no-history", &address], home);
    let (server, _) = listener.accept().expect("the client");
    let mut operator = Operator { terminal, server };
    operator.sees("ends it");
    operator.sees("> ");
    operator.types("forgotten\rExit\r");
    operator.server_hears("forgotten\nExit\n");
    operator.server_closes_too();
    let home = operator.exits(0);
    assert!(!home.path().join("otherend").exists());
}

#[test]
fn nothing_that_was_said_is_lost_on_the_way_to_the_screen() {
    let mut operator = Operator::connected();
    let mut server = operator.server.try_clone().unwrap();
    let talking = std::thread::spawn(move || {
        for number in 0..3000 {
            writeln!(server, "line {number}.").unwrap();
        }
    });
    for number in 0..30 {
        operator.types(&format!("typed {number}\r"));
    }
    for number in 0..3000 {
        operator.sees(&format!("< line {number}."));
    }
    talking.join().unwrap();
    for number in 0..30 {
        operator.server_hears(&format!("typed {number}\n"));
    }
    operator.server_says("last\n");
    operator.server.shutdown(Shutdown::Both).unwrap();
    operator.sees("< last");
    operator.exits(0);
}

/// A connection in the place of one that is gone.
fn stand_in() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    TcpStream::connect(listener.local_addr().expect("an address")).expect("a stream")
}
