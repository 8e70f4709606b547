//! Transcripts as text: parse → write → parse is the identity, and nothing panics.

use otherend_core::transcript::{Item, Transcript};
use proptest::prelude::*;

use crate::strategies::{items, scraps};

#[track_caller]
fn stays(file: &str) {
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    assert_eq!(transcript.to_string(), file);
}

#[track_caller]
fn becomes(file: &str, canonical: &str) {
    let first = "otherend talk 1\n";
    let transcript = Transcript::parse(format!("{first}{file}").as_bytes()).unwrap();
    assert_eq!(transcript.to_string(), format!("{first}{canonical}"));
}

#[test]
fn a_canonical_file_is_written_byte_for_byte() {
    stays(
        r"otherend talk 1
eol      crlf
timeout  3s
over     tcp
let      room = kitchen

# one visitor, ordinary day
C! connect
S: 200 bell-server ready, you are guest {{me:int=7}}
C: ENTER {{room}}
+40ms
S: 210 entered {{room}} at {{since:time=2026-03-02T10:15:09Z}}
C: RING 3
S. working\x20
+300ms
S. ...\r\n
S: 250 rang 3 times, ticket {{ticket:hex=0b1e}}
C# ff fd 18

# a second visitor hears about it
2C! connect
2S: 200 bell-server ready, you are guest {{_:/[0-9]+\/[0-9]+/=8/9}}
2S: \{{ \\ \t \xff \0
2S:
C: QUIT
S! close

on connect
S: hello

on after 2 C: PING {{n:int=1}}
+1.5ms
S: pong {{n}}
S! reset
on other
S: what?
",
    );
}

#[test]
fn other_spellings_become_the_canonical_one() {
    becomes("eol crlf  \r\n", "eol      crlf\n");
    becomes("timeout 0.5\n", "timeout  500ms\n");
    becomes("let a=b\n", "let      a = b\n");
    becomes("let a = \\x20b\\x20\n", "let      a = \\x20b\\x20\n");
    becomes("S:x\nS: \nS.\n", "S: x\nS:\nS.\n");
    becomes("S: a\tb\\x41\n", "S: a\\tbA\n");
    becomes("S# FFFd 18\n", "S# ff fd 18\n");
    becomes("1C:   two blanks\n", "C:   two blanks\n");
    becomes("C!   close\n  \n", "C! close\n\n");
    becomes("+2m\nC: no newline", "+120s\nC: no newline\n");
    becomes("on   after   2   C:x\n", "on after 2 C: x\n");
    becomes(
        "S: {{_:text=a}b}}{{_:text=\\x7d}}\n",
        "S: {{_:text=a}b}}{{_:text=\\x7d}}\n",
    );
    becomes("S: \\x7b{{_:text=}}\n", "S: \\x7b{{_:text=}}\n");
    becomes("S: {\\{{}}\n", "S: \\{{{}}\n");
}

#[test]
fn what_cannot_be_seen_is_written_as_an_escape() {
    // A file may hold it; what is recorded of a peer never does.
    becomes("S: a\u{200b}b\n", "S: a\\xe2\\x80\\x8bb\n");
    becomes("S: a\u{ad}b\n", "S: a\\xc2\\xadb\n");
    let marks = |count| "\u{301}".repeat(count);
    becomes(
        &format!("S: e{}\n", marks(8)),
        &format!("S: e{}\n", marks(8)),
    );
    becomes(
        &format!("S: e{}x{}\n", marks(10), marks(1)),
        &format!("S: e{}\\xcc\\x81\\xcc\\x81x{}\n", marks(8), marks(1)),
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_file() {
    let transcript = Transcript::parse(b"\xef\xbb\xbfotherend talk 1\r\nC: x\r\n").unwrap();
    assert_eq!(transcript.to_string(), "otherend talk 1\nC: x\n");
}

#[test]
fn items_that_make_no_transcript_are_refused() {
    let error = Transcript::from_items(vec![Item::Comment("a\nC: b".to_owned())]);
    assert_eq!(error.unwrap().to_string(), "otherend talk 1\n#a\\nC: b\n");
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(items in items()) {
        let transcript = Transcript::from_items(items.clone());
        let transcript = transcript.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(transcript.items(), &items[..]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut source = b"otherend talk 1\n".to_vec();
        source.extend(bytes);
        settles(&source)?;
    }

    #[test]
    fn any_scraps_of_the_format_are_read_or_refused(file in scraps()) {
        settles(file.as_bytes())?;
    }
}

/// Either there is an error that can be shown, or writing has found its final form.
fn settles(source: &[u8]) -> Result<(), TestCaseError> {
    match Transcript::parse(source) {
        Ok(transcript) => {
            let written = transcript.to_string();
            let again = Transcript::parse(written.as_bytes());
            prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(written));
            prop_assert_eq!(again, Ok(transcript));
        }
        Err(error) => {
            let screen = error.render("x.talk", source);
            prop_assert!(screen.contains('^'), "{}", screen);
            prop_assert!(screen.lines().count() >= 5, "{}", screen);
            prop_assert!(
                !screen.contains(|c: char| c.is_control() && c != '\n'),
                "{:?}",
                screen
            );
        }
    }
    Ok(())
}
