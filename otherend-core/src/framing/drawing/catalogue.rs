//! The drawings that have a short name.

/// Short names and their drawings.
pub(super) const SHORT: &[(&str, &str)] = &[
    ("cr", r"{body}\r"),
    ("nul", r"{body}\0"),
    ("stx", r"\x02{body}\x03"),
    // HL7 minimal lower layer protocol.
    ("mllp", r"\x0b{body}\x1c\r"),
    ("u8", "{len:u8}{body}"),
    ("u16", "{len:u16}{body}"),
    ("u24", "{len:u24}{body}"),
    ("u32", "{len:u32}{body}"),
    ("u64", "{len:u64}{body}"),
    ("u16le", "{len:u16le}{body}"),
    ("u24le", "{len:u24le}{body}"),
    ("u32le", "{len:u32le}{body}"),
    ("u64le", "{len:u64le}{body}"),
    ("varint", "{len:varint}{body}"),
    // RFC 1006 §6.
    ("tpkt", r"\x03\0{len:u16 of all}{body}"),
    // Modbus Messaging on TCP/IP 1.0b §3.1.3: transaction and protocol, then the length of the rest.
    ("modbus", "{head:4}{len:u16}{body}"),
    // MQTT 3.1.1 §2.2: packet type and flags, then the remaining length.
    ("mqtt", "{head:1}{len:varint}{body}"),
    // AMQP 0-9-1 §2.3.5: the payload's length, and an end octet that it does not count.
    ("amqp", r"{head:3}{len:u32}{body}\xce"),
    // PostgreSQL counts the length itself; the first message of a client has no type.
    ("pg", "{head:1 but 0}{len:u32 +4}{body}"),
    ("iso8583", "{len:dec4}{body}"),
    ("netstring", "{len:dec}:{body},"),
    // RFC 6587 §3.4.1.
    ("octets", "{len:dec} {body}"),
    ("lsp", r"{lines Content-Length}\r\n{body}"),
    ("nmea", r"${body}*{sum:xor hex2}\r\n"),
    ("rtu", "{body}{sum:crc-16/modbus le} idle 4ms"),
    (
        "fix",
        r"8=FIX.4.4\x019={len:dec}\x01{body}10={sum:sum8 dec3 of all-before}\x01",
    ),
    ("slip", r"{body slip}\xc0"),
    ("cobs", r"{body cobs}\0"),
    ("dot", r"{body dot}\r\n.\r\n"),
];
