//! Random transcripts of one connection, and the bytes of their performances.

use std::collections::HashMap;
use std::ops::Range;

use otherend_core::Role;
use proptest::prelude::*;

use crate::kinds::{self, Fitting};

/// A transcript: `let fixed`, then steps.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) crlf: bool,
    pub(super) fixed: Vec<u8>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) who: Role,
    pub(super) form: Form,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Line,
    Piece,
    Hex,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Fixed,
    Hole(Hole),
    Again(char),
}

#[derive(Debug, Clone)]
pub(super) struct Hole {
    pub(super) name: Option<char>,
    pub(super) fitting: Fitting,
    pub(super) sample: Vec<u8>,
    /// What it takes when it is heard.
    pub(super) taken: Vec<u8>,
}

/// The line of the first step in the file.
pub(super) const FIRST_STEP: usize = 4;

impl Talk {
    /// The file; `last` is its last line.
    pub(super) fn written(&self, last: &str) -> String {
        let eol = if self.crlf { "crlf" } else { "lf" };
        let mut file = format!("otherend talk 1\neol {eol}\nlet fixed = ");
        file += &escaped(&self.fixed);
        for step in &self.steps {
            let who = if step.who == Role::Client { 'C' } else { 'S' };
            let marker = match step.form {
                Form::Line => ": ",
                Form::Piece => ". ",
                Form::Hex => "# ",
            };
            let parts = step.parts.iter().map(|part| part.written(step.form));
            file += &format!("\n{who}{marker}{}", parts.collect::<String>());
        }
        format!("{file}\n{last}\n")
    }

    /// The line of the file behind all steps.
    pub(super) fn last_line(&self) -> usize {
        FIRST_STEP + self.steps.len()
    }

    /// What a step says besides its parts.
    pub(super) fn end_of(&self, step: &Step) -> &'static [u8] {
        match (step.form, self.crlf) {
            (Form::Line, true) => b"\r\n",
            (Form::Line, false) => b"\n",
            _ => b"",
        }
    }

    /// The holes that a side says.
    pub(super) fn holes(&self, of: usize) -> impl Iterator<Item = &Hole> {
        let steps = self.steps.iter().filter(move |step| side(step.who) == of);
        let parts = steps.flat_map(|step| &step.parts);
        parts.filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            _ => None,
        })
    }

    /// The hole that is number `index` of those.
    pub(super) fn hole_mut(&mut self, of: usize, index: usize) -> Option<&mut Hole> {
        let steps = self.steps.iter_mut().filter(|step| side(step.who) == of);
        let parts = steps.flat_map(|step| &mut step.parts);
        let mut holes = parts.filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            _ => None,
        });
        holes.nth(index)
    }

    /// The performance in which `player`, if there is one, says its samples.
    pub(super) fn perform(&self, player: Option<Role>) -> Performance {
        let mut performance = Performance::default();
        let mut values: HashMap<char, Vec<u8>> = HashMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            let side = side(step.who);
            let bytes = &mut performance.bytes[side];
            for part in &step.parts {
                match part {
                    Part::Literal(literal) => bytes.extend(literal),
                    Part::Fixed => bytes.extend(&self.fixed),
                    Part::Again(name) => bytes.extend(&values[name]),
                    Part::Hole(hole) => {
                        let value = match player == Some(step.who) {
                            true => &hole.sample,
                            false => &hole.taken,
                        };
                        let start = bytes.len();
                        bytes.extend(value);
                        performance.holes[side].push(start..bytes.len());
                        values.extend(hole.name.map(|name| (name, value.clone())));
                    }
                }
            }
            bytes.extend(self.end_of(step));
            let next = self.steps.get(index + 1);
            if next.is_none_or(|next| next.who != step.who) {
                performance.ends[side].push(bytes.len());
            }
        }
        performance
    }
}

/// What both say, by [`side`].
#[derive(Debug, Clone, Default)]
pub(super) struct Performance {
    pub(super) bytes: [Vec<u8>; 2],
    /// Where in `bytes` the holes are.
    pub(super) holes: [Vec<Range<usize>>; 2],
    /// Where in `bytes` the turns end.
    pub(super) ends: [Vec<usize>; 2],
}

pub(super) fn side(who: Role) -> usize {
    usize::from(who == Role::Server)
}

