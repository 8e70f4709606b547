//! Recordings say what was there: after a cut, after a changed bit, and without the secrets.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{
    Closing, Item, Masks, Plan, Player, ReadError, Recorder, Recording, Tail, Transcript,
};
use otherend_core::{Outbox, Role, Time};
use proptest::prelude::*;

const C: Role = Role::Client;
const S: Role = Role::Server;

fn at(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(millis)
}

/// The lines between the settings and the last seal.
fn lines(mut recorder: Recorder) -> String {
    recorder.end();
    let text = recorder.take();
    let recording = Recording::read(text.as_bytes()).unwrap();
    assert_eq!(recording.tail, Tail::Complete);
    assert_eq!(
        recording.transcript.to_string(),
        text,
        "a recording is canonical"
    );
    let body = text.split_once("\n\n").unwrap().1;
    body[..body.rfind("#= end").unwrap()].to_owned()
}

fn recorder() -> Recorder {
    Recorder::new(Masks::usual(), "by a test")
}

#[test]
fn lines_pieces_times_and_ends_are_written() {
    let mut r = recorder();
    r.opened(at(0), 1);
    r.said(at(1), 1, S, b"220 re");
    r.said(at(2), 1, S, b"ady\r\n");
    r.said(at(50), 1, C, b"EHLO a\r\nRING 3\r\n");
    r.said(at(55), 1, S, b"working ");
    r.said(at(355), 1, S, b"...\r\nlone\nlogin: ");
    r.said(at(356), 1, C, b"bob\r\n");
    r.said(at(357), 1, S, b"\xff\xfd\x18\x00");
    r.stopped(at(357), 1, C, Closing::Close);
    r.said(at(358), 1, S, b"\x1b[0mbye \r\n");
    r.stopped(at(1358), 1, S, Closing::Close);
    assert_eq!(
        lines(r),
        "C! connect\nS: 220 ready\n+50ms\nC: EHLO a\nC: RING 3\nS. working\\x20\n+305ms\nS: ...\n\
        S. lone\\n\nS. login:\\x20\nC: bob\nS# ff fd 18 00\nC! half-close\nS: \\x1b[0mbye\\x20\n\
        +1003ms\nS! close\n"
    );
}

#[test]
fn what_a_tap_says_itself_is_no_step() {
    let mut r = recorder();
    r.opened(at(0), 1);
    r.said(at(1), 1, C, b"HELP\r\n");
    r.injected(at(2), 1, C, b"421 go\r\nPassword: ");
    r.said(at(3), 1, C, b"opensesame\r\n");
    r.injected(at(4), 1, S, &[0xff; 100_000]);
    let hex = |count: usize| r"\xff".repeat(count);
    assert_eq!(
        lines(r),
        format!(
            "C! connect\nC: HELP\n# the tap said to the client: 421 go\\r\\n\n\
            # the tap said to the client: Password:\\x20\nC: {{{{secret:text=****}}}}\n\
            # the tap said to the server: {}\n# the tap said to the server: {}\n",
            hex(65_536),
            hex(100_000 - 65_536)
        )
    );
}

#[test]
fn ends_are_written_as_what_they_were() {
    let ends = |stops: &[(Role, Closing)]| {
        let mut r = recorder();
        for (who, how) in stops {
            r.stopped(at(0), 1, *who, *how);
        }
        lines(r)
    };
    let (fin, reset) = (Closing::Close, Closing::Reset);
    assert_eq!(ends(&[(S, fin)]), "S! close\n");
    assert_eq!(ends(&[(S, fin), (C, fin)]), "S! close\n");
    assert_eq!(ends(&[(C, fin), (S, reset)]), "C! half-close\nS! reset\n");
    assert_eq!(ends(&[(C, reset)]), "C! reset\n");
}

