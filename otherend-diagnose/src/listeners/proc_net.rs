//! The tables of sockets: /proc/net/tcp, tcp6, udp and udp6 (proc_net_tcp(5)).

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::Protocol;

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) state: TcpState,
    /// A listener's waiting connections; otherwise bytes to be read.
    pub(crate) recv_q: u32,
    pub(crate) uid: u32,
    /// Names the socket; 0 once no process has it, as in TIME_WAIT.
    pub(crate) inode: u64,
}

/// A state of TCP by its number in the kernel (include/net/tcp_states.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TcpState(u8);

impl TcpState {
    pub(crate) const LISTEN: TcpState = TcpState(10);
}

/// Every socket of a protocol, of both families.
pub(crate) fn rows(protocol: Protocol) -> io::Result<Vec<Row>> {
    let name = protocol.label();
    let mut rows = parse(&fs::read_to_string(format!("/proc/net/{name}"))?);
    // A kernel without IPv6 has no such file.
    if let Ok(table) = fs::read_to_string(format!("/proc/net/{name}6")) {
        rows.extend(parse(&table));
    }
    Ok(rows)
}

fn parse(table: &str) -> Vec<Row> {
    table.lines().skip(1).filter_map(row).collect()
}

/// `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`
fn row(line: &str) -> Option<Row> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, remote, state, queues, _, _, uid, _, inode, ..] = fields.as_slice() else {
        return None;
    };
    let (_, recv_q) = queues.split_once(':')?;
    Some(Row {
        local: address(local)?,
        remote: address(remote)?,
        state: TcpState(u8::from_str_radix(state, 16).ok()?),
        recv_q: u32::from_str_radix(recv_q, 16).ok()?,
        uid: uid.parse().ok()?,
        inode: inode.parse().ok()?,
    })
}

/// `0100007F:1F90`: the address as words in the machine's own byte order, the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let ip = match ip.len() {
        8 => IpAddr::from(word(ip)?),
        32 => {
            let mut octets = [0; 16];
            for (index, place) in octets.chunks_exact_mut(4).enumerate() {
                place.copy_from_slice(&word(ip.get(index * 8..index * 8 + 8)?)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn word(hex: &str) -> Option<[u8; 4]> {
    Some(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_table_is_read_and_what_is_no_row_is_passed_over() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4711 1
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A \
00000000:00000000 00:00000000 00000000 0 0 12 1
   2: 0100007F:XYZ 00000000:0000 0A
";
        let rows = parse(table);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].local, "127.0.0.1:8080".parse().unwrap());
        assert_eq!((rows[0].state, rows[0].recv_q), (TcpState::LISTEN, 3));
        assert_eq!((rows[0].uid, rows[0].inode), (1000, 4711));
        assert_eq!(rows[1].local, "[::1]:80".parse().unwrap());
    }
}
