//! Linking a device: what the old one gives and records, and what the new one begins with
//! (protocol §12). The codes, and who may have them, are for the caller.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use crypto_core::{IdentityKey, InstallationId, link::FirstCode};

use crate::{
    engine::Engine,
    model::{
        AddressedMessage, Contact, ContactState, Device, Env, EventKind, GivenLink, LinkContents,
        LinkError, LinkedContact, Pairing, PairingError, Seal, UnixMillis,
    },
    store::{Store, record_event},
    wire::encode_link_contents,
};

impl Engine {
    /// Whether a device may be linked: one more may be enabled, and it is another one than this.
    ///
    /// # Errors
    /// [`PairingError`] if not.
    pub fn check_link(&self, store: &dyn Store, code: &FirstCode) -> Result<(), PairingError> {
        let (me, installation) = (self.me(), code.installation());
        if self.is_this_device(&me, &installation) {
            return Err(PairingError::ThisDevice);
        }
        let known = store.device(&me, &installation)?;
        if known.is_some_and(|device| device.pairing == Pairing::Enabled) {
            return Ok(());
        }
        self.check_device_limit(store)
    }

    /// Enables the device that showed this code, before anything else is known of it, and gives
    /// what it is to have: the identity key, our bundle, and of our contacts as many as fit into
    /// `max` bytes, the accepted ones first, each with its name if there is one.
    ///
    /// # Errors
    /// [`LinkError`]; nothing of the call may then be kept.
    pub fn give_link(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        code: &FirstCode,
        names: &BTreeMap<IdentityKey, String>,
        max: usize,
    ) -> Result<GivenLink, LinkError> {
        self.check_link(store, code)?;
        self.expect_device(store, env.now, &code.installation())?;
        let bundle = self
            .current_bundle(store, env)
            .map_err(PairingError::from)?;
        let mut contacts = store.contacts()?;
        contacts.sort_by_key(importance);
        let contacts = contacts.iter().map(|contact| LinkedContact {
            identity: contact.identity,
            state: contact.state,
            verified: contact.verified,
            asked: contact.asked,
            at: match contact.state {
                ContactState::RequestSent => contact.requested_at,
                _ => contact.decided_at,
            },
            name: names.get(&contact.identity).cloned().unwrap_or_default(),
        });
        let link = LinkContents {
            identity: Arc::clone(&self.account.identity),
            giver: self.this_device().clone(),
            bundle: bundle.wire,
            contacts: contacts.collect(),
            left_out: 0,
        };
        encode_link_contents(&link, max).ok_or(LinkError::TooLarge)
    }

    /// Records a device of ours of which nothing but its id is known, as enabled. Its bundle is
    /// taken up when its first message brings it (protocol §3).
    fn expect_device(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        installation: &InstallationId,
    ) -> Result<(), PairingError> {
        let me = self.me();
        let device = match store.device(&me, installation)? {
            Some(known) if known.pairing == Pairing::Enabled => return Ok(()),
            Some(known) => known,
            None if self.make_room_for_device(store, &me, now, |_| false)? => {
                Device::met(me, installation.clone(), true, now)
            }
            None => {
                let limit = self.config.max_known_devices;
                return Err(PairingError::Limit { limit });
            }
        };
        let enabled = EventKind::InstallationEnabled(device.name());
        store.put_device(&Device {
            pairing: Pairing::Enabled,
            ..device
        })?;
        record_event(store, now, enabled)?;
        Ok(())
    }

    /// Begins a new account with what another device of its identity has given: enables that device
    /// and records the contacts. Gives the message that brings our bundle to it.
    ///
    /// # Errors
    /// [`LinkError`]; nothing of the call may then be kept.
    pub fn take_link(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        link: &LinkContents,
        seal: Option<Seal>,
    ) -> Result<AddressedMessage, LinkError> {
        let me = self.me();
        let imported = self.import_bundle(store, env, &link.bundle)?;
        let is_listed = |giver: &InstallationId| {
            let mut entries = imported.installations.iter();
            entries.any(|entry| entry.installation == *giver)
        };
        if imported.identity != me || !is_listed(&link.giver) {
            return Err(LinkError::OtherBundle);
        }
        self.enable_installation(store, env, None, &link.giver)?;
        for contact in link
            .contacts
            .iter()
            .filter(|contact| contact.identity != me)
        {
            let asked_at = contact.at.map(|at| at.min(env.now));
            store.put_contact(&Contact {
                identity: contact.identity,
                state: contact.state,
                verified: contact.verified,
                added_at: env.now,
                requested_at: asked_at.filter(|_| contact.state == ContactState::RequestSent),
                asked: contact.asked,
                decided_at: contact.at,
            })?;
        }
        let message = self.advertisement(store, env, &me, seal);
        Ok(message.map_err(PairingError::from)?)
    }
}

/// In this order contacts are given, as far as there is room.
fn importance(contact: &Contact) -> impl Ord + use<> {
    let state = match contact.state {
        ContactState::Accepted => 0,
        ContactState::RequestSent => 1,
        ContactState::Declined => 2,
        ContactState::RequestReceived => 3,
        ContactState::None => 4,
    };
    (state, !contact.verified, Reverse(contact.decided_at))
}