#[test]
fn connections_and_datagrams_are_kept_apart() {
    let mut r = recorder();
    r.said(at(0), 1, C, b"one\ntw");
    r.said(at(0), 2, C, b"three\n");
    r.said(at(0), 1, C, b"o\n");
    assert_eq!(lines(r), "C: one\n2C: three\nC: two\n");

    let mut r = recorder().over_udp();
    r.said(at(0), 1, C, b"one\ntwo\n");
    r.said(at(0), 1, C, b"three");
    r.said(at(0), 1, S, &[0; 40]);
    let zeros = "S# ".to_owned() + &["00"; 40].join(" ");
    assert_eq!(lines(r), format!("C: one\\ntwo\nC. three\n{zeros}\n"));
}

#[track_caller]
fn masks(said: &[(Role, &str)], expected: &str) {
    for width in [1, 3, 1000] {
        let mut r = recorder();
        for (who, text) in said {
            for piece in text.as_bytes().chunks(width) {
                r.said(at(0), 1, *who, piece);
            }
        }
        let lines = lines(r).replace("{{secret", "***");
        let lines = lines.replace(":text=****}}", "");
        assert_eq!(lines, expected, "in pieces of {width}");
    }
}

#[test]
fn secrets_are_masked_before_they_are_text() {
    masks(
        &[(C, "USER bob\r\nPASS hunter2\r\n")],
        "C: USER bob\nC: PASS ***\n",
    );
    masks(
        &[
            (C, "AUTH PLAIN AGJvYgB4\r\n"),
            (S, "235 ok\r\n"),
            (C, "MAIL\r\n"),
        ],
        "C: AUTH PLAIN ***\nS: 235 ok\nC: MAIL\n",
    );
    masks(
        &[
            (C, "AUTH LOGIN\r\n"),
            (S, "334 VXNlcm5hbWU6\r\n"),
            (C, "Ym9i\r\n"),
            (S, "334 UGFzc3dvcmQ6\r\n"),
            (C, "aHVudGVyMg==\r\n"),
            (S, "235 ok\r\n"),
            (C, "RSET\r\n"),
        ],
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ***\nS: 334 UGFzc3dvcmQ6\nC: ***2\nS: 235 ok\n\
        C: RSET\n",
    );
    masks(&[(C, "AUTH bob hunter2\n")], "C: AUTH ***\n");
    masks(
        &[(
            C,
            "*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n*1\r\n$4\r\nPING\r\n",
        )],
        "C: *2\nC: $4\nC: AUTH\nC: $7\nC: ***\nC: *1\nC: $4\nC: PING\n",
    );
    masks(
        &[(C, "a1 LOGIN bob \"hunter 2\"\r\n")],
        "C: a1 LOGIN bob ***\n",
    );
    masks(&[(C, "LOGIN bob pw3\r\n")], "C: LOGIN bob ***\n");
    masks(
        &[(C, "Authorization: Bearer abc.def\r\nHost: x\r\n")],
        "C: Authorization: Bearer ***\nC: Host: x\n",
    );
    masks(
        &[(C, "GET /?a=1&token=abc&b=2 HTTP/1.1\n")],
        "C: GET /?a=1&token=***&b=2 HTTP/1.1\n",
    );
    masks(
        &[(C, "CONNECT {\"user\":\"bob\",\"pass\":\"a b\",\"x\":1}\n")],
        "C: CONNECT {\"user\":\"bob\",\"pass\":\"***\",\"x\":1}\n",
    );
    masks(
        &[(S, "a compass: north\npassive mode\n")],
        "S: a compass: north\nS: passive mode\n",
    );
}

#[test]
fn a_secret_that_is_said_again_is_masked_again() {
    masks(
        &[
            (C, "PASS hunter2\n"),
            (S, "500 what is PASS hunter2, hunter2?\n"),
            (S, "401 token=abc\n"),
            (C, "abc\n"),
        ],
        "C: PASS ***\nS: 500 what is PASS ***, ***?\nS: 401 token=***2\nC: abc\n",
    );
}

