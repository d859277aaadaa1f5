//! Messages that reach a device in the midst of its conversations.

use std::cell::RefCell;

use crypto_core::IdentityKey;
use engine::{
    model::{AddressedMessage, Outcome, ReceiveError, Received, Target},
    receive::Explained,
    store::StoreRead as _,
    wire::inspect_message,
};

use crate::{
    Seed,
    device::{Device, check_same},
};

/// A reader, those who write to it, and what they wrote that has not arrived.
struct Scene {
    reader: Device,
    /// What the reader's store holds before each input.
    before: Vec<String>,
    senders: [IdentityKey; 4],
    letters: Vec<Letter>,
}

/// What was really sent, and has not arrived.
struct Letter {
    /// Number of the sender.
    from: u8,
    text: &'static str,
    wire: Vec<u8>,
    /// It goes by a session of suite x25519-mlkem768.
    post_quantum: bool,
}

thread_local! {
    static SCENE: RefCell<Scene> = RefCell::new(Scene::new());
}

/// Numbers of the senders.
const ALICE: u8 = 0;
const CAROL: u8 = 1;
const DAVE: u8 = 2;
const SELF: u8 = 3;

impl Scene {
    /// Alice and the reader are in a session of suite x25519-mlkem768, and before in one of suite
    /// x25519, of which letters are still on their way; Carol and the reader in one of suite
    /// secp256k1. Dave begins one of suite x25519-mlkem768 and his other device one of suite
    /// x25519; both are strangers to the reader, who has a second device, enabled on both sides.
    fn new() -> Self {
        let mut alice = Device::new(1, "x1-alice", Device::below());
        let mut reader = Device::new(2, "x1-k1-reader", Device::small());
        let mut carol = Device::new(3, "carol", Device::small());
        let mut dave = Device::new(4, "x1-dave", Device::small());
        let mut stranger = Device::new(4, "x1-stranger", Device::small());
        let mut laptop = Device::new(2, "x1-laptop", Device::small());
        carol.make_plain();

        meet(&mut alice, &mut reader);
        meet(&mut reader, &mut carol);
        let of_reader = reader.bundle().expect("a bundle");
        stranger.import(&of_reader).expect("imported");
        let of_reader = reader.full_bundle();
        dave.import(&of_reader).expect("imported");
        laptop.import(&of_reader).expect("imported");
        reader.import(&laptop.full_bundle()).expect("imported");
        let ids = [laptop.id.clone(), reader.id.clone()];
        for (at, of) in [&mut reader, &mut laptop].into_iter().zip(ids) {
            at.call(|engine, store, env| engine.enable_installation(store, env, None, &of))
                .expect("enabled");
        }

        let me = reader.key;
        let mut letters = Vec::new();
        let mut leave = |from, text, message: AddressedMessage| {
            letters.push(Letter {
                from,
                text,
                post_quantum: message.targets.iter().any(Target::is_post_quantum),
                wire: message.wire,
            });
        };
        for text in ["alice 1", "alice 2"] {
            leave(ALICE, text, alice.send_on(me, text));
        }
        // Now she has the suite, and the next message leaves that session.
        alice.configure(Device::small());
        alice.import(&of_reader).expect("imported");
        reader.import(&alice.full_bundle()).expect("imported");
        let anew = alice.send(me, "anew");
        reader.receive(alice.key, &anew, true).expect("read");
        leave(ALICE, "alice 3", alice.send_on(me, "alice 3"));
        // A reply moves the ratchet of what comes after it.
        let reply = reader.send(alice.key, "reply");
        alice.receive(me, &reply, true).expect("read");
        leave(ALICE, "alice 4", alice.send_on(me, "alice 4"));
        leave(CAROL, "carol 1", carol.send_on(me, "carol 1"));
        leave(CAROL, "carol 2", carol.send_on(me, "carol 2"));
        leave(DAVE, "dave 1", dave.send_on(me, "dave 1"));
        leave(DAVE, "dave 2", dave.send_on(me, "dave 2"));
        leave(DAVE, "stranger", stranger.send_on(me, "stranger"));
        let copy = laptop.try_send(alice.key, "copy").expect("sent");
        let mut copies = copy.messages.into_iter();
        let own = copies.find(|envelope| envelope.recipient == Some(me));
        leave(SELF, "copy", own.expect("a copy"));
        alice.later_by_days(8);
        let advert = alice
            .call(|engine, store, env| engine.advertise(store, env, &me, None))
            .expect("an advertisement");
        leave(ALICE, "", advert);

        reader.commit();
        Self {
            before: reader.store.contents(),
            senders: [alice.key, carol.key, dave.key, me],
            reader,
            letters,
        }
    }