impl Part {
    fn written(&self, form: Form) -> String {
        match self {
            Part::Literal(bytes) if form == Form::Hex => {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            Part::Literal(bytes) => escaped(bytes),
            Part::Fixed => "{{fixed}}".to_owned(),
            Part::Again(name) => format!("{{{{{name}}}}}"),
            Part::Hole(hole) => {
                let (kind, sample) = (hole.fitting.written(), escaped(&hole.sample));
                format!("{{{{{}:{kind}={sample}}}}}", hole.name.unwrap_or('_'))
            }
        }
    }
}

/// As it can stand everywhere in a file.
fn escaped(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"{}\\".contains(&byte);
    let written = bytes.iter().map(|byte| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("\\x{byte:02x}"),
    });
    written.collect()
}

/// Anything that a file can say.
pub(super) fn talks() -> impl Strategy<Value = Talk> {
    let literal = prop_oneof![
        4 => "[ab1 :.=\\-]{1,3}".prop_map(String::into_bytes),
        1 => "[ab1]{0,2}\r?\n?[ab1]{0,2}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    let part = prop_oneof![
        4 => literal.prop_map(Part::Literal),
        1 => Just(Part::Fixed),
        3 => hole(prop_oneof![1 => "[ab1 :.=-]{1,3}", 1 => Just(String::new())]).prop_map(Part::Hole),
        2 => names().prop_map(Part::Again),
    ];
    talk(prop::collection::vec(part, 0..4))
}

/// Transcripts of which each hole stands between bars, with no bar inside it and with other text
/// before it than before any other.
pub(super) fn talks_with_bars() -> impl Strategy<Value = Talk> {
    let part = prop_oneof![
        1 => Just(Part::Fixed),
        3 => hole(Just(String::new()))
            .prop_filter("no bar inside", |hole| {
                !hole.sample.contains(&b'|') && !hole.taken.contains(&b'|')
            })
            .prop_map(Part::Hole),
        2 => names().prop_map(Part::Again),
    ];
    let parts = prop::collection::vec(("[ a-z]{0,4}", part), 0..4);
    let parts = parts.prop_map(|parts| {
        let apart = parts.into_iter().flat_map(|(before, part)| {
            let bar = || Part::Literal(b"|".to_vec());
            [Part::Literal(before.into_bytes()), bar(), part, bar()]
        });
        apart.collect::<Vec<Part>>()
    });
    talk(parts).prop_map(|mut talk| {
        for (index, step) in talk.steps.iter_mut().enumerate() {
            for (place, part) in step.parts.iter_mut().enumerate() {
                if let Part::Literal(text) = part
                    && text != b"|"
                {
                    text.extend(format!("{index}.{place}").bytes());
                }
            }
            // Two lines in one step, too.
            let end = if index % 3 == 1 { "\nend" } else { "end" };
            step.parts.push(Part::Literal(end.into()));
        }
        talk
    })
}

fn names() -> impl Strategy<Value = char> {
    prop::sample::select(&['a', 'b'][..])
}

/// A hole; what is not empty of `also` is its value if it fits.
fn hole(also: impl Strategy<Value = String>) -> impl Strategy<Value = Hole> {
    let fitting = prop::sample::select(&kinds::ALL[..]);
    let values =
        fitting.prop_flat_map(|fitting| (Just(fitting), fitting.values(), fitting.values()));
    let name = prop::option::weighted(0.7, names());
    (name, values, also).prop_map(|(name, (fitting, sample, taken), also)| Hole {
        name,
        fitting,
        sample,
        taken: match !also.is_empty() && fitting.takes(also.as_bytes()) {
            true => also.into_bytes(),
            false => taken,
        },
    })
}

fn talk(parts: impl Strategy<Value = Vec<Part>>) -> impl Strategy<Value = Talk> {
    let who = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let form = prop_oneof![5 => Just(Form::Line), 2 => Just(Form::Piece), 1 => Just(Form::Hex)];
    let step = (who, form, parts).prop_map(|(who, form, parts)| Step { who, form, parts });
    let fixed = prop_oneof![3 => "[a-z]{1,4}", 1 => "[ab]{0,1}\n?"];
    (any::<bool>(), fixed, prop::collection::vec(step, 1..7)).prop_map(|(crlf, fixed, steps)| {
        let mut talk = Talk {
            crlf,
            fixed: fixed.into_bytes(),
            steps,
        };
        make_valid(&mut talk.steps);
        talk
    })
}

/// References only to names above, and in hex nothing but bytes.
fn make_valid(steps: &mut [Step]) {
    let mut known = Vec::new();
    for step in steps {
        let hex = step.form == Form::Hex;
        step.parts.retain(|part| match part {
            Part::Literal(_) => true,
            Part::Fixed => !hex,
            Part::Again(name) => !hex && known.contains(name),
            Part::Hole(hole) => {
                known.extend(hole.name.filter(|_| !hex));
                !hex
            }
        });
    }
}