#[test]
fn a_secret_that_the_other_side_interrupts_stays_masked() {
    let mut r = recorder();
    r.said(at(0), 1, C, b"PASS hun");
    r.said(at(0), 1, S, b"* news\n");
    r.said(at(0), 1, C, b"ter2\n");
    assert_eq!(
        lines(r),
        "C. PASS {{secret:text=****}}\nS: * news\nC: {{secret2:text=****}}\n"
    );
    let mut r = recorder();
    r.said(
        at(0),
        1,
        C,
        &[b"PASS ".to_vec(), vec![b'x'; 200_000]].concat(),
    );
    r.said(at(0), 1, C, b"yz\n");
    assert_eq!(
        lines(r),
        "C. PASS {{secret:text=****}}\nC: {{secret2:text=****}}\n"
    );
}

#[test]
fn masks_can_be_added_and_left_out() {
    let mut r = Recorder::new(Masks::none().and("card ([0-9]+)").unwrap(), "");
    r.said(at(0), 1, C, b"PASS x\ncard 1234 and card 99\n");
    assert_eq!(
        lines(r),
        "C: PASS x\nC: card {{secret:text=****}} and card {{secret2:text=****}}\n"
    );
    assert!(Masks::none().and("(").is_err());
}

/// A recording of a few KiB with all that one can hold: several seals, several connections and
/// their ends, pauses, pieces, masked secrets, UTF-8, escapes, hex and remarks.
fn sealed() -> String {
    let mut r = recorder();
    r.opened(at(0), 1);
    r.said(at(1), 1, S, b"220 ready\r\n");
    r.seal();
    for turn in 0..24_u8 {
        let (now, connection) = (20 * u64::from(turn), 1 + u16::from(turn % 3));
        let asked = format!("RING {turn}\r\nPASS secret{turn}\r\n");
        r.said(at(now), connection, C, asked.as_bytes());
        let answer = "250 grüße \u{1b}[0m{{x}} \r\n";
        r.said(at(now + 5), connection, S, answer.as_bytes());
        r.said(at(now + 6), connection, S, &[0xff, 0xfb, 0, turn]);
        r.said(at(now + 7), connection, S, b"login: ");
        if turn % 3 == 0 {
            r.seal();
        }
    }
    r.comment(at(500), "a fault of ours");
    r.stopped(at(501), 1, C, Closing::Close);
    r.said(at(502), 1, S, b"221 bye\n");
    r.stopped(at(503), 1, S, Closing::Close);
    r.stopped(at(504), 2, S, Closing::Reset);
    r.stopped(at(505), 3, S, Closing::Close);
    r.end();
    let text = r.take();
    assert!(text.len() > 2 << 10, "{} bytes", text.len());
    text
}

