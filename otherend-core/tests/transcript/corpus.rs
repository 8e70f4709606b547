//! The files of `transcripts/`: the good ones are canonical, each bad one has its own message.
#![expect(clippy::disallowed_methods, reason = "the corpus is made of files")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use std::sync::Arc;

use otherend_core::transcript::{Closing, Outcome, Plan, Player, Transcript, Transport, lint};
use otherend_core::{Outbox, Time};

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// `bad/x.talk` is refused with exactly what `bad/x.txt` says. A new case is two files.
#[test]
fn each_bad_file_has_its_own_message() {
    let mut seen = BTreeMap::new();
    for path in files("../transcripts/bad", "talk") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let source = fs::read(&path).unwrap();
        let error = Transcript::parse(&source).expect_err(name);
        let screen = error.render(name, &source);
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        assert!(
            screen == expected,
            "expected:\n{expected}\nfound:\n{screen}"
        );
        if let Some(other) = seen.insert(
            format!("{}\n{}", error.wrong, error.wrong.hint()),
            name.to_owned(),
        ) {
            panic!("{name} and {other} have the same message");
        }
    }
}

fn good() -> impl Iterator<Item = (PathBuf, String, Transcript)> {
    files("../transcripts", "talk").into_iter().map(|path| {
        let source = fs::read(&path).unwrap();
        let name = path.display().to_string();
        match Transcript::parse(&source) {
            Ok(transcript) => (path, String::from_utf8(source).unwrap(), transcript),
            Err(error) => panic!("{}", error.render(&name, &source)),
        }
    })
}

#[test]
fn every_good_file_is_canonical_and_fits_itself() {
    for (path, source, transcript) in good() {
        assert_eq!(transcript.to_string(), source, "{}", path.display());
        let findings = lint(&Arc::new(Plan::new(transcript)));
        let fatal = findings.iter().find(|finding| finding.what.is_fatal());
        assert!(fatal.is_none(), "{}: {fatal:?}", path.display());
    }
}

/// One end of a performance, and what it said on each connection.
struct End {
    player: Player,
    said: Vec<Vec<u8>>,
    /// What the other end has heard of that.
    heard: Vec<usize>,
    stops: Vec<Option<Closing>>,
}

impl End {
    fn new(player: Player) -> Self {
        let connections = player.connections();
        End {
            player,
            said: vec![Vec::new(); connections],
            heard: vec![0; connections],
            stops: vec![None; connections],
        }
    }

    fn act(&mut self, connection: usize, act: impl FnOnce(&mut Player, &mut Outbox)) {
        let mut out = Outbox::new();
        act(&mut self.player, &mut out);
        self.said[connection].extend_from_slice(out.unsent());
        let closing = self.player.closing(connection);
        self.stops[connection] = closing.or(self.stops[connection]);
    }

    /// Let `self` hear more of what `other` said, as far as `pieces` lets it.
    fn hear(&mut self, other: &mut End, connection: usize, pieces: Pieces) -> bool {
        let now = Time::ZERO;
        let unheard = &other.said[connection][other.heard[connection]..];
        if !unheard.is_empty() {
            let before = other.heard.iter().sum();
            let piece = unheard[..pieces.length(before, unheard.len())].to_vec();
            other.heard[connection] += piece.len();
            self.act(connection, |player, out| {
                player.heard(connection, now, &piece, out)
            });
            return true;
        }
        let Some(stop) = other.stops[connection].take() else {
            return false;
        };
        self.act(connection, |player, out| match stop {
            Closing::Reset => player.lost(connection, now, out),
            _ => player.finished(connection, now, out),
        });
        true
    }
}

/// How bytes come.
#[derive(Debug, Clone, Copy)]
enum Pieces {
    /// As they were said.
    Whole,
    /// In pieces of so many bytes at most.
    Of(usize),
    /// In one piece more than they were said: there is a cut behind this byte of each side, all
    /// connections together.
    CutAt(usize),
}

impl Pieces {
    /// How long the next piece is of `left` bytes, behind `before`.
    fn length(self, before: usize, left: usize) -> usize {
        match self {
            Pieces::Whole => left,
            Pieces::Of(most) => left.min(most),
            Pieces::CutAt(at) if (1..left).contains(&at.saturating_sub(before)) => at - before,
            Pieces::CutAt(_) => left,
        }
    }
}

