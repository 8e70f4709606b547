//! `-4` and `-6`.

use otherend_net::endpoint::Family;

/// Which addresses are wanted.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct FamilyArgs {
    /// IPv4 only.
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,

    /// IPv6 only.
    #[arg(short = '6', long)]
    ipv6: bool,
}

impl FamilyArgs {
    /// The family that the flags name.
    pub(crate) fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}
