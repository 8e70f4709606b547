//! One object a line: `"type"` is `interface`, `listener`, `listeners-unknown` or `reachable`.

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use otherend_diagnose::interfaces::{Interface, Reach};
use otherend_diagnose::listeners::Listener;
use serde::Serialize;

use super::PortUse;
use crate::output;

/// Write every adapter and, if asked for, everything about a port.
pub(crate) fn write(
    out: &mut impl Write,
    adapters: &[Interface],
    port_use: Option<&PortUse>,
) -> io::Result<()> {
    for adapter in adapters {
        line(out, &interface(adapter))?;
    }
    let Some(port_use) = port_use else {
        return Ok(());
    };
    match &port_use.listeners {
        Ok(listeners) => {
            for found in listeners {
                line(out, &listener(found))?;
            }
        }
        Err(error) => line(
            out,
            &Line::ListenersUnknown {
                cause: error.to_string(),
            },
        )?,
    }
    for reach in &port_use.reachable {
        line(out, &reachable(reach))?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    Interface {
        name: &'a str,
        index: u32,
        description: Option<&'a str>,
        kind: &'static str,
        state: &'static str,
        mac: Option<&'a str>,
        mtu: Option<u32>,
        addresses: Vec<Address>,
        gateways: Vec<String>,
        default: bool,
    },
    Listener {
        address: String,
        protocol: &'static str,
        v6_only: Option<bool>,
        waiting: u32,
        backlog: Option<u32>,
        uid: u32,
        pid: Option<u32>,
        process: Option<&'a str>,
        command: Option<&'a str>,
        /// Seconds since 1970.
        since: Option<u64>,
    },
    ListenersUnknown {
        cause: String,
    },
    Reachable {
        address: String,
        scope: &'static str,
        interface: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct Address {
    address: String,
    prefix: u8,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    caution: Option<&'static str>,
}

fn interface(found: &Interface) -> Line<'_> {
    let address = |a: &otherend_diagnose::interfaces::Address| Address {
        address: a.ip.to_string(),
        prefix: a.prefix,
        scope: a.scope.label(),
        caution: a.caution,
    };
    Line::Interface {
        name: &found.name,
        index: found.index,
        description: found.description.as_deref(),
        kind: found.kind.label(),
        state: found.state.label(),
        mac: found.mac.as_deref(),
        mtu: found.mtu,
        addresses: found.addresses.iter().map(address).collect(),
        gateways: found.gateways.iter().map(ToString::to_string).collect(),
        default: found.is_default,
    }
}

fn listener(found: &Listener) -> Line<'_> {
    let process = found.process.as_ref();
    let since = process.and_then(|p| p.since?.duration_since(UNIX_EPOCH).ok());
    Line::Listener {
        address: found.address.to_string(),
        protocol: found.protocol.label(),
        v6_only: found.v6_only,
        waiting: found.recv_q,
        backlog: found.backlog,
        uid: found.uid,
        pid: process.map(|p| p.pid),
        process: process.map(|p| p.name.as_str()),
        command: process.map(|p| p.command.as_str()),
        since: since.map(|since| since.as_secs()),
    }
}

fn reachable(reach: &Reach) -> Line<'_> {
    Line::Reachable {
        address: reach.to_string(),
        scope: reach.scope.label(),
        interface: reach.interface.as_deref(),
    }
}

fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    writeln!(out, "{}", output::json::to_string(line)?)
}
