//! From a transcript to a plan: names become slots, steps become beats of their connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::rules::{Answer, AnswerStep, Rule, Rules, SetsOff};
use super::script::{ConnectionScript, Ends, Form, Occurs, Place, packed};
use super::template::{Gap, Piece, Template};
use super::values::Slot;
use super::{Plan, Position};
use crate::transcript::model::{Act, Hole, Item, Notation, Part, Setting, Step, Text, Trigger};
use crate::transcript::{FIRST_ITEM, Transcript, Transport};
use crate::{Framing, LineEnd, Role};

/// How long to wait for what must be heard, if the file does not say.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Make `transcript` ready.
pub(super) fn compile(transcript: Transcript) -> Plan {
    let mut compiler = Compiler {
        timeout: TIMEOUT,
        ..Compiler::default()
    };
    for (item, line) in transcript.items().iter().zip(FIRST_ITEM..) {
        compiler.line = line;
        compiler.item(item);
    }
    compiler.finish_rule();
    compiler.rules.finish();
    // Only now is it known where each turn ends, and with it what its last line is.
    for script in &mut compiler.scripts {
        compiler.longest = compiler.longest.max(script.listen(&compiler.framing));
    }
    let Compiler {
        framing,
        timeout,
        scripts,
        rules,
        longest,
        first_holes,
        ..
    } = compiler;
    let lines = transcript.items().len() + FIRST_ITEM - 1;
    Plan {
        transcript,
        reached: std::iter::repeat_with(AtomicBool::default)
            .take(lines)
            .collect(),
        misfits: AtomicU64::new(0),
        framing,
        timeout,
        scripts,
        rules,
        longest,
        first_holes,
        slots: OnceLock::new(),
    }
}

#[derive(Default)]
struct Compiler<'t> {
    eol: LineEnd,
    framing: Framing,
    timeout: Duration,
    lets: HashMap<&'t str, &'t [u8]>,
    /// The latest hole of each name.
    in_script: HashMap<&'t str, InScript>,
    in_rules: HashMap<&'t str, Gap>,
    /// By slot of the script, the first hole that has it.
    first_holes: Vec<(u32, Arc<Hole>)>,
    /// The line of the file at hand.
    line: usize,
    /// Who speaks on it, on which connection, if it belongs to the script.
    speaker: Option<(usize, Role)>,
    /// Where on other connections that one hears what it refers to.
    after: Vec<Position>,
    scripts: Vec<ConnectionScript>,
    /// How many things the client and the server did so far.
    order: [usize; 2],
    /// By connection: how many of the server's steps there were when it last spoke there.
    spoken: Vec<usize>,
    /// How many of them the client has heard for certain.
    heard: usize,
    pause: Duration,
    rules: Rules,
    in_rule: bool,
    rule: Option<Building>,
    longest: usize,
}

/// A hole of the script: where it is, and who says it.
struct InScript {
    gap: Gap,
    at: Position,
    who: Role,
}

/// A rule whose answer is not complete yet.
struct Building {
    sets_off: SetsOff,
    line: usize,
    steps: Vec<AnswerStep>,
}

impl<'t> Compiler<'t> {
    fn item(&mut self, item: &'t Item) {
        match item {
            Item::Comment(_) => {}
            Item::Blank => self.finish_rule(),
            Item::Setting(setting) => self.setting(setting),
            Item::Pause(time) => self.pause += *time,
            Item::Rule(trigger) => {
                self.finish_rule();
                self.in_rule = true;
                self.rule = Some(Building {
                    sets_off: self.sets_off(trigger),
                    line: self.line,
                    steps: Vec::new(),
                });
            }
            Item::Step(step) if self.in_rule => self.answer(step),
            Item::Step(step) => self.step(step),
        }
    }

