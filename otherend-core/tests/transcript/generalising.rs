//! What looks variable becomes a hole.

use std::sync::Arc;

use otherend_core::transcript::{Outcome, Plan, Player, Transcript, generalise, lint, varying};
use otherend_core::{Outbox, Time};

#[track_caller]
fn becomes(steps: &str, expected: &str) {
    let file = format!("otherend talk 1\n{steps}");
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let general = generalise(&transcript);
    assert_eq!(general.to_string(), format!("otherend talk 1\n{expected}"));
    let read = Transcript::parse(general.to_string().as_bytes()).unwrap();
    let findings = lint(&Arc::new(Plan::new(read)));
    assert!(
        !findings.iter().any(|found| found.what.is_fatal()),
        "{findings:?}"
    );
}

#[test]
fn what_occurs_once_is_forgotten() {
    becomes(
        "S: 220 mx ready at 2026-03-02T10:15:09Z, pid 31415\n",
        "S: 220 mx ready at {{_:time=2026-03-02T10:15:09Z}}, pid {{_:int=31415}}\n",
    );
    becomes(
        "S: took 0.00123 s\n",
        "S: took {{_:/[0-9]+\\.[0-9]+/=0.00123}} s\n",
    );
    becomes(
        "S: build deadbeef01 of v1.2.3\n",
        "S: build {{_:hex=deadbeef01}} of v1.2.3\n",
    );
    becomes(
        "S: 1795246175321-0 written\n",
        "S: {{_:int=1795246175321}}-0 written\n",
    );
    becomes(
        "S: queued as 4bXyZ12QwEr9\n",
        "S: queued as {{_:word=4bXyZ12QwEr9}}\n",
    );
}

#[test]
fn an_id_in_quotes_ends_with_them() {
    becomes(
        "S: {\"server\":\"NAKVUNBYH4QZBLL32UK6\",\"go\":\"go1.19.8\"}\n",
        "S: {\"server\":\"{{_:/[A-Za-z0-9_-]+/=NAKVUNBYH4QZBLL32UK6}}\",\"go\":\"go1.19.8\"}\n",
    );
}

#[test]
fn a_small_number_is_variable_if_its_label_says_so() {
    becomes(
        "S: {\"client_id\":4,\"port\":4222,\"proto\":4,\"paid\":4}\n",
        "S: {\"client_id\":{{_:int=4}},\"port\":{{_:int=4222}},\"proto\":4,\"paid\":4}\n",
    );
    becomes(
        "C: {\"id\":1,\"sid\":1}\nS: {\"id\":1}\nC: {\"reqId\": 2}\n",
        "C: {\"id\":{{id:int=1}},\"sid\":{{_:int=1}}}\nS: {\"id\":{{id}}}\nC: {\"reqId\": {{_:int=2}}}\n",
    );
}

#[test]
fn what_occurs_again_is_one_value() {
    becomes(
        "S: peer 10.1.2.3:50123\nC: ping 10.1.2.3\nS: port 50123 of 10.1.2.3\n",
        "S: peer {{ip:ip=10.1.2.3}}:{{int:int=50123}}\nC: ping {{ip}}\nS: port {{int}} of {{ip}}\n",
    );
    becomes(
        "S: id=123e4567-e89b-12d3-a456-426614174000\nC: get 123e4567-e89b-12d3-a456-426614174000\n",
        "S: id={{id:uuid=123e4567-e89b-12d3-a456-426614174000}}\nC: get {{id}}\n",
    );
}

#[test]
fn equal_times_and_durations_are_chance() {
    becomes(
        "S: 10:15:09\nS: 10:15:09\n",
        "S: {{_:time=10:15:09}}\nS: {{_:time=10:15:09}}\n",
    );
    becomes(
        "S: 0.001 s and 0.001 s\n",
        "S: {{_:/[0-9]+\\.[0-9]+/=0.001}} s and {{_:/[0-9]+\\.[0-9]+/=0.001}} s\n",
    );
}

