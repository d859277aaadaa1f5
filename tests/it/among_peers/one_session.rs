//! In suite secp256k1 at most one session is begun on each prekey of a device: a second one is
//! never read by status-go (protocol §7).

use serde_json::{Value, json};

use crate::{
    among_peers::people::*,
    support::{Daemon, Party, copy, list, only_message, text},
};

/// Alice's device is ours and Bob's is like status-go's. They have been shown each other's bundles.
fn acquainted() -> (Party, StatusGo) {
    let (alice, mut bob) = (Party::new("alice"), StatusGo::of(2, 1));
    swap(&alice, &mut bob);
    (alice, bob)
}

/// The same after Alice has written and Bob has answered, on the session that she began on his
/// prekey.
fn talking() -> (Party, StatusGo) {
    let (alice, mut bob) = acquainted();
    assert_eq!(target(&says(&alice, &mut bob, "hello"))["mode"], "x3dh");
    hears(&alice, &mut bob, "hi");
    assert_eq!(target(&says(&alice, &mut bob, "well"))["mode"], "ratchet");
    (alice, bob)
}

fn reset(at: &Party, params: Value) {
    at.daemon.ok("session_reset", params);
}

/// Bob is written to by DH, on account of the one session that was begun on his prekey, and
/// everything says so; he reads it.
fn says_by_dh(alice: &Party, bob: &mut StatusGo, message: &str) {
    let next = device(alice, &bob.key, bob.id())["nextMode"].take();
    let sent = says(alice, bob, message);
    assert_eq!(next, "dh", "it is known beforehand");
    assert_eq!(sent["forwardSecrecy"], false);
    let target = target(&sent);
    assert_eq!(target["installationId"], bob.id());
    assert_eq!(target["mode"], "dh");
    assert_eq!(target["sessionId"], Value::Null);
}

/// Bob's prekey is replaced, Alice learns of it, and there is forward secrecy again. Gives what she
/// made of the message that told her: it still went on the session of before, and its bundle counts
/// whatever becomes of it.
fn goes_on_with_the_next_prekey(alice: &Party, bob: &mut StatusGo) -> Value {
    pass(&[alice], 25 * HOUR);
    let message = bob.writes(alice, "a new day");
    let read = receive(alice, &bob.key, &message);
    let next = device(alice, &bob.key, bob.id())["nextMode"].take();
    assert!(next == "x3dh" || next == "ratchet", "{next}");
    assert_eq!(blocking(alice, &bob.key), Vec::<Value>::new());
    for mode in [next, json!("ratchet")] {
        let sent = says(alice, bob, "so it is");
        assert_eq!(sent["forwardSecrecy"], true);
        assert_eq!(target(&sent)["mode"], mode);
        hears(alice, bob, "indeed");
    }
    read
}

/// Bob's device is half a day older than Alice's. He begins, and she answers on his session. His
/// prekey is replaced, and she begins a session on the new one; he keeps to his own, and she
/// follows him back. Then hers is replaced, so that his session is over, and she is back on the
/// prekey that she began one on before: that one goes on, and he reads her.
#[test]
fn an_ordinary_conversation_of_two_days() {
    let (alice, mut bob) = (Party::new("alice"), StatusGo::of(2, 1));
    bob.bundle(before(now(&alice), 12 * HOUR));
    bob.meets(&alice);
    let his = hears(&alice, &mut bob, "good evening")["sessionId"].take();
    assert_eq!(
        target(&says(&alice, &mut bob, "good evening"))["sessionId"],
        his
    );

    pass(&[&alice], 13 * HOUR);
    hears(&alice, &mut bob, "good morning");
    let begun = target(&says(&alice, &mut bob, "good morning"));
    assert_eq!(begun["mode"], "x3dh");
    for _ in 0..2 {
        assert_eq!(hears(&alice, &mut bob, "what a day")["sessionId"], his);
    }
    assert_eq!(
        target(&says(&alice, &mut bob, "it is"))["sessionId"],
        his,
        "she followed him back"
    );

    pass(&[&alice], 12 * HOUR);
    let again = target(&says(&alice, &mut bob, "good evening"));
    assert_eq!(
        again["sessionId"], begun["sessionId"],
        "one for each prekey"
    );
    for _ in 0..4 {
        hears(&alice, &mut bob, "good evening");
        let sent = says(&alice, &mut bob, "and so on");
        assert_eq!(sent["forwardSecrecy"], true);
        pass(&[&alice], 12 * HOUR);
    }
}

/// Alice writes, and writes again eight days later. Bob was on a journey.
#[test]
fn a_session_that_nobody_answered_for_eight_days_goes_on() {
    let (alice, mut bob) = acquainted();
    let first = says(&alice, &mut bob, "are you there?");
    pass(&[&alice], 8 * DAY);
    let second = says(&alice, &mut bob, "are you back?");
    assert_eq!(target(&first)["sessionId"], target(&second)["sessionId"]);
    hears(&alice, &mut bob, "I am");
}

