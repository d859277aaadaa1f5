//! Linking a device: what the old one records and gives, and what the new one takes.

use std::{collections::BTreeMap, sync::Arc};

use crypto_core::{IdentityKeyPair, InstallationId, Wiped, link::NewDevice};

use super::TestDevice;
use crate::{
    model::{
        BundleImportError, ContactState, GivenLink, InstallationState, LinkContents, LinkError,
        MAX_LINK_BYTES, Outcome, PairingError, UnixMillis,
    },
    store::StoreRead as _,
    wire::decode_link_contents,
};

/// What the old device gives for a fresh code, and the id in that.
fn given(old: &mut TestDevice) -> (InstallationId, LinkContents) {
    let code = *NewDevice::generate(&mut old.rng).code();
    let names = BTreeMap::new();
    let given = old
        .transact(|engine, store, env| engine.give_link(store, env, &code, &names, MAX_LINK_BYTES));
    let contents = decode_link_contents(&given.unwrap().contents).unwrap();
    (code.installation(), contents)
}

fn state(at: &TestDevice, of: &InstallationId) -> InstallationState {
    let views = at.engine.viewer().installations(&at.store, at.now, None);
    let views = views.unwrap().into_iter();
    let mut of = views.filter(|view| view.device.installation == *of);
    of.next().unwrap().state
}

#[test]
fn a_device_is_expected_before_it_is_known_and_taken_up_with_its_first_message() {
    let mut old = TestDevice::new(1, "old");
    let (id, link) = given(&mut old);
    assert_eq!(link.identity.public(), &old.key);
    assert_eq!(link.giver, old.id);
    // It is enabled, gets no copy yet, and is in no bundle.
    assert_eq!(state(&old, &id), InstallationState::Active);
    let sent = old.sent(TestDevice::new(2, "bob").key, "before");
    assert_eq!(sent.messages.len(), 1);
    assert_eq!(sent.skipped[0].installation, id);

    let mut new = TestDevice::new(1, id.as_str().trim_start_matches("x1-"));
    let message = new
        .transact(|engine, store, env| engine.take_link(store, env, &link, None))
        .unwrap();
    assert_eq!(state(&new, &old.id), InstallationState::Active);
    let key = new.key;
    assert!(matches!(
        old.receive(key, &message).outcome,
        Outcome::Bundle
    ));
    let sent = old.sent(TestDevice::new(2, "bob").key, "after");
    assert_eq!(new.read(old.key, &sent.messages[1]), "after");
}

#[test]
fn what_was_decided_about_contacts_comes_along() {
    let mut old = TestDevice::new(1, "old");
    let mut keys = Vec::new();
    for number in 2..5 {
        keys.push(TestDevice::new(number, "them").key);
    }
    old.now = UnixMillis(old.now.0 + 7);
    let asked_at = old.now;
    let request = |to, text: &str| crate::SendRequest {
        recipients: vec![to],
        payload: text.as_bytes().to_vec().into(),
        request_id: None,
        seal: None,
    };
    old.transact(|engine, store, env| {
        engine.request_contact(store, env, &request(keys[0], "me"), &keys[0])?;
        engine.decline_contact(store, env, &request(keys[1], ""), &keys[1], false)?;
        engine.accept_contact(store, env, &request(keys[2], "me"), &keys[2])
    })
    .unwrap();
    old.transact(|engine, store, env| engine.verify_contact(store, env, &keys[2], true))
        .unwrap();
    let (_, link) = given(&mut old);
    let states: Vec<_> = link.contacts.iter().map(|contact| contact.state).collect();
    assert_eq!(
        states,
        [
            ContactState::Accepted,
            ContactState::RequestSent,
            ContactState::Declined
        ]
    );
    let mut new = TestDevice::new(1, "new");
    new.now = old.now;
    new.transact(|engine, store, env| engine.take_link(store, env, &link, None))
        .unwrap();
    let contact = |at: usize| new.store.contact(&keys[at]).unwrap().unwrap();
    assert_eq!(contact(0).requested_at, Some(asked_at));
    assert_eq!(contact(1).state, ContactState::Declined);
    assert!(contact(2).verified);
    for (at, key) in keys.iter().enumerate() {
        let theirs = old.store.contact(key).unwrap().unwrap();
        assert_eq!(contact(at).decided_at, theirs.decided_at);
        assert_eq!(contact(at).asked, theirs.asked);
    }
}

#[test]
fn a_bundle_that_is_not_of_the_giver_is_refused_whole() {
    let mut old = TestDevice::new(1, "old");
    let (_, link) = given(&mut old);
    let key = |number: u8| Arc::new(IdentityKeyPair::from_secret_bytes(&[number; 32]).unwrap());
    let with = |change: fn(&mut LinkContents)| {
        let mut changed = LinkContents {
            identity: key(1),
            giver: link.giver.clone(),
            bundle: link.bundle.clone(),
            contacts: link.contacts.clone(),
            left_out: 0,
        };
        change(&mut changed);
        changed
    };
    let take = |identity: u8, link: LinkContents| {
        let mut new = TestDevice::new(identity, "new");
        let taken = new.transact(|engine, store, env| engine.take_link(store, env, &link, None));
        let unchanged = new.store.devices(&new.key).unwrap().is_empty()
            && new.store.devices(&old.key).unwrap().is_empty();
        (taken.unwrap_err(), unchanged)
    };
    let (error, unchanged) = take(2, with(|_| {}));
    assert!(
        matches!(error, LinkError::OtherBundle) && unchanged,
        "{error}"
    );
    let unlisted = with(|link| link.giver = InstallationId::parse("x1-other").unwrap());
    let (error, unchanged) = take(1, unlisted);
    assert!(
        matches!(error, LinkError::OtherBundle) && unchanged,
        "{error}"
    );
    let (error, unchanged) = take(1, with(|link| link.bundle.truncate(50)));
    let invalid = LinkError::Bundle(BundleImportError::Invalid(String::new()));
    assert_eq!(
        std::mem::discriminant(&error),
        std::mem::discriminant(&invalid)
    );
    assert!(unchanged);
}

#[test]
fn what_is_given_is_not_shown() {
    fn shows_nothing<T: std::fmt::Debug>(value: &T) {
        let shown = format!("{value:?}");
        assert!(shown.contains("contents: Wiped(..)"), "{shown}");
    }
    shows_nothing::<GivenLink>(&GivenLink {
        contents: Wiped::new(vec![7; 512]),
        contacts: 0,
        left_out: 0,
    });
}

#[test]
fn no_more_devices_are_expected_than_may_be_enabled() {
    let mut old = TestDevice::new(1, "old");
    given(&mut old);
    given(&mut old);
    let code = *NewDevice::generate(&mut old.rng).code();
    let check = |old: &mut TestDevice| {
        old.transact(|engine, store, _| engine.check_link(store, &code).map_err(LinkError::from))
    };
    let refused = check(&mut old).unwrap_err();
    assert!(matches!(
        refused,
        LinkError::Pairing(PairingError::Limit { limit: 3 })
    ));
    let names = BTreeMap::new();
    let refused = old
        .transact(|engine, store, env| engine.give_link(store, env, &code, &names, MAX_LINK_BYTES));
    assert!(refused.is_err());
    assert_eq!(old.store.devices(&old.key).unwrap().len(), 2);
}
