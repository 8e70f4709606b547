//! Playing a transcript as the client, the server and the referee.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::{
    Closing, Mismatch, Options, Outcome, Plan, Player, Reason, Timing, Transcript, Waits, lint,
};
use otherend_core::{Outbox, Role, Time};
use proptest::prelude::*;

const START: Time = Time::ZERO;

fn plan(file: &str) -> Arc<Plan> {
    let file = format!("otherend talk 1\n{file}");
    Arc::new(Plan::new(Transcript::parse(file.as_bytes()).unwrap()))
}

/// What one connection of a player did with what it heard.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    said: String,
    closing: Option<Closing>,
    outcome: Option<Outcome>,
    unexpected: Vec<Mismatch>,
}

/// Open connection 0, hear `pieces` and, if `ends`, the end.
fn play(mut player: Player, pieces: &[&[u8]], ends: bool) -> Heard {
    let mut out = Outbox::new();
    player.opened(0, START, &mut out);
    for piece in pieces {
        player.heard(0, START, piece, &mut out);
    }
    if ends {
        player.finished(0, START, &mut out);
    }
    Heard {
        said: String::from_utf8_lossy(out.unsent()).into_owned(),
        closing: player.closing(0),
        outcome: player.outcome().cloned(),
        unexpected: std::iter::from_fn(|| player.unexpected()).collect(),
    }
}

fn serve(file: &str, heard: &str) -> Heard {
    play(Player::server(plan(file)), &[heard.as_bytes()], false)
}

#[test]
fn the_script_is_said_from_either_end() {
    let file =
        "C: ENTER {{room:word=kitchen}}\nS: 210 entered {{room}}\nC: QUIT\nS: 221 bye\nS! close\n";
    let client = Player::client(plan(file));
    let heard = play(client, &[b"210 entered kitchen\n221 bye\n"], true);
    assert_eq!(heard.said, "ENTER kitchen\nQUIT\n");
    assert_eq!(
        (heard.outcome, heard.closing),
        (Some(Outcome::Passed), Some(Closing::Close))
    );

    let server = serve(file, "ENTER cellar\nQUIT\n");
    assert_eq!(server.said, "210 entered cellar\n221 bye\n");
    assert_eq!(
        (server.outcome, server.closing),
        (Some(Outcome::Passed), Some(Closing::Close))
    );
}

#[test]
fn rules_answer_what_the_script_does_not() {
    let file = "S: hello\nC: START\nS: started\n\non C: PING\nS: pong\n\n\
                on C: PING {{n:int=1}}\nS: pong {{n}}\n\non other\nS: what?\n";
    let heard = serve(file, "PING\nSTART\nPING 7\nSTART\nPING x\n");
    assert_eq!(heard.said, "hello\npong\nstarted\npong 7\nwhat?\nwhat?\n");
    assert_eq!(heard.unexpected, []);
}

#[test]
fn the_first_rule_in_the_file_wins() {
    let file = "on C: A {{x:word=b}}\nS: holed {{x}}\n\non C: A b\nS: plain\n\non C: B c\nS: plain\n\n\
                on C: B {{x:word=b}}\nS: holed {{x}}\n";
    assert_eq!(
        serve(file, "A b\nB c\nB d\n").said,
        "holed b\nplain\nholed d\n"
    );
}

#[test]
fn a_rule_fires_at_the_nth_time_and_before_others() {
    let file =
        "on connect\nS: hi\n\non C: PING\nS: pong\n\non after 3 C: PING\nS: enough\nS! close\n";
    let heard = serve(file, "PING\nPING\nPING\nPING\n");
    assert_eq!(heard.said, "hi\npong\npong\nenough\n");
    assert_eq!(heard.closing, Some(Closing::Close));
}

#[test]
fn what_nothing_fits_is_reported_and_the_server_goes_on() {
    let file = "C: A\nS: a\nC: B\nS: b\n";
    let heard = serve(file, "A\nX\nB\n");
    assert_eq!((&heard.said[..], heard.closing), ("a\nb\n", None));
    let [mismatch] = &heard.unexpected[..] else {
        panic!("{heard:?}");
    };
    assert_eq!((mismatch.line, &mismatch.heard[..]), (Some(4), &b"X\n"[..]));
    assert_eq!(mismatch.expected.as_deref(), Some("C: B"));
    assert_eq!(mismatch.before.len(), 2);
}

