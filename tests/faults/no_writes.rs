//! Calls that change nothing write nothing.

use serde_json::json;

use super::disk::Pair;

#[test]
fn calls_that_change_nothing_write_nothing() {
    let pair = Pair::new(false);
    let (alice, bob) = (&pair.alice, &pair.bob);
    let params = |message: &str| json!({"sender": bob.key, "message": message});
    let forge = |wire: &str| {
        let (body, last) = wire.split_at(wire.len() - 1);
        format!("{body}{}", if last == "0" { "1" } else { "0" })
    };
    let undecryptable = |message: &str| {
        let read = alice.daemon.ok("message_decrypt", params(message));
        assert_eq!(read["outcome"], "undecryptable", "{read}");
    };
    // The first event that is only told sets the numbers of a thousand aside.
    undecryptable(&forge(&bob.send(alice, "forged")));
    let wire = bob.send(alice, "text");
    let forged = forge(&wire);
    let mut read = json!(null);
    let commit = pair.disk.calls_in(|| read = alice.receive(bob, &wire));
    assert!(commit > 1, "{commit}");
    assert_eq!(alice.confirm(&read), 1);

    let free: [(&str, &dyn Fn()); 6] = [
        ("a forgery", &|| undecryptable(&forged)),
        ("what was read and confirmed", &|| undecryptable(&wire)),
        ("a confirmation of nothing", &|| {
            let none = json!({"messageIds": []});
            alice.daemon.ok("message_confirm", none);
        }),
        ("a confirmation of what is gone", &|| {
            assert_eq!(alice.confirm(&read), 0);
        }),
        ("the bundle", &|| {
            alice.daemon.ok("bundle_get", json!({}));
        }),
        ("a call that is refused", &|| {
            let nobody = json!({"recipient": "0x02", "text": "x"});
            alice.daemon.call("message_encrypt", nobody).unwrap_err();
        }),
    ];
    for (what, call) in free {
        let calls = pair.disk.calls_in(|| (0..10).for_each(|_| call()));
        assert_eq!(calls, 0, "{what}");
    }
    // A session is told of: its event waits in the store, published, and no forgery pays for
    // erasing it.
    alice
        .daemon
        .ok("session_reset", json!({"identity": bob.key}));
    let calls = pair.disk.calls_in(|| undecryptable(&forged));
    assert_eq!(calls, 0, "an event that was published");
}
