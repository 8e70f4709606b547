//! What the fuzz targets check, for the corpus and for pseudo-random inputs, without a fuzzer.
#![expect(
    unreachable_pub,
    reason = "the checks are shared with the crate of the fuzz targets"
)]

#[path = "../../fuzz/src/conversation.rs"]
mod conversation;
#[path = "../../fuzz/src/decoder.rs"]
mod decoder;
#[path = "../../fuzz/src/drawing.rs"]
mod drawing;
#[path = "../../fuzz/src/escape.rs"]
mod escape;
#[path = "../../fuzz/src/model.rs"]
mod model;
#[path = "../../fuzz/src/playing.rs"]
mod playing;
#[path = "../../fuzz/src/telnet.rs"]
mod telnet;
#[path = "../../fuzz/src/transcript.rs"]
mod transcript;

use std::fs;
use std::path::Path;

/// What inputs are made of: what matters to a transcript.
const TALK: [&[u8]; 36] = [
    b"\n",
    b"\n",
    b"\n",
    b"C: ",
    b"S: ",
    b"C. ",
    b"S# ff 0a",
    b"C! connect",
    b"S! close",
    b"C! half-close",
    b"S! reset",
    b"2S: ",
    b"on C: ",
    b"on after 2 C: ",
    b"on connect",
    b"on other",
    b"eol crlf",
    b"over udp",
    b"let x = y",
    b"+12ms",
    b"#",
    b"#= ",
    b"{{a:int=1}}",
    b"{{a}}",
    b"{{_:text=x}}",
    b"{{b:word=w}}",
    b"{{_:/x+y?/=xx}}",
    b"{{x}}",
    b"\\r\\n",
    b"\\x",
    b" ",
    b"a",
    b"12",
    b"\0",
    b"\r",
    b"xx",
];

/// What the inputs are made of: what matters to a framer, and a little of everything else.
const TOKENS: [&[u8]; 24] = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"exit\n",
    b"a",
    b"bc",
    b"a longer piece of text that passes every small limit",
    b"\xef\xbb\xbf",
    b"\xef",
    b"\xff",
    b"\xff\xff",
    b"\xff\xfe",
    b"\xff\xfd\x01",
    b"\xff\xfb\x18",
    b"\xff\xfa\x18\x01\xff\xf0",
    b"\xff\xfa",
    b"\xff\xf6",
    b"\xff\xf7",
    b"\xff\xf8",
    b"\xc3\xa4",
    b"\x1b[2J",
    b"\xe2\x80\xae",
    b"\x9b",
];

/// Marsaglia's xorshift: the same inputs on every run and every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn input(&mut self, tokens: &[&[u8]]) -> Vec<u8> {
        let mut input = Vec::new();
        for _ in 0..self.below(40) {
            match self.below(3) {
                0 if tokens == TOKENS => input.push(self.below(256) as u8),
                _ => input.extend_from_slice(tokens[self.below(tokens.len())]),
            }
        }
        input
    }
}

#[expect(clippy::disallowed_methods, reason = "the corpus is a folder of files")]
#[expect(clippy::print_stdout, reason = "names the input when its check panics")]
fn replay(target: &str, tokens: &[&[u8]], check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("the corpus can be listed").path();
        println!("{}", path.display());
        check(&fs::read(&path).expect("the corpus can be read"));
        files += 1;
    }
    assert!(files > 0, "no corpus in {}", folder.display());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..4000 {
        let input = random.input(tokens);
        println!("\"{}\"", input.escape_ascii());
        check(&input);
    }
}

#[test]
fn the_decoder_finds_the_same_for_every_partition() {
    replay("decoder", &TOKENS, decoder::check);
}

#[test]
fn drawings_read_what_they_write() {
    /// What drawings are made of, and then streams.
    const FRAMES: [&[u8]; 28] = [
        b"{body}",
        b"{body}",
        b"{body slip}",
        b"{body cobs}",
        b"{body dot}",
        b"{body:3}",
        b"{len:u16}",
        b"{len:u8}",
        b"{len:varint}",
        b"{len:dec}",
        b"{len:u16 of all}",
        b"{head:2}",
        b"{sum:xor}",
        b"{sum:crc-16/modbus le}",
        b"{sum:sum8 dec3}",
        b"{lines L}",
        b" idle 4ms",
        b"\\x02",
        b"\\r",
        b"*",
        b"\n",
        b"\n",
        b"\x02",
        b"\r",
        b"\0",
        b"\x02\0",
        b"L: 2\r\n",
        b"a",
    ];
    replay("drawing", &FRAMES, drawing::check);
}

#[test]
fn the_telnet_filter_agrees_with_a_plain_one() {
    replay("telnet", &TOKENS, telnet::check);
}

#[test]
fn a_conversation_agrees_with_its_model() {
    replay("conversation", &TOKENS, conversation::check);
}

#[test]
fn no_bytes_drive_a_terminal() {
    replay("escape", &TOKENS, escape::check);
}

#[test]
fn a_transcript_is_read_and_written_the_same() {
    replay("transcript", &TALK, transcript::check);
}

#[test]
fn playing_does_not_depend_on_the_cut() {
    replay("playing", &TALK, playing::check);
}