#[test]
fn a_strict_server_closes_then() {
    let player = Player::server(plan("C: A\nS: a\n"));
    let options = Options {
        strict: true,
        ..player.options()
    };
    let heard = play(player.with(options), &[b"X\nA\n"], false);
    assert_eq!((&heard.said[..], heard.closing), ("", Some(Closing::Close)));
    assert_eq!(heard.unexpected.len(), 1);
}

#[test]
fn values_of_rules_belong_to_the_connection() {
    let file = "on C: USER {{u:word=bob}}\nS: ok\n\non C: WHO\nS: {{u}}\n";
    assert_eq!(serve(file, "WHO\nUSER eve\nWHO\n").said, "bob\nok\neve\n");
    assert_eq!(serve(file, "WHO\n").said, "bob\n");
}

#[test]
fn a_client_stops_at_the_first_difference() {
    let client = Player::client(plan("S: 220 ready\nC: QUIT\n"));
    let heard = play(client, &[b"221 ready\n220 ready\n"], false);
    let Some(Outcome::Failed(mismatch)) = heard.outcome else {
        panic!("{heard:?}");
    };
    assert_eq!((heard.said.as_str(), mismatch.line), ("", Some(2)));
    assert_eq!(mismatch.difference.unwrap().at, 2);
}

#[test]
fn ends_are_heard_as_what_they_were() {
    let reason = |file, ends| match play(Player::client(plan(file)), &[b"bye\n"], ends).outcome {
        Some(Outcome::Failed(mismatch)) => Some(mismatch.reason),
        _ => None,
    };
    assert_eq!(reason("S: bye\nS! close\n", true), None);
    assert_eq!(reason("S: bye\nS! half-close\n", true), None);
    let closed = Some(Reason::Ended(Closing::Close));
    assert_eq!(reason("S: bye\nS! reset\n", true), closed);
    assert_eq!(reason("S: bye\nS: and\n", true), closed);
    assert_eq!(reason("S! close\n", true), Some(Reason::Unexpected));

    let mut client = Player::client(plan("S: bye\nS! reset\n"));
    let mut out = Outbox::new();
    client.opened(0, START, &mut out);
    client.heard(0, START, b"bye\n", &mut out);
    client.lost(0, START, &mut out);
    assert_eq!(client.outcome(), Some(&Outcome::Passed));
}

#[test]
fn who_resets_is_named_in_whosever_turn_it_is() {
    let mut server = Player::server(plan("C: a\n+3s\nS: late\n"));
    server = server.with(Options {
        timing: Timing::Speed(1.0),
        timeout: None,
        strict: false,
    });
    let mut out = Outbox::new();
    server.opened(0, START, &mut out);
    server.heard(0, START, b"a\n", &mut out);
    server.lost(0, START, &mut out);
    let mismatch = server.unexpected().unwrap();
    assert_eq!(mismatch.to_string(), "the client reset the connection");
    assert_eq!((mismatch.line, mismatch.expected), (Some(4), None));
}

#[test]
fn a_server_ends_as_the_file_says() {
    let closing = |end| serve(&format!("C: A\nS! {end}\n"), "A\n").closing;
    assert_eq!(closing("close"), Some(Closing::Close));
    assert_eq!(closing("half-close"), Some(Closing::HalfClose));
    assert_eq!(closing("reset"), Some(Closing::Reset));
}

#[test]
fn patience_ends_after_the_files_timeout() {
    let mut client = Player::client(plan("timeout 3s\nC: A\nS: 250 ok\n"));
    let mut out = Outbox::new();
    client.opened(0, START, &mut out);
    client.heard(0, START + Duration::from_secs(1), b"250", &mut out);
    let due = client.deadline(0).unwrap();
    assert_eq!(due, START + Duration::from_secs(3));
    client.tick(0, START + Duration::from_secs(2), &mut out);
    assert_eq!(client.outcome(), None);
    client.tick(0, due, &mut out);
    let Some(Outcome::Failed(mismatch)) = client.outcome() else {
        panic!("still waiting");
    };
    assert_eq!(mismatch.reason, Reason::Silent(Duration::from_secs(3)));
    assert_eq!(mismatch.heard, b"250");
    assert_eq!(mismatch.difference.as_ref().unwrap().at, 3);
}

