//! The loss-free twin of a transcript: JSON Lines, one event a line, with times.
//!
//! What is said is `text` (or `b64`) when it is plain, and `line` in the notation of transcripts
//! when it holds holes or odd bytes. The names are those of `--json`, so that what a command
//! showed can become a transcript; lines that say nothing of the conversation are passed over.

use std::fmt::Write;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use otherend_core::LineEnd;
use otherend_core::json::{Line, Speech, What};
use otherend_core::transcript::{Act, FIRST_LINE, Item, Notation, Step, Text, Transcript, Trigger};

use super::files::only_text;
use crate::output::json;

/// What `--framing` with a drawing shows: the message alone, and not the bytes that framed it.
const FRAME: &str = "a message in a frame, and no line says what its frame is: put \
     {\"talk\":\"otherend talk 1\"} and {\"talk\":\"framing u16\"}, or whichever it was, above the first line";

/// `transcript` as JSON Lines.
pub(crate) fn write(transcript: &Transcript) -> String {
    let mut now = Duration::ZERO;
    let eol = transcript.eol();
    let mut out = String::new();
    let mut put = |line: &Line<'_>| {
        // A line always has a form in JSON, and a string always takes it.
        let json = json::to_string(line).unwrap_or_default();
        let _ = writeln!(out, "{json}");
    };
    put(&talk(FIRST_LINE.to_owned()).into());
    for item in transcript.items() {
        if let Item::Pause(pause) = item {
            now += *pause;
        }
        put(&line(item, now, eol));
    }
    out
}

fn talk(line: String) -> Speech<'static> {
    Speech {
        talk: Some(line),
        ..Speech::default()
    }
}

fn line(item: &Item, now: Duration, eol: LineEnd) -> Line<'static> {
    let now = Some(now.as_secs_f64());
    match item {
        // How often a line may come is nothing that happened.
        Item::Step(Step {
            act: Act::Optional(_) | Act::Repeated(_),
            ..
        }) => talk(item.to_string()).into(),
        Item::Step(step) => Line {
            t: now,
            conn: Some(step.connection.into()),
            ..said(step, eol).into()
        },
        Item::Rule(trigger) => rule(trigger).into(),
        other => Line {
            t: now.filter(|_| matches!(other, Item::Pause(_))),
            ..talk(other.to_string()).into()
        },
    }
}

fn said(step: &Step, eol: LineEnd) -> Speech<'static> {
    let mut speech = Speech {
        from: Some(step.letter().to_string().into()),
        ..Speech::default()
    };
    match &step.act {
        Act::Line(text) | Act::Optional(text) | Act::Repeated(text) => {
            put(&mut speech, text);
            speech.eol = Some(eol.word().into());
        }
        Act::Piece(text) => {
            put(&mut speech, text);
            speech.eol = Some("none".into());
        }
        Act::Hex(text) => {
            match text.as_literal() {
                Some(bytes) => speech.b64 = Some(BASE64_STANDARD.encode(bytes)),
                None => speech.hex = pairs(&step.to_string()),
            }
            // Under a framing hex is a whole message, too.
            let end = match eol {
                LineEnd::Frame => eol,
                _ => LineEnd::None,
            };
            speech.eol = Some(end.word().into());
        }
        Act::Connect => speech.act = Some("connect".to_owned()),
        Act::Close(closing) => speech.act = Some(closing.word().to_owned()),
    }
    speech
}

fn rule(trigger: &Trigger) -> Speech<'static> {
    let mut speech = Speech::default();
    let on = match trigger {
        Trigger::Connect => "connect",
        Trigger::Other => "other",
        Trigger::Line(notation, text) => {
            heard(&mut speech, trigger, (*notation, text));
            "line"
        }
        Trigger::After(count, notation, text) => {
            heard(&mut speech, trigger, (*notation, text));
            speech.count = Some(*count);
            "after"
        }
    };
    speech.on = Some(on.to_owned());
    speech
}

