//! Layers between a socket and a conversation (usually: a protocol stack): TLS, WebSocket, a PROXY
//! header.
//!
//! A layer is sans-IO: bytes of the wire in, bytes of the conversation out, and back. It holds no
//! socket, reads no clock and never waits, so it is written once, tested with nothing but bytes, and
//! works under every engine and in the client. There is none yet; what one must do is here.

use std::convert::Infallible;

/// One layer. A closed enum, as [`Stream`](super::Stream) is: a variant for each there is.
///
/// The contract:
///
/// - However the wire is cut, the same comes out; what is not complete yet is kept.
/// - `hear` may have something to answer before the conversation has: a handshake, a pong.
/// - `say` may be called before a handshake is over; what cannot be sent yet is kept, and goes out
///   behind a later answer.
/// - After `close` nothing is said; the peer is still heard.
/// - It has an end of its own (TLS: close_notify, WebSocket: Close). `has_ended` says that the peer's
///   has come. A wire that ends before it has was cut off, by whoever can cut wires.
#[derive(Debug)]
pub(crate) enum Layer {
    /// There is no layer yet.
    #[allow(
        dead_code,
        reason = "it cannot be made: it stands where the first layer will"
    )]
    Never(Infallible),
    /// What the tests put in between.
    #[cfg(test)]
    Marked(marked::Marked),
}

/// The layers of one stream, the lowest next to the socket first; never none.
#[derive(Debug)]
pub(crate) struct Layers(Vec<Layer>);

impl Layer {
    /// The peer's bytes: what they say goes to `inner`, what there is to answer to `wire`.
    fn hear(&mut self, bytes: &[u8], inner: &mut Vec<u8>, wire: &mut Vec<u8>) {
        match self {
            Layer::Never(never) => {
                let _ = (bytes, inner, wire);
                match *never {}
            }
            #[cfg(test)]
            Layer::Marked(layer) => layer.hear(bytes, inner, wire),
        }
    }

    /// Our bytes, as they go to the `wire`.
    fn say(&mut self, inner: &[u8], wire: &mut Vec<u8>) {
        match self {
            Layer::Never(never) => {
                let _ = (inner, wire);
                match *never {}
            }
            #[cfg(test)]
            Layer::Marked(layer) => layer.say(inner, wire),
        }
    }

    /// Our end, as it goes to the `wire`.
    fn close(&mut self, wire: &mut Vec<u8>) {
        match self {
            Layer::Never(never) => {
                let _ = wire;
                match *never {}
            }
            #[cfg(test)]
            Layer::Marked(layer) => layer.close(wire),
        }
    }

    /// The peer's end has come.
    fn has_ended(&self) -> bool {
        match self {
            Layer::Never(never) => match *never {},
            #[cfg(test)]
            Layer::Marked(layer) => layer.has_ended(),
        }
    }
}

impl Layers {
    /// `None`: there are none, and the conversation's bytes are the wire's.
    pub(crate) fn of(layers: Vec<Layer>) -> Option<Layers> {
        (!layers.is_empty()).then_some(Layers(layers))
    }

    /// Bytes of the peer: what they say in the end, and what there is to send for it, at the end of
    /// `wire`.
    pub(crate) fn hear(&mut self, bytes: &[u8], wire: &mut Vec<u8>) -> Vec<u8> {
        // Up through the layers, and what one of them answers goes down again from where it is.
        // With TLS below WebSocket, a ping is decrypted by the first and answered by the second,
        // and the pong is encrypted by the first on its way out.
        let mut heard = bytes.to_vec();
        for index in 0..self.0.len() {
            let (mut inner, mut answer) = (Vec::new(), Vec::new());
            self.0[index].hear(&heard, &mut inner, &mut answer);
            self.descend(index, answer, wire);
            heard = inner;
        }
        heard
    }

    /// Our bytes, put at the end of `wire` as they go there.
    pub(crate) fn say(&mut self, bytes: &[u8], wire: &mut Vec<u8>) {
        self.descend(self.0.len(), bytes.to_vec(), wire);
    }

    /// Nothing more is said: each layer's end, the highest first.
    pub(crate) fn close(&mut self, wire: &mut Vec<u8>) {
        for index in (0..self.0.len()).rev() {
            let mut end = Vec::new();
            self.0[index].close(&mut end);
            self.descend(index, end, wire);
        }
    }

    /// The peer has ended in good order: the highest layer says so.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.last().is_some_and(Layer::has_ended)
    }

    /// A layer below one that goes on has ended: nothing more can come, and what ended it was not
    /// who speaks.
    pub(crate) fn is_cut_off(&self) -> bool {
        !self.has_ended() && self.0.iter().any(Layer::has_ended)
    }

    /// Bytes that the layer at `from` has for the one below, down to the wire.
    fn descend(&mut self, from: usize, bytes: Vec<u8>, wire: &mut Vec<u8>) {
        let mut bytes = bytes;
        for layer in self.0[..from].iter_mut().rev() {
            if bytes.is_empty() {
                return;
            }
            let mut below = Vec::new();
            layer.say(&bytes, &mut below);
            bytes = below;
        }
        wire.append(&mut bytes);
    }
}

#[cfg(test)]
pub(crate) mod marked;

#[cfg(test)]
mod tests {
    use super::marked::Marked;
    use super::*;

    fn two() -> Layers {
        Layers::of(vec![
            Layer::Marked(Marked::default()),
            Layer::Marked(Marked::default()),
        ])
        .unwrap()
    }

    #[test]
    fn one_is_heard_through_the_other_however_the_wire_is_cut() {
        let (mut ours, mut wire) = (two(), Vec::new());
        ours.say(b"hello ", &mut wire);
        ours.say(b"there", &mut wire);
        ours.close(&mut wire);
        for cut in 0..=wire.len() {
            let mut theirs = two();
            let mut heard = theirs.hear(&wire[..cut], &mut Vec::new());
            // The last byte is the end of the lower one, which says nothing more.
            assert_eq!(theirs.has_ended(), cut + 1 >= wire.len());
            heard.extend(theirs.hear(&wire[cut..], &mut Vec::new()));
            assert_eq!(heard, b"hello there");
            assert!(theirs.has_ended() && !theirs.is_cut_off());
        }
    }

    #[test]
    fn an_end_below_cuts_off_what_is_above() {
        let (mut ours, mut wire) = (two(), Vec::new());
        ours.say(b"hello", &mut wire);
        let Layers(stack) = &mut ours;
        stack[0].close(&mut wire);
        let mut theirs = two();
        assert_eq!(theirs.hear(&wire, &mut Vec::new()), b"hello");
        assert!(theirs.is_cut_off() && !theirs.has_ended());
    }
}
