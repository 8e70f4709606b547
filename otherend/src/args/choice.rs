//! Flags whose values are names that the libraries know: help lists them and shells complete them.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use otherend_core::{Drawing, Framing};
use otherend_net::Engine;

/// The value parser of `--framing`: help lists the names of lines, and any drawing is one, too.
pub(crate) fn framing() -> impl TypedValueParser<Value = Framing> {
    FramingParser
}

#[derive(Debug, Clone)]
struct FramingParser;

impl TypedValueParser for FramingParser {
    type Value = Framing;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Framing, clap::Error> {
        let parser = StringValueParser::new().try_map(|text| text.parse::<Framing>());
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let lines = Framing::ALL
            .into_iter()
            .filter_map(|framing| framing.name());
        // Short names of drawings are completed, and hidden in the help: two dozen of them would
        // bury the few that most people want.
        let drawn = Drawing::catalogue().map(|(name, _)| PossibleValue::new(name).hide(true));
        let raw = [PossibleValue::new("raw")];
        Some(Box::new(
            lines.map(PossibleValue::new).chain(raw).chain(drawn),
        ))
    }
}

/// The value parser of `--engine`.
pub(crate) fn engine() -> impl TypedValueParser<Value = Engine> {
    let names = Engine::ALL.iter().map(|engine| engine.name());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Engine>())
}
