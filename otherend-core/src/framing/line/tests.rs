//! The vectors: every preset, every input, every cut in two.

use super::*;

/// What a whole input amounts to, in a form that is easy to read in a failure.
fn decode(framing: &Framing, max_message: usize, pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::new(framing, max_message);
    let mut found = Vec::new();
    for piece in pieces {
        let mut feed = decoder.feed(piece);
        while let Some(decoded) = feed.next() {
            found.push(shown(decoded));
        }
        assert!(feed.rest().is_empty(), "an input is used whole");
    }
    while let Some(decoded) = decoder.finish() {
        found.push(shown(decoded));
    }
    found
}

fn shown(decoded: Decoded<'_>) -> String {
    match decoded {
        Decoded::Message(line, _) => line.escape_ascii().to_string(),
        Decoded::TooLong => "<too long>".into(),
        Decoded::Negotiation([_, verb, option]) => format!("<{verb} {option}>"),
        Decoded::AreYouThere => "<are you there>".into(),
        Decoded::Utf16 => "<utf-16>".into(),
        Decoded::Recognised(what) => format!("<{}>", what.word()),
        Decoded::OutOfStep { why, .. } => format!("<{}>", why.reason()),
    }
}

/// The lines of `input`, in one piece and for every cut in two.
#[track_caller]
fn check(framing: &Framing, max_message: usize, input: &[u8], lines: &[&str]) {
    for cut in 0..=input.len() {
        let (left, right) = input.split_at(cut);
        let found = decode(framing, max_message, &[left, right]);
        assert_eq!(
            found,
            lines,
            "{framing}: {:?} cut at {cut}",
            input.escape_ascii().to_string()
        );
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(
        decode(framing, max_message, &bytes),
        lines,
        "{framing}: byte by byte"
    );
}

#[test]
fn line_ends_of_every_preset() {
    use Framing::{Auto, Crlf, Dotnet, Lf, Telnet};
    let cases: &[(&[u8], &[Framing], &[&str])] = &[
        (b"a\nb", &[Lf, Dotnet, Telnet, Auto], &["a", "b"]),
        (b"a\nb", &[Crlf], &["a\\nb"]),
        (b"a\r\nb", &Framing::ALL, &["a", "b"]),
        (b"a\rb", &[Lf, Crlf], &["a\\rb"]),
        (b"a\rb", &[Dotnet, Telnet, Auto], &["a", "b"]),
        (b"a\r", &[Lf, Crlf], &["a\\r"]),
        (b"a\r", &[Dotnet, Telnet, Auto], &["a"]),
        (b"a", &Framing::ALL, &["a"]),
        (b"", &Framing::ALL, &[]),
        (b"\r\n\r\n", &Framing::ALL, &["", ""]),
        (b"\n\r", &[Lf], &["", "\\r"]),
        (b"\n\r", &[Crlf], &["\\n\\r"]),
        (b"\n\r", &[Dotnet, Telnet, Auto], &["", ""]),
        (b"a\r\0b", &[Telnet], &["a", "b"]),
        (b"a\r\0b", &[Dotnet, Auto], &["a", "\\x00b"]),
        (b"a\r\0b", &[Lf, Crlf], &["a\\r\\x00b"]),
        (b"a\r\r\nb\r\n", &[Lf, Crlf], &["a\\r", "b"]),
        (b"a\r\r\nb\r\n", &[Dotnet, Telnet, Auto], &["a", "", "b"]),
    ];
    for (input, framings, lines) in cases {
        for framing in *framings {
            check(framing, 100, input, lines);
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_text() {
    for framing in &[Framing::Dotnet, Framing::Telnet, Framing::Auto] {
        check(
            framing,
            3,
            b"\xef\xbb\xbfabc\nd",
            &["<utf-8-mark>", "abc", "d"],
        );
        check(framing, 3, b"\xef\xbb\xbf", &["<utf-8-mark>"]);
        check(framing, 3, b"\xef\xbbx\n", &["\\xef\\xbbx"]);
        check(framing, 3, b"\xef", &["\\xef"]);
        check(framing, 1, b"\xef\xbb\n", &["<too long>"]);
    }
    check(
        &Framing::Lf,
        6,
        b"\xef\xbb\xbfabc\n",
        &["\\xef\\xbb\\xbfabc"],
    );
}

#[test]
fn a_utf16_peer_is_recognised() {
    check(&Framing::Dotnet, 9, b"\xff\xfe", &["<utf-16>"]);
    check(&Framing::Auto, 9, b"\xff\xfeh\0", &["<utf-16>"]);
    check(&Framing::Auto, 9, b"\xff\xfe\x01hi\n", &["<telnet>", "hi"]);
    check(&Framing::Auto, 9, b"\xff\xfe\x01", &["<telnet>"]);
    check(&Framing::Telnet, 9, b"\xff\xfe\x01\0hi\n", &["\\x00hi"]);
}

#[test]
fn putty_negotiates_and_then_talks() {
    let prologue = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03hello\r\n";
    let lines = [
        "<254 31>", "<254 32>", "<254 24>", "<254 39>", "<252 1>", "<254 3>", "<252 3>", "hello",
    ];
    check(&Framing::Telnet, 100, prologue, &lines);
    let recognised = [&["<telnet>"], &lines[..]].concat();
    check(&Framing::Auto, 100, prologue, &recognised);
}

#[test]
fn telnet_commands_in_the_middle_of_a_line() {
    let framing = &Framing::Telnet;
    check(framing, 9, b"a\xff\xf1b\r\n", &["ab"]);
    check(framing, 9, b"\xff\xffa\xff\xff\n", &["\\xffa\\xff"]);
    check(framing, 9, b"hal\xc3\xa4\xff\xf7lo\n", &["hallo"]);
    check(framing, 9, b"wrong\xff\xf8right\n", &["right"]);
    check(framing, 9, b"a\xff\xf6b\n", &["<are you there>", "ab"]);
    check(framing, 9, b"a\xff\xfa\x18\x01\xff\xf0b\n", &["ab"]);
    check(framing, 3, b"aaaa\xff\xf1b\nc\n", &["<too long>", "c"]);
}

#[test]
fn only_a_stream_that_begins_with_a_command_is_telnet() {
    // Each begins with one, and then any of them counts.
    for command in [&b"\xff\xfb\x1f"[..], b"\xff\xfd\x01", b"\xff\xfc\x01"] {
        let [_, verb, option] = command else { return };
        let input = [command, b"a\xff\xf1b\n\xff\xff\n"].concat();
        let answer = match verb {
            0xfb => vec![format!("<254 {option}>")],
            0xfd => vec![format!("<252 {option}>")],
            _ => Vec::new(),
        };
        let mut expected = vec!["<telnet>"];
        expected.extend(answer.iter().map(String::as_str));
        check(
            &Framing::Auto,
            20,
            &input,
            &[&expected[..], &["ab", "\\xff"]].concat(),
        );
    }
    check(
        &Framing::Auto,
        20,
        b"\xff\xf1a\xff\xf1b\n",
        &["<telnet>", "ab"],
    );
    check(
        &Framing::Auto,
        20,
        b"\xff\xf6",
        &["<telnet>", "<are you there>"],
    );
    // Text of other character sets, a display's end of a command, and chance.
    let texts: [&[u8]; 9] = [
        b"\xec\xee\xff \xea\xe0",
        b"page 0\xff\xff\xff",
        b"\xff\xff\xff",
        b"t=\xff\xf6",
        b"x\xff\xfaAAAAAA",
        b"a\xff\xfd\x01",
        b"\xff\xe1\xeb\xee\xea\xee",
        b"\xff",
        b"\xff\xfd",
    ];
    for text in texts {
        let line = text.escape_ascii().to_string();
        check(&Framing::Auto, 20, text, &[&line]);
        let input = [text, b"\x20\n\xff\xf1\n"].concat();
        if text.len() > 2 {
            check(
                &Framing::Auto,
                20,
                &input,
                &[&format!("{line} "), "\\xff\\xf1"],
            );
        }
    }
}

#[test]
fn the_limit_counts_the_payload_only() {
    for framing in Framing::ALL {
        check(
            &framing,
            3,
            b"aa\r\nbbb\r\ncccc\r\nd\r\n",
            &["aa", "bbb", "<too long>", "d"],
        );
    }
    check(
        &Framing::Lf,
        3,
        b"aaa\r\nbbb\rb\nc\n",
        &["aaa", "<too long>", "c"],
    );
    check(&Framing::Lf, 3, b"aaa\r", &["<too long>"]);
    check(
        &Framing::Crlf,
        3,
        b"aaaaaa\r\n\nb\r\n",
        &["<too long>", "\\nb"],
    );
    check(&Framing::Crlf, 0, b"\r\n\r\n", &["", ""]);
    check(&Framing::Auto, 3, b"aaaaaaa", &["<too long>"]);
}

#[test]
fn lines_longer_than_a_block_are_found() {
    let long = "x".repeat(200);
    let input = format!("{long}\r\n{long}\nshort\n");
    for framing in &[Framing::Lf, Framing::Dotnet, Framing::Auto] {
        check(framing, 200, input.as_bytes(), &[&long, &long, "short"]);
    }
}

#[test]
fn replies_end_as_the_peer_began() {
    for (input, terminator) in [
        ("", LineEnd::Lf),
        ("a\nb\r\n", LineEnd::Lf),
        ("a\r\nb\n", LineEnd::CrLf),
        ("a\rb", LineEnd::CrLf),
        ("longer than nine\r\nb\n", LineEnd::Lf),
    ] {
        let mut decoder = Decoder::new(&Framing::Auto, 9);
        let mut feed = decoder.feed(input.as_bytes());
        while feed.next().is_some() {}
        assert_eq!(decoder.reply_end(), terminator, "{input:?}");
    }
}

#[test]
fn no_memory_is_kept_between_lines() {
    let mut decoder = Decoder::new(&Framing::Auto, 1000);
    for piece in ["begun", " and ended\n"] {
        let mut feed = decoder.feed(piece.as_bytes());
        while feed.next().is_some() {}
    }
    assert_eq!(
        (decoder.tail.capacity(), decoder.is_mid_message()),
        (0, false)
    );
}
