//! Clients that keep a connection and give nothing for it. Each is ended by a time of its own, and nobody waits for it.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    time::Duration,
};

use crate::{
    doors::door::{
        BOTH, CALL, Connection, Door, IMPATIENT, JSON, LOCALHOST, Listener, UPGRADING, is_closed,
    },
    support::head,
};

/// A trickle sends a byte so often: far more often than a timeout is long.
const PACE: Duration = Duration::from_millis(50);
/// A trickle that gets this far has not been stopped: two minutes.
const TRICKLED: usize = 2400;

/// Reads for one pace; whether the connection is closed.
fn closes(connection: &mut Connection) -> bool {
    connection.wait_at_most(PACE);
    match connection.read(&mut [0; 256]) {
        Ok(read) => read == 0,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
        Err(error) if is_closed(&error) => true,
        Err(error) => panic!("{error}"),
    }
}

/// Sends these bytes one by one, until the daemon closes the connection.
fn trickle(mut connection: Connection, bytes: impl Iterator<Item = u8>) {
    for byte in bytes.take(TRICKLED) {
        if connection.write_all(&[byte]).is_err() || closes(&mut connection) {
            return;
        }
    }
    panic!("a trickle was never stopped");
}

/// Sends without reading, until the daemon closes the connection.
fn never_read(mut connection: Connection, bytes: &[u8]) {
    // More than all buffers on the way hold together.
    for _ in 0..(1 << 28) / bytes.len() {
        match connection.write_all(bytes) {
            Ok(()) => {}
            Err(error) if is_closed(&error) => return,
            Err(error) => panic!("neither taken nor closed: {error}"),
        }
    }
    panic!("a client that never reads was never stopped");
}

fn framed(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

struct Slow<'a> {
    door: &'a Door,
    listener: Listener,
}

impl Slow<'_> {
    fn connect(&self, sent: &str) -> Connection {
        let mut connection = self.door.connect(self.listener);
        connection.write_all(sent.as_bytes()).expect("to send");
        connection
    }

    fn post(&self, length: usize) -> String {
        let bearer = self.door.bearer();
        format!("POST / HTTP/1.1\r\n{LOCALHOST}{JSON}{bearer}content-length: {length}\r\n\r\n")
    }

    fn websocket(&self) -> Connection {
        let bearer = self.door.bearer();
        let request = format!("GET / HTTP/1.1\r\n{LOCALHOST}{bearer}{UPGRADING}\r\n");
        let mut connection = self.connect(&request);
        assert!(head(&mut connection).starts_with("HTTP/1.1 101"));
        connection
    }
}

