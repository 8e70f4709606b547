//! Recordings of messages in frames.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{Closing, Masks, Plan, Player, Recorder, Recording, Tail, lint};
use otherend_core::{Drawing, Outbox, Role, Time};

const C: Role = Role::Client;
const S: Role = Role::Server;

fn at(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(millis)
}

fn recorder(framing: &str) -> Recorder {
    Recorder::new(Masks::usual(), "by a test").framed(framing.parse().unwrap())
}

/// The whole file, which is complete and canonical.
fn text(mut recorder: Recorder) -> String {
    recorder.end();
    let text = recorder.take();
    let recording = Recording::read(text.as_bytes()).unwrap();
    assert_eq!(recording.tail, Tail::Complete);
    assert_eq!(recording.transcript.to_string(), text, "it is canonical");
    text
}

/// The lines between the settings and the last seal.
fn lines(recorder: Recorder) -> String {
    let text = text(recorder);
    let body = text.split_once("\n\n").unwrap().1;
    body[..body.rfind("#= end").unwrap()].to_owned()
}

/// What is recorded of a client that says this in pieces of `size`.
fn said(framing: &str, bytes: &[u8], size: usize) -> String {
    let mut r = recorder(framing);
    for piece in bytes.chunks(size) {
        r.said(at(0), 1, C, piece);
    }
    lines(r)
}

#[track_caller]
fn is(framing: &str, bytes: &[u8], expected: &str) {
    for size in 1..=bytes.len() {
        assert_eq!(said(framing, bytes, size), expected, "in pieces of {size}");
    }
}

#[test]
fn messages_are_steps_and_what_is_in_no_frame_is_a_piece() {
    let hex = "# secrets are looked for in text only: what is in hex is as it was said\n";
    is(
        "stx",
        b"\x02ID?\x03junk\x02\x01\x02\x03\x02ha",
        &format!("C: ID?\nC. junk\n{hex}C# 01 02\nC. \\x02ha\n"),
    );
    is(
        "u16",
        b"\0\x02hi\0\0\0\x05PASS ",
        "C: hi\nC:\nC: PASS\\x20\n",
    );
    is("slip", b"\xc0hi\xc0\xc0ho\xc0", "C: hi\nC: ho\n");
    // Behind a length that cannot be, nothing is a frame.
    let lost = said("netstring", b"2:hi,x:hi,2:hi,", 100);
    assert_eq!(lost, "C: hi\nC. x\nC. :hi,2:hi,\n");
}

#[test]
fn a_message_is_a_step_whoever_speaks_meanwhile() {
    let mut r = recorder("u16");
    r.opened(at(0), 1);
    r.said(at(0), 1, C, b"\0\x02a1\0\x02a");
    r.said(at(30), 1, S, b"\0\x02b1");
    r.said(at(60), 1, C, b"2");
    r.stopped(at(60), 1, C, Closing::Close);
    assert_eq!(
        lines(r),
        "C! connect\nC: a1\n+30ms\nS: b1\n+30ms\nC: a2\nC! close\n"
    );
}

#[test]
fn a_frame_that_waits_for_its_rest_is_written_in_pieces() {
    let mut r = recorder("u16");
    r.said(at(0), 1, C, b"\0\x04he");
    assert!(r.is_mid_line());
    r.cut_all();
    assert!(!r.is_mid_line(), "all that was said is written");
    r.said(at(2000), 1, C, b"re\0\x01x");
    assert_eq!(lines(r), "C. \\0\\x04he\n+2s\nC. re\nC: x\n");
}

#[test]
fn secrets_are_masked_as_in_lines() {
    let mut r = recorder("stx");
    r.said(at(0), 1, C, b"\x02PASS hunter2\x03\x02again hun");
    r.said(at(0), 1, C, b"ter2\x03\x02\0hunter2\x03");
    assert_eq!(
        lines(r),
        "C: PASS {{secret:text=****}}\nC: again {{secret:text=****}}\n\
         C: \\0{{secret:text=****}}\n"
    );
    let mut r = Recorder::new(Masks::none(), "").framed("u8".parse().unwrap());
    r.said(at(0), 1, C, b"\x02\0\xff");
    assert_eq!(
        lines(r),
        "C# 00 ff\n",
        "nothing is masked, and that is known"
    );
}