#[test]
fn pauses_are_kept_only_when_asked() {
    let file = "on C: A\nS: one\n+2s\nS: two\n";
    assert_eq!(serve(file, "A\n").said, "one\ntwo\n");
    let player = Player::server(plan(file));
    let options = Options {
        timing: Timing::Speed(2.0),
        ..player.options()
    };
    let mut player = player.with(options);
    let mut out = Outbox::new();
    player.opened(0, START, &mut out);
    player.heard(0, START, b"A\nA\n", &mut out);
    assert_eq!(out.unsent(), b"one\n");
    assert_eq!(player.deadline(0), Some(START + Duration::from_secs(1)));
    player.tick(0, START + Duration::from_secs(1), &mut out);
    assert_eq!(out.unsent(), b"one\ntwo\none\n");
}

#[test]
fn connections_open_in_order_and_speak_in_the_order_of_the_file() {
    let file = "C: first\nS: one\n2C! connect\n2C: second\nC: third\n2S: two\nS: three\n";
    let mut client = Player::client(plan(file));
    let mut outs = [Outbox::new(), Outbox::new()];
    assert_eq!(client.to_open(), Some(0));
    client.opened(0, START, &mut outs[0]);
    assert_eq!(
        (client.to_open(), outs[0].unsent()),
        (None, &b"first\n"[..])
    );
    client.heard(0, START, b"one\n", &mut outs[0]);
    assert_eq!(client.to_open(), Some(1));
    assert_eq!(
        (client.stirred(), outs[0].unsent()),
        (None, &b"first\n"[..])
    );
    client.opened(1, START, &mut outs[1]);
    assert_eq!(
        (client.stirred(), outs[1].unsent()),
        (Some(0), &b"second\n"[..])
    );
    client.tick(0, START, &mut outs[0]);
    assert_eq!(
        (client.stirred(), outs[0].unsent()),
        (None, &b"first\nthird\n"[..])
    );
    client.heard(0, START, b"three\n", &mut outs[0]);
    client.heard(1, START, b"two\n", &mut outs[1]);
    assert_eq!(client.outcome(), Some(&Outcome::Passed));
}

#[test]
fn values_of_the_script_belong_to_the_file() {
    let file = "S: you are {{id:int=1}}\n2C: I know {{id}}\n2S: hello {{id}}\n";
    let mut client = Player::client(plan(file));
    let mut outs = [Outbox::new(), Outbox::new()];
    client.opened(0, START, &mut outs[0]);
    client.opened(1, START, &mut outs[1]);
    // What the second connection says has to be heard on the first one.
    assert_eq!(
        (client.waits(1), outs[1].unsent()),
        (Waits::Others, &b""[..])
    );
    client.heard(0, START, b"you are 42\n", &mut outs[0]);
    assert_eq!(client.stirred(), Some(1));
    client.tick(1, START, &mut outs[1]);
    assert_eq!(outs[1].unsent(), b"I know 42\n");
}

#[test]
fn the_referee_says_which_side_differs() {
    let file = "C: RING 3\nS: 250 rang 3\nC: QUIT\nS! close\nC! close\n";
    let fit = |c: &[u8], s: &[u8]| {
        let mut referee = Player::referee(plan(file));
        referee.opened(0, START, &mut Outbox::new());
        referee.overheard(0, START, Role::Server, s);
        referee.overheard(0, START, Role::Client, c);
        referee.saw_end(0, START, Role::Server, Closing::Close);
        referee.saw_end(0, START, Role::Client, Closing::Close);
        referee.outcome().cloned()
    };
    assert_eq!(
        fit(b"RING 3\nQUIT\n", b"250 rang 3\n"),
        Some(Outcome::Passed)
    );
    let who = |outcome| match outcome {
        Some(Outcome::Failed(mismatch)) => Some((mismatch.who, mismatch.line)),
        _ => None,
    };
    assert_eq!(
        who(fit(b"RING 3\nQUIT\n", b"250 rang 4\n")),
        Some((Role::Server, Some(3)))
    );
    assert_eq!(
        who(fit(b"RING 3\nQUIX\n", b"250 rang 3\n")),
        Some((Role::Client, Some(4)))
    );
    assert_eq!(
        who(fit(b"RING 3\nQUIT\nQUIT\n", b"250 rang 3\n")),
        Some((Role::Client, Some(6)))
    );
    assert_eq!(
        who(fit(b"RING 3\n", b"250 rang 3\n")),
        Some((Role::Client, Some(4)))
    );
}

#[test]
fn a_line_as_long_as_the_files_is_waited_for() {
    // No line of the file may be as long, but its pieces are heard as one.
    let piece = "x".repeat(1 << 19);
    let long = piece.repeat(4);
    let heard = |line: &str| {
        let pieces = format!("S. {piece}\n").repeat(3);
        let client = Player::client(plan(&format!("{pieces}S: {piece}\n")));
        let pieces: Vec<&[u8]> = line.as_bytes().chunks(65_536).collect();
        play(client, &pieces, false).outcome
    };
    assert_eq!(heard(&format!("{long}\n")), Some(Outcome::Passed));
    assert!(matches!(
        heard(&format!("{long}xx")),
        Some(Outcome::Failed(_))
    ));
}

