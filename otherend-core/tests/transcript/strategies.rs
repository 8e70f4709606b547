//! Random transcripts: valid ones made of items, and scraps that may be anything.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::LineEnd;
use otherend_core::Role;
use otherend_core::transcript::{
    Act, Binary, Closing, Hole, Item, Kind, Let, Notation, Part, Pattern, Setting, Step, Text,
    Transport, Trigger,
};
use proptest::prelude::*;

use crate::kinds;

/// The items of a valid transcript.
pub(crate) fn items() -> impl Strategy<Value = Vec<Item>> {
    (settings(), prop::collection::vec(item(), 0..30)).prop_map(|(mut items, talk)| {
        items.extend(talk);
        mend(&mut items);
        items
    })
}

/// Text that looks much like a transcript.
pub(crate) fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "C:",
        "S:",
        "C.",
        "S#",
        "C!",
        "2S:",
        "on ",
        "after ",
        "connect",
        "close",
        "reset",
        "other",
        "eol",
        "crlf",
        "let ",
        "a = b",
        "timeout",
        "over",
        "+",
        "12",
        "ms",
        " ",
        "\n",
        "\n",
        "\n",
        "{{",
        "}}",
        "{",
        "}",
        "a",
        "_",
        ":",
        "int",
        "text",
        "=",
        "/",
        "\\",
        "\\x",
        "41",
        "\\{{",
        "{{a:int=1}}",
        "{{a}}",
        "{{_:/x*/=xx}}",
        "#",
        "\t",
        "\r",
        "é",
        "\u{202e}",
        "S?",
        "\u{1b}",
    ]);
    prop::collection::vec(scrap, 0..40)
        .prop_map(|scraps| format!("otherend talk 1\n{}", scraps.concat()))
}

fn settings() -> impl Strategy<Value = Vec<Item>> {
    let eol = prop::option::of(prop_oneof![Just(LineEnd::Lf), Just(LineEnd::CrLf)]);
    let transport = prop::option::of(prop_oneof![Just(Transport::Tcp), Just(Transport::Udp)]);
    let timeout = prop::option::of(duration());
    let value = prop::option::of(bytes());
    (eol, transport, timeout, value).prop_map(|(eol, transport, timeout, value)| {
        let fixed = |value| Let {
            name: "fixed".into(),
            value,
        };
        // Nothing that is said here has no frame of these.
        let framing = eol.is_none() && transport.is_none();
        let framing = framing.then(|| Setting::Framing("u32".parse().unwrap()));
        let settings = [
            framing.filter(|_| timeout.is_some()),
            eol.map(Setting::Eol),
            transport.map(Setting::Transport),
            timeout.map(Setting::Timeout),
            value.map(|value| Setting::Let(Box::new(fixed(value)))),
        ];
        settings.into_iter().flatten().map(Item::Setting).collect()
    })
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1..100_000u64).prop_map(Duration::from_millis),
        (1..100_000u64).prop_map(Duration::from_secs),
        (1..u64::from(u32::MAX)).prop_map(Duration::from_nanos),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        1 => Just(Item::Blank),
        1 => "[ -~é]{0,20}".prop_map(Item::Comment),
        1 => duration().prop_map(Item::Pause),
        8 => (1..4u16, who(), act())
            .prop_map(|(connection, who, act)| Item::Step(Step { connection, who, act })),
        2 => trigger().prop_map(Item::Rule),
    ]
}

fn who() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn act() -> impl Strategy<Value = Act> {
    let closing = prop_oneof![
        Just(Closing::Close),
        Just(Closing::HalfClose),
        Just(Closing::Reset)
    ];
    prop_oneof![
        8 => text().prop_map(Act::Line),
        1 => text().prop_map(Act::Optional),
        1 => text().prop_map(Act::Repeated),
        3 => text().prop_map(Act::Piece),
        2 => text().prop_map(Act::Hex),
        1 => Just(Act::Connect),
        1 => closing.prop_map(Act::Close),
    ]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        Just(Trigger::Connect),
        Just(Trigger::Other),
        (notation(), text()).prop_map(|(notation, text)| Trigger::Line(notation, text)),
        (1..9u32, notation(), text())
            .prop_map(|(count, notation, text)| Trigger::After(count, notation, text)),
    ]
}

