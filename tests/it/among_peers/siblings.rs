//! Identities with devices of both kinds: which of them are written to, and what one lists of the
//! other (protocol §3).

use serde_json::{Value, json};

use crate::{
    among_peers::people::*,
    support::{
        Party,
        bundles::{bundle_of, entry, identity, into_2026},
        hex, list, only_message, text,
    },
};

/// Bob has a device of each make, and they are not paired. That of status-go signs its bundle with
/// every message, and ours once a day, so that the newest bundle never lists ours; but ours writes
/// every day, and is written to.
#[test]
fn a_device_that_writes_every_day_does_not_go_stale_for_what_another_lists() {
    let (alice, phone, mut tablet) = (Party::new("alice"), ours(2), StatusGo::of(2, 1));
    introduce(&phone, &alice);
    introduce(&alice, &phone);
    swap(&alice, &mut tablet);
    for _ in 0..9 {
        hears(&alice, &mut tablet, "from the tablet");
        assert_eq!(alice.read(&phone, &phone.send(&alice, "mine")), "mine");
        // So that the phone's new prekey is made by the timer, before the tablet writes again.
        pass(&[&alice, &phone], 25 * HOUR);
    }
    assert!(told(&alice, "installation.stale").is_empty());
    assert_eq!(
        device(&alice, &phone.key, &phone.installation)["state"],
        "active"
    );
    let sent = write(&alice, &phone.key, "to both");
    assert_eq!(skipped(&sent), []);
    let message = only_message(&sent);
    assert_eq!(phone.read(&alice, &message), "to both");
    assert_eq!(tablet.reads(&alice, &message), "to both");
}

/// Bob's tablet wrote six days ago. A bundle of today lists three other devices of his, which have
/// never written anything: there is room for three, and the one that wrote keeps its place for a
/// week.
#[test]
fn a_device_that_wrote_within_a_week_is_not_pushed_out_by_fresher_listings() {
    let (alice, mut tablet) = (Party::new("alice"), StatusGo::of(2, 1));
    swap(&alice, &mut tablet);
    hears(&alice, &mut tablet, "hello");
    pass(&[&alice], 6 * DAY);
    let others = [("one", 21), ("two", 22), ("three", 23)].map(|(id, key)| entry(id, key, 1));
    let signed = into_2026(now(&alice).0);
    let bundle = bundle_of(&identity(&[2; 32]), signed, others.to_vec());
    import(&alice, &hex(&bundle));
    let sent = write(&alice, &tablet.key, "are you there?");
    assert_ne!(target_of(&sent, tablet.id()), Value::Null, "{sent}");
    let left_out = skipped(&sent);
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].1, "over_limit");
    assert_eq!(tablet.reads(&alice, &only_message(&sent)), "are you there?");
}

/// Alice's phone is ours and her tablet is status-go's; they are paired. The tablet publishes the
/// phone's entry without what it does not know, and the phone hears its own entry like that in
/// every copy: that is nothing to warn of, on the day after as well, when the prekey that is listed
/// is an old one. A prekey that was never the phone's is.
#[test]
fn a_sibling_that_lists_this_device_without_the_extension_is_not_warned_of() {
    let (phone, mut tablet) = (ours(1), StatusGo::of(1, 1));
    swap(&phone, &mut tablet);
    let params = json!({"installationId": tablet.id()});
    phone.daemon.ok("installation_enable", params);
    tablet.enables(&phone.installation);
    for _ in 0..2 {
        let copy = hears(&phone, &mut tablet, "a note to myself");
        assert_eq!(warnings(&copy), [""; 0]);
        pass(&[&phone], 25 * HOUR);
    }
    let clone = bundle_of(
        &identity(&[1; 32]),
        into_2026(now(&phone).0),
        vec![entry(&phone.installation, 9, 1_000)],
    );
    assert_eq!(
        warnings(&import(&phone, &hex(&clone))),
        ["cloned_installation"]
    );
}

/// Bob's tablet is status-go's, his phone is ours, and the tablet has enabled the phone: it lists
/// the phone without its ratchet prekey. Alice knows the tablet alone. She learns that there is a
/// phone, does not write to it, and says why; the phone finds a message that is not for it and
/// answers with its bundle, and from then on it is written to.
#[test]
fn a_device_that_only_a_sibling_lists_is_known_answers_and_is_written_to() {
    let (alice, phone, mut tablet) = (Party::new("alice"), ours(2), StatusGo::of(2, 1));
    let bob = phone.key.clone();
    tablet.meets(&phone);
    tablet.enables(&phone.installation);
    tablet.meets(&alice);
    let code = tablet.bundle(now(&alice));
    let imported = import(&alice, &code);
    assert_eq!(warnings(&imported), [""; 0]);
    assert_eq!(list(&imported["installations"]).len(), 2, "{imported}");
    assert_eq!(warnings(&hears(&alice, &mut tablet, "hello")), [""; 0]);

    let no_prekey = [(phone.installation.clone(), "no_prekey".to_owned())];
    let sent = write(&alice, &bob, "to the tablet");
    assert_eq!(skipped(&sent), no_prekey);
    let message = only_message(&sent);
    assert_eq!(tablet.reads(&alice, &message), "to the tablet");
    let read = receive(&phone, &alice.key, &message);
    assert_eq!(read["outcome"], "not_targeted");
    assert_eq!(read["nextAction"], "send_reply");
    let reply = receive(&alice, &bob, &text(&read["reply"]["message"]));
    assert_eq!(reply["outcome"], "bundle");
    assert_eq!(warnings(&reply), [""; 0]);

    for _ in 0..2 {
        let sent = write(&alice, &bob, "to both");
        assert_eq!(skipped(&sent), []);
        assert_eq!(
            target_of(&sent, &phone.installation)["suite"],
            "x25519-mlkem768",
            "{sent}"
        );
        let message = only_message(&sent);
        let read = receive(&phone, &alice.key, &message);
        assert_eq!(read["text"], "to both", "{read}");
        phone.confirm(&read);
        assert_eq!(tablet.reads(&alice, &message), "to both");
        let read = hears(&alice, &mut tablet, "as ever");
        assert_eq!(warnings(&read), [""; 0]);
        let message = message_for(&write(&phone, &alice.key, "as ever"), &alice.key);
        let read = receive(&alice, &bob, &message);
        assert_eq!(read["text"], "as ever", "{read}");
        assert_eq!(warnings(&read), [""; 0]);
        // On the next day the prekey that the tablet lists is an old one.
        pass(&[&alice, &phone], 25 * HOUR);
    }
    assert_eq!(
        device(&alice, &bob, &phone.installation)["suite"],
        Value::from("x25519-mlkem768")
    );
}
