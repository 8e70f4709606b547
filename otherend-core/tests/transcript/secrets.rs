//! Secrets never reach a recording: answers to prompts, and what is said again, however it is cut.

use std::time::Duration;

use otherend_core::transcript::{Masks, Recorder};
use otherend_core::{Role, Time};

const C: Role = Role::Client;
const S: Role = Role::Server;

/// The secret of these tests.
const SECRET: &str = "correcthorse7";

type Said<'a> = &'a [(Role, &'a str)];

/// The lines of a recording after its settings; `pause` is between any two bytes from `cut` on and
/// those before it.
fn recorded(said: Said<'_>, cut: usize, pause: Duration) -> String {
    let mut recorder = Recorder::new(Masks::usual(), "by a test");
    let mut now = Time::ZERO;
    let mut at = 0;
    for (who, text) in said {
        let (before, behind) = text.split_at(cut.saturating_sub(at).min(text.len()));
        for piece in [before, behind] {
            if !piece.is_empty() {
                recorder.said(now, 1, *who, piece.as_bytes());
            }
            if piece == before && !behind.is_empty() {
                now = now + pause;
            }
        }
        at += text.len();
    }
    recorder.end();
    let text = recorder.take();
    let body = text.split_once("\n\n").expect("a head").1;
    body[..body.rfind("#= end").expect("an end")]
        .replace("{{secret", "***")
        .replace(":text=****}}", "")
}

/// However the bytes come, the recording is `expected`; and wherever a pause cuts them into pieces,
/// no more of the secret than two bytes is in it.
fn masks(said: Said<'_>, expected: &str) {
    let length = said.iter().map(|(_, text)| text.len()).sum();
    for cut in 0..=length {
        let text = recorded(said, cut, Duration::ZERO);
        assert_eq!(text, expected, "cut at {cut}");
        let text = recorded(said, cut, Duration::from_millis(60));
        for part in SECRET.as_bytes().windows(3) {
            let part = std::str::from_utf8(part).expect("ASCII");
            assert!(!text.contains(part), "`{part}`, paused at {cut}:\n{text}");
        }
    }
}

#[test]
fn the_answer_to_a_prompt_is_masked_and_not_what_follows() {
    masks(
        &[
            (S, "login: "),
            (C, "bob\r\n"),
            (S, "Password: "),
            (C, "correcthorse7\r\n"),
            (S, "welcome\r\n"),
            (C, "correcthorse7\r\n"),
            (S, "again correcthorse7\r\n"),
            (C, "bye\r\n"),
        ],
        "S. login:\\x20\nC: bob\nS. Password:\\x20\nC: ***\nS: welcome\nC: ***\nS: again ***\n\
        C: bye\n",
    );
}

#[test]
fn prompts_look_like_this() {
    for prompt in [
        "password:",
        "[sudo] password for bob: ",
        "bob@host's password: ",
        "Enter PIN> ",
        "Enter passphrase for key '/home/bob/.ssh/id': ",
        "API key? ",
        "\x1b[1mPassword:\x1b[0m ",
        "line\r\nPassword (again): ",
    ] {
        let said = [(S, prompt), (C, "correcthorse7\r\n"), (S, "welcome\r\n")];
        let text = recorded(&said, 0, Duration::ZERO);
        assert!(text.ends_with("C: ***\nS: welcome\n"), "{prompt}: {text}");
    }
    for other in [
        "a compass: ",
        "login: ",
        "> ",
        "pass mark reached",
        "opinion: ",
    ] {
        let said = [(S, other), (C, "correcthorse7\n")];
        let text = recorded(&said, 0, Duration::ZERO);
        assert!(text.ends_with("C: correcthorse7\n"), "{other}: {text}");
    }
}

#[test]
fn a_prompt_behind_telnet_commands_is_one() {
    let mut recorder = Recorder::new(Masks::usual(), "");
    recorder.said(Time::ZERO, 1, S, b"Password: \xff\xfb\x01");
    recorder.said(Time::ZERO, 1, C, b"correcthorse7\r\n");
    recorder.end();
    assert!(!recorder.take().contains(SECRET));
}

#[test]
fn a_prompt_that_ends_its_line_asks_too_unless_the_server_goes_on() {
    masks(
        &[
            (S, "Password:\n"),
            (C, "correcthorse7\n"),
            (S, "ok\n"),
            (C, "RSET\n"),
        ],
        "S: Password:\nC: ***\nS: ok\nC: RSET\n",
    );
    masks(
        &[
            (S, "forgot your password?\n"),
            (S, "ready\n"),
            (C, "EHLO a\n"),
        ],
        "S: forgot your password?\nS: ready\nC: EHLO a\n",
    );
}

#[test]
fn news_between_a_prompt_and_its_answer_do_not_uncover_it() {
    let mut recorder = Recorder::new(Masks::usual(), "");
    for (who, bytes) in [
        (S, "hello\nPassword: "),
        (C, "correct"),
        (S, "\n* ann came\n* ann left\n"),
        (C, "horse7\n"),
        (C, "hello\n"),
    ] {
        recorder.said(Time::ZERO, 1, who, bytes.as_bytes());
    }
    recorder.end();
    let text = recorder.take();
    assert!(
        !text.contains("correct") && !text.contains("horse7"),
        "{text}"
    );
    assert!(text.contains("\nC: hello\n"), "{text}");
}

#[test]
fn what_is_said_again_is_masked_on_either_side() {
    masks(
        &[
            (C, "PASS correcthorse7\r\n"),
            (S, "From server -> PASS correcthorse7\r\n"),
            (C, "hi correcthorse7, correcthorse7\r\n"),
        ],
        "C: PASS ***\nS: From server -> PASS ***\nC: hi ***, ***\n",
    );
    masks(
        &[
            (C, "AUTH correcthorse7\n"),
            (S, "-ERR correcthorse7 is wrong\n"),
        ],
        "C: AUTH ***\nS: -ERR *** is wrong\n",
    );
    masks(
        &[
            (C, "x password=correcthorse7\n"),
            (S, "again correcthorse7\n"),
        ],
        "C: x password=***\nS: again ***\n",
    );
}

/// What a client says, and what of it is in the file.
const COMMANDS: &[(&str, &str)] = &[
    ("password \"x y1\"", "password ***"),
    ("AUTH LOGIN", "AUTH LOGIN"),
    ("AUTH TLS", "AUTH TLS"),
    ("AUTH SCRAM-SHA-256 biwsbj1hLHI9", "AUTH SCRAM-SHA-256 ***"),
    ("AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN"),
    ("AUTHENTICATE AGFubgBodW50", "AUTHENTICATE ***"),
    (
        "AUTHENTICATE \"PLAIN\" \"AGFubgBodW50\"",
        "AUTHENTICATE \"PLAIN\" ***",
    ),
    (
        "a2 AUTHENTICATE PLAIN AGFubgBodW50",
        "a2 AUTHENTICATE PLAIN ***",
    ),
    (
        "PRIVMSG NickServ :IDENTIFY x1",
        "PRIVMSG NickServ :IDENTIFY ***",
    ),
    ("NickServ IDENTIFY x1", "NickServ IDENTIFY ***"),
    ("NS IDENTIFY ann x1", "NS IDENTIFY ***"),
    ("NS SET PASSWORD x1", "NS SET PASSWORD ***"),
    ("OPER root x1", "OPER ***"),
    ("HELLO 3 AUTH default x1", "HELLO 3 AUTH default ***"),
    ("auth x1", "auth ***"),
    ("CONFIG SET requirepass x1", "CONFIG SET requirepass ***"),
    ("ACL SETUSER ann on >x1 ~*", "ACL SETUSER ann on >***"),
    ("X-Api-Key: x1", "X-Api-Key: ***"),
    ("Cookie: session=x1", "Cookie: ***"),
    ("Set-Cookie: sid=x1; Path=/", "Set-Cookie: sid=***; Path=/"),
    (
        "Proxy-Authorization: Basic YW5uOmg=",
        "Proxy-Authorization: Basic ***",
    ),
    ("GET /x?api_key=x1 HTTP/1.1", "GET /x?api_key=*** HTTP/1.1"),
    ("GET http://ann:x1@host/", "GET http://ann:***@host/"),
    ("{\"secret\":\"x1\"}", "{\"secret\":\"***\"}"),
    ("passcode:x1", "passcode:***"),
    ("LOGIN ann x1", "LOGIN ann ***"),
    ("SYST:COMM:LAN:PASS \"x1\"", "SYST:COMM:LAN:PASS ***"),
    ("AUTHINFO PASS x1", "AUTHINFO PASS ***"),
    ("APOP ann c4c9334bac560ecc", "APOP ***"),
    (
        "<auth mechanism='PLAIN'>AGFubg==</auth>",
        "<auth mechanism='PLAIN'>***</auth>",
    ),
    // What is none.
    ("login: ann", "login: ann"),
    ("identify yourself", "identify yourself"),
    ("GET http://host:80/a@b", "GET http://host:80/a@b"),
    ("passive x1", "passive x1"),
];

#[test]
fn what_a_client_says_to_log_in_is_masked() {
    for (said, expected) in COMMANDS {
        let line = format!("{said}\n");
        let text = recorded(&[(C, &line)], 0, Duration::ZERO);
        assert_eq!(text, format!("C: {expected}\n"));
    }
}

#[test]
fn each_secret_has_its_name_and_equal_ones_share_one() {
    masks(
        &[
            (C, "AUTHENTICATE PLAIN\n"),
            (S, "AUTHENTICATE +\n"),
            (C, "AGFubgBodW50\n"),
            (S, "no\n"),
            (C, "PASS correcthorse7\n"),
            (C, "PASS other\n"),
            (S, "password accepted\n"),
            (C, "PASS AGFubgBodW50\nPASS other\n"),
        ],
        "C: AUTHENTICATE PLAIN\nS: AUTHENTICATE +\nC: ***\nS: no\nC: PASS ***2\nC: PASS ***3\n\
        S: password accepted\nC: PASS ***\nC: PASS ***3\n",
    );
}

#[test]
fn a_secret_is_known_without_its_quotes_and_the_name_before_it() {
    masks(
        &[
            (C, "a1 LOGIN bob \"correcthorse7\"\n"),
            (S, "a1 NO correcthorse7\n"),
        ],
        "C: a1 LOGIN bob ***\nS: a1 NO ***2\n",
    );
    masks(
        &[(C, "AUTH bob correcthorse7\n"), (S, "no: correcthorse7\n")],
        "C: AUTH ***\nS: no: ***2\n",
    );
}

#[test]
fn the_beginning_of_a_secret_is_no_secret_of_its_own() {
    let mut recorder = Recorder::new(Masks::usual(), "");
    for at in 0..SECRET.len() {
        let piece = format!("{}{}", if at == 0 { "PASS " } else { "" }, &SECRET[at..=at]);
        let now = Time::ZERO + Duration::from_secs(at as u64);
        recorder.said(now, 1, C, piece.as_bytes());
    }
    let now = Time::ZERO + Duration::from_secs(60);
    recorder.said(now, 1, C, b"\n");
    recorder.said(now, 1, S, b"a correct answer\nnot correcthorse7\n");
    recorder.end();
    let text = recorder.take();
    assert!(
        text.contains("S: a correct answer\nS: not {{secret"),
        "{text}"
    );
}

#[test]
fn every_one_of_two_hundred_secrets_is_known_again() {
    let mut recorder = Recorder::new(Masks::usual(), "");
    for connection in 1..=200 {
        let pass = format!("PASS secret-{connection:03}\n");
        recorder.said(Time::ZERO, connection, C, pass.as_bytes());
    }
    for connection in 1..=200 {
        let again = format!("again secret-{connection:03}\n");
        recorder.said(Time::ZERO, 201 - connection, S, again.as_bytes());
    }
    recorder.end();
    assert!(!recorder.take().contains("secret-"));
}