type Way = fn(&Slow<'_>);

/// What a client may do to keep its connection. Each ends when the connection is closed.
const WAYS: [(&str, Way); 12] = [
    ("nothing is ever said", |slow| {
        slow.connect("").read_to_the_end();
    }),
    ("a head trickles", |slow| {
        let endless = b"GET / HTTP/1.1\r\nx: ".iter().copied();
        trickle(slow.connect(""), endless.chain(std::iter::repeat(b'y')));
    }),
    ("empty lines trickle", |slow| {
        trickle(slow.connect(""), b"\r\n".iter().copied().cycle());
    }),
    ("a head stops in the middle", |slow| {
        slow.connect("POST / HTTP/1.1\r\nhost: local")
            .read_to_the_end();
    }),
    ("a body trickles", |slow| {
        trickle(slow.connect(&slow.post(1 << 20)), std::iter::repeat(b' '));
    }),
    ("a body never comes", |slow| {
        let answer = slow.connect(&slow.post(100)).read_to_the_end();
        assert!(answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
    }),
    ("nothing is asked again", |slow| {
        let request = format!("{}{CALL}", slow.post(CALL.len()));
        let answer = slow.connect(&request).read_to_the_end();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    }),
    ("answers are not read", |slow| {
        let request = format!("{}{CALL}", slow.post(CALL.len()));
        never_read(slow.connect(""), request.repeat(50).as_bytes());
    }),
    ("a WebSocket answers no ping", |slow| {
        slow.websocket().read_to_the_end();
    }),
    ("a frame trickles", |slow| {
        let mut endless = vec![0x81, 0x80 | 126, 0xff, 0xff, 0, 0, 0, 0];
        endless.resize(TRICKLED * 2, b' ');
        trickle(slow.websocket(), endless.into_iter());
    }),
    ("answers on a WebSocket are not read", |slow| {
        // Each of seven bytes has an answer of a hundred.
        never_read(slow.websocket(), &framed("x").repeat(1000));
    }),
    ("refused, and still sending", |slow| {
        let refused = slow
            .post(1 << 20)
            .replace(JSON, "content-type: text/plain\r\n");
        trickle(slow.connect(&refused), std::iter::repeat(b' '));
    }),
];

#[test]
fn whoever_keeps_a_connection_and_gives_nothing_loses_it_and_nobody_waits_for_them() {
    let door = Door::with(IMPATIENT);
    std::thread::scope(|scope| {
        let mut slow = Vec::new();
        for listener in BOTH {
            for (what, way) in WAYS {
                let door = &door;
                let name = format!("{what} on {listener:?}");
                let thread = std::thread::Builder::new().name(name);
                let started = thread.spawn_scoped(scope, move || way(&Slow { door, listener }));
                slow.push(started.expect("a thread"));
            }
        }
        // Honest callers are answered while all of them are at it.
        while slow.iter().any(|thread| !thread.is_finished()) {
            door.works();
        }
    });
}

#[test]
fn clients_that_go_away_in_the_middle_are_let_go_at_once() {
    // With the times as they are by default: nothing here waits for one of them.
    let door = Door::open();
    for listener in BOTH {
        let slow = Slow {
            door: &door,
            listener,
        };
        for sent in [
            String::new(),
            "GET".to_owned(),
            "GET /livez HTTP/1.1\r\nhost:".to_owned(),
            slow.post(100),
            format!("{}{{", slow.post(100)),
        ] {
            let mut connection = slow.connect(&sent);
            connection.finish();
            connection.wait_at_most(Duration::from_secs(20));
            connection.read_to_the_end();
        }
        let mut upgraded = slow.websocket();
        upgraded.finish();
        upgraded.wait_at_most(Duration::from_secs(20));
        upgraded.read_to_the_end();
    }
    door.works();
}

/// With the times as they are by default: nothing stops this client but that it is read no further.
#[test]
fn answers_that_nobody_takes_do_not_pile_up_in_memory() {
    let door = Door::open();
    let resident = || crate::doors::flood::resident(&door);
    let Some(before) = resident() else {
        eprintln!("passed over: /proc does not show another process here");
        return;
    };
    for listener in BOTH {
        let mut connection = Slow {
            door: &door,
            listener,
        }
        .websocket();
        connection.write_at_most(Duration::from_secs(1));
        let frames = framed("x").repeat(1000);
        let sent = std::iter::repeat_with(|| connection.write_all(&frames)).take(1 << 15);
        let stopped = sent.filter_map(Result::err).next();
        let stopped = stopped.expect("the daemon reads on and on").kind();
        assert!(
            matches!(stopped, ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{stopped}"
        );
    }
    let after = resident().expect("as before");
    assert!(after < before + 64 * 1024, "{before} KiB, then {after}");
    door.works();
}

#[test]
fn silent_strangers_are_let_go_after_a_while_and_keep_nobody_waiting_until_then() {
    let door = Door::with(&format!("{IMPATIENT}max_connections = 3\n"));
    let mut silent: Vec<_> = (0..3).map(|_| door.connect(Listener::Tcp)).collect();
    door.works();
    for connection in &mut silent {
        connection.read_to_the_end();
    }
    door.works();
}