#[test]
fn a_referee_that_must_keep_too_much_gives_up() {
    let mut referee = Player::referee(plan("S: hello\nC: x\n"));
    referee.opened(0, START, &mut Outbox::new());
    let mut heard = 0;
    while referee.outcome().is_none() {
        referee.overheard(0, START, Role::Client, &[b'x'; 65_536]);
        heard += 65_536;
        assert!(heard <= 17 << 20, "{heard} bytes are kept");
    }
    assert!(heard > 16 << 20, "{heard} bytes are not much");
    assert_eq!(referee.unheard_len(0), 0);
    let Some(Outcome::Failed(mismatch)) = referee.outcome() else {
        panic!("nothing was checked");
    };
    assert_eq!(
        (mismatch.who, &mismatch.reason),
        (Role::Client, &Reason::TooMuch)
    );
    let told = mismatch.to_string();
    assert_eq!(
        told,
        "the client said over 16 MiB that could not be checked yet"
    );
}

#[test]
fn a_datagram_is_a_step() {
    let file = "over udp\neol crlf\nC: PING\nS: PONG\nS. and\non C: X\nS: 1\nS: 2\n";
    let mut server = Player::server(plan(file));
    let mut out = Outbox::new();
    server.opened(0, START, &mut out);
    server.heard(0, START, b"PING\r\n", &mut out);
    assert_eq!(
        (out.unsent(), server.stirred()),
        (&b"PONG\r\n"[..], Some(0))
    );
    let mut out = Outbox::new();
    server.tick(0, START, &mut out);
    assert_eq!((out.unsent(), server.stirred()), (&b"and"[..], None));
    let mut out = Outbox::new();
    server.heard(0, START, b"X\r\n", &mut out);
    assert_eq!((out.unsent(), server.stirred()), (&b"1\r\n"[..], Some(0)));

    let mut client = Player::client(plan("over udp\nC: a\nC: b\nC: c\nS: d\n"));
    let mut out = Outbox::new();
    client.opened(0, START, &mut out);
    for datagram in [b"a\n", b"b\n", b"c\n"] {
        assert_eq!(out.unsent(), datagram);
        out = Outbox::new();
        client.tick(0, START, &mut out);
    }
    assert!(out.is_empty());

    let mut client = Player::client(plan("over udp\nS. ab\nS. c\n"));
    client.opened(0, START, &mut out);
    client.heard(0, START, b"abc", &mut out);
    assert!(matches!(client.outcome(), Some(Outcome::Failed(_))));
}

#[test]
fn what_was_reached_is_counted() {
    let plan = plan("C: A\nS: a\nC: B\n\non C: P\nS: p\n\non C: Q\nS: q\n");
    let mut server = Player::server(Arc::clone(&plan));
    let mut out = Outbox::new();
    assert_eq!(plan.unreached(), [2, 3, 4, 6, 9]);
    server.opened(0, START, &mut out);
    server.heard(0, START, b"A\nP\n", &mut out);
    assert_eq!(plan.unreached(), [4, 9]);
}

