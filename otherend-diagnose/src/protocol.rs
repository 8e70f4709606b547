//! Which protocol the first bytes of a peer belong to, and the hello that a TLS server answers.

/// The protocol that the first bytes heard belong to, by the name that people use.
pub(crate) fn recognise(heard: &[u8]) -> Option<&'static str> {
    let starts = |prefix: &str| heard.starts_with(prefix.as_bytes());
    let upper = String::from_utf8_lossy(&heard[..heard.len().min(200)]).to_uppercase();
    // The bare "220 " of FTP and SMTP is left unnamed where neither says its name: servers of other
    // protocols greet with it, too. MySQL's packet is its length in three octets, number 0, version 10;
    // telnet begins with IAC and WILL, WONT, DO or DONT (RFC 854).
    match heard {
        _ if is_tls(heard) && !is_client_hello(heard) => Some("TLS"),
        _ if starts("HTTP/") || is_http2(heard) => Some("HTTP"),
        _ if starts("SSH-") => Some("SSH"),
        _ if starts("220") && upper.contains("SMTP") => Some("SMTP"),
        _ if starts("220") && upper.contains("FTP") => Some("FTP"),
        _ if starts("+OK") && upper.contains("POP") => Some("POP3"),
        _ if starts("* OK") => Some("IMAP"),
        _ if starts("RFB ") => Some("VNC"),
        _ if starts("@RSYNCD:") => Some("rsync"),
        _ if starts("INFO {") => Some("NATS"),
        _ if starts("-ERR unknown command") || starts("-NOAUTH") || starts("+PONG") => {
            Some("Redis")
        }
        _ if starts("AMQP") => Some("AMQP"),
        [_, _, 0, 0, 10, ..] => Some("MySQL"),
        [0xFF, 0xFB..=0xFE, ..] => Some("Telnet"),
        _ if upper.trim_start().starts_with("<!DOCTYPE")
            || upper.trim_start().starts_with("<HTML") =>
        {
            Some("HTTP")
        }
        _ => None,
    }
}

/// Whether the line that was said belongs to the protocol, so that its reply is no surprise.
pub(crate) fn is_said_by(protocol: &str, said: &str) -> bool {
    let verb = said
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    match protocol {
        "HTTP" => matches!(
            verb.as_str(),
            "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH"
        ),
        "SMTP" => matches!(verb.as_str(), "EHLO" | "HELO" | "NOOP" | "QUIT" | "HELP"),
        "SSH" => said.starts_with("SSH-"),
        "FTP" | "POP3" | "IMAP" => !said.is_empty(),
        "Redis" => matches!(verb.as_str(), "PING" | "INFO" | "AUTH"),
        _ => false,
    }
}

/// Whether the bytes begin a TLS record: a handshake or an alert, version 3.x (RFC 8446 §5.1).
pub(crate) fn is_tls(heard: &[u8]) -> bool {
    matches!(heard, [0x15 | 0x16, 3, 0..=4, ..])
}

/// Whether the bytes begin a client's hello: a handshake record whose message has the type 1, where a
/// server's has 2 (RFC 8446 §4).
pub(crate) fn is_client_hello(heard: &[u8]) -> bool {
    is_tls(heard) && matches!(heard, [0x16, _, _, _, _, 1, ..])
}

/// A SETTINGS frame on stream 0 (RFC 9113 §3.4): what an HTTP/2 server says first.
fn is_http2(heard: &[u8]) -> bool {
    matches!(heard, [0, _, _, 4, 0, 0, 0, 0, 0, ..])
}

/// A TLS client hello (RFC 8446 §4.1.2, with what TLS 1.2 wants): enough that a TLS server answers
/// with its hello or an alert. No handshake is finished with it, so its key share and random need
/// no secrecy.
pub(crate) fn tls_hello(host: &str) -> Vec<u8> {
    // By hand: a TLS library would want to finish the handshake, and check a certificate that is of no
    // interest here. Version 1.2, random, no session; then suites, no compression, extensions.
    let mut body = vec![3, 3];
    body.extend_from_slice(&[0x6F; 32]);
    body.push(0);
    let suites: [u16; 6] = [0x1301, 0x1302, 0xC02B, 0xC02F, 0xC030, 0x009C];
    push_block16(&mut body, &suites.map(u16::to_be_bytes).concat());
    body.extend_from_slice(&[1, 0]);
    push_block16(&mut body, &extensions(host));

    let mut handshake = vec![1, 0];
    push_block16(&mut handshake, &body);
    let mut record = vec![0x16, 3, 1];
    push_block16(&mut record, &handshake);
    record
}

fn extensions(host: &str) -> Vec<u8> {
    let mut all = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() && host.len() < 256 {
        push_extension(&mut all, 0, &server_name(host));
    }
    // supported_groups x25519 and secp256r1, ec_point_formats, signature_algorithms, then what TLS 1.3
    // wants: supported_versions 1.3 and 1.2, and a key_share. A server that finds nothing it likes
    // says so in an alert, which is TLS all the same.
    push_extension(&mut all, 10, &[0, 4, 0, 0x1D, 0, 0x17]);
    push_extension(&mut all, 11, &[1, 0]);
    push_extension(&mut all, 13, &[0, 10, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5]);
    push_extension(&mut all, 43, &[4, 3, 4, 3, 3]);
    let share = [&[0, 36, 0, 0x1D, 0, 32][..], &[9; 32]].concat();
    push_extension(&mut all, 51, &share);
    all
}

/// The server name extension (RFC 6066 §3).
fn server_name(host: &str) -> Vec<u8> {
    let mut name = vec![0];
    push_block16(&mut name, host.as_bytes());
    let mut list = Vec::new();
    push_block16(&mut list, &name);
    list
}

fn push_extension(to: &mut Vec<u8>, kind: u16, data: &[u8]) {
    to.extend_from_slice(&kind.to_be_bytes());
    push_block16(to, data);
}

/// The bytes behind their length in two octets; every block here is far below 65,536 octets.
fn push_block16(to: &mut Vec<u8>, data: &[u8]) {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_named() {
        let cases: [(&[u8], Option<&str>); 12] = [
            (b"HTTP/1.1 400 Bad Request\r\n", Some("HTTP")),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Some("SSH")),
            (b"220 mail.example ESMTP Postfix\r\n", Some("SMTP")),
            (b"220 ProFTPD Server\r\n", Some("FTP")),
            (b"* OK IMAP4rev1 ready\r\n", Some("IMAP")),
            (b"+OK POP3 ready\r\n", Some("POP3")),
            (b"\x15\x03\x01\x00\x02\x02\x46", Some("TLS")),
            (b"\x4a\x00\x00\x00\x0a8.0.36\x00", Some("MySQL")),
            (b"\xff\xfd\x18", Some("Telnet")),
            (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", Some("HTTP")),
            (b"220 bell-server ready\r\n", None),
            (b"", None),
        ];
        for (heard, name) in cases {
            assert_eq!(
                recognise(heard),
                name,
                "{:?}",
                String::from_utf8_lossy(heard)
            );
        }
    }

    #[test]
    fn a_hello_is_one_record_whose_lengths_agree() {
        for host in ["server.example", "192.0.2.1"] {
            let hello = tls_hello(host);
            assert!(is_tls(&hello));
            assert_eq!(
                usize::from(u16::from_be_bytes([hello[3], hello[4]])),
                hello.len() - 5
            );
            assert_eq!(
                usize::from(u16::from_be_bytes([hello[7], hello[8]])),
                hello.len() - 9
            );
        }
    }
}
