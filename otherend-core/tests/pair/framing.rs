//! Lines that are too long, peers that speak something else, and what both are told.

use otherend_core::pair::Pair;
use otherend_core::{Echo, EndReason, Framing, Settings};

use super::{conversation, echo, narrow, noted_echo, text};

fn short_lines(framing: Framing) -> Settings {
    Settings {
        framing,
        max_message: 10,
        ..Settings::server()
    }
}

#[test]
fn the_third_line_that_is_too_long_ends_the_conversation() {
    let (mut pair, notes) = noted_echo(short_lines(Framing::Lf));
    pair.client.write(b"12345678901\nfine\n");
    pair.client.write(b"this is too long as well\n1234567890\n");
    pair.client.write(b"the third time\nnot heard\n");
    pair.drive();
    let told = "ERR line longer than 10 bytes\n\
                -> fine\n\
                ERR line longer than 10 bytes\n\
                -> 1234567890\n\
                ERR too many lines were too long\n";
    assert_eq!(text(pair.client.heard()), told);
    assert!(pair.client.peer_finished());
    let reason = pair.server.conversation().reason();
    assert_eq!(reason, Some(EndReason::MessagesTooLong));
    let too_long = notes
        .taken()
        .iter()
        .filter(|note| *note == "line too long")
        .count();
    assert_eq!(too_long, 3);
}

#[test]
fn a_hundred_megabytes_without_an_end_of_line_take_no_memory() {
    let mut pair = echo(Settings::server());
    for _ in 0..100 {
        pair.client.write(&vec![b'x'; 1_000_000]);
        pair.drive();
        assert!(pair.server.conversation().memory() <= 64 * 1024);
    }
    pair.client.write(b"\nshort\n");
    pair.drive();
    let told = "ERR line longer than 65536 bytes\n-> short\n";
    assert_eq!(text(pair.client.heard()), told);
}

#[test]
fn a_utf16_peer_is_told_so_in_utf8() {
    for (framing, end) in [(Framing::Dotnet, "\r\n"), (Framing::Auto, "\n")] {
        let mut pair = echo(Settings {
            framing,
            ..Settings::server()
        });
        pair.client.write(b"\xff\xfeh\0e\0l\0l\0o\0\r\0\n\0");
        pair.drive();
        let told = format!("ERR this is UTF-16: send UTF-8 text{end}");
        assert_eq!(text(pair.client.heard()), told);
        assert!(pair.client.peer_finished());
        let reason = pair.server.conversation().reason();
        assert_eq!(reason, Some(EndReason::Utf16));
    }
}

#[test]
fn replies_end_as_the_peer_ends_its_lines() {
    for (sent, replied) in [
        ("a\nb\r\n", "-> a\n-> b\n"),
        ("a\r\nb\n", "-> a\r\n-> b\r\n"),
        ("a\rb\r", "-> a\r\n-> b\r\n"),
    ] {
        let mut pair = echo(Settings {
            framing: Framing::Auto,
            ..Settings::server()
        });
        pair.client.write(sent.as_bytes());
        pair.drive();
        assert_eq!(text(pair.client.heard()), replied);
    }
}

#[test]
fn a_telnet_peer_is_refused_once_and_answered_in_telnet() {
    let mut pair = echo(Settings {
        framing: Framing::Auto,
        ..Settings::server()
    });
    pair.client
        .write(b"\xff\xfd\x01\xff\xfd\x01\xff\xfb\x18say \xff\xff\r\n\xff\xf6");
    pair.drive();
    let expected = b"\xff\xfc\x01\xff\xfe\x18-> say \xff\xff\r\n[yes, otherend is here]\r\n";
    assert_eq!(pair.client.heard(), expected);
}