fn heard(speech: &mut Speech<'_>, trigger: &Trigger, (notation, text): (Notation, &Text)) {
    match notation {
        Notation::Text => put(speech, text),
        Notation::Hex => speech.hex = pairs(&trigger.to_string()),
    }
}

/// What stands behind the `#` of a line.
fn pairs(line: &str) -> Option<String> {
    line.split_once('#')
        .map(|(_, pairs)| pairs.trim_start().to_owned())
}

fn put(speech: &mut Speech<'_>, text: &Text) {
    match text.as_literal().map(std::str::from_utf8) {
        Some(Ok(plain)) => speech.text = Some(plain.to_owned().into()),
        _ => speech.line = Some(text.to_string()),
    }
}

/// What is said, as bytes or in notation.
fn what(speech: &Speech<'_>) -> Result<Option<Said>, String> {
    if let Some(hex) = &speech.hex {
        return Ok(Some(Said::Hex(hex.clone())));
    }
    if let Some(line) = &speech.line {
        return Ok(Some(Said::Notation(line.clone())));
    }
    let bytes = speech.bytes()?;
    Ok(bytes.map(|bytes| Said::Bytes(bytes.into_owned())))
}

enum Said {
    Bytes(Vec<u8>),
    Notation(String),
    Hex(String),
}

/// The transcript that JSON Lines hold.
///
/// # Errors
/// A line that is no JSON, or the lines make no transcript: a message with the line's number.
pub(crate) fn read(source: &str) -> Result<Transcript, String> {
    let mut reader = Reader::new(source);
    for (index, line) in source.lines().enumerate() {
        let number = index + 1;
        let read = serde_json::from_str(line).map_err(|error| error.to_string());
        read.and_then(|line| reader.line_of(&line))
            .map_err(|error| format!("line {number}: {error}"))?;
    }
    let text = reader.text;
    Transcript::parse_within(text.as_bytes(), only_text()).map_err(|error| {
        let screen = error.render("the transcript", text.as_bytes());
        format!("these lines make no transcript\n{}", screen.trim_end())
    })
}

/// What stands before what is said: who, and where there are several, in which connection.
fn head(from: &str, conn: Option<u64>) -> String {
    match conn {
        None | Some(1) => from.to_owned(),
        Some(number) => format!("{number}{from}"),
    }
}

