//! Flags whose values are names that the libraries know: help lists them and shells complete them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use otherend_core::Framing;
use otherend_net::Engine;

/// The value parser of `--framing`.
pub(crate) fn framing() -> impl TypedValueParser<Value = Framing> {
    let names = Framing::ALL.map(Framing::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Framing>())
}

/// The value parser of `--engine`.
pub(crate) fn engine() -> impl TypedValueParser<Value = Engine> {
    let names = Engine::ALL.iter().map(|engine| engine.name());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Engine>())
}
