use std::time::Duration;

use super::*;
use crate::{Counts, EndReason, LineEnd, Role};

#[track_caller]
fn is(scene: &Scene<'_>, event: &Event<'_>, json: &str) {
    let what = scene.what(event).unwrap();
    assert_eq!(serde_json::to_string(&what).unwrap(), json);
    assert_eq!(serde_json::from_str::<What<'_>>(json).unwrap(), what);
}

fn ended() -> Event<'static> {
    Event::Ended {
        reason: EndReason::PeerReset,
        who: Some(Role::Client),
        counts: Counts {
            messages_heard: 1,
            messages_said: 2,
            bytes_heard: 3,
            bytes_said: 4,
        },
    }
}

#[test]
fn what_is_said_is_text_or_base64() {
    let text = Speech::of(Role::Client, b"hi", Some(LineEnd::Lf));
    assert_eq!(text.text.as_deref(), Some("hi"));
    assert_eq!(text.bytes().unwrap().as_deref(), Some(&b"hi"[..]));
    let odd = Speech::of(Role::Server, b"\xff", None);
    assert_eq!((odd.b64.as_deref(), &odd.eol), (Some("/w=="), &None));
    assert_eq!(odd.bytes().unwrap().as_deref(), Some(&b"\xff"[..]));
}

#[test]
fn each_event_is_a_line_and_read_again() {
    let peer = Address::Path("/run/echo".into());
    let scene = Scene {
        peer: Some(&peer),
        after: Duration::from_millis(1500),
        ..Scene::default()
    };
    let said = Event::Said {
        message: b"250 ok",
        end: LineEnd::CrLf,
    };
    is(
        &scene,
        &said,
        r#"{"from":"S","text":"250 ok","eol":"crlf"}"#,
    );
    let opened = r#"{"event":"connected","peer":"unix:/run/echo"}"#;
    is(&scene, &Event::Opened, opened);
    let finished = Event::Finished { from: Role::Client };
    is(&scene, &finished, r#"{"event":"finished-sending"}"#);
    is(
        &scene,
        &ended(),
        r#"{"event":"left","reason":"reset","seconds":1.5,"lines_heard":1,"lines_said":2,"bytes_heard":3,"bytes_said":4}"#,
    );
}

#[test]
fn a_tap_names_its_ends() {
    let scene = Scene {
        between: true,
        ..Scene::default()
    };
    let finished = Event::Finished { from: Role::Server };
    let json = r#"{"event":"finished-sending","who":"server"}"#;
    is(&scene, &finished, json);
    let fault = Event::Fault {
        from: Role::Client,
        fault: "cut",
        line: b"QUIT\r\n",
    };
    let json = r#"{"event":"fault","fault":"cut","who":"client","line":"QUIT"}"#;
    is(&scene, &fault, json);
    let json = r#"{"event":"ended","reason":"client-reset","seconds":0.0,"bytes_of_client":3,"bytes_of_server":4}"#;
    is(&scene, &ended(), json);
}

#[test]
fn other_words_and_broken_lines_are_told_apart() {
    let other = r#"{"t":1.5,"event":"recording","text":"x","line":5}"#;
    let line: Line<'_> = serde_json::from_str(other).unwrap();
    assert_eq!(line.what, What::Happened(Happening::Other));
    let error = serde_json::from_str::<Line<'_>>(r#"{"from":5}"#).unwrap_err();
    assert!(error.to_string().starts_with("it tells neither"), "{error}");
}
