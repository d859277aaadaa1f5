//! An account of the daemon, and the devices it talks with: what is called, and checks of the
//! answers.
//!
//! What the daemon encrypts is read by its recipients after each measurement, and what it decrypts
//! was written by peers before it, so that neither takes processor time meanwhile.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    rc::Rc,
};

use crypto_core::{IdentityKey, IdentityKeyPair};
use daemon::ops::entropy::entropy;
use serde_json::{Value, json};

use crate::{
    closed_loop::{CallKind, Limit, LoopResult, Workload, run_loop},
    connection::{Connection, find, request},
    mix::{Mix, Schedule},
    peer::Peer,
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
/// How a message begins in an answer.
const MESSAGE: &[u8] = br#""message":"0x"#;
/// What the answer has if a message was decrypted.
const DECRYPTED: &[u8] = br#""outcome":"decrypted""#;
/// What the answer has if an envelope is not for us.
const UNOPENED: &[u8] = br#""outcome":"unopened""#;
/// Bytes of a message with this payload and a bundle.
const WIRE_BYTES: usize = 700;

/// An account with its peers.
pub(crate) struct Population {
    socket: PathBuf,
    state: Rc<RefCell<State>>,
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
        let (mut peers, mut members) = (Peer::several(peers)?, Peer::several(members)?);
        for group in [&mut peers, &mut members] {
            establish_sessions(daemon, &account, group).await?;
        }
        Ok(Self {
            socket: daemon.socket().to_owned(),
            state: Rc::new(RefCell::new(State::new(account, peers, members)?)),
        })
    }

    /// Measures calls of this mix on this many connections.
    pub(crate) async fn measure(
        &self,
        mix: &Mix,
        connections: usize,
        limit: Limit,
    ) -> Result<LoopResult, String> {
        self.state.borrow_mut().prepare(mix, connections, limit)?;
        let mut result = run_loop(&self.socket, connections, limit, &self.state).await?;
        let mut state = self.state.borrow_mut();
        state
            .rates
            .insert((connections, mix.to_string()), result.rate());
        if let Err(error) = state.read() {
            result.errors += 1;
            result.first_error.get_or_insert(error);
        }
        Ok(result)
    }
}

/// Makes these calls side by side; all must succeed.
async fn call_all(daemon: &TestDaemon, calls: Vec<Vec<u8>>) -> Result<(), String> {
    struct Queue(VecDeque<Vec<u8>>);
    impl Workload for Queue {
        fn next(&mut self, _: usize) -> Option<(CallKind, Rc<[u8]>)> {
            // No figure is made of it: any kind will do.
            Some((CallKind::Empty, self.0.pop_front()?.into()))
        }
        fn answered(&mut self, _: usize, _: CallKind, _: &[u8]) -> Result<(), String> {
            Ok(())
        }
    }
    if calls.is_empty() {
        return Ok(());
    }
    let connections = calls.len().min(SETUP_CONNECTIONS);
    let limit = Limit::Calls(calls.len() as u64);
    let queue = Rc::new(RefCell::new(Queue(calls.into())));
    let result = run_loop(daemon.socket(), connections, limit, &queue).await?;
    result.first_error.map_or(Ok(()), Err)
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
    call_all(daemon, calls).await
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
        let params = group_params(account, group)?;
        let sent = connection.ask("message_encryptGroup", &params).await?;
        read_group(account, group, &sent)?;
        let answers = group
            .iter_mut()
            .map(|peer| decrypt_request(account, peer))
            .collect::<Result<_, String>>()?;
        call_all(daemon, answers).await?;
    }
    Ok(())
}

/// A call that encrypts the payload for this recipient, whose key is in the interface's form.
pub(crate) fn encrypt_request(account: &TestAccount, recipient: &str) -> Rc<[u8]> {
    let params = json!({"account": account.name, "recipient": recipient, "payload": hex(PAYLOAD)});
    request("message_encrypt", &params).into()
}

/// Parameters of `message_encryptGroup` for these members.
pub(crate) fn group_params(account: &TestAccount, members: &[Peer]) -> Result<Value, String> {
    let recipients = members
        .iter()
        .map(|peer| key_text(&peer.identity()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"account": account.name, "recipients": recipients, "payload": hex(PAYLOAD)}))
}

