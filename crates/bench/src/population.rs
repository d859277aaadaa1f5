//! An account of the daemon, and the devices it talks with: what is called, and checks of the
//! answers.
//!
//! What the daemon encrypts is read by its recipients after each measurement, and what it decrypts
//! was written by peers before it, so that neither takes processor time meanwhile.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    rc::Rc,
};

use clap::ValueEnum as _;
use crypto_core::{IdentityKey, IdentityKeyPair};
use daemon::ops::entropy::entropy;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    closed_loop::{Calls, Limit, run_loop},
    connection::{Connection, request},
    figure::Round,
    peer::{Peer, hex},
    test_daemon::{TestAccount, TestDaemon},
};

/// The payload of every message: 100 bytes, about as much as people write in one.
pub(crate) const PAYLOAD: &[u8; 100] =
    b"A hundred bytes are about as much as people say to each other in one message, so that is what we say";
/// Of the answers with messages to the group, one in this many is read by its members, who skip up
/// to 1,000 messages.
const READ_ONE_IN: u64 = 500;
/// Connections for calls that are not measured.
const SETUP_CONNECTIONS: usize = 64;
/// Bytes of a message with this payload and a bundle.
const WIRE_BYTES: usize = 700;
/// What the answer of a call that encrypts has in it.
pub(crate) const MESSAGE: &[u8] = br#""message":"0x"#;
/// What the answer has if a message was decrypted.
const DECRYPTED: &[u8] = br#""outcome":"decrypted""#;
/// What the answer has if an envelope is not for us.
const UNOPENED: &[u8] = br#""outcome":"unopened""#;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// `system_version`: what a call costs that does nothing.
    Empty,
    /// `message_encrypt` to one device with an established session.
    Encrypt,
    /// `message_decrypt`, confirmed at once.
    Decrypt,
    /// `message_encryptGroup`, one message for each member.
    Group,
    /// `message_encryptGroup` under the key of a private group with as many members, or with the
    /// most that one may have.
    Key,
    /// `message_decrypt` of a sealed message that is for another identity.
    Strange,
    /// A durable commit of one small row, without the daemon.
    Commit,
    /// One message sealed for each member of the group, by the cryptography alone.
    Seals,
}

impl Kind {
    /// Its name in reports and options.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// An account with its peers.
pub(crate) struct Population {
    socket: PathBuf,
    account: TestAccount,
    /// One for each connection, then the members of the group.
    devices: Vec<Peer>,
    peers: usize,
    /// A call that makes a new key for the private group: a key is spent after 100,000 messages.
    new_key: Rc<[u8]>,
    calls: BTreeMap<Kind, Calls>,
    /// Decryptions a second, by connections: how many messages must be written.
    rates: BTreeMap<usize, f64>,
}

impl Population {
    /// Makes this many peers and members of a group, and sets up sessions between each of them and
    /// the account, which messages in both directions have established.
    pub(crate) async fn build(
        daemon: &TestDaemon,
        account: TestAccount,
        peers: usize,
        members: usize,
    ) -> Result<Self, String> {
        let mut devices = Peer::several(peers + members)?;
        establish_sessions(daemon, &account, &mut devices).await?;
        let (contacts, group) = devices.split_at(peers);
        let one = |call| [VecDeque::from([call])];
        let encrypts = contacts
            .iter()
            .map(|peer| VecDeque::from([encrypt_request(&account.name, peer)]));
        let (each, some) = (Some(1), Some(READ_ONE_IN));
        let private = private_group(daemon, &account, group).await?;
        let group = group_request(&account, group);
        let calls = [
            (
                Kind::Empty,
                Calls::repeated(one(request("system_version", &json!({}))), b"result", None),
            ),
            (Kind::Encrypt, Calls::repeated(encrypts, MESSAGE, each)),
            (
                Kind::Decrypt,
                Calls {
                    queues: vec![VecDeque::new(); peers],
                    expected: DECRYPTED,
                    ..Calls::default()
                },
            ),
            (Kind::Group, Calls::repeated(one(group), MESSAGE, some)),
            (
                Kind::Key,
                Calls::repeated(one(under_key_request(&account, &private)), MESSAGE, None),
            ),
            (
                Kind::Strange,
                Calls::repeated(one(stranger_request(&account)?), UNOPENED, None),
            ),
        ];
        let params = json!({"account": account.name, "group": private});
        Ok(Self {
            socket: daemon.socket().to_owned(),
            account,
            peers,
            new_key: request("groupKey_create", &params),
            calls: calls.into(),
            rates: BTreeMap::new(),
            devices,
        })
    }

