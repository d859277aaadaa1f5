//! Accounts, and the devices of others that they write to.

use std::time::Duration;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, KemPreKeyPair, RatchetPreKeyPair, Signature,
    SignedPreKeyPair, VerifiedPreKey,
};
use engine::{
    Config, Engine, Env, SendRequest,
    model::{
        Account, AccountName, Device, DeviceKem, DevicePreKey, Handshake, HeldKemPreKey, Sent,
        Session, UnixMillis,
    },
    store::{Store, Transaction},
};
use getrandom::SysRng;
use rand_core::UnwrapErr;

/// 2023-11-14. The clock stands still: nothing is rotated or begun anew.
pub(crate) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// The system's randomness, as the daemon uses it.
pub(crate) const fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A new account.
pub(crate) fn account() -> Account {
    Account {
        name: AccountName::parse("me").expect("a name"),
        identity: IdentityKeyPair::generate(&mut rng()).into(),
        installation: InstallationId::from_random([9; 16]),
        fresh_installation: true,
        created_at: NOW,
    }
}

/// An account with its store.
pub(crate) struct Party<S> {
    pub(crate) engine: Engine,
    pub(crate) store: S,
}

impl<S: Transaction> Party<S> {
    pub(crate) fn new(account: Account, store: S) -> Self {
        Self {
            engine: Engine::new(account, Config::default()),
            store,
        }
    }

    /// One call in a batch of its own.
    pub(crate) fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> T,
    ) -> T {
        let mut env = Env {
            now: NOW,
            running: Duration::ZERO,
            rng: &mut rng(),
        };
        self.store.begin().expect("a store");
        self.store.savepoint().expect("a store");
        let answer = call(&mut self.engine, &mut self.store, &mut env);
        self.store.release().expect("a store");
        self.store.commit().expect("a store");
        answer
    }

    /// Sends the request, which has to reach so many devices.
    pub(crate) fn send(&mut self, request: &SendRequest) -> Sent {
        self.call(|engine, store, env| engine.send(store, env, request))
            .expect("it is sent")
    }

    /// Makes identities with so many devices each known, as their bundles would, and sets up a
    /// session with every device that has been answered: each has our KEM prekey, and we have its.
    pub(crate) fn meet(&mut self, identities: usize, devices: u8) -> Vec<IdentityKey> {
        let met: Vec<IdentityKey> = (0..identities)
            .map(|_| *IdentityKeyPair::generate(&mut rng()).public())
            .collect();
        let kem = KemPreKeyPair::generate(&mut rng());
        self.call(|_, store, _| {
            for identity in &met {
                for number in 0..devices {
                    let met = device(identity, number, &kem);
                    store.put_device(&met).expect("a store");
                }
            }
        });
        let sent = self.send(&request(&met));
        let reached: usize = sent.messages.iter().map(|sent| sent.targets.len()).sum();
        assert_eq!(reached, identities * usize::from(devices));
        let sessions = self.store.sessions(None).expect("a store");
        self.call(|_, store, _| {
            for session in sessions {
                let answered = Session {
                    handshake: Handshake::Established,
                    kem: None,
                    ..session
                };
                store.put_session(&answered).expect("a store");
            }
            for identity in &met {
                for mut device in store.devices(identity).expect("a store") {
                    let deliveries = &mut device.kem.deliveries;
                    deliveries.iter_mut().for_each(|ours| ours.count = None);
                    store.put_device(&device).expect("a store");
                }
            }
        });
        met
    }
}

/// A hundred bytes to these identities.
pub(crate) fn request(recipients: &[IdentityKey]) -> SendRequest {
    SendRequest {
        recipients: recipients.to_vec(),
        payload: vec![0x74; 100].into(),
        request_id: None,
        seal: None,
    }
}

fn device(identity: &IdentityKey, number: u8, kem: &KemPreKeyPair) -> Device {
    let signed = SignedPreKeyPair::generate(&mut rng());
    let ratchet = RatchetPreKeyPair::generate(&mut rng());
    let key = VerifiedPreKey::from_stored(*identity, *signed.public(), Some(*ratchet.public()));
    let installation = InstallationId::from_random([number; 16]);
    let held = HeldKemPreKey {
        version: 1,
        key: kem.public().clone(),
        // Checked before it is held, and not again.
        signature: Signature::from_wire(&[0; 65]).expect("65 bytes"),
    };
    Device {
        kem: DeviceKem {
            held: Some(held),
            ..DeviceKem::default()
        },
        prekey: Some(DevicePreKey {
            key,
            version: 1,
            protocol_version: 1,
            bundle_ns: NOW.as_nanos(),
            signed_ns: NOW.as_nanos(),
            dated_at: NOW,
            begun: false,
            any_version: false,
        }),
        extension_shown: true,
        ..Device::met(*identity, installation, false, NOW)
    }
}
