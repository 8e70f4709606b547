//! What is said, and what else a transcript has.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};

use crate::{LineEnd, Role};

/// Something said or done by an end, or any other line of a transcript. Each kind uses some of the
/// fields, and those that are not used are not written; see docs/transcript.md.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Speech<'a> {
    /// Who said or did it: `C` or `S`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Cow<'a, str>>,
    /// What is said, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// What is said in base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b64: Option<String>,
    /// What is said in the notation of transcripts, where it has holes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// What is said as pairs of hex digits, where they have holes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Of what is said: `lf`, `crlf`, `cr`, `none`, or `frame` where it came in one as drawn. By itself:
    /// the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eol: Option<Cow<'a, str>>,
    /// `connect`, `close`, `half-close`, `reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// A rule: `connect`, `line`, `after`, `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Of the rule `after`: how many lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Any line of a transcript that is nothing of the above, as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk: Option<String>,
}

impl<'a> Speech<'a> {
    /// `from` said these bytes; `end` is how their line ended, where they are one.
    #[must_use]
    pub fn of(from: Role, bytes: &'a [u8], end: Option<LineEnd>) -> Self {
        let mut speech = Speech {
            from: Some(Cow::Borrowed(match from {
                Role::Client => "C",
                Role::Server => "S",
            })),
            eol: end.map(|end| Cow::Borrowed(end.word())),
            ..Speech::default()
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => speech.text = Some(Cow::Borrowed(text)),
            Err(_) => speech.b64 = Some(BASE64_STANDARD.encode(bytes)),
        }
        speech
    }

    /// The bytes that `text` or `b64` says, if one does.
    ///
    /// # Errors
    ///
    /// When `b64` is no base64: why, in words.
    pub fn bytes(&self) -> Result<Option<Cow<'_, [u8]>>, String> {
        if let Some(text) = &self.text {
            return Ok(Some(Cow::Borrowed(text.as_bytes())));
        }
        let bytes = self.b64.as_ref().map(|b64| BASE64_STANDARD.decode(b64));
        let bytes = bytes.transpose().map_err(|error| format!("b64: {error}"))?;
        Ok(bytes.map(Cow::Owned))
    }
}
