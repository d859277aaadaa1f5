//! WebSocket frames: sizes, pieces, and what is none.

use std::io::{Read as _, Write as _};

use serde_json::Value;

use crate::{
    doors::door::{BOTH, CALL, Connection, Door, IMPATIENT, LOCALHOST, Listener, UPGRADING},
    support::{head, text},
};

const LIMIT: usize = 10 * 1024 * 1024;

const CONTINUED: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const FIN: u8 = 0x80;

/// Why the daemon closes a WebSocket (RFC 6455, 7.4.1).
const AWAY: u16 = 1001;
const PROTOCOL: u16 = 1002;
const INVALID: u16 = 1007;
const SILENT: u16 = 1008;
const TOO_LARGE: u16 = 1009;

/// A frame under a mask of zeros.
fn frame(start: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![start];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | u8::try_from(short).expect("short")),
        middle @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(middle).expect("middle").to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A WebSocket on which any frames may be sent.
struct Frames(Connection);

impl Frames {
    fn open(door: &Door, listener: Listener) -> Self {
        let mut connection = door.connect(listener);
        let request = format!(
            "GET / HTTP/1.1\r\n{LOCALHOST}{}{UPGRADING}\r\n",
            door.bearer()
        );
        connection.write_all(request.as_bytes()).expect("to send");
        assert!(head(&mut connection).starts_with("HTTP/1.1 101"));
        Self(connection)
    }

    /// Sends a frame under a mask of zeros. The daemon may have closed in the middle.
    fn send(&mut self, start: u8, payload: &[u8]) {
        let _ = self.0.write_all(&frame(start, payload));
    }

    /// The next frame; `None` if the daemon closes the connection.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut start = [0; 2];
        self.0.read_exact(&mut start).ok()?;
        let length = match start[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).ok()?;
                usize::from(u16::from_be_bytes(length))
            }
            127 => panic!("a long answer"),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        Some((start[0], payload))
    }

    /// The next text frame.
    fn answer(&mut self) -> Option<Value> {
        loop {
            let (start, payload) = self.next()?;
            match start {
                0x81 => return Some(serde_json::from_slice(&payload).expect("JSON")),
                0x88 => return None,
                _ => {}
            }
        }
    }

    /// The code that the daemon closes with, past whatever comes before; `None` if it says none.
    fn closed_with(&mut self) -> Option<u16> {
        let code = loop {
            let (start, payload) = self.next()?;
            if start == FIN | CLOSE {
                break payload.try_into().ok().map(u16::from_be_bytes);
            }
        };
        self.0.read_to_the_end();
        code
    }
}

fn is_answered(frames: &mut Frames) -> bool {
    frames
        .answer()
        .is_some_and(|answer| answer["result"].is_object())
}

#[test]
fn a_call_may_come_in_pieces_with_pings_between_them() {
    let door = Door::open();
    for listener in BOTH {
        let mut frames = Frames::open(&door, listener);
        let (first, rest) = CALL.as_bytes().split_at(7);
        let (second, third) = rest.split_at(1);
        frames.send(TEXT, first);
        frames.send(FIN | PING, b"are you there");
        frames.send(CONTINUED, second);
        frames.send(CONTINUED, b"");
        frames.send(FIN | CONTINUED, third);
        let mut pong = false;
        loop {
            let (start, payload) = frames.next().expect("a frame");
            if start == FIN | PONG {
                assert_eq!(payload, b"are you there");
                pong = true;
            } else if start == FIN | TEXT {
                break;
            }
        }
        assert!(pong, "the ping was passed over");
        frames.send(FIN | BINARY, CALL.as_bytes());
        assert!(is_answered(&mut frames), "bytes are JSON too");
        frames.send(FIN | PONG, b"nobody asked");
        frames.send(FIN | TEXT, CALL.as_bytes());
        assert!(is_answered(&mut frames));
    }
}

