//! The vectors of the line presets over real sockets, cut at every byte.

use otherend_net::core::{ExitWords, Framing};
use otherend_net::{Engine, ServerConfig};

use super::stage::{RawPeer, config, echo, held_up, serve_watched};

use Framing::{Auto, Crlf, Dotnet, Lf, Telnet};

on_engines! {
    for_all:
        the_lines_do_not_depend_on_the_cut
        the_limit_holds_wherever_the_bytes_are_cut
        putty_is_understood_wherever_its_prologue_is_cut
        a_cr_and_its_lf_in_two_segments_are_one_end
        text_without_an_end_is_a_line_when_the_peer_finishes
        every_byte_comes_back_where_none_is_looked_at;
    for_many:;
    over_tcp for_all:
        urgent_data_is_heard_in_its_place
        what_follows_urgent_data_is_heard
        what_follows_is_heard_of_any_peer;
    for_many:
}

/// What a peer sends, under which presets, and what it hears back from an echo.
type Vector = (&'static [u8], &'static [Framing], &'static [u8]);

const LIKE_DOTNET: &[Framing] = &[Dotnet, Telnet, Auto];

const ENDS: &[Vector] = &[
    (b"a\nb", &[Lf, Auto], b"a\nb\n"),
    (b"a\nb", &[Dotnet, Telnet], b"a\r\nb\r\n"),
    (b"a\nb", &[Crlf], b"a\nb\r\n"),
    (b"a\r\nb", &[Lf], b"a\nb\n"),
    (b"a\r\nb", &[Crlf, Dotnet, Telnet, Auto], b"a\r\nb\r\n"),
    (b"a\rb", &[Lf], b"a\rb\n"),
    (b"a\rb", &[Crlf], b"a\rb\r\n"),
    (b"a\rb", LIKE_DOTNET, b"a\r\nb\r\n"),
    (b"a\r", &[Lf], b"a\r\n"),
    (b"a\r", &[Crlf], b"a\r\r\n"),
    (b"a\r", LIKE_DOTNET, b"a\r\n"),
    (b"a", &[Lf, Auto], b"a\n"),
    (b"a", &[Crlf, Dotnet, Telnet], b"a\r\n"),
    (b"", &Framing::ALL, b""),
    (b"\r\n\r\n", &[Lf], b"\n\n"),
    (b"\r\n\r\n", &[Crlf, Dotnet, Telnet, Auto], b"\r\n\r\n"),
    (b"\n\r", &[Lf], b"\n\r\n"),
    (b"\n\r", &[Dotnet, Telnet], b"\r\n\r\n"),
    (b"\n\r", &[Auto], b"\n\n"),
    (b"a\r\0b", &[Telnet], b"a\r\nb\r\n"),
    (b"a\r\0b", &[Dotnet, Auto], b"a\r\n\0b\r\n"),
    (b"\xef\xbb\xbfa\n", &[Lf], b"\xef\xbb\xbfa\n"),
    (b"\xef\xbb\xbfa\n", &[Dotnet, Telnet], b"a\r\n"),
    (b"\xef\xbb\xbfa\n", &[Auto], b"a\n"),
    (b"\xef\xbb\xbf", LIKE_DOTNET, b""),
    (b"\xef\xbba\n", &[Auto], b"\xef\xbba\n"),
    (b"a\xff\xffb\n", &[Telnet], b"a\xff\xffb\r\n"),
    (b"a\xff\xffb\n", &[Auto], b"a\xff\xffb\n"),
    (b"a\xff\xffb\n", &[Lf], b"a\xff\xffb\n"),
    (
        b"a\xff\xf6\xff\xfd\x01\n",
        &[Auto, Lf],
        b"a\xff\xf6\xff\xfd\x01\n",
    ),
    (
        b"\xff\xfea\0",
        &[Auto],
        b"ERR this is UTF-16: send UTF-8 text\n",
    ),
    (
        b"\xff\xfea\0",
        &[Dotnet],
        b"ERR this is UTF-16: send UTF-8 text\r\n",
    ),
];

const LIMIT_OF_3: &[Vector] = &[
    (b"aa\r\nbbb\r\ncccc\r\nd\r\n", &[Crlf, Dotnet, Telnet, Auto], b"aa\r\nbbb\r\nERR line longer than 3 bytes\r\nd\r\n"),
    (b"aa\nbbb\ncccc\nd\n", &[Lf, Auto], b"aa\nbbb\nERR line longer than 3 bytes\nd\n"),
    (b"bbb\r\ncccc\r\n", &[Lf], b"bbb\nERR line longer than 3 bytes\n"),
    (b"cccc\r\nd\r\n", &[Auto], b"ERR line longer than 3 bytes\nd\r\n"),
    (b"\xef\xbb\xbfbbb\n", &[Auto], b"bbb\n"),
    (b"cccc", &[Lf, Auto], b"ERR line longer than 3 bytes\n"),
    (b"aaaa\naaaa\naaaa\nb\n", &[Lf], b"ERR line longer than 3 bytes\nERR line longer than 3 bytes\nERR too many lines were too long\n"),
];

const PUTTY: &[Vector] = &[(
    b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03hi\r\n",
    &[Telnet, Auto],
    b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03hi\r\n",
)];

fn the_lines_do_not_depend_on_the_cut(engine: Engine) {
    check(engine, 64 * 1024, ENDS);
}

fn the_limit_holds_wherever_the_bytes_are_cut(engine: Engine) {
    check(engine, 3, LIMIT_OF_3);
}

fn putty_is_understood_wherever_its_prologue_is_cut(engine: Engine) {
    check(engine, 64 * 1024, PUTTY);
}

fn a_cr_and_its_lf_in_two_segments_are_one_end(engine: Engine) {
    let big_input = [
        &vec![b'x'; 60_000][..],
        b"\r\n",
        &vec![b'y'; 60_000],
        b"\r",
        b"\nend\r\n",
    ]
    .concat();
    let heard = [
        &vec![b'x'; 60_000][..],
        b"\r\n",
        &vec![b'y'; 60_000],
        b"\r\nend\r\n",
    ]
    .concat();
    let near_an_end = [
        59_999, 60_000, 60_001, 60_002, 120_001, 120_002, 120_003, 120_004,
    ];
    check_cuts(engine, 64 * 1024, Dotnet, (&big_input, &heard), near_an_end);
}

fn text_without_an_end_is_a_line_when_the_peer_finishes(engine: Engine) {
    check_cuts(engine, 9, Lf, (b"one\ntwo", b"one\ntwo\n"), 0..=7);
}

/// RFC 862.
fn every_byte_comes_back_where_none_is_looked_at(engine: Engine) {
    for said in [
        &b"abc"[..],
        b"a\rb\r\0\0\r\n",
        b"\xef\xbb\xbfexit\n\xff\xff",
        b"\xff\xfd\x01\xff\xf6\nexit\n",
    ] {
        check_cuts(
            engine,
            64 * 1024,
            Framing::Raw,
            (said, said),
            0..=said.len(),
        );
    }
    let long = [&b"\0\r\n\xff\xf6"[..]; 30_000].concat();
    check_cuts(engine, 64 * 1024, Framing::Raw, (&long, &long), [0, 70_001]);
}

fn check(engine: Engine, max_message: usize, vectors: &[Vector]) {
    for (input, framings, heard) in vectors {
        for framing in *framings {
            let cuts = 0..=input.len();
            check_cuts(engine, max_message, framing.clone(), (input, heard), cuts);
        }
    }
}

/// Send the bytes in two parts, the second when the server has read the first, then finish.
fn check_cuts(
    engine: Engine,
    max_message: usize,
    framing: Framing,
    (input, expected): (&[u8], &[u8]),
    cuts: impl IntoIterator<Item = usize>,
) {
    let mut config = config(engine);
    config.settings.framing = framing.clone();
    config.settings.max_message = max_message;
    config.settings.exit_words = ExitWords::none();
    let (server, watch) = serve_watched(config, echo);
    for (number, cut) in (1..).zip(cuts) {
        let mut peer = RawPeer::connect(&server);
        let (first, second) = input.split_at(cut);
        peer.send(first);
        watch.wait_for_bytes(number, first.len());
        peer.send(second);
        peer.finish();
        assert_eq!(
            peer.rest().escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{framing}: \"{}\" cut at {cut}",
            input[..input.len().min(100)].escape_ascii()
        );
    }
}

fn urgent_data_is_heard_in_its_place(engine: Engine) {
    let (_server, mut peer, go_on) = held_up(framed(engine, Telnet));
    go_on.send(()).unwrap();
    peer.send(b"one");
    urge(&mut peer, b'!');
    peer.send(b"two\n");
    assert_eq!(peer.line(), "one!two\r\n");
}

/// A read ends at the mark of urgent data, however much follows. This is telnet's Synch.
fn what_follows_urgent_data_is_heard(engine: Engine) {
    let (_server, mut peer, go_on) = held_up(framed(engine, Telnet));
    peer.send(b"one\n\xff");
    urge(&mut peer, 0xf2);
    peer.send(b"two\n");
    go_on.send(()).unwrap();
    assert_eq!(peer.line().trim_end(), "one");
    assert_eq!(peer.line().trim_end(), "two");
}

/// And of whoever has nothing to do with telnet, also when all of it had come before the first read.
fn what_follows_is_heard_of_any_peer(engine: Engine) {
    let (_server, mut peer, go_on) = held_up(framed(engine, Lf));
    go_on.send(()).unwrap();
    for number in 0..20 {
        peer.send(format!("one {number}\n").as_bytes());
        urge(&mut peer, b'!');
        peer.send(b"two\n");
        assert_eq!(peer.line(), format!("one {number}\n"));
        assert_eq!(peer.line(), "!two\n");
    }
    let (_server, mut peer, go_on) = held_up(framed(engine, Lf));
    peer.send(b"one\n");
    urge(&mut peer, b'!');
    peer.send(b"two\n");
    go_on.send(()).unwrap();
    assert_eq!(peer.line(), "one\n");
    assert_eq!(peer.line(), "!two\n");
}

fn framed(engine: Engine, framing: Framing) -> ServerConfig {
    let mut config = config(engine);
    config.settings.framing = framing;
    config
}

fn urge(peer: &mut RawPeer, byte: u8) {
    let sent = peer.stream.get_ref().send_out_of_band(&[byte]);
    assert_eq!(sent.unwrap(), 1);
}