/// Play both ends; what was said on each side.
fn perform(plan: &Arc<Plan>, pieces: Pieces) -> [Vec<Vec<u8>>; 2] {
    let mut client = End::new(Player::client(Arc::clone(plan)));
    let mut server = End::new(Player::server(Arc::clone(plan)));
    loop {
        let mut went_on = false;
        if let Some(connection) = client.player.to_open() {
            assert_eq!(server.player.to_accept(), Some(connection));
            server.act(connection, |player, out| {
                player.opened(connection, Time::ZERO, out)
            });
            client.act(connection, |player, out| {
                player.opened(connection, Time::ZERO, out)
            });
            went_on = true;
        }
        for connection in 0..plan.connections() {
            went_on |= client.hear(&mut server, connection, pieces);
            went_on |= server.hear(&mut client, connection, pieces);
        }
        for end in [&mut client, &mut server] {
            while let Some(connection) = end.player.stirred() {
                end.act(connection, |player, out| {
                    player.tick(connection, Time::ZERO, out)
                });
                went_on = true;
            }
        }
        if !went_on {
            break;
        }
    }
    assert_eq!(client.player.outcome(), Some(&Outcome::Passed));
    assert_eq!(server.player.unexpected(), None);
    [client.said, server.said]
}

#[test]
fn every_file_is_the_same_conversation_however_it_is_cut() {
    for (_, _, transcript) in good() {
        let plan = Arc::new(Plan::new(transcript));
        if plan.transport() == Transport::Udp || !plan.has_script() {
            continue;
        }
        let whole = perform(&plan, Pieces::Whole);
        let length = |side: &Vec<Vec<u8>>| side.iter().map(Vec::len).sum();
        let longer: usize = whole.iter().map(length).max().unwrap();
        let cuts = (1..longer).map(Pieces::CutAt);
        for pieces in cuts.chain((1..100).map(Pieces::Of)) {
            assert_eq!(perform(&plan, pieces), whole, "{pieces:?}");
        }
    }
}

/// Every example of the specification is a transcript, as it stands there.
#[test]
fn the_examples_of_the_specification_are_transcripts() {
    let text = specification();
    let blocks = text.split("```\n").skip(1).step_by(2);
    let examples: Vec<&str> = blocks
        .filter(|block| block.starts_with("otherend talk 1\n"))
        .collect();
    assert!(examples.len() > 4);
    for example in examples {
        match Transcript::parse(example.as_bytes()) {
            Ok(transcript) => assert_eq!(transcript.to_string(), example),
            Err(error) => panic!("{}", error.render("docs/transcript.md", example.as_bytes())),
        }
    }
}

fn specification() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/transcript.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_rules_of_the_specification_are_rules() {
    let text = specification();
    let rules = text.split("```\n").find(|block| block.starts_with("on "));
    let file = format!("otherend talk 1\n{}", rules.unwrap());
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    assert_eq!(transcript.to_string(), file);
    let plan = Plan::new(transcript);
    assert!(plan.has_rules() && !plan.has_script());
}

/// `**SMTP** (`smtp.talk`): …` stands above the settings and a stretch of that file.
#[test]
fn the_examples_are_parts_of_their_files() {
    let text = specification();
    let (_, examples) = text.split_once("## Examples").unwrap();
    let blocks: Vec<&str> = examples.split("```\n").collect();
    let mut seen = 0;
    for pair in blocks.chunks_exact(2) {
        let name = pair[0].rsplit_once("(`").unwrap().1;
        let name = name.split('`').next().unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts");
        let file = fs::read_to_string(path.join(name)).unwrap();
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<&str> = lines.collect();
        let (settings, steps) = pair[1].split_once("\n\n").unwrap();
        let settings: Vec<&str> = settings.lines().collect();
        assert!(lines.starts_with(&settings), "{name}");
        let steps: Vec<&str> = steps.lines().collect();
        let mut stretches = lines.windows(steps.len());
        assert!(
            stretches.any(|stretch| stretch == steps),
            "{name}: {steps:?}"
        );
        seen += 1;
    }
    assert_eq!(seen, 7);
}

/// Who sees transcripts in colours sees all of their words in colours.
#[test]
fn editors_know_every_word() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/editor");
    let words = [
        "eol",
        "timeout",
        "over",
        "let",
        "connect",
        "close",
        "reset",
        "half-close",
        "after",
        "other",
    ];
    let kinds = otherend_core::transcript::Kind::NAMED.map(|(name, _)| name);
    for file in ["otherend-talk.vim", "otherend-talk.tmLanguage.json"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let word = |byte: char| !(byte.is_ascii_alphanumeric() || byte == '-');
        for wanted in words.iter().chain(&kinds) {
            let known = text.split(word).any(|found| found == *wanted);
            assert!(known, "{file} does not know {wanted}");
        }
    }
}