/// More messages than may be unanswered at once, each in a form of its own: none may count as unanswered for ever.
#[test]
fn a_websocket_goes_on_however_many_messages_it_has_carried() {
    let door = Door::open();
    let mut frames = Frames::open(&door, Listener::Tcp);
    let notification = CALL.replace("\"id\":1,", "");
    let batch = format!("[{notification}]");
    let misplaced = CALL.replace("system_version", "event_unsubscribe");
    let nameless = CALL.replace("method", "methud");
    for (form, is_answered) in [
        (CALL, true),
        (&notification, false),
        (&batch, false),
        (&misplaced, true),
        (&nameless, true),
        ("not JSON", true),
    ] {
        for _ in 0..1500 {
            frames.send(FIN | TEXT, form.as_bytes());
            frames.send(FIN | PONG, b"");
            if is_answered {
                frames.answer().expect("an answer");
            }
        }
    }
    for _ in 0..1500 {
        frames.send(FIN | PING, b"");
    }
    frames.send(FIN | TEXT, CALL.as_bytes());
    assert!(is_answered(&mut frames));
}

#[test]
fn what_is_no_call_is_answered_with_an_error_and_the_websocket_goes_on() {
    let door = Door::open();
    let mut frames = Frames::open(&door, Listener::Tcp);
    for (noise, code, kind, id) in [
        (&b""[..], -32700, "parse_error", Value::Null),
        (b"   ", -32700, "parse_error", Value::Null),
        (b"not JSON", -32700, "parse_error", Value::Null),
        (b"[1,2", -32700, "parse_error", Value::Null),
        (b"\0", -32700, "parse_error", Value::Null),
        (b"{}", -32600, "invalid_request", Value::Null),
        (b"{\"id\":1}", -32600, "invalid_request", 1.into()),
        (b"[]", -32600, "invalid_request", Value::Null),
        (b"7", -32600, "invalid_request", Value::Null),
    ] {
        frames.send(FIN | TEXT, noise);
        let answer = frames.answer().expect("an answer");
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{noise:?}: {answer}");
        assert_eq!(error["data"]["kind"], kind, "{noise:?}: {answer}");
        assert!(text(&error["data"]["hint"]).len() > 10, "{answer}");
        assert_eq!(answer["id"], id, "{noise:?}: {answer}");
    }
    // Bytes need not be text; they are no JSON then.
    frames.send(FIN | BINARY, b"\xff\xfe\xfd");
    let error = frames.answer().expect("an answer")["error"].clone();
    assert_eq!(error["code"], -32700, "{error}");
    frames.send(FIN | TEXT, CALL.as_bytes());
    assert!(is_answered(&mut frames));
}

#[test]
fn text_that_is_not_utf_8_closes_its_websocket_with_1007() {
    let door = Door::open();
    let call = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\x28\"}";
    for listener in BOTH {
        for noise in [&b"\xff\xfe\xfd"[..], call] {
            let mut frames = Frames::open(&door, listener);
            frames.send(FIN | TEXT, noise);
            assert_eq!(frames.closed_with(), Some(INVALID), "{noise:?}");
            let mut frames = Frames::open(&door, listener);
            frames.send(TEXT, b"{");
            frames.send(FIN | CONTINUED, noise);
            assert_eq!(frames.closed_with(), Some(INVALID), "{noise:?}");
        }
    }
    door.works();
}

#[test]
fn a_daemon_that_stops_closes_its_websockets_with_1001_after_their_answers() {
    let mut door = Door::open();
    let mut open: Vec<_> = BOTH.map(|listener| Frames::open(&door, listener)).into();
    let waits = CALL
        .replace("system_version", "event_list")
        .replace("}", ",\"params\":{\"account\":\"*\",\"waitMs\":60000}}");
    for frames in &mut open {
        frames.send(FIN | TEXT, waits.as_bytes());
        frames.send(FIN | TEXT, CALL.as_bytes());
        assert!(is_answered(frames));
    }
    assert_eq!(door.daemon.terminate(), Some(0));
    for frames in &mut open {
        assert!(is_answered(frames), "what it has begun is answered");
        assert_eq!(frames.closed_with(), Some(AWAY));
    }
}

#[test]
fn a_close_is_answered_with_its_own_code() {
    let door = Door::open();
    for listener in BOTH {
        for code in [1000_u16, 1001, 3000, 4999] {
            let mut frames = Frames::open(&door, listener);
            frames.send(FIN | CLOSE, &code.to_be_bytes());
            assert_eq!(frames.closed_with(), Some(code));
        }
    }
}

