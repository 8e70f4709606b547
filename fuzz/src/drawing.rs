//! Drawings: any text that is one reads what it writes, however that is cut, and any bytes at all.

use otherend_core::{Decoded, Decoder, Drawing, Framing};

/// The longest message that is heard.
const MOST: usize = 300;

/// The first line is a drawing or its name; what follows is a message, and a stream of anything.
pub fn check(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let (Some(text), Some(bytes)) = (parts.next(), parts.next()) else {
        return;
    };
    let Ok(drawing) = std::str::from_utf8(text).unwrap_or("").parse::<Drawing>() else {
        return;
    };
    let again = drawing.to_string().parse::<Drawing>();
    assert_eq!(again.as_ref(), Ok(&drawing), "it is read as it was written");
    let framing = Framing::Drawn(drawing.clone());
    let (message, mut frame) = (&bytes[..bytes.len().min(MOST)], Vec::new());
    if drawing.encode(message, &mut frame).is_ok() {
        assert_eq!(found(&framing, [&frame[..]]), [format!("{message:?}")]);
        assert_eq!(found(&framing, frame.chunks(1)), [format!("{message:?}")]);
    }
    // A peer may say anything.
    let whole = found(&framing, [bytes]);
    for size in [1, 2, 7] {
        assert_eq!(whole, found(&framing, bytes.chunks(size)));
    }
}

fn found<'a>(framing: &Framing, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Decoder::new(framing, MOST);
    let mut found = Vec::new();
    let mut note = |decoded: Decoded<'_>| match decoded {
        Decoded::Message(message, _) => {
            assert!(message.len() <= MOST, "a message is longer than allowed");
            found.push(format!("{message:?}"));
        }
        other => found.push(format!("{other:?}")),
    };
    for piece in pieces {
        let mut feed = decoder.feed(piece);
        while let Some(decoded) = feed.next() {
            note(decoded);
        }
    }
    while let Some(decoded) = decoder.finish() {
        note(decoded);
    }
    found
}
