//! How to connect, and what is known when it did not work.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use otherend_core::{Address, Settings};

use super::Attempt;
use crate::endpoint::{Endpoint, Family, ResolveError};
use crate::error::plain;
use crate::stream::Keepalive;

/// How to connect. The default waits 10 s and takes any address.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Which addresses to try.
    pub family: Family,
    /// Take addresses only, look no name up.
    pub no_dns: bool,
    /// Connect from this address.
    pub source: Option<IpAddr>,
    /// For looking the name up, and again for connecting to all of its addresses together (10 s).
    /// `None`: as long as the system waits.
    pub timeout: Option<Duration>,
    /// When a silent server is asked whether it is still there. `None`: never.
    pub keepalive: Option<Keepalive>,
    /// Framing, limits and deadlines of the conversation.
    pub settings: Settings,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            family: Family::Any,
            no_dns: false,
            source: None,
            timeout: Some(Duration::from_secs(10)),
            keepalive: Some(Keepalive::default()),
            settings: Settings::client(),
        }
    }
}

/// A connection that could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no address to try.
    Resolve(ResolveError),
    /// Addresses were tried and none answered.
    Failed {
        /// Where to.
        endpoint: Endpoint,
        /// Every address tried, in order, with its cause.
        attempts: Vec<Attempt>,
    },
    /// Nobody answered at a Unix socket.
    Unix {
        /// Its name.
        address: Address,
        /// What the system said.
        cause: io::Error,
    },
    /// It would be a connection to the program that makes it, which would make another, and so on.
    Itself(SocketAddr),
    /// The connection stands, but this process has no descriptor left to carry it.
    Local(io::Error),
}

impl ConnectError {
    /// Nobody refused: the time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            ConnectError::Resolve(error) => matches!(error, ResolveError::TimedOut { .. }),
            ConnectError::Failed { attempts, .. } => attempts
                .iter()
                .all(|attempt| attempt.error.kind() == io::ErrorKind::TimedOut),
            ConnectError::Unix { cause, .. } => cause.kind() == io::ErrorKind::TimedOut,
            ConnectError::Local(_) | ConnectError::Itself(_) => false,
        }
    }

    /// No address was even tried: [`ConnectOptions::source`] can be the source of none of them.
    #[must_use]
    pub fn is_unusable_source(&self) -> bool {
        let ConnectError::Failed { attempts, .. } = self else {
            return false;
        };
        let mut errors = attempts.iter().map(|attempt| attempt.error.kind());
        errors.all(|kind| kind == io::ErrorKind::AddrNotAvailable)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Resolve(error) => error.fmt(f),
            ConnectError::Itself(address) => {
                write!(f, "{address} is where this program listens itself")
            }
            ConnectError::Unix { address, cause } => {
                write!(f, "cannot connect to {address}: {}", plain(cause))
            }
            ConnectError::Local(error) => {
                write!(f, "cannot carry the connection: {}", plain(error))
            }
            ConnectError::Failed { endpoint, attempts } => {
                write!(f, "cannot connect to {endpoint}")?;
                for (i, attempt) in attempts.iter().enumerate() {
                    let before = if i == 0 { ": " } else { "; " };
                    if attempts.len() > 1 || attempt.address.to_string() != endpoint.to_string() {
                        write!(f, "{before}{}: {}", attempt.address, plain(&attempt.error))?;
                    } else {
                        write!(f, "{before}{}", plain(&attempt.error))?;
                    }
                }
                Ok(())
            }
        }
    }
}

// Each message is whole: a chain of sources would say the same twice.
impl std::error::Error for ConnectError {}
