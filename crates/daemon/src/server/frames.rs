//! What a WebSocket's client may send, judged by the heads of its frames (RFC 6455, 5.2).
//!
//! The library beneath loses its place among the bytes when a message is too large, and reads frames without a mask.

/// Longest head of a frame: two bytes, eight of length, four of mask.
const MAX_HEAD: usize = 14;
const HAS_MASK: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const OPCODE: u8 = 0x0f;
const CONTINUATION: u8 = 0x0;
/// Opcodes from here on are controls; they do not count as parts of a message.
const FIRST_CONTROL: u8 = 0x8;
const PING: u8 = 0x9;
/// The bit of a message's last frame.
const FIN: u8 = 0x80;

/// Follows the frames of one connection.
#[derive(Debug)]
pub(super) struct Frames {
    /// Largest message, in bytes, whatever the pieces it comes in.
    limit: u64,
    head: Vec<u8>,
    /// Bytes of the present frame's payload that are still to come.
    payload: u64,
    /// Bytes of the present message up to the end of its present frame.
    message: u64,
    /// Frames so far that make the daemon answer: the last of each message, and pings.
    asked: usize,
}

impl Frames {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit: limit.into(),
            head: Vec::with_capacity(MAX_HEAD),
            payload: 0,
            message: 0,
            asked: 0,
        }
    }

    /// Takes the next bytes of the connection; how many answers their frames ask for.
    ///
    /// # Errors
    /// What is wrong, if a frame is unmasked or makes its message too large.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> Result<usize, &'static str> {
        loop {
            let skipped = usize::try_from(self.payload)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            self.payload = self.payload.saturating_sub(skipped as u64);
            let Some((byte, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else {
                return Ok(std::mem::take(&mut self.asked));
            };
            self.head.push(*byte);
            bytes = rest;
            if let Some((start, length)) = frame(&self.head)? {
                self.head.clear();
                self.begin(start, length)?;
            }
        }
    }

    /// Bytes of the present message up to the end of its present frame.
    pub(super) fn message(&self) -> usize {
        usize::try_from(self.message).unwrap_or(usize::MAX)
    }

    fn begin(&mut self, start: u8, length: u64) -> Result<(), &'static str> {
        self.payload = length;
        let opcode = start & OPCODE;
        if opcode == PING || (opcode < FIRST_CONTROL && start & FIN != 0) {
            self.asked = self.asked.saturating_add(1);
        }
        if opcode < FIRST_CONTROL {
            let before = if opcode == CONTINUATION {
                self.message
            } else {
                0
            };
            self.message = before.saturating_add(length);
            if self.message > self.limit {
                return Err("a message over the limit");
            }
        }
        Ok(())
    }
}

/// First byte and payload length of a head, if it is complete.
fn frame(head: &[u8]) -> Result<Option<(u8, u64)>, &'static str> {
    let [start, length, rest @ ..] = head else {
        return Ok(None);
    };
    if length & HAS_MASK == 0 {
        return Err("a frame without a mask");
    }
    let short = length & LENGTH;
    let length = match (short, rest) {
        (126, [high, low, _, _, _, _]) => u16::from_be_bytes([*high, *low]).into(),
        (127, [long @ .., _, _, _, _]) if rest.len() == MAX_HEAD - 2 => {
            <[u8; 8]>::try_from(long).map_or(u64::MAX, u64::from_be_bytes)
        }
        (0..=125, [_, _, _, _]) => short.into(),
        _ => return Ok(None),
    };
    Ok(Some((*start, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 1000;

    fn head(opcode: u8, length: u64) -> Vec<u8> {
        let mut head = vec![opcode];
        match length {
            0..=125 => head.push(HAS_MASK | u8::try_from(length).unwrap()),
            126..=0xffff => {
                head.push(HAS_MASK | 126);
                head.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                head.push(HAS_MASK | 127);
                head.extend(length.to_be_bytes());
            }
        }
        head.extend([7; 4]);
        head
    }

    /// Frames with these opcodes and lengths, payloads of 0xff.
    fn frames(frames: &[(u8, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (opcode, length) in frames {
            bytes.extend(head(*opcode, *length as u64));
            bytes.resize(bytes.len() + length, 0xff);
        }
        bytes
    }

    /// Whether the bytes pass: at once, and byte by byte.
    fn passes(bytes: &[u8]) -> bool {
        let whole = Frames::new(LIMIT).follow(bytes);
        let mut singly = Frames::new(LIMIT);
        let piecewise = bytes
            .iter()
            .try_fold(0, |asked, byte| Ok(asked + singly.follow(&[*byte])?));
        assert_eq!(whole, piecewise);
        whole.is_ok()
    }

    #[test]
    fn what_has_to_be_answered_is_counted() {
        let asked = |list: &[(u8, usize)]| Frames::new(LIMIT).follow(&frames(list)).unwrap();
        assert_eq!(asked(&[]), 0);
        assert_eq!(asked(&[(0x81, 0), (0x82, 300)]), 2);
        assert_eq!(asked(&[(1, 5), (0, 5), (0x80, 5)]), 1);
        // A ping has its pong; a pong and a close have nothing.
        assert_eq!(asked(&[(1, 5), (0x89, 0), (0x80, 5)]), 2);
        assert_eq!(asked(&[(0x8a, 5), (0x88, 0)]), 0);
    }

    #[test]
    fn messages_pass_up_to_the_limit_whatever_their_pieces() {
        assert!(passes(b""));
        for length in [0, 125, 126, 127, 1000] {
            assert!(passes(&frames(&[
                (0x81, length),
                (0x82, length),
                (0x81, 1)
            ])));
        }
        assert!(!passes(&frames(&[(0x81, 5), (0x81, 1001)])));
        assert!(passes(&frames(&[
            (1, 500),
            (0, 0),
            (0x80, 500),
            (0x81, 1000)
        ])));
        assert!(!passes(&frames(&[(1, 500), (0, 500), (0x80, 1)])));
        // Controls between the pieces are no part of the message, and do not begin it anew.
        assert!(passes(&frames(&[(1, 1000), (0x89, 125), (0x80, 0)])));
        assert!(!passes(&frames(&[(1, 1000), (0x8a, 0), (0x80, 1)])));
    }

    #[test]
    fn a_length_is_judged_before_its_bytes_come() {
        for length in [1001, 1 << 30, u64::MAX >> 1, u64::MAX] {
            assert!(!passes(&head(0x81, length)), "{length}");
        }
    }

    #[test]
    fn a_frame_without_its_mask_does_not_pass() {
        assert!(!passes(&[0x81, 5]));
        let mut bytes = frames(&[(0x81, 300)]);
        bytes.extend([0x81, 0]);
        assert!(!passes(&bytes));
    }
}
