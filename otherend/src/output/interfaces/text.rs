//! Adapters as blocks of text, a port as two short lists.

use std::io::{self, Write};
use std::time::SystemTime;

use otherend_core::escaped;
use otherend_diagnose::interfaces::{Address, Interface, Reach, Scope, State};
use otherend_diagnose::listeners::{Listener, Process, Protocol};

use super::PortUse;
use crate::output::human;
use crate::output::style::Palette;
use crate::system::process::is_root;

/// Where the text of an adapter begins, right of its name.
const NAME_WIDTH: usize = 10;

/// How much of a command line is shown.
const COMMAND_WIDTH: usize = 90;

/// Write every adapter and, if asked for, everything about a port.
pub(crate) fn write(
    out: &mut impl Write,
    palette: Palette,
    adapters: &[Interface],
    port_use: Option<&PortUse>,
) -> io::Result<()> {
    let width = adapters
        .iter()
        .flat_map(|adapter| &adapter.addresses)
        .map(|address| address.to_string().len())
        .max()
        .unwrap_or(0);
    for adapter in in_use_first(adapters) {
        write_adapter(out, palette, adapter, width)?;
    }
    match port_use {
        Some(port_use) => write_port(out, palette, port_use),
        None => Ok(()),
    }
}

/// The adapters that can be used stand first.
fn in_use_first(adapters: &[Interface]) -> Vec<&Interface> {
    let mut sorted: Vec<&Interface> = adapters.iter().collect();
    sorted.sort_by_key(|a| (a.state != State::Up, !a.is_default, a.index));
    sorted
}

fn write_adapter(
    out: &mut impl Write,
    palette: Palette,
    adapter: &Interface,
    width: usize,
) -> io::Result<()> {
    let name = format!("{:<1$}", escaped(adapter.name.as_bytes()), NAME_WIDTH - 1);
    write!(out, "{} ", palette.strong(name))?;
    match adapter.state {
        State::Up => write!(out, "{}", palette.good("up"))?,
        State::NoLink => write!(out, "{}", palette.bad("no link"))?,
        _ => write!(out, "{}", palette.faint("down"))?,
    }
    write!(out, ", {}", adapter.kind.label())?;
    if let Some(mac) = &adapter.mac {
        write!(out, ", {mac}")?;
    }
    if let Some(mtu) = adapter.mtu {
        write!(out, ", mtu {mtu}")?;
    }
    writeln!(out)?;
    if let Some(description) = &adapter.description {
        let description = escaped(description.as_bytes());
        writeln!(out, "{:NAME_WIDTH$}{}", "", palette.faint(description))?;
    }
    for address in &adapter.addresses {
        write_address(out, palette, address, width)?;
    }
    for gateway in &adapter.gateways {
        let default = if adapter.is_default { "default " } else { "" };
        writeln!(out, "{:NAME_WIDTH$}{default}gateway {gateway}", "")?;
    }
    Ok(())
}

fn write_address(
    out: &mut impl Write,
    palette: Palette,
    address: &Address,
    width: usize,
) -> io::Result<()> {
    let shown = address.to_string();
    let scope = palette.faint(address.scope.label());
    write!(out, "{:NAME_WIDTH$}{shown:<width$}  {scope}", "")?;
    match address.caution {
        Some(caution) => writeln!(out, ", {}", palette.bad(caution)),
        None => writeln!(out),
    }
}

fn write_port(out: &mut impl Write, palette: Palette, port_use: &PortUse) -> io::Result<()> {
    let port = palette.strong(format!("port {}", port_use.port));
    match &port_use.listeners {
        Ok(listeners) if listeners.is_empty() => {
            writeln!(out, "\n{port}: nobody listens")?;
            writeln!(
                out,
                "a server on every address (serve --any) would be reached at"
            )?;
        }
        Ok(listeners) => {
            writeln!(out, "\n{port} is taken by")?;
            for listener in listeners {
                write_listener(out, palette, listener)?;
            }
            writeln!(out, "reached at")?;
        }
        Err(error) => {
            writeln!(out, "\n{port}: who listens is unknown: {error}")?;
            writeln!(out, "a server on every address (serve --any) is reached at")?;
        }
    }
    if port_use.reachable.is_empty() {
        return writeln!(out, "  no address: no adapter that is up has one");
    }
    let shown = |reach: &Reach| reach.to_string().len();
    let width = port_use.reachable.iter().map(shown).max().unwrap_or(0);
    for reach in &port_use.reachable {
        let address = format!("{:<width$}", reach.to_string());
        let from = palette.faint(reached_from(reach));
        writeln!(out, "  {}  {from}", palette.strong(address))?;
    }
    Ok(())
}

fn write_listener(out: &mut impl Write, palette: Palette, listener: &Listener) -> io::Result<()> {
    let address = palette.strong(listener.address);
    write!(out, "  {} {address}  ", listener.protocol.label())?;
    match &listener.process {
        Some(process) => write_process(out, process)?,
        None => writeln!(out, "{}", out_of_sight(listener.uid))?,
    }
    let waiting = u64::from(listener.recv_q);
    let queue = match (listener.protocol, listener.backlog) {
        (Protocol::Tcp, Some(backlog)) => {
            format!("{waiting} of at most {backlog} connections wait to be accepted")
        }
        (Protocol::Tcp, None) => {
            format!("{} to be accepted", human::plural(waiting, "connection"))
        }
        (Protocol::Udp, _) => format!("{} unread", human::size(waiting)),
    };
    writeln!(out, "      {}", palette.faint(queue))
}

/// A process that we may not look at.
fn out_of_sight(uid: u32) -> String {
    if is_root() {
        return format!("a process out of sight, of user {uid} (in another container?)");
    }
    format!("a process of user {uid} (run this as root to see which)")
}

fn write_process(out: &mut impl Write, process: &Process) -> io::Result<()> {
    let name = escaped(process.name.as_bytes());
    write!(out, "{name} (pid {}", process.pid)?;
    let age = process
        .since
        .map(|since| SystemTime::now().duration_since(since));
    if let Some(Ok(age)) = age {
        write!(out, ", started {} ago", human::duration(age))?;
    }
    writeln!(out, ")")?;
    if process.command.is_empty() {
        return Ok(());
    }
    let command = escaped(process.command.as_bytes());
    let short: String = command.chars().take(COMMAND_WIDTH).collect();
    let dots = if short.len() < command.len() {
        "…"
    } else {
        ""
    };
    writeln!(out, "      {short}{dots}")
}

/// From how far away, in words.
pub(crate) fn reached_from(reach: &Reach) -> String {
    let from = match reach.scope {
        Scope::Host => "from this machine only",
        Scope::Link => "from the same link only",
        Scope::Private => "from this private network",
        _ => "from everywhere, firewalls permitting",
    };
    match &reach.interface {
        Some(name) => format!("{from} ({})", escaped(name.as_bytes())),
        None => from.to_owned(),
    }
}
