//! Bundles, inspected and imported.

use std::cell::RefCell;

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    model::InspectedBundle,
    store::StoreRead as _,
    wire::{
        inspect_bundle,
        rewrite::{resign_bundle, rewrite_bundle},
    },
};

use crate::{
    Seed,
    device::{Device, check_same, pair},
};

/// A reader who knows Alice, and Alice's bundles.
struct Scene {
    reader: Device,
    before: Vec<String>,
    alice: IdentityKey,
    /// What Alice really signed.
    signed: Vec<InspectedBundle>,
    /// The same and other bundles, encoded and named.
    wires: Vec<Seed>,
    /// Who may sign what is imported: Alice, the reader, a stranger.
    signers: [IdentityKeyPair; 3],
}

thread_local! {
    static SCENE: RefCell<Scene> = RefCell::new(Scene::new());
}

impl Scene {
    fn new() -> Self {
        let mut alice = Device::new(1, "x1-alice", Device::small());
        let mut laptop = Device::new(1, "laptop", Device::small());
        let mut reader = Device::new(2, "x1-reader", Device::small());
        laptop.make_plain();
        let first = alice.bundle().expect("a bundle");
        alice
            .import(&laptop.bundle().expect("a bundle"))
            .expect("imported");
        let id = laptop.id.clone();
        alice
            .call(|engine, store, env| engine.enable_installation(store, env, None, &id))
            .expect("enabled");
        let second = alice.bundle().expect("a bundle");
        reader.import(&first).expect("imported");
        alice.later(30);
        let third = alice.bundle().expect("a bundle");
        let mut wires = vec![
            ("alice of one device".to_owned(), first),
            ("alice of two devices".to_owned(), second),
            ("alice 30 hours later".to_owned(), third),
        ];
        let inspected = |(_, wire): &Seed| inspect_bundle(wire).expect("a bundle");
        let signed = wires.iter().map(inspected).collect();
        let own = reader.bundle().expect("a bundle");
        wires.push(("the reader itself".to_owned(), own));
        // A session to be expired by a newer bundle.
        reader.send(alice.key, "hello");
        reader.commit();
        Self {
            before: reader.store.contents(),
            alice: alice.key,
            signed,
            wires,
            signers: [alice.identity(), reader.identity(), pair(9)],
            reader,
        }
    }

    fn take(&mut self, input: &[u8]) {
        let Some((mode, wire)) = input.split_first() else {
            return;
        };
        let signer = match mode % 4 {
            0 => None,
            number => self.signers.get(usize::from(number) - 1),
        };
        let signed = signer.and_then(|signer| resign_bundle(wire, signer).ok());
        let forgery = signed.is_none();
        let wire = signed.as_deref().unwrap_or(wire);
        let found = inspect_bundle(wire);
        if let Ok(found) = &found {
            check_written_again(wire, found);
        }
        let valid = found.as_ref().is_ok_and(|found| found.fault.is_none());
        let imported = self.reader.import(wire);
        assert_eq!(imported.is_ok(), valid, "{imported:?} {found:?}");
        match (imported, found) {
            (Ok(imported), Ok(found)) => {
                if forgery && imported.identity == self.alice {
                    self.check_signed(&found);
                }
                let known = self.reader.store.devices(&imported.identity).expect("read");
                assert!(known.len() <= Device::small().max_known_devices);
                let again = self.reader.import(wire).expect("imported before");
                assert!(
                    again
                        .installations
                        .iter()
                        .all(|entry| !entry.is_new && !entry.is_newer),
                    "the same bundle brought something twice"
                );
                self.reader
                    .try_send(imported.identity, "to all")
                    .expect("sent");
            }
            _ => check_same(
                &self.before,
                &self.reader.store,
                "a refused bundle was kept",
            ),
        }
        self.reader.take_back();
    }

    /// Nothing counts as Alice's that she did not sign.
    fn check_signed(&self, found: &InspectedBundle) {
        let said = |bundle: &InspectedBundle| {
            let entries = bundle.entries.iter();
            let facts = |entry: &engine::model::InspectedEntry| {
                let signed = entry.signed_pre_key.clone();
                (entry.installation.clone(), signed, entry.version)
            };
            (bundle.timestamp_ns, entries.map(facts).collect::<Vec<_>>())
        };
        let found_said = said(found);
        assert!(
            self.signed.iter().any(|bundle| said(bundle) == found_said),
            "Alice did not sign this"
        );
        let keys = |bundle: &InspectedBundle| {
            let entries = bundle.entries.iter().cloned();
            let good = entries.filter(|entry| entry.ratchet_valid == Some(true));
            good.map(|entry| entry.ratchet_pre_key).collect::<Vec<_>>()
        };
        let signed: Vec<_> = self.signed.iter().flat_map(keys).collect();
        assert!(
            keys(found).iter().all(|key| signed.contains(key)),
            "Alice did not sign this ratchet prekey"
        );
    }
}

fn check_written_again(wire: &[u8], found: &InspectedBundle) {
    let written = rewrite_bundle(wire).expect("it was read");
    if written.len() <= engine::wire::MAX_BUNDLE_BYTES {
        assert_eq!(inspect_bundle(&written).as_ref(), Ok(found));
        assert_eq!(rewrite_bundle(&written).as_ref(), Ok(&written));
    }
    if found.fault.is_none() {
        for entry in &found.entries {
            let id = InstallationId::parse(&entry.installation).expect("a valid bundle's id");
            assert_eq!(id.as_str(), entry.installation);
            assert!(entry.signed_pre_key.len() == 33);
        }
    }
}

/// A bundle is inspected and imported. The first byte says who signs it: nobody anew, a known
/// contact, the reader itself, or a stranger.
///
/// What is valid is imported and nothing else is; what is refused changes nothing; without the key
/// nothing becomes Alice's that she did not sign; what was read is written and read the same; a
/// second import brings nothing; after any import its identity can be written to.
pub fn bundle(input: &[u8]) {
    SCENE.with_borrow_mut(|scene| scene.take(input));
}

/// Bundles of the scene of [`bundle`], without the byte that says who signs them.
#[must_use]
pub fn bundle_seeds() -> Vec<Seed> {
    SCENE.with_borrow(|scene| scene.wires.clone())
}