#[test]
fn that_a_peer_speaks_telnet_is_told_and_a_later_0xff_is_text() {
    let auto = || Settings {
        framing: Framing::Auto,
        ..Settings::server()
    };
    let (mut pair, notes) = noted_echo(auto());
    pair.client.write(b"\xff\xfb\x1fhi\r\n");
    pair.drive();
    let story = ["opened", "recognised telnet", "heard hi", "said -> hi"];
    assert_eq!(notes.taken(), story);
    let (mut pair, notes) = noted_echo(auto());
    pair.client.write(b"t=\xff\xf6\npage 0\xff\xff\xff\n");
    pair.drive();
    let told = b"-> t=\xff\xf6\n-> page 0\xff\xff\xff\n";
    assert_eq!(pair.client.heard(), told);
    assert!(!notes.taken().iter().any(|note| note.contains("recognised")));
}

#[test]
fn what_a_telnet_peer_takes_back_holds_no_memory() {
    let long = [b'x'; 60_000];
    for taken_back in [vec![0xff, 248], [0xff, 247].repeat(60_000)] {
        let mut pair = echo(Settings {
            framing: Framing::Telnet,
            ..Settings::server()
        });
        pair.client.write(&long);
        pair.drive();
        assert!(pair.server.conversation().memory() >= 60_000);
        pair.client.write(&taken_back);
        pair.drive();
        assert_eq!(pair.server.conversation().memory(), 0);
    }
}

#[test]
fn invalid_utf8_and_nul_pass_through() {
    let mut pair = echo(Settings::server());
    pair.client.write(b"\xc3\x28\x00\xf8\n");
    pair.drive();
    assert_eq!(pair.client.heard(), b"-> \xc3\x28\x00\xf8\n");
}

#[test]
fn a_byte_order_mark_alone_is_no_line() {
    let (mut pair, notes) = noted_echo(Settings {
        framing: Framing::Auto,
        ..Settings::server()
    });
    pair.client.write(b"\xef\xbb\xbf");
    pair.client.finish();
    pair.drive();
    assert_eq!(pair.client.heard(), b"");
    let story = [
        "opened",
        "recognised utf-8-mark",
        "peer finished",
        "ended peer-finished",
    ];
    assert_eq!(notes.taken(), story);
}

#[test]
fn a_true_echo_says_back_every_byte_as_it_came() {
    let said: Vec<u8> = (0..=255)
        .chain(*b"exit\n\xff\xfd\x01\r\0\r\n\xef\xbb\xbf")
        .collect();
    for pieces in [1, 3, said.len()] {
        let mut pair = true_echo(Settings::server());
        for piece in said.chunks(pieces) {
            pair.client.write(piece);
            pair.drive();
        }
        assert_eq!(pair.client.heard(), said, "pieces of {pieces}");
        assert!(!pair.server.conversation().is_busy());
    }
}

#[test]
fn a_true_echo_reads_nothing_from_who_does_not_read() {
    let settings = Settings {
        max_output: 1000,
        ..Settings::server()
    };
    let mut pair = true_echo(settings).over(narrow(500));
    let said: Vec<u8> = (0..50_000u32).map(|number| number as u8).collect();
    pair.client.set_reading(false);
    pair.client.write(&said);
    pair.drive();
    let heard = pair.server.conversation().counts().bytes_heard;
    assert!(heard < 4000, "{heard} bytes were read");
    pair.client.set_reading(true);
    pair.client.finish();
    pair.drive();
    assert_eq!(pair.client.heard(), said);
    assert!(pair.client.peer_finished());
}

#[test]
fn raw_messages_are_what_one_read_brought_up_to_the_limit() {
    let (mut pair, notes) = noted_echo(short_lines(Framing::Raw));
    pair.client.write(b"exit\n");
    pair.drive();
    pair.client.write(b"0123456789abc");
    pair.drive();
    let seen = notes.taken();
    let heard: Vec<&String> = seen.iter().filter(|n| n.starts_with("heard")).collect();
    assert_eq!(heard, ["heard exit\\n", "heard 0123456789", "heard abc"]);
}

fn true_echo(settings: Settings) -> Pair {
    let settings = Settings {
        framing: Framing::Raw,
        ..settings
    };
    Pair::new(conversation(settings, Echo::new(b"")))
}
