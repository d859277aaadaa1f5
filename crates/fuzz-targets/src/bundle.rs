//! Bundles, inspected and imported.

use std::cell::RefCell;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, RawKemPreKey, SessionId, VerifiedKemPreKey,
};
use engine::{
    model::{
        self, DeviceKem, ImportedBundle, InspectedBundle, KemState, MAX_KEM_PREKEYS_PER_BUNDLE,
        Standing, WarningKind,
    },
    store::StoreRead as _,
    wire::{
        inspect_bundle,
        rewrite::{
            resign_bundle, resign_kem_prekeys, rewrite_bundle, swap_kem_prekeys,
            without_kem_prekeys,
        },
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
    /// Some of them with other KEM prekeys beside them, named.
    damaged: Vec<(&'static str, Vec<u8>)>,
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
        let mut tablet = Device::new(1, "x1-k1-tablet", Device::small());
        let mut reader = Device::new(2, "x1-reader", Device::small());
        laptop.make_plain();
        let first = alice.bundle().expect("a bundle");
        let first_full = alice.full_bundle();
        add(&mut alice, &mut laptop);
        let second = alice.bundle().expect("a bundle");
        reader.import(&first_full).expect("imported");
        alice.later(30);
        let third = alice.bundle().expect("a bundle");
        add(&mut alice, &mut tablet);
        let of_three = alice.full_bundle();
        alice.later_by_days(8);
        let renewed = alice.full_bundle();
        let mut wires = vec![
            ("alice of one device".to_owned(), first),
            ("alice of two devices".to_owned(), second),
            ("alice 30 hours later".to_owned(), third),
            ("alice of one device in full".to_owned(), first_full.clone()),
            ("alice of three devices in full".to_owned(), of_three),
            ("alice 8 days later in full".to_owned(), renewed.clone()),
        ];
        let inspected = |(_, wire): &Seed| inspect_bundle(wire).expect("a bundle");
        let signed = wires.iter().map(inspected).collect();
        let own = reader.bundle().expect("a bundle");
        wires.push(("the reader itself".to_owned(), own));
        let own = reader.full_bundle();
        let swapped = |wire, beside| swap_kem_prekeys(wire, beside).expect("bundles");
        let damaged = vec![
            ("the old one swapped in", swapped(&renewed, &first_full)),
            ("the new one too early", swapped(&first_full, &renewed)),
            ("that of another", swapped(&renewed, &own)),
        ];
        // A session to be expired by a newer bundle.
        reader.send(alice.key, "hello");
        reader.commit();
        Self {
            before: reader.store.contents(),
            alice: alice.key,
            signed,
            wires,
            damaged,
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
        let kem_too = mode & 4 != 0;
        let signed = signer.and_then(|signer| {
            let signed = resign_bundle(wire, signer).ok()?;
            if kem_too {
                resign_kem_prekeys(&signed, signer).ok()
            } else {
                Some(signed)
            }
        });
        let forgery = signed.is_none();
        let wire = signed.as_deref().unwrap_or(wire);
        let found = inspect_bundle(wire);
        if let Ok(found) = &found {
            check_written_again(wire, found);
        }
        let valid = found.as_ref().is_ok_and(|found| found.fault.is_none());
        let short = self.import_short(wire);
        let imported = self.reader.import(wire);
        assert_eq!(imported.is_ok(), valid, "{imported:?} {found:?}");
        if let (Some(short), Ok(imported)) = (short, &imported) {
            let full = self.but_for_kem(imported.clone());
            assert_eq!(short, full, "KEM prekeys changed what a bundle brings");
        }
        match (imported, found) {
            (Ok(imported), Ok(found)) => {
                self.check_held(&imported, forgery || !kem_too);
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

    /// What the bundle brings without the KEM prekeys beside it, which is undone; `None` if it is
    /// refused, or has none.
    fn import_short(&mut self, wire: &[u8]) -> Option<Brought> {
        let found = inspect_bundle(wire).ok()?;
        if found.kem_pre_keys.is_empty() {
            return None;
        }
        let short = without_kem_prekeys(wire).expect("it was read");
        let imported = self.reader.import(&short).ok();
        let brought = imported.map(|imported| self.but_for_kem(imported));
        self.reader.take_back();
        brought
    }

    /// What a bundle has brought, but for KEM prekeys.
    fn but_for_kem(&self, imported: ImportedBundle) -> Brought {
        let store = &self.reader.store;
        let devices = store.devices(&imported.identity).expect("read");
        let devices = devices.into_iter().map(|device| model::Device {
            kem: DeviceKem::default(),
            ..device
        });
        let sessions = store.sessions(None).expect("read").into_iter();
        let entries = imported.installations.into_iter();
        let entries = entries.map(|entry| model::ImportedEntry {
            kem: KemState::None,
            ..entry
        });
        let mut warnings = imported.warnings;
        warnings.retain(|warning| warning.kind != WarningKind::InvalidKemPreKey);
        let imported = ImportedBundle {
            identity: imported.identity,
            installations: entries.collect(),
            warnings,
        };
        let sessions = sessions.map(|session| (session.id, session.standing));
        (imported, devices.collect(), sessions.collect())
    }

    /// What is held of a device is signed by its identity, and made with a prekey that came no
    /// later than the one that is adopted. Of Alice it is what she signed herself, if `hers`.
    fn check_held(&self, imported: &ImportedBundle, hers: bool) {
        let identity = imported.identity;
        let signed = |key: &VerifiedKemPreKey| {
            let mut signed = self.signed.iter().flat_map(|bundle| &bundle.kem_pre_keys);
            signed.any(|signed| {
                signed.installation == key.installation_id().as_str()
                    && signed.version == key.version()
                    && signed.id == Some(key.key().id())
            })
        };
        for device in self.reader.store.devices(&identity).expect("read") {
            let state = device.kem_state();
            let mut entries = imported.installations.iter();
            let listed = entries.find(|entry| entry.installation == device.installation);
            assert!(listed.is_none_or(|entry| entry.kem == state));
            let Some(held) = device.kem.held else {
                continue;
            };
            let id = device.installation;
            assert!(identity != self.reader.key || id != self.reader.id);
            let prekey = device.prekey.expect("a KEM prekey beside a signed one");
            assert!(
                held.version <= prekey.version,
                "it was made before its time"
            );
            let held = VerifiedKemPreKey::from_stored(id, held.version, held.key, held.signature);
            let verified = RawKemPreKey::from(&held).verify(&identity);
            assert_eq!(
                verified.as_ref(),
                Ok(&held),
                "nobody signed this KEM prekey"
            );
            assert!(
                !hers || identity != self.alice || signed(&held),
                "Alice did not sign this KEM prekey"
            );
        }
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

/// What a bundle brings: the answer, the devices of its identity, and all sessions.
type Brought = (
    ImportedBundle,
    Vec<model::Device>,
    Vec<(SessionId, Standing)>,
);

/// `of` becomes another device of the same identity, enabled at `at`.
fn add(at: &mut Device, of: &mut Device) {
    at.import(&of.full_bundle()).expect("imported");
    at.call(|engine, store, env| engine.enable_installation(store, env, None, &of.id))
        .expect("enabled");
}

fn check_written_again(wire: &[u8], found: &InspectedBundle) {
    assert!(found.kem_pre_keys.len() <= MAX_KEM_PREKEYS_PER_BUNDLE);
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
/// contact, the reader itself, or a stranger; and whether they sign the KEM prekeys beside it, too.
///
/// What is valid is imported and nothing else is; what is refused changes nothing; without the key
/// nothing becomes Alice's that she did not sign; what was read is written and read the same; a
/// second import brings nothing; after any import its identity can be written to. KEM prekeys
/// change nothing else of it, and one is held only if its identity has signed it.
pub fn bundle(input: &[u8]) {
    SCENE.with_borrow_mut(|scene| scene.take(input));
}

/// Bundles of the scene of [`bundle`], without the byte that says who signs them.
#[must_use]
pub fn bundle_seeds() -> Vec<Seed> {
    SCENE.with_borrow(|scene| {
        let damaged = scene.damaged.iter();
        let damaged = damaged.map(|(what, wire)| (format!("kem prekeys {what}"), wire.clone()));
        scene.wires.iter().cloned().chain(damaged).collect()
    })
}