fn notation() -> impl Strategy<Value = Notation> {
    prop_oneof![Just(Notation::Text), Just(Notation::Hex)]
}

fn text() -> impl Strategy<Value = Text> {
    let part = prop_oneof![
        4 => bytes().prop_map(Part::Literal),
        2 => hole().prop_map(Part::from),
        1 => "[a-c]".prop_map(|name| Part::Reference(name.into())),
    ];
    prop::collection::vec(part, 0..5).prop_map(Text::from_iter)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[ -~]{0,12}".prop_map(String::into_bytes),
        2 => r"[ {}\\é\u{a0}\u{feff}\t]{0,6}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

fn hole() -> impl Strategy<Value = Hole> {
    let name = prop::option::of("[a-c]");
    let any_kind = prop::sample::select(&kinds::ALL[..]);
    let filled = prop_oneof![
        8 => any_kind.prop_flat_map(|fitting| (Just(fitting.kind()), fitting.values())),
        2 => (prop::sample::select(&Binary::ALL[..16]), any::<[u8; 8]>())
            .prop_map(|(binary, bytes)| (Kind::Binary(binary), bytes[..binary.width()].to_vec())),
        1 => prop::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| (Kind::Bytes(None), bytes)),
        1 => prop::collection::vec(any::<u8>(), 1..6)
            .prop_map(|bytes| (Kind::Bytes(Some(bytes.len())), bytes)),
        1 => "[a/\\\\]{0,5}".prop_map(|sample| {
            let with_slashes = Pattern::new(r"[a/\\]*").unwrap();
            (Kind::Regex(with_slashes), sample.into_bytes())
        }),
    ];
    (name, filled).prop_map(|(name, (kind, sample))| Hole {
        name: name.map(Into::into),
        kind,
        sample,
    })
}

/// Make the items fit together: names known, connections in order, nobody speaking after an end.
fn mend(items: &mut Vec<Item>) {
    let mut known = vec![Vec::new(), Vec::new()];
    if items
        .iter()
        .any(|item| matches!(item, Item::Setting(Setting::Let(_))))
    {
        known = vec![vec![Arc::from("fixed")]; 2];
    }
    let mut in_rule = false;
    let mut opened = 0;
    let mut over = false;
    items.retain_mut(|item| {
        match item {
            Item::Blank => (in_rule, over) = (false, false),
            Item::Rule(trigger) => {
                (in_rule, over) = (true, false);
                if let Trigger::Line(_, text) | Trigger::After(_, _, text) = trigger {
                    mend_text(text, in_rule, &mut known);
                }
            }
            Item::Step(step) if in_rule => {
                (step.connection, step.who) = (1, Role::Server);
                if let Act::Optional(text) | Act::Repeated(text) = &step.act {
                    step.act = Act::Line(text.clone());
                }
                if step.act == Act::Connect || over {
                    return false;
                }
                over = matches!(step.act, Act::Close(_));
            }
            Item::Step(step) => {
                step.connection = step.connection.min(opened + 1);
                let opens = step.connection == opened + 1;
                if step.act == Act::Connect && (!opens || step.who == Role::Server) {
                    return false;
                }
                // Closing in the script is left to examples: who may still speak is their subject.
                if matches!(step.act, Act::Close(_)) {
                    return false;
                }
                opened = opened.max(step.connection);
            }
            _ => {}
        }
        if let Item::Step(Step {
            act:
                Act::Line(text)
                | Act::Optional(text)
                | Act::Repeated(text)
                | Act::Piece(text)
                | Act::Hex(text),
            ..
        }) = item
        {
            mend_text(text, in_rule, &mut known);
        }
        true
    });
}

fn mend_text(text: &mut Text, in_rule: bool, known: &mut [Vec<Arc<str>>]) {
    let mut mended = Text::default();
    for part in text.parts() {
        if let Part::Hole(hole) = part
            && let Some(name) = &hole.name
        {
            known[1].push(name.clone());
            if !in_rule {
                known[0].push(name.clone());
            }
        }
        let unknown = |name: &Arc<str>| !known[usize::from(in_rule)].contains(name);
        if !matches!(part, Part::Reference(name) if unknown(name)) {
            mended.push(part.clone());
        }
    }
    *text = mended;
}