/// A key in the interface's form.
pub(crate) fn key_text(identity: &IdentityKey) -> Result<String, String> {
    let bytes = identity
        .to_uncompressed()
        .map_err(|error| error.to_string())?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

/// A call that is given an envelope which a stranger signed for another stranger.
fn stranger_request(account: &TestAccount) -> Result<Vec<u8>, String> {
    let mut rng = entropy();
    let (from, to) = (
        IdentityKeyPair::generate(&mut rng),
        IdentityKeyPair::generate(&mut rng),
    );
    let to = envelope::SealTo::Recipient(to.public());
    let wire = [0x74; WIRE_BYTES];
    let sealed = envelope::seal(&mut rng, to, Some(&from), &wire, envelope::Padding::Random)
        .map_err(|error| error.to_string())?;
    let params = json!({"account": account.name, "sealed": hex(sealed.as_bytes())});
    Ok(request("message_decrypt", &params))
}

/// A call that decrypts a message which this peer writes now.
fn decrypt_request(account: &TestAccount, peer: &mut Peer) -> Result<Vec<u8>, String> {
    let message = hex(&peer.write(account.identity, PAYLOAD)?);
    let sender = key_text(&peer.identity())?;
    let params =
        json!({"account": account.name, "sender": sender, "message": message, "confirm": true});
    Ok(request("message_decrypt", &params))
}

/// Has each member read its message in a result of `message_encryptGroup`.
fn read_group(account: &TestAccount, members: &mut [Peer], sent: &Value) -> Result<(), String> {
    let envelopes = sent.get("envelopes").and_then(Value::as_array);
    let messages: BTreeMap<&str, &str> = envelopes
        .into_iter()
        .flatten()
        .filter_map(|envelope| {
            let text = |name: &str| envelope.get(name).and_then(Value::as_str);
            Some((text("recipient")?, text("message")?))
        })
        .collect();
    for member in members {
        let key = key_text(&member.identity())?;
        let message = messages
            .get(key.as_str())
            .ok_or("a member of the group got no message")?;
        let wire = const_hex::decode(message).map_err(|error| error.to_string())?;
        member.read(account.identity, &wire, PAYLOAD)?;
    }
    Ok(())
}

/// The account, its peers, and the messages under way between them.
struct State {
    account: TestAccount,
    /// Each connection talks with one of them.
    peers: Vec<Peer>,
    members: Vec<Peer>,
    /// Which kind of call comes next.
    schedule: Schedule,
    empty_call: Rc<[u8]>,
    /// For each peer.
    encrypt_calls: Vec<Rc<[u8]>>,
    group_call: Rc<[u8]>,
    strange_call: Rc<[u8]>,
    /// Calls that decrypt what the peers have written, for each peer.
    decrypt_calls: Vec<VecDeque<Rc<[u8]>>>,
    /// Calls a second measured before, by connections and mix: how many messages must be written.
    rates: BTreeMap<(usize, String), f64>,
    /// Messages to the peers that they have not read, in hex, with the peer's index.
    sent: Vec<(usize, Box<[u8]>)>,
    /// Answers with messages to the members.
    sent_to_group: Vec<Box<[u8]>>,
    group_answers: u64,
}

impl State {
    fn new(account: TestAccount, peers: Vec<Peer>, members: Vec<Peer>) -> Result<Self, String> {
        let encrypt_calls = peers
            .iter()
            .map(|peer| Ok(encrypt_request(&account, &key_text(&peer.identity())?)))
            .collect::<Result<_, String>>()?;
        let group = group_params(&account, &members)?;
        Ok(Self {
            schedule: Mix::only(CallKind::Empty).schedule(),
            empty_call: request("system_version", &json!({})).into(),
            encrypt_calls,
            group_call: request("message_encryptGroup", &group).into(),
            strange_call: stranger_request(&account)?.into(),
            decrypt_calls: peers.iter().map(|_| VecDeque::new()).collect(),
            rates: BTreeMap::new(),
            sent: Vec::new(),
            sent_to_group: Vec::new(),
            group_answers: 0,
            account,
            peers,
            members,
        })
    }

    /// Prepares a measurement: has the peers write as many messages as will be decrypted in it.
    fn prepare(&mut self, mix: &Mix, connections: usize, limit: Limit) -> Result<(), String> {
        /// Calls a second before any were measured. What is left over is used later.
        const FIRST_GUESS: f64 = 6000.0;
        /// A loop without messages left ends early: some should be left over.
        const MARGIN: f64 = 1.4;
        self.schedule = mix.schedule();
        self.group_answers = 0;
        let share = mix.share(CallKind::Decrypt);
        if share <= 0.0 {
            return Ok(());
        }
        let needed = match limit {
            Limit::Calls(calls) => calls as f64 * share,
            Limit::Time(span) => {
                let rate = self.rates.get(&(connections, mix.to_string()));
                span.as_secs_f64() * rate.copied().unwrap_or(FIRST_GUESS) * share * MARGIN
            }
        };
        // With fewer connections than peers only the first peers are talked with.
        let talking = self.peers.len().min(connections).max(1);
        let for_each = (needed / talking as f64).ceil() as usize + 1;
        let talking = self
            .peers
            .iter_mut()
            .zip(&mut self.decrypt_calls)
            .take(talking);
        for (peer, calls) in talking {
            while calls.len() < for_each {
                calls.push_back(decrypt_request(&self.account, peer)?.into());
            }
        }
        Ok(())
    }

    /// Has the peers and members read what was written to them.
    fn read(&mut self) -> Result<(), String> {
        for (index, message) in std::mem::take(&mut self.sent) {
            let wire = const_hex::decode(&message).map_err(|error| error.to_string())?;
            let peer = self.peers.get_mut(index).ok_or("a peer is gone")?;
            peer.read(self.account.identity, &wire, PAYLOAD)?;
        }
        for answer in std::mem::take(&mut self.sent_to_group) {
            let answer: Value =
                serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
            let sent = answer.get("result").unwrap_or(&Value::Null);
            read_group(&self.account, &mut self.members, sent)?;
        }
        Ok(())
    }
}

impl Workload for State {
    fn next(&mut self, connection: usize) -> Option<(CallKind, Rc<[u8]>)> {
        let peer = connection.checked_rem(self.peers.len())?;
        let kind = self.schedule.next()?;
        let call = match kind {
            CallKind::Empty => Rc::clone(&self.empty_call),
            CallKind::Encrypt => Rc::clone(self.encrypt_calls.get(peer)?),
            CallKind::Decrypt => self.decrypt_calls.get_mut(peer)?.pop_front()?,
            CallKind::Group => Rc::clone(&self.group_call),
            CallKind::Strange => Rc::clone(&self.strange_call),
        };
        Some((kind, call))
    }

    fn answered(&mut self, connection: usize, kind: CallKind, body: &[u8]) -> Result<(), String> {
        match kind {
            CallKind::Empty => {}
            CallKind::Encrypt => {
                let message = message(body).ok_or("an answer without a message")?.into();
                let peer = connection.checked_rem(self.peers.len()).unwrap_or(0);
                self.sent.push((peer, message));
            }
            CallKind::Decrypt => {
                if find(body, DECRYPTED).is_none() {
                    return Err("a message was not decrypted".to_owned());
                }
            }
            CallKind::Strange => {
                if find(body, UNOPENED).is_none() {
                    return Err("a stranger's envelope was taken for ours".to_owned());
                }
            }
            CallKind::Group => {
                if self.group_answers.is_multiple_of(READ_ONE_IN) {
                    self.sent_to_group.push(body.into());
                }
                self.group_answers += 1;
            }
        }
        Ok(())
    }
}

/// The first message of an answer, in hex without its prefix.
fn message(body: &[u8]) -> Option<&[u8]> {
    let begin = find(body, MESSAGE)? + MESSAGE.len();
    let rest = body.get(begin..)?;
    let length = rest.iter().position(|byte| *byte == b'"')?;
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_cut_out_of_an_answer_and_nothing_else() {
        let body =
            br#"{"result":{"envelopes":[{"recipient":"0x04","message":"0x0aff","targets":[]}]}}"#;
        assert_eq!(message(body), Some(&b"0aff"[..]));
        assert_eq!(message(br#"{"result":{"message":"0x0aff"#), None);
        assert_eq!(message(br#"{"result":{"messageId":"0x0aff"}}"#), None);
    }
}