/// What was read is a beginning of what was recorded, up to a seal or nothing at all.
#[track_caller]
fn only_what_was_there(bytes: &[u8], all: &[Item], what: &str) {
    let is_said = |item: &&Item| !matches!(item, Item::Comment(_));
    match Recording::read(bytes) {
        Ok(recording) => {
            let read: Vec<&Item> = recording
                .transcript
                .items()
                .iter()
                .filter(is_said)
                .collect();
            let mut sealed = vec![Vec::new()];
            let seals =
                all.split_inclusive(|item| matches!(item, Item::Comment(text) if is_seal(text)));
            for part in seals {
                let before = sealed.last().cloned().unwrap_or_default();
                sealed.push([before, part.iter().filter(is_said).collect()].concat());
            }
            assert!(sealed.contains(&read), "{what}: {read:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn is_seal(comment: &str) -> bool {
    comment.starts_with("= ") && !comment.starts_with("= recorded")
}

#[test]
fn bytes_without_any_line_are_not_kept_back_for_ever() {
    let mut r = recorder();
    r.opened(at(0), 1);
    r.said(at(0), 1, S, b"login: ");
    r.cut_all();
    assert!(r.is_undecided());
    assert_eq!(r.take(), "");
    let mut written = String::new();
    for _ in 0..40 {
        r.said(at(1), 1, C, &[0; 4096]);
        written += &r.take();
    }
    assert!(!r.is_undecided());
    assert!(written.contains("\n\nC! connect\nS. login:\\x20\nC# 00 00"));

    let mut r = recorder();
    r.said(at(0), 1, S, b"login: ");
    r.cut_all();
    r.decide();
    r.said(at(1), 1, C, b"bob\r\n");
    assert_eq!(lines(r), "S. login:\\x20\nC: bob\\r\n");
}

#[test]
fn a_recording_cut_at_any_byte_reads_as_a_beginning_of_it() {
    let text = sealed();
    let whole = Recording::read(text.as_bytes()).unwrap();
    let all = whole.transcript.items();
    for cut in 0..text.len() {
        only_what_was_there(&text.as_bytes()[..cut], all, &format!("cut at {cut}"));
    }
    let head = text.find("= recorded").unwrap() + "= recorded".len();
    for cut in head..text.len() {
        let read = Recording::read(&text.as_bytes()[..cut]).unwrap();
        assert!(matches!(read.tail, Tail::Cut { .. }), "cut at {cut}");
    }
    let lines: Vec<&str> = text.lines().collect();
    let last_seal = lines
        .iter()
        .rposition(|line| line.starts_with("#= ") && !line.contains("end"));
    let cut = Recording::read(&text.as_bytes()[..text.len() - 9]).unwrap();
    let after = last_seal.unwrap() + 1;
    assert_eq!(
        cut.tail,
        Tail::Cut {
            after,
            lines: lines.len() - after
        }
    );
    assert_eq!(cut.transcript.items().len(), after - 1);
}

/// Whichever bit of `recording` is changed: what is read is a beginning of what was recorded.
fn check_every_bit(recording: String) {
    let mut bytes = recording.into_bytes();
    let whole = Recording::read(&bytes).unwrap();
    assert_eq!(whole.tail, Tail::Complete);
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        only_what_was_there(&bytes, whole.transcript.items(), &format!("bit {bit}"));
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_recording_with_any_bit_changed_reads_as_a_beginning_of_it() {
    check_every_bit(sealed());
}

#[test]
fn with_one_seal_a_changed_bit_does_not_hide_it_either() {
    let mut r = recorder();
    r.said(at(1), 1, C, b"RING 3\r\n");
    r.end();
    check_every_bit(r.take());
}

#[test]
fn a_comment_of_ones_own_is_no_seal() {
    for comment in [
        "#===== login =====",
        "#=",
        "#= 1",
        "#= end of it",
        "#= recordings",
    ] {
        for file in [
            format!("otherend talk 1\n{comment}\nC: x\nS: y\n"),
            format!("otherend talk 1\n\n{comment}\nC: x\nS: y\n"),
        ] {
            let read = Recording::read(file.as_bytes()).unwrap();
            assert_eq!(read.tail, Tail::NoSeals, "{file}");
            assert_eq!(read.transcript.to_string(), file);
        }
    }
}

#[test]
fn a_changed_recording_names_the_lines() {
    let text = sealed().replace("RING 4", "RING 5");
    let error = Recording::read(text.as_bytes()).unwrap_err();
    let ReadError::Broken { from, seal } = error else {
        panic!("{error}");
    };
    let line = text
        .lines()
        .position(|line| line.contains("RING 5"))
        .unwrap()
        + 1;
    assert!((from..seal).contains(&line), "{from} {line} {seal}");
    assert!(Transcript::parse(text.as_bytes()).is_ok());
}

#[derive(Debug, Clone)]
struct Spoken {
    who: Role,
    wait: u64,
    bytes: Vec<u8>,
}

fn spoken() -> impl Strategy<Value = Vec<Spoken>> {
    let bytes = prop_oneof![
        "[a-z {}\\\\]{0,8}(\r\n|\n|\r|)".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    let spoken = (any::<bool>(), 0..200u64, bytes).prop_map(|(client, wait, bytes)| Spoken {
        who: if client { C } else { S },
        wait,
        bytes,
    });
    prop::collection::vec(spoken, 0..20)
}

proptest! {
    /// Whatever was said, the recording says the same bytes again, from either end.
    #[test]
    fn a_recording_says_what_was_said(spoken in spoken()) {
        let mut r = Recorder::new(Masks::none(), "");
        let mut now = at(0);
        let mut said = [Vec::new(), Vec::new()];
        for Spoken { who, wait, bytes } in &spoken {
            now = now + Duration::from_millis(*wait);
            r.said(now, 1, *who, bytes);
            said[usize::from(*who == S)].extend_from_slice(bytes);
        }
        r.end();
        let text = r.take();
        let transcript = Recording::read(text.as_bytes()).unwrap().transcript;
        prop_assert_eq!(transcript.to_string(), text);
        let plan = Arc::new(Plan::new(transcript));
        let players = [Player::client(Arc::clone(&plan)), Player::server(plan)];
        for (side, mut player) in players.into_iter().enumerate() {
            let mut out = Outbox::new();
            player.opened(0, now, &mut out);
            player.heard(0, now, &said[1 - side], &mut out);
            prop_assert_eq!(out.unsent(), &said[side][..]);
        }
    }
}

#[test]
fn what_could_not_be_written_is_given_up_with_a_mark() {
    let mut recorder = Recorder::new(Masks::usual(), "by a test");
    let unwritten = recorder.break_off("no space left on device");
    let read = Recording::read(unwritten.as_bytes()).unwrap();
    let mark = "\n# the recording ends early: no space left on device\n";
    assert!(unwritten.ends_with(mark), "{unwritten}");
    assert!(matches!(read.tail, Tail::Cut { lines: 1, .. }));

    let mut recorder = Recorder::new(Masks::usual(), "by a test");
    recorder.said(Time::ZERO, 1, Role::Client, b"one\n");
    let mut file = recorder.take();
    recorder.written();
    recorder.said(Time::ZERO, 1, Role::Client, b"two\n");
    recorder.seal();
    let _lost = recorder.take();
    recorder.said(Time::ZERO, 1, Role::Client, b"three\n");
    file.push_str(&recorder.break_off("no\nluck"));
    let read = Recording::read(file.as_bytes()).unwrap();
    assert!(matches!(read.tail, Tail::Cut { lines: 1, .. }), "{file}");
    assert!(read.transcript.to_string().contains("C: one\n"), "{file}");
    assert!(!file.contains("two") && !file.contains("three"), "{file}");
    assert!(
        file.ends_with("\n# the recording ends early: no\\nluck\n"),
        "{file}"
    );
}

#[test]
fn an_end_has_the_time_at_which_it_came() {
    // The server closes, and the client much later; the client only half-closes, and is answered.
    let mut r = recorder();
    r.said(at(0), 1, C, b"a\n");
    r.stopped(at(500), 1, S, Closing::Close);
    r.stopped(at(2000), 1, C, Closing::Close);
    assert_eq!(lines(r), "C: a\n+500ms\nS! close\n");
    let mut r = recorder();
    r.said(at(0), 1, C, b"a\n");
    r.stopped(at(500), 1, C, Closing::Close);
    r.said(at(2000), 1, S, b"b\n");
    r.stopped(at(2100), 1, S, Closing::Close);
    let expected = "C: a\n+500ms\nC! half-close\n+1500ms\nS: b\n+100ms\nS! close\n";
    assert_eq!(lines(r), expected);
    // What came meanwhile on another connection stands before it: no time runs backwards.
    let mut r = recorder();
    r.said(at(0), 1, C, b"a\n");
    r.stopped(at(500), 1, S, Closing::Close);
    r.said(at(1000), 2, C, b"b\n");
    r.stopped(at(2000), 1, C, Closing::Close);
    assert_eq!(lines(r), "C: a\n+1s\n2C: b\nS! close\n");
}
