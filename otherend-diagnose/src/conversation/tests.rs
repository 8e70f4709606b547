//! Servers of a few lines, each with one manner.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::thread;

use super::*;

/// Talk to a server that treats each connection so.
fn talk_to(asked: Asked, serve: impl Fn(TcpStream) + Send + 'static) -> Talk {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    let stream = TcpStream::connect(address).unwrap();
    talk(
        stream,
        address,
        &asked,
        Instant::now() + Duration::from_secs(10),
    )
}

fn saying(line: &str) -> Asked {
    Asked {
        say: Some(line.to_owned()),
        ..Asked::default()
    }
}

fn line_of(stream: &TcpStream) -> String {
    let mut line = String::new();
    // An end before the line is an empty line here.
    let _ = BufReader::new(stream).read_line(&mut line);
    line
}

#[test]
fn a_greeting_and_a_reply_are_kept_apart() {
    let talk = talk_to(saying("hello"), |mut stream| {
        let _ = stream.write_all(b"220 ready\r\n");
        let line = line_of(&stream);
        let _ = stream.write_all(line.as_bytes());
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(talk.greeting, b"220 ready\r\n");
    assert_eq!(talk.reply, b"hello\n");
    assert_eq!((talk.end, talk.tls), (End::Open, None));
}

#[test]
fn a_server_that_closes_is_asked_whether_it_lives() {
    let talk = talk_to(Asked::default(), drop);
    assert_eq!((talk.end, talk.said), (End::Closed, false));
    assert!(matches!(talk.again, Some(ConnectOutcome::Accepted(_))));
}

#[test]
fn a_reply_that_comes_with_the_end_of_input_is_late() {
    let talk = talk_to(saying("hello"), |mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
        let _ = stream.write_all(b"late\n");
    });
    assert!(talk.reply.is_empty());
    assert_eq!(talk.at_once, Some(true));
    assert_eq!(talk.crlf_answered, Some(false));
    assert_eq!(talk.after_half_close.as_deref(), Some(&b"late\n"[..]));
}

#[test]
fn a_long_greeting_is_judged_by_its_end() {
    let lines = "x".repeat(99) + "\n";
    let whole = lines.repeat(41);
    let talk = talk_to(Asked::default(), move |mut stream| {
        let _ = stream.write_all(whole.as_bytes());
        let _ = stream.read(&mut [0]);
    });
    assert!(talk.greeting.len() <= 4096);
    assert!(!talk.unfinished && !talk.flowing);
}

#[test]
fn a_long_line_without_an_end_is_unfinished() {
    let talk = talk_to(Asked::default(), move |mut stream| {
        let _ = stream.write_all(&[b'x'; 300_000]);
        let _ = stream.read(&mut [0]);
    });
    assert!(talk.unfinished && !talk.flowing);
}

#[test]
fn a_stream_without_end_is_heard_for_a_time_only() {
    let endless =
        |part: &'static [u8]| move |mut stream: TcpStream| while stream.write_all(part).is_ok() {};
    let asked = Asked {
        expect: Some("yz".to_owned()),
        ..saying("go on")
    };
    let talk = talk_to(asked, endless(b"x\nxy"));
    assert!(talk.flowing && !talk.unfinished && !talk.met);
    let talk = talk_to(Asked::default(), endless(b"x"));
    assert!(talk.flowing && talk.unfinished);
}

#[test]
fn an_expected_text_is_found_wherever_it_stands() {
    let asked = Asked {
        expect: Some("needle".to_owned()),
        ..saying("find")
    };
    let talk = talk_to(asked, |mut stream| {
        line_of(&stream);
        let _ = stream.write_all(&[b'x'; 299_000]);
        let _ = stream.write_all(b"nee");
        let _ = stream.write_all(b"dle\n");
        let _ = stream.read(&mut [0]);
    });
    assert!(talk.met && !talk.unfinished);
}

#[test]
fn a_tls_alert_is_recognised() {
    let asked = Asked {
        tls: true,
        ..Asked::default()
    };
    let talk = talk_to(asked, |mut stream| {
        let mut hello = [0; 5];
        let _ = stream.read_exact(&mut hello);
        let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40]);
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(talk.tls, Some(TlsAnswer::Alert(40)));
}

#[test]
fn an_echo_does_not_speak_tls() {
    let asked = Asked {
        tls: true,
        ..Asked::default()
    };
    let talk = talk_to(asked, |mut stream| {
        let mut heard = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut heard) {
            let _ = stream.write_all(&heard[..count]);
        }
    });
    assert_eq!(talk.tls, Some(TlsAnswer::NotTls));
    assert_eq!(protocol::recognise(&talk.tls_heard), None);
}