    /// Measures calls of this kind on this many connections, no more than there are peers.
    pub(crate) async fn measure(
        &mut self,
        kind: Kind,
        connections: usize,
        limit: Limit,
    ) -> Result<Round, String> {
        let calls = self.calls.get_mut(&kind).ok_or("this is no call")?;
        if kind == Kind::Key {
            let mut connection = Connection::open(&self.socket).await?;
            connection.call(&self.new_key).await?;
        }
        if kind == Kind::Decrypt {
            let rate = self.rates.get(&connections).copied();
            let needed = messages_needed(connections, limit, rate);
            let queues = calls.queues.iter_mut().zip(&mut self.devices);
            for (queue, peer) in queues.take(connections) {
                while queue.len() < needed {
                    queue.push_back(decrypt_request(&self.account, peer)?);
                }
            }
        }
        let round = run_loop(&self.socket, connections, limit, calls).await?;
        let answers = std::mem::take(&mut calls.kept);
        if kind == Kind::Decrypt {
            self.rates.insert(connections, round.rate());
        }
        let (peers, members) = self.devices.split_at_mut(self.peers);
        match kind {
            Kind::Encrypt => read(&self.account, peers, 1, &answers)?,
            _ => read(&self.account, members, members.len(), &answers)?,
        }
        Ok(round)
    }
}

/// Messages that each peer should have written before they are decrypted: at this rate if one was
/// measured. What is left over is used later.
fn messages_needed(connections: usize, limit: Limit, rate: Option<f64>) -> usize {
    /// Calls a second before any were measured.
    const FIRST_GUESS: f64 = 6000.0;
    /// A loop without messages left ends early: some should be left over.
    const MARGIN: f64 = 1.4;
    match limit {
        Limit::Each(calls) => calls,
        Limit::Time(span) => {
            let all = span.as_secs_f64() * rate.unwrap_or(FIRST_GUESS) * MARGIN;
            (all / connections as f64).ceil() as usize + 1
        }
    }
}

/// Makes these calls side by side, on this many connections at most; all must succeed.
pub(crate) async fn call_all(
    daemon: &TestDaemon,
    calls: VecDeque<Rc<[u8]>>,
    connections: usize,
) -> Result<(), String> {
    let connections = calls.len().min(connections);
    let mut calls = Calls {
        queues: vec![calls],
        expected: b"result",
        ..Calls::default()
    };
    let limit = Limit::Each(usize::MAX);
    run_loop(daemon.socket(), connections, limit, &mut calls).await?;
    Ok(())
}

/// Imports the peers' bundles into the account.
pub(crate) async fn import_bundles(
    daemon: &TestDaemon,
    account: &TestAccount,
    peers: &mut [Peer],
) -> Result<(), String> {
    let calls = peers
        .iter_mut()
        .map(|peer| {
            let params = json!({"account": account.name, "bundle": hex(&peer.bundle()?)});
            Ok(request("bundle_import", &params))
        })
        .collect::<Result<_, String>>()?;
    call_all(daemon, calls, SETUP_CONNECTIONS).await
}

/// Sets up a session with each peer by a message to it and an answer from it.
pub(crate) async fn establish_sessions(
    daemon: &TestDaemon,
    account: &TestAccount,
    peers: &mut [Peer],
) -> Result<(), String> {
    import_bundles(daemon, account, peers).await?;
    let mut connection = Connection::open(daemon.socket()).await?;
    for group in peers.chunks_mut(engine::model::MAX_RECIPIENTS) {
        let sent = connection.call(&group_request(account, group)).await?;
        read(account, group, group.len(), &[sent.into()])?;
        let answers = group
            .iter_mut()
            .map(|peer| decrypt_request(account, peer))
            .collect::<Result<_, String>>()?;
        call_all(daemon, answers, SETUP_CONNECTIONS).await?;
    }
    Ok(())
}

/// A call that encrypts the payload for this peer.
pub(crate) fn encrypt_request(account: &str, peer: &Peer) -> Rc<[u8]> {
    let payload = hex(PAYLOAD);
    let params = json!({"account": account, "recipient": peer.key, "payload": payload});
    request("message_encrypt", &params)
}

/// A call that encrypts the payload for these members.
pub(crate) fn group_request(account: &TestAccount, members: &[Peer]) -> Rc<[u8]> {
    let keys: Vec<&str> = members.iter().map(|peer| peer.key.as_str()).collect();
    let params = json!({"account": account.name, "recipients": keys, "payload": hex(PAYLOAD)});
    request("message_encryptGroup", &params)
}

/// Makes a private group with these members, as many as it may have beside the account itself;
/// gives its id.
async fn private_group(
    daemon: &TestDaemon,
    account: &TestAccount,
    members: &[Peer],
) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Answer {
        result: Act,
    }
    #[derive(Deserialize)]
    struct Act {
        group: Group,
    }
    #[derive(Deserialize)]
    struct Group {
        group: String,
    }
    let keys = members.iter().map(|peer| peer.key.as_str());
    let keys: Vec<&str> = keys.take(engine::model::MAX_RECIPIENTS - 1).collect();
    let params = if keys.is_empty() {
        json!({"account": account.name, "name": "bench"})
    } else {
        json!({"account": account.name, "name": "bench", "members": keys})
    };
    let mut connection = Connection::open(daemon.socket()).await?;
    let made = connection.call(&request("group_create", &params)).await?;
    let made: Answer = serde_json::from_slice(made).map_err(|error| error.to_string())?;
    Ok(made.result.group.group)
}