#[track_caller]
fn finds(file: &str, expected: &[(usize, &str)]) {
    let found = lint(&plan(file));
    let found: Vec<_> = found.iter().map(|f| (f.line, f.what.to_string())).collect();
    let found: Vec<_> = found
        .iter()
        .map(|(line, what)| (*line, &what[..]))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn lint_plays_both_ends() {
    finds(
        "C: A\nS: a {{n:int=1}}\n2C: B {{n}}\n2S: b\nS! close\n",
        &[],
    );
    finds(
        "S: {{a:word=x y\\x20}}\nC: {{a}}\n"
            .replace("x y\\x20", "x")
            .as_str(),
        &[],
    );
    finds(
        "S: {{a:text=x y}} {{b:text=z}}\n",
        &[
            (2, "`a` takes another part of its line than its sample"),
            (2, "`b` takes another part of its line than its sample"),
        ],
    );
    finds(
        "on C: A {{_:text=x}}\nS: 1\n\non C: A b\nS: 2\n\non C: C\n\non C: C\n\non other\n\non other\n",
        &[
            (5, "this rule never fires: line 2 answers before it"),
            (10, "this rule never fires: line 8 answers before it"),
            (14, "this rule never fires: line 12 answers before it"),
        ],
    );
    finds(
        "let x = 1\nS. {{n:int=1}}\nC: {{_:int=1}}{{_:int=2}}\nC: {{s:text=****}}\n+1s\n",
        &[
            (2, "nothing refers to `x`"),
            (
                3,
                "nothing tells where this hole ends: it takes as little as it can",
            ),
            (
                4,
                "nothing parts these holes: the first takes as little as it can",
            ),
            (5, "a masked secret: to say it, use `--set s=…`"),
            (6, "nothing comes after this pause"),
        ],
    );
}

#[test]
fn lint_takes_the_time_of_a_last_comment_for_none_too_many() {
    finds("S: 1\n+1s\n# the tap is stopping\n", &[]);
    finds(
        "S: 1\n# and then\n+1s\n",
        &[(4, "nothing comes after this pause")],
    );
}

#[test]
fn lint_finds_rules_that_wait_for_what_is_no_line() {
    let never = "this rule never fires: a line ends at its first LF; what comes in several lines can \
        be heard by steps (`C:` …), or by a rule for each";
    finds(
        "let x = a\\nb\non C: a\\nb\nS: 1\n\non C: {{x}}c\nS: 2\n\non C: {{_:int=1}}\\n{{_:int=2}}\nS: 3\n\n\
        on after 2 C: a\\n\nS: 4\n\non C: a\\r\nS: 5\n",
        &[(3, never), (6, never), (9, never), (12, never)],
    );
    finds("over udp\non C: a\\nb\nS: 1\n", &[]);
    finds(
        "on after 2 C: a\nS: 1\n\non after 3 C: a\nS: 2\n\non after 2 C: a\nS: 3\n",
        &[(8, "this rule never fires: line 2 answers before it")],
    );
}

#[test]
fn lint_finds_rules_among_what_has_no_lines() {
    let odd = "a rule waits for a line with LF at its end, and nothing that this file says has one: \
        a peer that ends with CR or nothing sets off no rule; say what ends a message instead (`eol cr`, \
        `framing stx` …)";
    for file in [
        "on C: *IDN?\nS. ACME,1\\r\n",
        "on C: \\x01ping\\x02\nS. \\x01pong\\x02\n",
        "on C: ping\nS# 01 0d\n\non after 2 C: ping\nS. x\n",
    ] {
        finds(file, &[(2, odd)]);
    }
    for file in [
        "on C: a\nS. b\\r\n\non C: c\nS. d\\n\n",
        "on C: a\nS. b\n\non connect\nS: hello\n",
        "on connect\nS. b\n",
        "on C: a\n",
        "C. a\nS. b\n\non other\nS. c\n",
        "on C: a\nS# 0d 0a\n",
    ] {
        finds(file, &[]);
    }
}

const TALK: &str = "eol crlf\nS: 220 {{host:word=mx}} ready\nC: EHLO me\nS. 250-{{host}}\\r\\n250 \n\
    S: ok\nC. login: \nC: {{user:word=bob}}\nS# ff fd 18\nS. Password: \nC: x\nS: hello {{user}}\n\
    C! half-close\nS: 221 {{_:time=10:15:09}}\nS! close\n\
    \non C: NOOP\nS: 250 noop\n\non C: VRFY {{u:word=a}}\n+1s\nS: 250 {{u}}\nS. x\n\n\
    on after 2 C: NOOP\nS: again\n\non other\nS: 500 what\n";

fn talk() -> String {
    TALK.replace("250 \n", "250 \\x20\n")
        .replace("login: \n", "login: \\x20\n")
        .replace("Password: \n", "Password: \\x20\n")
}

/// Every result must be what hearing all at once gives.
fn same_however_cut(
    make: impl Fn() -> Player,
    heard: &[u8],
    cuts: &[usize],
) -> Result<(), TestCaseError> {
    let whole = play(make(), &[heard], true);
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts {
        let to = (*cut).clamp(from, heard.len());
        pieces.push(&heard[from..to]);
        from = to;
    }
    pieces.push(&heard[from..]);
    prop_assert_eq!(play(make(), &pieces, true), whole);
    Ok(())
}

#[test]
fn every_cut_gives_the_same_result() {
    let plan = plan(&talk());
    let good = b"220 mx1 ready\r\n250-mx1\r\n250  ok\r\n\xff\xfd\x18Password:  hello bob\r\n221 10:15:09\r\n";
    let passed = play(Player::client(Arc::clone(&plan)), &[good], true);
    assert_eq!(passed.outcome, Some(Outcome::Passed), "{passed:?}");
    let client = || Player::client(Arc::clone(&plan));
    let server = || Player::server(Arc::clone(&plan));
    let said =
        b"NOOP\r\nEHLO me\r\nNOOP\r\nwhat\r\nlogin:  VRFY x\r\nlogin:  eve\r\nVRFY y\r\nx\r\n";
    for first in 0..good.len() {
        let all: Vec<usize> = (0..good.len()).collect();
        same_however_cut(client, good, &[first]).unwrap();
        same_however_cut(client, good, &all).unwrap();
        // One byte less, and one other byte: both must fail in the same way however they are cut.
        let mut other = good.to_vec();
        other[first] ^= 1;
        same_however_cut(client, &other, &all).unwrap();
        other.remove(first);
        same_however_cut(client, &other, &all).unwrap();
    }
    for first in 0..said.len() {
        let all: Vec<usize> = (0..said.len()).collect();
        same_however_cut(server, said, &[first]).unwrap();
        same_however_cut(server, said, &all).unwrap();
    }
}

proptest! {
    #[test]
    fn random_lines_cut_anywhere_give_the_same_result(
        lines in prop::collection::vec(prop::sample::select(vec![
            "220 a ready\r\n", "250-a\r\n", "250  ok\r\n", "NOOP\r\n", "EHLO me\r\n", "login:  x\r\n",
            "VRFY z\r\n", "\n", "\r", "x", "hello x\r\n", "Password:  ", "221 10:15\r\n",
        ]), 0..12),
        mut cuts in prop::collection::vec(0..160usize, 0..8),
    ) {
        cuts.sort_unstable();
        let plan = plan(&talk());
        let heard = lines.concat();
        same_however_cut(|| Player::client(Arc::clone(&plan)), heard.as_bytes(), &cuts)?;
        same_however_cut(|| Player::server(Arc::clone(&plan)), heard.as_bytes(), &cuts)?;
    }
}

#[track_caller]
fn shows(file: &str, heard: &[u8], screen: &str) {
    let Some(Outcome::Failed(mismatch)) = play(Player::client(plan(file)), &[heard], true).outcome
    else {
        panic!("it passed");
    };
    assert_eq!(mismatch.render("x.talk"), screen);
}

#[test]
fn a_mismatch_shows_where_and_what_came_before() {
    let file = "eol crlf\nC: RING 3\nS: 250 ticket {{t:hex=0b1e}}\nC: STATUS {{t}}\n\
                S: 251 {{t}} done at {{_:time=10:15}}\nS! close\n";
    let before = "    C: RING 3\n    S: 250 ticket beef\n    C: STATUS beef\n";
    let shows = |heard: &str, rest: &str| {
        let heard = format!("250 ticket beef\r\n{heard}");
        shows(file, heard.as_bytes(), &format!("{before}{rest}"));
    };
    shows(
        "251 bead done at 10:15\r\n",
        "x.talk:6: the server said something else\n\
        \x20   expected  S: 251 {{t}} done at {{_:time=10:15}}\n\
        \x20   heard     S: 251 bead done at 10:15\n\
        \x20                      ^ expected `ef`, the value of t\n",
    );
    shows(
        "251 beef done at noon\r\n",
        "x.talk:6: the server said something else\n\
        \x20   expected  S: 251 {{t}} done at {{_:time=10:15}}\n\
        \x20   heard     S: 251 beef done at noon\n\
        \x20                                 ^ expected a date or time such as `2026-03-02T10:15:09Z`\n",
    );
    shows(
        "251 beef done at 10:15\n",
        "x.talk:6: the server ended the line with LF, not with CR LF\n\
        \x20   expected  S: 251 {{t}} done at {{_:time=10:15}}\n\
        \x20   heard     S. 251 beef done at 10:15\\n\n\
        \x20                                      ^ expected `\\r\\n`\n",
    );
    shows(
        "251 be\x1b",
        "x.talk:6: the server closed the connection before this\n\
        \x20   expected  S: 251 {{t}} done at {{_:time=10:15}}\n\
        \x20   heard     S. 251 be\\x1b\n\
        \x20                      ^ expected `ef`, the value of t\n",
    );
    shows(
        "251 beef done at 10:15\r\nmore\r\n",
        "    S: 251 beef done at 10:15\nx.talk:7: the server went on speaking\n    expected  S! close\n    heard     S: more\n",
    );
}