    fn setting(&mut self, setting: &'t Setting) {
        match setting {
            Setting::Eol(eol) => self.eol = *eol,
            Setting::Timeout(time) => self.timeout = *time,
            Setting::Framing(drawing) => {
                // What stands in a frame needs no other end.
                self.eol = LineEnd::Frame;
                self.framing = Framing::Drawn(drawing.clone());
            }
            Setting::Transport(Transport::Tcp) => {}
            Setting::Transport(Transport::Udp) => self.framing = Framing::Datagram,
            Setting::Let(set) => {
                self.lets.insert(&set.name, &set.value);
            }
        }
    }

    /// `text` with `end` behind it.
    fn template(&mut self, text: &'t Text, end: &[u8]) -> Template {
        if let Some(bytes) = text.as_literal() {
            return literal(&[bytes, end].concat());
        }
        let pieces = text.parts().iter().map(|part| match part {
            Part::Literal(bytes) => Piece::Literal(bytes[..].into()),
            Part::Hole(hole) => Piece::Hole(self.gap(hole)),
            Part::Reference(name) => self.reference(name),
        });
        pieces.chain([Piece::Literal(end.into())]).collect()
    }

    fn gap(&mut self, hole: &'t Arc<Hole>) -> Gap {
        let mut gap = Gap {
            hole: Arc::clone(hole),
            slot: None,
        };
        let Some(name) = &hole.name else {
            return gap;
        };
        // The same name is the same slot, as often as it stands there: `{{n:int=1}}` and later
        // `{{n:int=2}}` is one value that changes. Those of the script belong to the performance,
        // so that connection 2 can say what 1 heard; those of rules to one connection, for its
        // peers know nothing of each other.
        if let Some((connection, who)) = self.speaker {
            let line = self.line;
            let known = self.in_script.get(&**name).and_then(|known| known.gap.slot);
            gap.slot = known.or_else(|| {
                self.first_holes.push((packed(line), Arc::clone(hole)));
                Some(Slot::File(packed(self.in_script.len())))
            });
            let known = InScript {
                gap: gap.clone(),
                at: Position { connection, line },
                who,
            };
            self.in_script.insert(name, known);
        } else {
            let known = self.in_rules.get(&**name).and_then(|known| known.slot);
            gap.slot = known.or(Some(Slot::Connection(packed(self.in_rules.len()))));
            self.in_rules.insert(name, gap.clone());
        }
        gap
    }

    /// Reading has made sure that the name is known.
    fn reference(&mut self, name: &str) -> Piece {
        if let Some(value) = self.lets.get(name) {
            return Piece::Literal((*value).into());
        }
        let of_rules = self.in_rules.get(name).filter(|_| self.in_rule);
        if let Some(gap) = of_rules {
            return Piece::Again(gap.clone());
        }
        let Some(InScript { gap, at, who }) = self.in_script.get(name) else {
            return Piece::Literal(Box::default());
        };
        // Who hears it on another connection cannot say it before.
        if let Some((connection, speaker)) = self.speaker
            && at.connection != connection
            && *who != speaker
        {
            self.after.push(*at);
        }
        Piece::Again(gap.clone())
    }

    fn line(&mut self, text: &'t Text) -> Template {
        self.template(text, self.eol.bytes())
    }

    fn said(&mut self, step: &'t Step) -> Option<(Form, Template)> {
        // A piece is said as it is: with it a file says what is in no frame.
        let form = match (&self.framing, &step.act) {
            (Framing::Datagram | Framing::Lf, _) | (_, Act::Piece(_)) => Form::AsItIs,
            _ => Form::Framed,
        };
        let template = match &step.act {
            Act::Line(text) | Act::Optional(text) | Act::Repeated(text) => self.line(text),
            Act::Piece(text) => self.template(text, b""),
            Act::Hex(text) => self.template(text, b""),
            Act::Connect | Act::Close(_) => return None,
        };
        Some((form, template))
    }

    fn answer(&mut self, step: &'t Step) {
        let act = match (self.said(step), &step.act) {
            (Some((form, template)), _) => AnswerStep::Say(form, template),
            (None, Act::Close(closing)) => AnswerStep::End(*closing),
            (None, _) => return,
        };
        let pause = std::mem::take(&mut self.pause);
        if let Some(rule) = &mut self.rule {
            if !pause.is_zero() {
                rule.steps.push(AnswerStep::Pause(pause));
            }
            rule.steps.push(act);
        }
    }