/// Alice writes 1001 messages, more than go unanswered on one session in the other suite, and Bob
/// reads them the last first.
#[test]
fn a_session_on_which_1001_messages_were_not_answered_goes_on() {
    let (alice, mut bob) = acquainted();
    let sent: Vec<Value> = (0..1001)
        .map(|number| write(&alice, &bob.key, &number.to_string()))
        .collect();
    for (number, sent) in sent.iter().enumerate().rev() {
        let message = only_message(sent);
        assert_eq!(bob.reads(&alice, &message), number.to_string());
    }
    hears(&alice, &mut bob, "all of them");
    says(&alice, &mut bob, "thank you");
}

/// Alice starts over with Bob, whose prekey is the one on which she began before.
#[test]
fn after_a_reset_everything_is_read_by_dh_until_the_next_prekey() {
    let (alice, mut bob) = talking();
    let begun = active(&alice, &bob.key);
    reset(&alice, json!({"identity": bob.key}));
    for _ in 0..2 {
        says_by_dh(&alice, &mut bob, "anew");
        assert_eq!(blocking(&alice, &bob.key), std::slice::from_ref(&begun));
        // By DH nothing at all would be an advertisement.
        let params = json!({"recipient": bob.key, "text": ""});
        let refused = alice.daemon.call("message_encrypt", params);
        let refused = refused.expect_err("refused");
        assert_eq!(refused["data"]["kind"], "invalid_params");
        hears(&alice, &mut bob, "welcome back");
    }
    let read = goes_on_with_the_next_prekey(&alice, &mut bob);
    assert_eq!(read["text"], "a new day", "{read}");
}

/// Alice starts over and hears nothing of Bob for so long that the session which she began is
/// erased. That she began one is still known.
#[test]
fn the_use_of_a_prekey_is_known_after_its_session() {
    let (alice, mut bob) = talking();
    reset(&alice, json!({"identity": bob.key}));
    pass(&[&alice], 16 * DAY);
    assert_eq!(sessions(&alice, &bob.key), Vec::<Value>::new());
    says_by_dh(&alice, &mut bob, "are you there?");
    let read = goes_on_with_the_next_prekey(&alice, &mut bob);
    assert_eq!(read["reason"], "session_not_found", "{read}");
    assert_eq!(read["nextAction"], "send_reply");
}

/// Alice's directory is put back to the state before she wrote to Bob: it knows nothing of the
/// session that she began since.
#[test]
fn after_a_directory_was_put_back_everything_is_read_by_dh_until_the_next_prekey() {
    let (mut alice, mut bob) = acquainted();
    let backup = tempfile::tempdir().expect("a directory");
    assert_eq!(alice.daemon.terminate(), Some(0));
    copy(&alice.daemon.data_dir(), backup.path());
    alice.daemon.restart();
    says(&alice, &mut bob, "of this nothing is left");
    assert_eq!(alice.daemon.terminate(), Some(0));
    copy(backup.path(), &alice.daemon.data_dir());
    alice.daemon.restart();

    for _ in 0..2 {
        says_by_dh(&alice, &mut bob, "I was put back");
    }
    let read = goes_on_with_the_next_prekey(&alice, &mut bob);
    assert_eq!(read["reason"], "session_not_found", "{read}");
    assert_eq!(read["nextAction"], "send_reply");
}

/// Alice's machine is lost, and what she has is the backup of last night, made after she had begun
/// to write to Bob.
#[test]
fn after_a_backup_was_restored_everything_is_read_by_dh_until_the_next_prekey() {
    let (alice, mut bob) = talking();
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup");
    let file = file.to_str().expect("UTF-8");
    ratchetd("backup", &alice.daemon.data_dir(), &[file, "--with-key"]);
    says(&alice, &mut bob, "of this nothing is left");
    let Party {
        daemon,
        key,
        installation,
    } = alice;
    drop(daemon);

    let directory = tempfile::tempdir().expect("a directory");
    ratchetd("restore", &directory.path().join("data"), &[file]);
    let alice = Party {
        // What was restored counts as real.
        daemon: Daemon::start_in(
            directory,
            ["--dev", "--dev-on-real-data"].map(str::to_owned).to_vec(),
        ),
        key,
        installation,
    };
    says_by_dh(&alice, &mut bob, "I have another machine");
    let read = goes_on_with_the_next_prekey(&alice, &mut bob);
    assert_eq!(read["text"], "a new day", "{read}");
}