/// What is said, if the line tells that.
fn speech(what: What<'_>) -> Option<Speech<'_>> {
    match what {
        What::Said(speech) => Some(*speech),
        _ => None,
    }
}

/// Makes lines of a transcript out of those of JSON.
struct Reader {
    text: String,
    eol: LineEnd,
    /// The time of the last event, in seconds.
    now: Option<f64>,
}

impl Reader {
    /// With what is to be known before the first line: how lines end.
    fn new(source: &str) -> Self {
        let lines = source.lines().map(serde_json::from_str::<Line<'_>>);
        // What is no line of JSON is told of when its turn comes.
        let speeches = lines
            .map_while(Result::ok)
            .filter_map(|line| speech(line.what));
        let mut speeches = speeches.peekable();
        let ours = speeches.peek().is_some_and(|speech| speech.talk.is_some());
        let set = |eol: &str| format!("eol      {eol}");
        let eol = if ours {
            // Settings stand above all that is said.
            let settings = speeches.map_while(|speech| speech.talk);
            let ends = settings.filter_map(|line| match &*line {
                line if line == set("crlf") => Some(LineEnd::CrLf),
                line if line.starts_with("framing ") => Some(LineEnd::Frame),
                _ => None,
            });
            ends.last().unwrap_or(LineEnd::Lf)
        } else {
            let first = speeches.find_map(|speech| speech.eol);
            match first.is_some_and(|eol| eol == "crlf") {
                true => LineEnd::CrLf,
                false => LineEnd::Lf,
            }
        };
        let mut reader = Reader {
            text: String::new(),
            eol,
            now: ours.then_some(0.0),
        };
        if !ours {
            reader.line(FIRST_LINE);
            reader.line(&set(eol.word()));
            reader.line("");
        }
        reader
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn line_of(&mut self, line: &Line<'_>) -> Result<(), String> {
        let What::Said(speech) = &line.what else {
            return Ok(());
        };
        if let Some(talk) = &speech.talk {
            self.now = line.t.or(self.now);
            self.line(talk);
        } else if let Some(on) = &speech.on {
            let rule = self.rule(on, speech)?;
            self.line(&rule);
        } else if let Some(from) = &speech.from {
            self.pause(line.t);
            let step = self.step(&head(from, line.conn), speech)?;
            self.line(&step);
        }
        Ok(())
    }

    /// Time that passed and no line tells.
    fn pause(&mut self, t: Option<f64>) {
        let Some(t) = t else {
            return;
        };
        // `--json` has microseconds and a transcript milliseconds. What is too short for a pause is
        // not lost: `now` stays where it is, so ten steps of 0.4 ms make 4 ms and not none.
        let passed = t - self.now.unwrap_or(t);
        let pause = Duration::try_from_secs_f64(passed).unwrap_or_default();
        let pause = Duration::from_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        if pause.is_zero() {
            self.now = self.now.or(Some(t));
        } else {
            self.now = Some(t);
            self.line(&Item::Pause(pause).to_string());
        }
    }

    fn step(&self, head: &str, speech: &Speech<'_>) -> Result<String, String> {
        if let Some(act) = &speech.act {
            return Ok(format!("{head}! {act}"));
        }
        let said = what(speech)?.ok_or("nothing is said and nothing done")?;
        let own = self.eol.word();
        let word = speech.eol.as_deref().unwrap_or(own);
        let end = match word {
            "none" => "",
            "lf" => "\n",
            "cr" => "\r",
            "crlf" => "\r\n",
            "frame" if word == own => "",
            "frame" => return Err(FRAME.to_owned()),
            other => return Err(format!("`{other}` ends no line")),
        };
        let is_whole = word == own;
        let is_hex = match self.eol {
            LineEnd::Frame => is_whole,
            _ => end.is_empty(),
        };
        match said {
            Said::Bytes(bytes) if is_hex && speech.b64.is_some() => {
                let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(format!("{head}# {}", hex.join(" ")))
            }
            Said::Bytes(bytes) if is_whole => Ok(format!("{head}: {}", Text::literal(&bytes))),
            Said::Bytes(mut bytes) => {
                bytes.extend_from_slice(end.as_bytes());
                Ok(format!("{head}. {}", Text::literal(&bytes)))
            }
            Said::Hex(hex) => Ok(format!("{head}# {hex}")),
            Said::Notation(line) if is_whole => Ok(format!("{head}: {line}")),
            Said::Notation(line) => Ok(format!("{head}. {line}{}", end.escape_default())),
        }
    }

    fn rule(&self, on: &str, speech: &Speech<'_>) -> Result<String, String> {
        let heard = match what(speech)? {
            Some(Said::Bytes(bytes)) => format!("C: {}", Text::literal(&bytes)),
            Some(Said::Notation(line)) => format!("C: {line}"),
            Some(Said::Hex(hex)) => format!("C# {hex}"),
            None => "C:".to_owned(),
        };
        match (on, speech.count) {
            ("line", _) => Ok(format!("on {heard}")),
            ("after", Some(count)) => Ok(format!("on after {count} {heard}")),
            ("connect" | "other", _) => Ok(format!("on {on}")),
            _ => Err(format!("`{on}` sets off no rule")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn stays(steps: &str) -> String {
        let file = format!("{FIRST_LINE}\n{steps}");
        let transcript = Transcript::parse(file.as_bytes()).unwrap();
        let json = write(&transcript);
        assert_eq!(read(&json), Ok(transcript), "{json}");
        json
    }

    #[test]
    fn nothing_is_lost_on_the_way_and_back() {
        stays("");
        stays("framing u16\n\nC: a\nS# 00 ff {{n:u8=7}}\nC. \\xff\nS. a\n");
        stays("framing u16\n\non C# 00 {{n:u16=1}} {{_:bytes=00 ff}}\nS# {{n}} 01\n");
        stays("S? a {{n:int=1}}\n+2s\n2C* b\nS: c\n");
        stays("on after 2 C# 41 0a\nS: {{n:u16le=258}}{{_:bytes(2)=00 01}}\n");
        stays("eol crlf\nover udp\ntimeout 3s\nlet a = b\\x20\n\n# c\n\n");
        stays("+1.5ms\n+2s\nC: a\\x20\nS. b\\r\\n\n\n+3s\n# c\n2S:\nS.\nC# ff 00\nS# 41\n");
        stays(
            "C! connect\nS: caf\\xe9 \\{{ {{n:int=1}} {{n}}\nC: grüße\nC! half-close\nS! reset\n",
        );
        stays(
            "on connect\nS: hi\non C: a {{x:word=b}}\n+1s\nS: {{x}}\non after 2 C: a\non other\n",
        );
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text = include_str!("../../../docs/transcript.md");
        let mut blocks = text.split("```\n");
        let example = blocks.find(|block| block.starts_with("{\"t\"")).unwrap();
        let transcript = read(example).unwrap().to_string();
        let steps =
            "C: RING 3\n+40ms\nS: 250 ticket {{ticket:hex=0b1e}}\nS# ff fd 18\n+20ms\nS! close\n";
        assert!(transcript.ends_with(steps), "{transcript}");
    }

    #[test]
    fn each_line_tells_when_and_who() {
        let json = stays("eol crlf\nC: hi\n+40ms\n2S: {{n:int=1}}\n");
        let lines: Vec<&str> = json.lines().collect();
        assert_eq!(
            lines[2],
            r#"{"t":0.0,"conn":1,"from":"C","text":"hi","eol":"crlf"}"#
        );
        assert_eq!(
            lines[4],
            r#"{"t":0.04,"conn":2,"from":"S","line":"{{n:int=1}}","eol":"crlf"}"#
        );
    }

    #[test]
    fn what_a_command_showed_becomes_a_transcript() {
        let shown = r#"{"t":1732159000.5,"event":"listening","address":"127.0.0.1:8080"}
{"t":1732159001.000001,"conn":1,"from":"C","text":"hello {{","eol":"crlf"}
{"t":1732159001.1,"conn":1,"at":null,"event":"unexpected","expected":"C: hi","file":"x.talk","heard":"hello {{\\r\\n","line":3,"text":"it differs"}
{"t":1732159001.2,"conn":1,"event":"recording","text":"to x.talk","line":4}
{"t":1732159001.25,"conn":1,"from":"S","text":"hi "}
{"t":1732159001.25,"conn":1,"from":"C","b64":"/w==","eol":"lf"}
{"t":1732159001.25,"conn":1,"from":"C","text":"end","eol":"none"}
"#;
        let transcript = read(shown).unwrap().to_string();
        assert_eq!(
            transcript,
            "otherend talk 1\neol      crlf\n\nC: hello \\{{\n+249ms\nS: hi\\x20\nC. \\xff\\n\nC. end\n"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert!(read("{}\nC: x").unwrap_err().starts_with("line 2: "));
        let error = read("{\"from\":\"C\"}").unwrap_err();
        assert_eq!(error, "line 1: nothing is said and nothing done");
        let error = read("{\"from\":\"X\",\"text\":\"a\"}").unwrap_err();
        assert!(error.contains("no line begins with `X:`"), "{error}");
    }
}
