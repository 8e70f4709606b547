//! A layer for tests: each side says a mark first, then its bytes in disguise, then its end. A
//! question of its own is answered without the conversation, as a ping is.

const MARK: u8 = b'M';
const END: u8 = 0xff;
/// Asks the other end for an [`ANSWER`].
pub(crate) const ASK: u8 = 0xfe;
pub(crate) const ANSWER: u8 = 0xfd;
/// What turns text into other text; no byte of text becomes one of the above.
const DISGUISE: u8 = 0x2a;

#[derive(Debug, Default)]
pub(crate) struct Marked {
    heard_mark: bool,
    said_mark: bool,
    ended: bool,
}

impl Marked {
    pub(super) fn hear(&mut self, bytes: &[u8], inner: &mut Vec<u8>, wire: &mut Vec<u8>) {
        for &byte in bytes {
            match byte {
                _ if self.ended => return,
                MARK if !self.heard_mark => self.heard_mark = true,
                _ if !self.heard_mark => panic!("the mark comes first"),
                END => self.ended = true,
                ASK => {
                    self.mark(wire);
                    wire.push(ANSWER);
                }
                ANSWER => {}
                byte => inner.push(self::disguise(byte)),
            }
        }
    }

    pub(super) fn say(&mut self, inner: &[u8], wire: &mut Vec<u8>) {
        self.mark(wire);
        wire.extend(inner.iter().copied().map(disguise));
    }

    pub(super) fn close(&mut self, wire: &mut Vec<u8>) {
        self.mark(wire);
        wire.push(END);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    fn mark(&mut self, wire: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.said_mark, true) {
            wire.push(MARK);
        }
    }
}

/// There and back.
fn disguise(byte: u8) -> u8 {
    byte ^ DISGUISE
}