    fn take(&mut self, input: &[u8]) {
        let Some((flags, wire)) = input.split_first() else {
            return;
        };
        let number = flags & 3;
        let confirm = flags & 4 != 0;
        let Some(sender) = self.senders.get(usize::from(number)).copied() else {
            return;
        };
        let explained = self.reader.explain(sender, wire);
        self.check_same("what was only explained was kept");
        let received = self.reader.receive(sender, wire, confirm);
        check_agree(explained, &received);
        let read = match &received {
            Ok(received) => {
                if let Outcome::Decrypted(text) = &received.outcome
                    && received.authenticated
                {
                    let sent = self.letters.iter().any(|letter| {
                        letter.from == number
                            && letter.text.as_bytes() == text.as_slice()
                            && letter.post_quantum == received.post_quantum
                    });
                    assert!(sent, "nobody said this");
                }
                if let Some(copy_of) = &received.copy_of {
                    assert_eq!(number, SELF, "a contact says whom a message was for");
                    let [alice, ..] = self.senders;
                    assert_eq!(copy_of.recipients, [alice]);
                }
                matches!(received.outcome, Outcome::Decrypted(_))
            }
            Err(ReceiveError::NotAMessage(_)) => {
                self.check_same("bytes that are no message were kept");
                false
            }
            Err(error) => panic!("not received: {error}"),
        };
        if !read && !has_valid_bundle(wire) {
            self.check_same("a message that was not read was kept");
        }
        self.check_bounds();
        if read {
            self.read_again(sender, wire, confirm);
        } else {
            self.still_reads();
        }
        self.reader.take_back();
        self.check_same("not all is taken back");
    }

    fn check_same(&self, said: &str) {
        check_same(&self.before, &self.reader.store, said);
    }

    /// What was read is given again until it is confirmed, and marked.
    fn read_again(&mut self, sender: IdentityKey, wire: &[u8], confirmed: bool) {
        let again = self.reader.receive(sender, wire, true).expect("a message");
        if again.forward_secrecy || confirmed {
            let read = matches!(again.outcome, Outcome::Decrypted(_)) && again.forward_secrecy;
            assert_eq!(read, !confirmed, "{:?}", again.outcome);
            assert_eq!(again.duplicate, read, "the mark of a duplicate");
        }
    }

    /// A message that was not read costs none that was really sent, of either suite.
    fn still_reads(&mut self) {
        for post_quantum in [false, true] {
            let mut letters = self.letters.iter();
            let letter = letters.find(|letter| letter.post_quantum == post_quantum);
            let letter = letter.expect("one of each suite");
            let sender = self.senders.get(usize::from(letter.from));
            let sender = *sender.expect("a sender");
            let received = self.reader.receive(sender, &letter.wire, true);
            match received.expect("a message").outcome {
                Outcome::Decrypted(said) => assert_eq!(said.as_slice(), letter.text.as_bytes()),
                other => panic!("a message was lost to one that was not read: {other:?}"),
            }
        }
    }

    fn check_bounds(&self) {
        let limits = Device::small();
        for identity in &self.senders {
            let known = self.reader.store.devices(identity).expect("read");
            assert!(known.len() <= limits.max_known_devices);
        }
        for session in self.reader.store.sessions(None).expect("read") {
            let keys = self
                .reader
                .store
                .stored_key_count(&session.id)
                .expect("read");
            assert!(keys <= u64::from(limits.max_message_keys));
        }
    }
}

/// `initiator` sends first, and both have answered each other.
fn meet(initiator: &mut Device, responder: &mut Device) {
    let bundle = responder.bundle().expect("a bundle");
    initiator.import(&bundle).expect("imported");
    let (from, to) = (initiator.key, responder.key);
    let hello = initiator.send(to, "hello");
    responder.receive(from, &hello, true).expect("read");
    let hi = responder.send(from, "hi");
    initiator.receive(to, &hi, true).expect("read");
    let so = initiator.send(to, "so");
    responder.receive(from, &so, true).expect("read");
}

/// What was explained is what came about.
fn check_agree(
    explained: Result<Explained, ReceiveError>,
    received: &Result<Received, ReceiveError>,
) {
    match (explained, received) {
        (Ok(explained), Ok(received)) => {
            let said = explained.received;
            assert_eq!(said.outcome, received.outcome, "it was explained otherwise");
            assert_eq!(said.message, received.message);
            assert_eq!(said.session, received.session);
            assert_eq!(said.duplicate, received.duplicate);
            assert_eq!(said.reply.is_some(), received.reply.is_some());
        }
        (Err(_), Err(_)) => {}
        (explained, _) => panic!("explained as {explained:?}, and not so received"),
    }
}

fn has_valid_bundle(wire: &[u8]) -> bool {
    inspect_message(wire).is_ok_and(|message| {
        let mut bundles = message.bundles.into_iter().flatten();
        bundles.any(|bundle| bundle.fault.is_none())
    })
}

/// A message reaches a device. The first byte says from whom it is said to be, and whether it is
/// confirmed.
///
/// What is read as authentic was said by that sender. What is not read changes nothing but what a
/// valid bundle in it brings, and costs no other message. What is explained before is what comes
/// about. Nothing grows beyond its limit.
pub fn receive(input: &[u8]) {
    SCENE.with_borrow_mut(|scene| scene.take(input));
}

/// What was really sent in the scene of [`receive`], as inputs of it.
#[must_use]
pub fn receive_seeds() -> Vec<Seed> {
    SCENE.with_borrow(|scene| {
        let letters = scene.letters.iter().enumerate();
        letters
            .map(
                |(
                    number,
                    Letter {
                        from, text, wire, ..
                    },
                )| {
                    let confirm = if number % 2 == 0 { 4 } else { 0 };
                    let name = match *text {
                        "" => "advertisement",
                        text => text,
                    };
                    (
                        name.to_owned(),
                        [&[from | confirm], wire.as_slice()].concat(),
                    )
                },
            )
            .collect()
    })
}
