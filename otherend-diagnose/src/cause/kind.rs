//! Every kind of cause, with its stable word: what `--json` prints and what scripts may compare. A
//! word is never reused for another meaning; `docs/diagnose.md` explains each.

use std::fmt;

use serde::{Serialize, Serializer};

// One row is a variant, its documentation and its word; three lists side by side would drift apart.
macro_rules! words {
    ($($variant:ident $word:literal $meaning:literal,)+) => {
        /// What keeps a connection from coming about, or a listener from listening.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CauseKind {
            $(#[doc = $meaning] $variant,)+
        }

        impl CauseKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [CauseKind] = &[$(CauseKind::$variant,)+];

            /// The stable word for it: `not-listening`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(CauseKind::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    PortZero "port-zero" "Port 0 cannot be connected to.",
    BadAddress "bad-address" "The address is not one that a single peer can have.",
    NameUnknown "name-unknown" "The name does not exist.",
    NameNoFamily "name-no-family" "The name exists and has no address of the wanted family.",
    ResolverSilent "resolver-silent" "No resolver answered.",
    ResolverFailed "resolver-failed" "A resolver answered with an error of its own.",
    ResolverSlow "resolver-slow" "A name server answers late or not at all, which delays each \
        connection by this name.",
    LookupOff "lookup-off" "It is a name, and names are not looked up.",
    NoRoute "no-route" "This machine, or a router on the way, has no route to the address.",
    RoutingLoop "routing-loop" "Routers send the packets in a circle.",
    RouteForbids "route-forbids" "A route of this machine forbids to send to the address.",
    InterfaceDown "interface-down" "The interface that leads to the address is down.",
    GatewayDown "gateway-down" "The first router on the way does not answer.",
    WrongAddress "wrong-address" "Nobody has this address: another one was probably meant.",
    HostDown "host-down" "The machine with this address is off, asleep or unplugged.",
    NotListening "not-listening" "The machine answers, and nothing listens on the port.",
    LoopbackOnly "loopback-only" "The server listens on its loopback address only.",
    OtherAddress "other-address" "The server listens on another address of its machine.",
    OtherPort "other-port" "A server listens on a port that is one slip of the finger away.",
    FamilyMismatch "family-mismatch" "The name's first address has another family than the \
        server's.",
    SomeAddressesFail "some-addresses-fail" "Some of the name's addresses do not answer.",
    FirewallHere "firewall-here" "This machine stops what it sends itself.",
    FirewallDrop "firewall-drop" "A firewall at the server or on the way drops the packets.",
    FirewallReject "firewall-reject" "A firewall at the server or on the way rejects the packets.",
    AnswerLost "answer-lost" "The packets arrive, and the answers are lost on the way back.",
    BacklogFull "backlog-full" "The server's queue of connections waiting to be accepted is full.",
    ServerStopped "server-stopped" "The server's process is stopped.",
    NotAccepting "not-accepting" "The server's process does not accept what has arrived.",
    ServerNoDescriptors "server-no-descriptors" "The server's process has no descriptors left.",
    ServerFull "server-full" "The server says that it is full.",
    NotAllowed "not-allowed" "The server does not let this machine in.",
    ClosesAtOnce "closes-at-once" "The server accepts and closes at once.",
    ResetsAtOnce "resets-at-once" "The server accepts and resets at once.",
    BackendDown "backend-down" "A proxy accepts, and the server behind it does not run.",
    Crashed "crashed" "The server ended in the middle of the conversation.",
    OneShot "one-shot" "The server serves one conversation and ends.",
    Silent "silent" "The server accepted and says nothing.",
    Slow "slow" "The server takes long to answer.",
    TlsExpected "tls-expected" "The port wants TLS and heard plain text.",
    PlainExpected "plain-expected" "The port does not speak TLS.",
    OtherProtocol "other-protocol" "Another protocol lives on this port.",
    CrlfExpected "crlf-expected" "The server waits for lines that end with CR LF.",
    LineUnfinished "line-unfinished" "The server's reply never ends its line.",
    NotFlushed "not-flushed" "The server wrote its reply and did not flush it.",
    WaitsForEnd "waits-for-end" "The server answers when the client has finished sending.",
    ReplyDiffers "reply-differs" "The reply is not the expected one.",
    NoDescriptors "no-descriptors" "This process has no descriptors left.",
    NoLocalPort "no-local-port" "All local ports are in use.",
    SelfConnect "self-connect" "The connection was made to itself; there is no server.",
    FamilyMissing "family-missing" "This machine does not have the address family.",
    PortTaken "port-taken" "Another socket has the address and port already.",
    AddressNotHere "address-not-here" "The address to listen on is not one of this machine's.",
    PrivilegedPort "privileged-port" "The port needs a privilege that this process does not have.",
    Unexplained "unexplained" "The system gave an error that is none of the above.",
}

impl fmt::Display for CauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for CauseKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::CauseKind;

    #[test]
    fn every_word_is_lower_case_and_means_one_thing() {
        let mut words: Vec<&str> = CauseKind::ALL.iter().map(|kind| kind.as_str()).collect();
        for word in &words {
            assert!(
                word.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{word}"
            );
        }
        let before = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), before);
    }
}