    fn sets_off(&mut self, trigger: &'t Trigger) -> SetsOff {
        match trigger {
            Trigger::Connect => SetsOff::Connect,
            Trigger::Other => SetsOff::Other,
            Trigger::Line(notation, text) => SetsOff::Line(self.trigger(*notation, text)),
            Trigger::After(count, notation, text) => {
                SetsOff::After(*count, self.trigger(*notation, text))
            }
        }
    }

    fn trigger(&mut self, notation: Notation, text: &'t Text) -> Template {
        let line = match notation {
            Notation::Text => self.line(text),
            // All of its bytes are written there, those of its end too.
            Notation::Hex => self.template(text, b""),
        };
        self.longest = self.longest.max(line.len());
        line
    }

    fn finish_rule(&mut self) {
        self.in_rule = false;
        let Some(built) = self.rule.take() else {
            return;
        };
        let rule = Rule {
            line: built.line,
            answer: Answer::new(built.steps, &self.framing),
        };
        self.rules.add(built.sets_off, rule);
    }

    fn step(&mut self, step: &'t Step) {
        let line = self.line;
        let pause = std::mem::take(&mut self.pause);
        let connection = usize::from(step.connection) - 1;
        if connection >= self.scripts.len() {
            self.open(step, pause);
        }
        if step.act == Act::Connect {
            return;
        }
        let order = self.next_order(step.who);
        self.follow(connection, step.who, order);
        self.speaker = Some((connection, step.who));
        let said = self.said(step);
        self.speaker = None;
        let after = std::mem::take(&mut self.after);
        let script = &mut self.scripts[connection];
        if let Act::Close(closing) = step.act {
            script.end(Ends {
                who: step.who,
                closing,
                line,
                order,
                pause,
            });
            return;
        }
        let Some(said) = said else {
            return;
        };
        let occurs = match &step.act {
            Act::Optional(_) => Occurs::AtMostOnce,
            Act::Repeated(_) => Occurs::AnyNumber,
            _ => Occurs::Once,
        };
        let at = Place {
            line,
            order,
            occurs,
        };
        script.say(step.who, at, (pause, &after), said);
    }

    /// Make the connection whose first step this is.
    fn open(&mut self, step: &Step, pause: Duration) {
        let opens = self.next_order(Role::Client);
        let mut script = ConnectionScript::new(opens, self.heard);
        // A pause before a connection's first words is theirs: what opens it has no line to stand above.
        if step.act == Act::Connect {
            script.line = Some(self.line);
            script.pause = pause;
        }
        self.scripts.push(script);
        self.spoken.push(0);
    }

    /// Before a client speaks on a connection it hears what the server says there, and with that,
    /// since the server keeps the order of the file, all that comes before it anywhere.
    fn follow(&mut self, connection: usize, who: Role, order: usize) {
        // How far must a server be before a client can have opened the next connection?
        //
        //     1S: 220 ready        spoken = 1: said, and perhaps still on its way
        //     1C: LISTEN           heard = 1: a client that speaks here has heard the 220
        //     1S: 250 listening    spoken = 2
        //     2C: connect          opens with heard = 1: nobody knows whether the 250 has arrived
        //     1C: QUIT             heard = 2
        //
        // One connection speaks for all: the server's steps have one order, and whoever has heard
        // the second step knows that the first was said, on whichever connection.
        let Some(spoken) = self.spoken.get_mut(connection) else {
            return;
        };
        match who {
            Role::Server => *spoken = order + 1,
            Role::Client => self.heard = self.heard.max(*spoken),
        }
    }

    fn next_order(&mut self, who: Role) -> usize {
        let order = &mut self.order[who.index()];
        *order += 1;
        *order - 1
    }
}

fn literal(bytes: &[u8]) -> Template {
    Template::from_iter([Piece::Literal(bytes.into())])
}