/// The daemon has an answer to write when it reads the close, and may not write it any more.
#[test]
fn a_close_right_behind_a_call_is_answered() {
    let door = Door::open();
    let mut call_and_close = frame(FIN | TEXT, CALL.as_bytes());
    call_and_close.extend(frame(FIN | CLOSE, &1000_u16.to_be_bytes()));
    // Whether the answer or the close comes first is not ours to say: several times, then.
    for listener in BOTH.repeat(8) {
        let mut frames = Frames::open(&door, listener);
        frames.0.write_all(&call_and_close).expect("to send");
        assert_eq!(frames.closed_with(), Some(1000));
    }
}

#[test]
fn a_message_of_ten_mebibytes_is_taken_and_one_byte_more_is_not_in_one_piece_or_in_many() {
    let door = Door::open();
    let mut call = CALL.as_bytes().to_vec();
    call.resize(LIMIT, b' ');
    let mut frames = Frames::open(&door, Listener::Tcp);
    frames.send(FIN | TEXT, &call);
    assert!(is_answered(&mut frames));
    call.push(b' ');
    frames.send(FIN | TEXT, &call);
    assert_eq!(frames.closed_with(), Some(TOO_LARGE));
    let mut frames = Frames::open(&door, Listener::Tcp);
    for (index, piece) in call.chunks(LIMIT / 10).enumerate() {
        frames.send(if index == 0 { TEXT } else { CONTINUED }, piece);
    }
    assert_eq!(frames.closed_with(), Some(TOO_LARGE));
    door.works();
}

#[test]
fn frames_that_are_none_close_their_websocket_and_nothing_else() {
    let door = Door::with(IMPATIENT);
    let huge = |length: u64| {
        let mut frame = vec![FIN | TEXT, 0x80 | 127];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame
    };
    let long_ping = {
        let mut frame = vec![FIN | PING, 0x80 | 126, 0, 126];
        frame.extend([0; 4 + 126]);
        frame
    };
    let broken = |start: u8| vec![start, 0x80, 0, 0, 0, 0];
    for (what, bytes, code) in [
        ("a reserved bit", broken(FIN | 0x40 | TEXT), Some(PROTOCOL)),
        ("an unknown kind", broken(FIN | 0x3), Some(PROTOCOL)),
        ("an unknown control", broken(FIN | 0xb), Some(PROTOCOL)),
        ("a control in pieces", broken(PING), Some(PROTOCOL)),
        ("a control too long", long_ping, Some(PROTOCOL)),
        (
            "the end of no message",
            broken(FIN | CONTINUED),
            Some(PROTOCOL),
        ),
        (
            "a message within one",
            [broken(TEXT), broken(FIN | TEXT)].concat(),
            Some(PROTOCOL),
        ),
        ("a length of 2^63", huge(1 << 63), Some(TOO_LARGE)),
        (
            "all the memory there is",
            huge(u64::MAX >> 1),
            Some(TOO_LARGE),
        ),
        (
            "a gigabyte that never comes",
            huge(1 << 30),
            Some(TOO_LARGE),
        ),
        (
            "a frame that never ends",
            vec![FIN | TEXT, 0x80 | 100, 0, 0, 0, 0, b'{'],
            Some(SILENT),
        ),
        ("half a head", vec![FIN], Some(SILENT)),
        ("a close without a reason", broken(FIN | CLOSE), None),
        (
            "a close with half a code",
            vec![FIN | CLOSE, 0x81, 0, 0, 0, 0, 3],
            Some(PROTOCOL),
        ),
        (
            "plain HTTP",
            b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
            Some(PROTOCOL),
        ),
    ] {
        for listener in BOTH {
            let mut frames = Frames::open(&door, listener);
            frames.0.write_all(&bytes).expect("to send");
            assert_eq!(frames.closed_with(), code, "{what}");
        }
    }
    door.works();
}

#[test]
fn a_frame_without_its_mask_closes_its_websocket() {
    let door = Door::open();
    for listener in BOTH {
        let mut frames = Frames::open(&door, listener);
        frames.send(FIN | TEXT, CALL.as_bytes());
        assert!(is_answered(&mut frames));
        let mut frame = vec![FIN | TEXT, u8::try_from(CALL.len()).expect("short")];
        frame.extend(CALL.as_bytes());
        frames.0.write_all(&frame).expect("to send");
        assert_eq!(frames.closed_with(), Some(PROTOCOL));
    }
    door.works();
}