#[test]
fn a_sum_of_durations_may_have_other_parts() {
    becomes(
        "S: done (0.001 + 0.000 secs).\n",
        "S: done ({{_:/[0-9]+\\.[0-9]+( \\+ [0-9]+\\.[0-9]+)*/=0.001 + 0.000}} secs).\n",
    );
    becomes(
        "S: 1.5 + 2.5 and 1.0.1 + 2\n",
        "S: 1.5 + 2.5 and 1.0.1 + 2\n",
    );
}

#[test]
fn plain_words_and_small_numbers_stay() {
    let plain = "C: RING 3\nS: 250 rang 3 times, 1024 bytes of 2026\nS: 250-SIZE 9999\n\
                 S: facade and decade, effaced\nC: QUIT-RIGHT-NOW\n\
                 S: 250-localhost\nS: 250-8BITMIME\nS# ff fd 18\n";
    becomes(plain, plain);
}

#[test]
fn holes_and_their_names_stay() {
    becomes(
        "let int = x\nS: {{ip:ip=10.0.0.1}} {{int}}\nS: 10.0.0.2 and 10.0.0.2, 77777 77777\n",
        "let      int = x\nS: {{ip:ip=10.0.0.1}} {{int}}\n\
        S: {{ip2:ip=10.0.0.2}} and {{ip2}}, {{int2:int=77777}} {{int2}}\n",
    );
}

#[test]
fn seals_go() {
    becomes(
        "#= recorded by hand\nC: a\n#= 00000000\n# kept\n",
        "C: a\n# kept\n",
    );
}

/// What is advised when a file of one line hears another.
fn advice(expected: &str, heard: &str) -> Option<(String, bool)> {
    let file = format!("otherend talk 1\nS: {expected}\n");
    let plan = Plan::new(Transcript::parse(file.as_bytes()).unwrap());
    let mut player = Player::client(Arc::new(plan));
    let mut out = Outbox::new();
    player.opened(0, Time::ZERO, &mut out);
    player.heard(0, Time::ZERO, format!("{heard}\n").as_bytes(), &mut out);
    let Some(Outcome::Failed(mismatch)) = player.outcome() else {
        panic!("`{heard}` fits");
    };
    varying(mismatch).map(|varying| (varying.hole.to_string(), varying.generalises))
}

#[test]
fn a_value_of_the_same_kind_is_advised_to_be_a_hole() {
    for (expected, heard, hole, generalises) in [
        ("rang 3 times", "rang 12 times", "{{_:int=3}}", false),
        ("rang 12 times", "rang 123 times", "{{_:int=12}}", false),
        ("pid 31415", "pid 999", "{{_:int=31415}}", true),
        (
            "a 10:15:09, b",
            "a 10:15:10, b",
            "{{_:time=10:15:09}}",
            true,
        ),
        (
            "on 2026-03-02, pid 31415",
            "on 2026-03-03, pid 31416",
            "{{_:time=2026-03-02}}",
            true,
        ),
        ("at 10.1.2.3:1", "at 10.1.2.30:1", "{{_:ip=10.1.2.3}}", true),
        (
            "key deadbeef01",
            "key deadbeef02",
            "{{_:hex=deadbeef01}}",
            true,
        ),
        ("{{a:word=x}} 5 of 9", "yy 6 of 10", "{{_:int=5}}", false),
    ] {
        let advised = Some((hole.to_owned(), generalises));
        assert_eq!(advice(expected, heard), advised, "{expected}");
    }
}

#[test]
fn what_differs_otherwise_is_not_advised_to_be_a_hole() {
    for (expected, heard) in [
        ("250 ok", "550 no such user"),
        ("250 ok", "ok"),
        ("rang 3 times", "rang three times"),
        ("v3beta", "v4beta"),
        ("12{{a:int=3}}", "133"),
        ("rang 3", "rang 3 times"),
        ("on {{a:time=10:15:09}}", "on 3"),
    ] {
        assert_eq!(advice(expected, heard), None, "{expected}");
    }
}
