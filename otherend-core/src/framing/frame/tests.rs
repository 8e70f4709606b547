use proptest::prelude::*;

use super::decoder::{Found, Frames};
use super::*;
use crate::framing::drawing::Drawing;

/// What was found, in words.
fn shown(found: Found, frames: &Frames, input: &[u8]) -> String {
    let text = |place| frames.bytes(&place, input).escape_ascii().to_string();
    match found {
        Found::Message(place) => text(place),
        Found::TooLong => "too long".to_owned(),
        Found::OutOfStep(place, why) => format!("{why:?}: {}", text(place)),
    }
}

/// What is found in a stream that comes in these pieces.
fn heard(framing: &str, pieces: &[&[u8]], max: usize) -> Vec<String> {
    let drawing: Drawing = framing.parse().unwrap();
    let mut frames = Frames::new(&drawing, max);
    let mut all = Vec::new();
    for piece in pieces {
        let mut at = 0;
        while let Some(found) = frames.next(piece, &mut at) {
            all.push(shown(found, &frames, piece));
        }
        assert_eq!(at, piece.len(), "all of a piece is used or kept");
        assert!(frames.memory() <= 8 * (max + 8192), "{}", frames.memory());
    }
    while let Some(found) = frames.finish() {
        all.push(shown(found, &frames, &[]));
    }
    all
}