#[test]
fn what_no_line_of_a_file_holds_is_written_in_pieces() {
    let long = vec![b'x'; 300_000];
    let mut frame = Vec::new();
    let drawing: Drawing = "u32".parse().unwrap();
    drawing.encode(&long, &mut frame).unwrap();
    let mut r = recorder("u32");
    r.said(at(0), 1, C, &frame);
    r.said(at(0), 1, C, b"\0\0\0\x01x\xff\xff\xff\xff");
    r.said(at(0), 1, C, b"what\0\0\0\x01");
    let lines = lines(r);
    let mut steps = lines.lines();
    assert_eq!(steps.next(), Some("# a message of 300000 bytes, in pieces"));
    assert_eq!(steps.clone().filter(|line| line.ends_with('x')).count(), 6);
    assert!(lines.ends_with(
        "\nC: x\n# a message of over 1 MiB: what this end says from here on is in no frame\n\
         C. \\xff\\xff\\xff\\xff\nC. what\\0\\0\\0\\x01\n"
    ));
}

#[test]
fn silence_ends_a_message_where_the_drawing_says_so() {
    let drawing: Drawing = "rtu".parse().unwrap();
    let frame = |message: &[u8]| {
        let mut frame = Vec::new();
        drawing.encode(message, &mut frame).unwrap();
        frame
    };
    let (ask, tell) = (frame(b"\x11\x03\0\x6b"), frame(b"\x11\x03\x02\0\x2a"));
    let mut r = recorder("rtu");
    r.said(at(0), 1, C, &ask[..3]);
    r.said(at(1), 1, C, &ask[3..]);
    r.said(at(30), 1, C, &ask);
    // Who answers at once has heard all of it.
    r.said(at(31), 1, S, &tell);
    r.said(at(60), 1, C, &ask[..3]);
    r.said(at(90), 1, C, &ask[3..]);
    let lines = lines(r);
    let lines: Vec<_> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(
        lines,
        [
            "C# 11 03 00 6b",
            "+29ms",
            "C# 11 03 00 6b",
            "S# 11 03 02 00 2a",
            "+30ms",
            "C. \\x11\\x03\\0",
            "+30ms",
            "C. k\\xb4\\xf7"
        ]
    );
}

/// What a server with this plan says to `heard`, and what did not fit.
fn serve(plan: &Arc<Plan>, heard: &[u8]) -> (Vec<u8>, Vec<String>) {
    let mut player = Player::server(Arc::clone(plan));
    let (now, mut out) = (Time::ZERO, Outbox::new());
    player.opened(0, now, &mut out);
    player.heard(0, now, heard, &mut out);
    player.finished(0, now, &mut out);
    let wrong = std::iter::from_fn(|| player.unexpected());
    let wrong = wrong.map(|it| it.render("x.talk")).collect();
    (out.unsent().to_vec(), wrong)
}

#[test]
fn a_recording_under_every_short_name_plays_as_it_is() {
    let messages: [&[u8]; 6] = [
        b"ping 1",
        b"what is this? 250 ok, or not ",
        b"\x01\x02\x03\x04\x05",
        b"\x00\xff\xc0\xdb\x7f\x80",
        b"C: {{x}} \\x00",
        b"p",
    ];
    for (name, _) in Drawing::catalogue() {
        let drawing: Drawing = name.parse().unwrap();
        let mut r = recorder(name);
        r.opened(at(0), 1);
        let (mut asked, mut told, mut count) = (Vec::new(), Vec::new(), 0);
        for message in messages {
            let mut frame = Vec::new();
            if drawing.encode(message, &mut frame).is_err() {
                continue;
            }
            let now = at(100 * count);
            r.said(now, 1, C, &frame);
            r.said(now + Duration::from_millis(50), 1, S, &frame);
            (count, asked) = (count + 1, [&asked[..], &frame].concat());
            told.extend_from_slice(&frame);
        }
        r.stopped(at(9000), 1, C, Closing::Close);
        r.stopped(at(9000), 1, S, Closing::Close);
        let text = text(r);
        assert!(text.contains(&format!("\nframing  {name}\n")), "{text}");
        assert!(count >= 3, "{name}");
        let steps = text.lines().filter(|line| line.starts_with(['C', 'S']));
        assert_eq!(steps.count() as u64, 2 * count + 2, "{text}");
        let plan = Recording::read(text.as_bytes()).unwrap().transcript;
        let plan = Arc::new(Plan::new(plan));
        assert_eq!(lint(&plan), [], "{text}");
        if drawing.idle().is_none() {
            assert_eq!(serve(&plan, &asked), (told, Vec::new()), "{text}");
        }
    }
}