/// A call that encrypts the payload under the key of this group.
fn under_key_request(account: &TestAccount, group: &str) -> Rc<[u8]> {
    let payload = hex(PAYLOAD);
    let params =
        json!({"account": account.name, "group": group, "mode": "key", "payload": payload});
    request("message_encryptGroup", &params)
}

/// A call that is given an envelope which a stranger signed for another stranger.
fn stranger_request(account: &TestAccount) -> Result<Rc<[u8]>, String> {
    let mut rng = entropy();
    let from = IdentityKeyPair::generate(&mut rng);
    let to = IdentityKeyPair::generate(&mut rng);
    let to = envelope::SealTo::Recipient(to.public());
    let wire = [0x74; WIRE_BYTES];
    let sealed = envelope::seal(&mut rng, to, Some(&from), &wire, envelope::Padding::Random)
        .map_err(|error| error.to_string())?;
    let params = json!({"account": account.name, "sealed": hex(sealed.as_bytes())});
    Ok(request("message_decrypt", &params))
}

/// A call that decrypts a message which this peer writes now.
fn decrypt_request(account: &TestAccount, peer: &mut Peer) -> Result<Rc<[u8]>, String> {
    let message = hex(&peer.write(account.identity, PAYLOAD)?);
    let params = json!({
        "account": account.name, "sender": peer.key, "message": message, "confirm": true
    });
    Ok(request("message_decrypt", &params))
}

/// Answers with messages of one account in them, which are given to their recipients: this many
/// messages in each.
fn read(
    account: &TestAccount,
    recipients: &mut [Peer],
    messages: usize,
    answers: &[Box<[u8]>],
) -> Result<(), String> {
    let recipients = recipients.iter_mut().map(|peer| (account.identity, peer));
    deliver(recipients, messages, answers)
}

/// Gives the messages in these answers to their recipients, each of whom is written to by the
/// identity it comes with: this many messages in each answer.
pub(crate) fn deliver<'a>(
    recipients: impl Iterator<Item = (IdentityKey, &'a mut Peer)>,
    messages: usize,
    answers: &[Box<[u8]>],
) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Answer {
        result: Sent,
    }
    #[derive(Deserialize)]
    struct Sent {
        envelopes: Vec<Envelope>,
    }
    #[derive(Deserialize)]
    struct Envelope {
        recipient: String,
        message: String,
    }
    let mut by_key: BTreeMap<String, (IdentityKey, &mut Peer)> = recipients
        .map(|(sender, peer)| (peer.key.clone(), (sender, peer)))
        .collect();
    for answer in answers {
        let answer: Answer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        let envelopes = answer.result.envelopes;
        if envelopes.len() != messages {
            return Err("a recipient got no message".to_owned());
        }
        for envelope in envelopes {
            let wire = const_hex::decode(&envelope.message).map_err(|error| error.to_string())?;
            let recipient = by_key.get_mut(&envelope.recipient);
            let (sender, peer) = recipient.ok_or("a message is for nobody we know")?;
            peer.read(*sender, &wire, PAYLOAD)?;
        }
    }
    Ok(())
}