/// These bytes, cut everywhere, give this.
#[track_caller]
fn gives(framing: &str, stream: &[u8], expected: &[&str]) {
    assert_eq!(heard(framing, &[stream], 64), expected, "{framing} whole");
    for cut in 0..=stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(
            heard(framing, &[head, tail], 64),
            expected,
            "{framing} cut at {cut}"
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(
        heard(framing, &bytes, 64),
        expected,
        "{framing} byte by byte"
    );
}

#[test]
fn every_short_name_reads_what_its_protocol_says() {
    gives("cr", b"PWR ON\rVOL 3\r", &["PWR ON", "VOL 3"]);
    gives("nul", b"<a/>\0\0", &["<a/>", ""]);
    gives("stx", b"\x02ID?\x03\x02\x03", &["ID?", ""]);
    gives(
        "mllp",
        b"\x0bMSH|^~\\&\rPID|1\r\x1c\r",
        &["MSH|^~\\\\&\\rPID|1\\r"],
    );
    gives("u8", b"\x02hi\0\x01!", &["hi", "", "!"]);
    gives("u16", b"\0\x02hi\0\0", &["hi", ""]);
    gives("u32le", b"\x02\0\0\0hi", &["hi"]);
    gives("varint", b"\x02hi\x00", &["hi", ""]);
    gives("tpkt", b"\x03\0\0\x06hi", &["hi"]);
    // Read holding registers, and its answer.
    gives(
        "modbus",
        b"\0\x01\0\0\0\x06\x11\x03\0\x6b\0\x03",
        &["\\x00\\x01\\x00\\x00\\x11\\x03\\x00k\\x00\\x03"],
    );
    // PINGREQ, and a CONNACK.
    gives("mqtt", b"\xc0\0\x20\x02\0\0", &["\\xc0", " \\x00\\x00"]);
    gives("amqp", b"\x08\0\0\0\0\0\0\xce", &["\\x08\\x00\\x00"]);
    // A start without a type, then a query.
    gives(
        "pg",
        b"\0\0\0\x09\0\x03\0\0\0Q\0\0\0\x0dSELECT 1\0",
        &["\\x00\\x03\\x00\\x00\\x00", "QSELECT 1\\x00"],
    );
    gives("iso8583", b"00040800", &["0800"]);
    gives("netstring", b"5:hello,0:,", &["hello", ""]);
    gives("octets", b"5 <1>hi2 ok", &["<1>hi", "ok"]);
    gives(
        "lsp",
        b"Content-Length: 2\r\nContent-Type: x\r\n\r\n{}content-length:1\r\n\r\n1",
        &["{}", "1"],
    );
    gives(
        "nmea",
        b"$GPGLL,5300.97914,N,00259.98174,E,125926,A*28\r\n",
        &["GPGLL,5300.97914,N,00259.98174,E,125926,A"],
    );
    gives(
        "fix",
        b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01",
        &["35=0\\x01"],
    );
}

#[test]
fn escapes_sizes_and_heads_are_read() {
    gives("slip", b"\xc0a\xdb\xdcb\xc0\xc0c\xc0", &["a\\xc0b", "c"]);
    gives(
        "cobs",
        b"\x03\x11\x22\x02\x33\0\x01\0",
        &["\\x11\\\"\\x003", ""],
    );
    gives(
        "dot",
        b"a\r\n..b\r\n.\r\n.\r\nc\r\n.\r\n",
        &["a\\r\\n.b", "", "c"],
    );
    gives("\\x02{head:2}{body}\\x03", b"\x0207x\x03", &["07x"]);
    gives(
        "\\x02{body}\\x03{sum:xor}",
        b"\x02A\x03B\x02B\x03A",
        &["A", "B"],
    );
    gives("{body:3}", b"abcdef", &["abc", "def"]);
    gives(
        "{len:dec4 of all -2}{body}!",
        b"0009ab!",
        &["Unfinished: 0009ab!"],
    );
    gives("{len:dec4 of all +2}{body}!", b"0009ab!", &["ab"]);
}

#[test]
fn out_of_step_the_next_start_or_end_is_found() {
    gives("stx", b"??\x02a\x03", &["Stray: ??", "a"]);
    gives(
        "stx",
        b"\r\n\x02a\x03\r\n",
        &["Stray: \\r\\n", "a", "Unfinished: \\r\\n"],
    );
    gives(
        "\\x02{body}\\x03{sum:xor}",
        b"\x02A\x03C\x02B\x03A",
        &["Sum: \\x02A\\x03C", "B"],
    );
    gives("$x{len:dec}:{body}", b"$xq:$x1:a", &["Length: $xq:", "a"]);
    gives(
        "{head:1}\\x02{body}\\x03",
        b"1?a\x031\x02b\x03",
        &["Literal: 1?a\\x03", "1b"],
    );
    gives("slip", b"a\xdbb\xc0c\xc0", &["Escape: a\\xdbb\\xc0", "c"]);
    gives(
        "{body}*{sum:xor hex2}\\r\\n",
        b"A*00\r\nA*41\r\n",
        &["Sum: A*00\\r\\n", "A"],
    );
}

#[test]
fn behind_a_wrong_length_nothing_is_trusted() {
    gives("netstring", b"2:ab;2:cd,", &["Literal: 2:ab;"]);
    gives("netstring", b"ab", &["Length: a"]);
    gives("pg", b"Q\0\0\0\x03abc", &["Length: Q\\x00\\x00\\x00\\x03"]);
    gives("u16", b"\xff\xffab", &["too long"]);
    gives("u64", b"\xff\xff\xff\xff\xff\xff\xff\xff!", &["too long"]);
    gives(
        "lsp",
        b"Length: 2\r\n\r\n{}",
        &["Header: Length: 2\\r\\n\\r\\n"],
    );
    gives(
        "lsp",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        &["Header: Content-Length: 2\\r\\nContent-Length: 3\\r\\n"],
    );
    gives("u16", b"\0\x05ab", &["Unfinished: \\x00\\x05ab"]);
}

#[test]
fn what_is_too_long_is_discarded_up_to_its_end() {
    let long = [&b"\x02"[..], &[b'a'; 65], b"\x03\x02b\x03"].concat();
    gives("stx", &long, &["too long", "b"]);
    let just = [&b"\x02"[..], &[b'a'; 64], b"\x03"].concat();
    gives("stx", &just, &[&"a".repeat(64)]);
    let summed = [&b"\x02"[..], &[b'a'; 90], b"\x03\x03\x02A\x03B"].concat();
    gives("\\x02{body}\\x03{sum:xor}", &summed, &["too long", "A"]);
    let dots = [&[b'.'; 300][..], b"\r\n.\r\nc\r\n.\r\n"].concat();
    gives("dot", &dots, &["too long", "c"]);
}

#[test]
fn silence_ends_what_nothing_else_ends() {
    let drawing: Drawing = "rtu".parse().unwrap();
    let mut frames = Frames::new(&drawing, 64);
    let mut hear = |bytes: &[u8]| {
        assert_eq!(frames.next(bytes, &mut 0), None);
    };
    hear(&[0x11, 0x03, 0x00]);
    hear(&[0x6b, 0x00, 0x03, 0x76, 0x87]);
    let found = frames.silence().unwrap();
    assert_eq!(shown(found, &frames, &[]), "\\x11\\x03\\x00k\\x00\\x03");
    assert_eq!(frames.next(b"abcd", &mut 0), None);
    let found = frames.silence().unwrap();
    assert_eq!(shown(found, &frames, &[]), "Sum: abcd");
    assert_eq!((frames.silence(), frames.is_mid_message()), (None, false));
}

#[test]
fn what_cannot_be_framed_is_refused() {
    let refused = |framing: &str, message: &[u8]| {
        let drawing: Drawing = framing.parse().unwrap();
        let mut out = b"before".to_vec();
        let error = drawing.encode(message, &mut out).unwrap_err();
        assert_eq!(out, b"before");
        error
    };
    assert_eq!(refused("u8", &[0; 256]), Unframed::TooLong);
    assert_eq!(refused("modbus", b"ab"), Unframed::TooShort { least: 4 });
    assert_eq!(refused("{body:3}", b"ab"), Unframed::Size { exactly: 3 });
    assert_eq!(refused("slip", b""), Unframed::Empty);
    let end = b"\x03".to_vec();
    assert_eq!(refused("stx", b"a\x03b"), Unframed::HasEnd { end, at: 1 });
    // The message's last byte and the first of the end would be read as the end.
    let end = b"\r\r".to_vec();
    assert_eq!(
        refused("{body}\\r\\r", b"a\r"),
        Unframed::HasEnd { end, at: 1 }
    );
}

fn any_drawing() -> impl Strategy<Value = Drawing> {
    let names: Vec<&str> = Drawing::catalogue().map(|(name, _)| name).collect();
    let number = "(u8|u16|u24le|u32|u64le|varint|hex4|dec6)( \\+[0-9])?";
    let literal = "[a-c]{1,3}";
    let sum = "(|\\{sum:xor\\}|\\{sum:crc-16/modbus le hex4\\}|\\{sum:lrc\\}|\\{sum:crc-32 of all-before\\})";
    let lengths = (literal, number, "(|\\{head:2\\}|x)", sum, "[a-c]{0,2}")
        .prop_map(|(a, n, b, s, c)| format!("{a}{{len:{n}}}{b}{{body}}{s}{c}"));
    let ends = ("[x-z]{0,2}", "(|\\{head:1\\})", sum, literal, sum)
        .prop_map(|(a, h, s, b, t)| format!("{a}{h}{{body}}{s}{b}{t}"));
    prop_oneof![
        proptest::sample::select(names).prop_map(str::to_owned),
        lengths,
        ends,
    ]
    .prop_filter_map("is a drawing", |text| text.parse().ok())
}

fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = stream;
    for size in cuts {
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_said_is_heard(
        drawing in any_drawing(),
        messages in prop::collection::vec(prop::collection::vec(prop_oneof![any::<u8>(), 97u8..100], 0..40), 1..5),
        cuts in prop::collection::vec(1usize..20, 0..20),
    ) {
        let mut stream = Vec::new();
        let mut said = Vec::new();
        for message in &messages {
            if drawing.encode(message, &mut stream).is_ok() {
                said.push(message.escape_ascii().to_string());
            }
        }
        if drawing.idle().is_some() {
            return Ok(());
        }
        let heard = heard(&drawing.to_string(), &cut(&stream, &cuts), 64);
        prop_assert_eq!(heard, said, "{}", drawing);
    }

    #[test]
    fn how_the_bytes_were_cut_does_not_matter(
        drawing in any_drawing(),
        stream in prop::collection::vec(prop_oneof![any::<u8>(), 97u8..100, 0u8..4], 0..300),
        cuts in prop::collection::vec(1usize..40, 0..20),
        max in 0usize..32,
    ) {
        let framing = drawing.to_string();
        let whole = heard(&framing, &[&stream], max);
        let pieces = heard(&framing, &cut(&stream, &cuts), max);
        prop_assert_eq!(whole, pieces, "{}", framing);
    }
}
