//! A cause that fits the evidence, and the verdict: all of them in order of likelihood.

mod kind;

use serde::Serialize;

pub use kind::CauseKind;

/// How well a cause fits. Causes are listed in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// The evidence shows it; no other explanation is left for what it explains.
    Certain,
    /// It explains what was seen without a further assumption.
    Likely,
    /// It is not excluded.
    Possible,
}

/// One cause, with what speaks for it and what to do.
#[derive(Debug, Clone, Serialize)]
pub struct Cause {
    /// Which of the known causes it is.
    #[serde(rename = "word")]
    pub kind: CauseKind,
    /// How well it fits.
    pub likelihood: Likelihood,
    /// The cause in one sentence, with the addresses of this case.
    pub says: String,
    /// The evidence.
    pub because: Vec<String>,
    /// The one check that tells it from the other causes of the same list.
    pub check: Option<String>,
    /// What to do when this is the cause.
    pub remedy: Option<String>,
}

impl Cause {
    pub(crate) fn new(kind: CauseKind, likelihood: Likelihood, says: impl Into<String>) -> Cause {
        Cause {
            kind,
            likelihood,
            says: says.into(),
            because: Vec::new(),
            check: None,
            remedy: None,
        }
    }

    pub(crate) fn certain(kind: CauseKind, says: impl Into<String>) -> Cause {
        Cause::new(kind, Likelihood::Certain, says)
    }

    pub(crate) fn likely(kind: CauseKind, says: impl Into<String>) -> Cause {
        Cause::new(kind, Likelihood::Likely, says)
    }

    pub(crate) fn possible(kind: CauseKind, says: impl Into<String>) -> Cause {
        Cause::new(kind, Likelihood::Possible, says)
    }

    pub(crate) fn because(mut self, evidence: impl Into<String>) -> Cause {
        self.because.push(evidence.into());
        self
    }

    pub(crate) fn check(mut self, check: impl Into<String>) -> Cause {
        self.check = Some(check.into());
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Cause {
        self.remedy = Some(remedy.into());
        self
    }
}

/// What the evidence amounts to: every cause that fits. Where [`works`](Verdict::works) holds, a cause
/// is a remark, such as a slow name server.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether it works as asked.
    pub works: bool,
    /// The result in one sentence.
    pub headline: String,
    /// Every cause that fits, the likeliest first; none that the evidence excludes.
    pub causes: Vec<Cause>,
}

impl Verdict {
    pub(crate) fn new(works: bool, headline: impl Into<String>, causes: Vec<Cause>) -> Verdict {
        Verdict {
            works,
            headline: headline.into(),
            causes: ranked(causes),
        }
    }

    /// The kinds of the causes, the likeliest first.
    pub fn kinds(&self) -> Vec<CauseKind> {
        self.causes.iter().map(|cause| cause.kind).collect()
    }
}

/// In order of likelihood, each kind once: what several addresses have in common is one cause.
fn ranked(causes: Vec<Cause>) -> Vec<Cause> {
    let mut ranked: Vec<Cause> = Vec::new();
    for cause in causes {
        match ranked.iter_mut().find(|known| known.kind == cause.kind) {
            Some(known) => merge(known, cause),
            None => ranked.push(cause),
        }
    }
    ranked.sort_by_key(|cause| cause.likelihood);
    ranked
}

fn merge(known: &mut Cause, other: Cause) {
    if other.likelihood < known.likelihood {
        let weaker = std::mem::replace(known, other);
        return merge(known, weaker);
    }
    for evidence in other.because {
        if !known.because.contains(&evidence) {
            known.because.push(evidence);
        }
    }
}