/// Bob has a phone and a laptop. Alice starts over with the phone alone: one wire message has a
/// copy for the laptop on its session, and one by DH that the phone reads.
#[test]
fn one_message_reaches_one_device_on_its_session_and_another_by_dh() {
    let alice = Party::new("alice");
    let (mut phone, mut laptop) = (StatusGo::of(2, 1), StatusGo::of(2, 2));
    let bob = phone.key.clone();
    swap(&alice, &mut phone);
    swap(&alice, &mut laptop);
    let both_read = |sent: &Value, phone: &mut StatusGo, laptop: &mut StatusGo| {
        let message = only_message(sent);
        [phone, laptop].map(|device| device.reads(&alice, &message))
    };
    let sent = write(&alice, &bob, "to both");
    assert_eq!(both_read(&sent, &mut phone, &mut laptop), ["to both"; 2]);

    let params = json!({"identity": bob, "installationId": phone.id()});
    reset(&alice, params);
    let params = json!({"recipient": bob, "text": "to both again", "requestId": "1"});
    let sent = alice.daemon.ok("message_encrypt", params.clone());
    assert_eq!(alice.daemon.ok("message_encrypt", params), sent);
    assert_eq!(list(&sent["envelopes"][0]["targets"]).len(), 2, "{sent}");
    assert_eq!(target_of(&sent, phone.id())["mode"], "dh");
    assert_eq!(target_of(&sent, laptop.id())["mode"], "x3dh");
    assert_eq!(sent["forwardSecrecy"], false, "one copy has none");
    assert_eq!(
        both_read(&sent, &mut phone, &mut laptop),
        ["to both again"; 2]
    );
}

/// Alice and Bob begin at once. By the rule hers is the one to go on with, and Bob, who does not
/// know the rule, keeps to his: she follows him with his second message in a row, and from then on
/// the ratchet turns with every answer.
#[test]
fn a_device_that_keeps_to_the_session_it_began_is_followed() {
    let alice = Party::new("alice");
    // Which of the two is the one to go on with is a matter of luck.
    let lost_by_bob = (2..=60).find_map(|seed| {
        let mut bob = StatusGo::of(seed, 1);
        swap(&alice, &mut bob);
        let his = bob.writes(&alice, "hello from Bob");
        let hers = target(&says(&alice, &mut bob, "hello from Alice"));
        let read = receive(&alice, &bob.key, &his);
        assert_eq!(read["text"], "hello from Bob");
        alice.confirm(&read);
        let lost = active(&alice, &bob.key) == hers["sessionId"];
        lost.then(|| (bob, hers["sessionId"].clone(), read["sessionId"].clone()))
    });
    let (mut bob, hers, his) = lost_by_bob.expect("one in two");

    for expected in [&hers, &his] {
        assert_eq!(hears(&alice, &mut bob, "as I said")["sessionId"], his);
        assert_eq!(active(&alice, &bob.key), *expected);
    }
    let mut keys = Vec::new();
    for _ in 0..3 {
        let sent = says(&alice, &mut bob, "I hear you");
        assert_eq!(target(&sent)["sessionId"], his);
        let message = only_message(&sent);
        let params = json!({"message": message});
        let inspected = alice.daemon.ok("message_inspect", params);
        keys.push(text(&inspected["targets"][0]["drHeader"]["key"]));
        hears(&alice, &mut bob, "good");
    }
    keys.dedup();
    assert_eq!(keys.len(), 3, "a new key with every turn");
}

/// Two daemons that are kept to the suite of status-go write to each other, first at once, and go
/// on for days. One starts over, and is read by DH, and with forward secrecy on the day after.
#[test]
fn two_of_ours_in_the_suite_of_status_go_talk_and_settle_on_one_session() {
    let only = "[ratchet]\nsuites = [\"secp256k1\"]\n";
    let (alice, bob) = (
        Party::configured("alice", only),
        Party::configured("bob", only),
    );
    introduce(&alice, &bob);
    introduce(&bob, &alice);
    let crossing = [alice.encrypt(&bob, "hello"), bob.encrypt(&alice, "hello")];
    for sent in &crossing {
        assert_eq!(target(sent)["suite"], "secp256k1");
    }
    assert_eq!(bob.read(&alice, &only_message(&crossing[0])), "hello");
    assert_eq!(alice.read(&bob, &only_message(&crossing[1])), "hello");
    for _ in 0..3 {
        for _ in 0..2 {
            let message = bob.send(&alice, "from Bob");
            assert_eq!(alice.read(&bob, &message), "from Bob");
            let message = alice.send(&bob, "from Alice");
            assert_eq!(bob.read(&alice, &message), "from Alice");
        }
        assert_ne!(active(&alice, &bob.key), Value::Null);
        assert_eq!(active(&alice, &bob.key), active(&bob, &alice.key));
        pass(&[&alice, &bob], 25 * HOUR);
        let message = bob.send(&alice, "a new day");
        assert_eq!(alice.read(&bob, &message), "a new day");
        let message = alice.send(&bob, "so it is");
        assert_eq!(bob.read(&alice, &message), "so it is");
        reset(&alice, json!({"identity": bob.key}));
        let sent = alice.encrypt(&bob, "anew");
        assert_eq!(target(&sent)["mode"], "dh");
        assert_eq!(target(&sent)["installationId"], bob.installation.as_str());
        assert_eq!(bob.read(&alice, &only_message(&sent)), "anew");
        pass(&[&alice, &bob], 25 * HOUR);
        let message = bob.send(&alice, "a new day");
        assert_eq!(alice.read(&bob, &message), "a new day");
        let sent = alice.encrypt(&bob, "so it is");
        assert_eq!(sent["forwardSecrecy"], true);
        assert_eq!(bob.read(&alice, &only_message(&sent)), "so it is");
    }
}
