//! An account of the daemon and those it talks with: what is called, and what the answers are good for.
//!
//! What the daemon encrypts is read by its recipients, after the measurement, and what it decrypts was written by them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    rc::Rc,
};

use crypto_core::{IdentityKey, IdentityKeyPair};
use daemon::ops::{clock::Clock, entropy::entropy};
use serde_json::{Value, json};

use crate::{
    closed_loop::{Driven, Kind, Limit, Source, drive},
    connection::{Line, find, request},
    mix::{Mix, Turns},
    peer::Peer,
    test_daemon::{Host, Made},
};

/// What is said: 100 bytes.
pub(crate) const PAYLOAD: &[u8; 100] =
    b"A hundred bytes are about as much as people say to each other in one message, so that is what we say";
/// Of the messages to a group one in so many is read by its members: a device skips up to 1,000.
const READ_ONE_IN: u64 = 500;
/// Connections for what is not measured.
const HELPERS: usize = 64;
/// Beginning of a message in an answer.
const MESSAGE: &[u8] = br#""message":"0x"#;
/// What an answer has that gives a text.
const DECRYPTED: &[u8] = br#""outcome":"decrypted""#;

/// What an answer has to an envelope that is not ours.
const UNOPENED: &[u8] = br#""outcome":"unopened""#;
/// Bytes of a message of this length, with its bundle.
const WIRE_BYTES: usize = 700;

/// Hex with the prefix that the interface wants.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

/// A key as the interface shows it.
pub(crate) fn shown(identity: &IdentityKey) -> Result<String, String> {
    let bytes = identity
        .to_uncompressed()
        .map_err(|error| error.to_string())?;
    Ok(hex(&bytes))
}

/// One account with its peers.
pub(crate) struct Town {
    socket: PathBuf,
    folk: Rc<RefCell<Folk>>,
}

impl Town {
    /// Gives an account so many peers and a group of so many members, and has each pair talk once in both directions.
    pub(crate) async fn build(
        host: &Host,
        made: Made,
        peers: usize,
        members: usize,
    ) -> Result<Self, String> {
        let clock = Clock::default();
        let some = |count: usize| -> Result<Vec<Peer>, String> {
            (0..count).map(|_| Peer::new(&clock)).collect()
        };
        let (mut peers, mut members) = (some(peers)?, some(members)?);
        for group in [&mut peers, &mut members] {
            befriend(host, &made, &clock, group).await?;
        }
        let folk = Folk::new(clock, made, peers, members)?;
        Ok(Self {
            socket: host.socket().to_owned(),
            folk: Rc::new(RefCell::new(folk)),
        })
    }

    /// Measures calls of this mix on so many connections.
    pub(crate) async fn measure(
        &self,
        mix: &Mix,
        connections: usize,
        limit: Limit,
    ) -> Result<Driven, String> {
        let work = (connections, mix.to_string());
        let reads = mix.share(Kind::Decrypt);
        self.folk.borrow_mut().prepare(&work, limit, reads)?;
        let source = Rc::new(RefCell::new(Calls {
            folk: Rc::clone(&self.folk),
            turns: mix.turns(),
        }));
        let mut driven = drive(&self.socket, connections, limit, &source).await?;
        let mut folk = self.folk.borrow_mut();
        folk.rates.insert(work, driven.rate());
        if let Err(error) = folk.read() {
            driven.errors += 1;
            driven.first_error.get_or_insert(error);
        }
        Ok(driven)
    }
}

/// Makes these calls; all must succeed.
pub(crate) async fn pour(host: &Host, calls: Vec<Vec<u8>>) -> Result<(), String> {
    struct Pot(VecDeque<Vec<u8>>);
    impl Source for Pot {
        fn next(&mut self, _: usize) -> Option<(Kind, Rc<[u8]>)> {
            Some((Kind::Empty, self.0.pop_front()?.into()))
        }
        fn answered(&mut self, _: usize, _: Kind, _: &[u8]) -> Result<(), String> {
            Ok(())
        }
    }
    if calls.is_empty() {
        return Ok(());
    }
    let connections = calls.len().min(HELPERS);
    let limit = Limit::Calls(calls.len() as u64);
    let pot = Rc::new(RefCell::new(Pot(calls.into())));
    let driven = drive(host.socket(), connections, limit, &pot).await?;
    driven.first_error.map_or(Ok(()), Err)
}

/// Has the account know the peers' bundles.
pub(crate) async fn import(
    host: &Host,
    made: &Made,
    clock: &Clock,
    peers: &mut [Peer],
) -> Result<(), String> {
    let calls = peers
        .iter_mut()
        .map(|peer| {
            let bundle = hex(&peer.bundle(clock)?);
            let params = json!({"account": made.name, "bundle": bundle});
            Ok(request("bundle_import", &params))
        })
        .collect::<Result<_, String>>()?;
    pour(host, calls).await
}

/// A message to each peer and an answer from each: from then on their sessions are established.
pub(crate) async fn befriend(
    host: &Host,
    made: &Made,
    clock: &Clock,
    peers: &mut [Peer],
) -> Result<(), String> {
    import(host, made, clock, peers).await?;
    let mut line = Line::open(host.socket()).await?;
    for group in peers.chunks_mut(engine::MAX_RECIPIENTS) {
        let params = group_params(made, group)?;
        let sent = line.ask("message_encryptGroup", &params).await?;
        read_group(clock, made, group, &sent)?;
        let answers = group
            .iter_mut()
            .map(|peer| decrypt_request(clock, made, peer))
            .collect::<Result<_, String>>()?;
        pour(host, answers).await?;
    }
    Ok(())
}

pub(crate) fn group_params(made: &Made, members: &[Peer]) -> Result<Value, String> {
    let recipients = members
        .iter()
        .map(|peer| shown(&peer.identity()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"account": made.name, "recipients": recipients, "payload": hex(PAYLOAD)}))
}

/// An envelope that a stranger signed for another stranger.
fn strange_params(made: &Made) -> Result<Value, String> {
    let mut rng = entropy();
    let (from, to) = (
        IdentityKeyPair::generate(&mut rng),
        IdentityKeyPair::generate(&mut rng),
    );
    let to = envelope::SealTo::Recipient(to.public());
    let wire = [0x74; WIRE_BYTES];
    let sealed = envelope::seal(&mut rng, to, Some(&from), &wire, envelope::Padding::Random)
        .map_err(|error| error.to_string())?;
    Ok(json!({"account": made.name, "sealed": hex(sealed.as_bytes())}))
}

/// A call that decrypts what this peer writes now.
fn decrypt_request(clock: &Clock, made: &Made, peer: &mut Peer) -> Result<Vec<u8>, String> {
    let message = hex(&peer.write(clock, made.identity, PAYLOAD)?);
    let sender = shown(&peer.identity())?;
    let params =
        json!({"account": made.name, "sender": sender, "message": message, "confirm": true});
    Ok(request("message_decrypt", &params))
}

/// Has each member read its message of a result of `message_encryptGroup`.
fn read_group(
    clock: &Clock,
    made: &Made,
    members: &mut [Peer],
    sent: &Value,
) -> Result<(), String> {
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
        let key = shown(&member.identity())?;
        let message = messages
            .get(key.as_str())
            .ok_or("a member of the group got no message")?;
        let wire = const_hex::decode(message).map_err(|error| error.to_string())?;
        member.read(clock, made.identity, &wire, PAYLOAD)?;
    }
    Ok(())
}

/// The account, the others, and what is under way between them.
struct Folk {
    clock: Clock,
    made: Made,
    /// Each connection talks with one of them.
    peers: Vec<Peer>,
    members: Vec<Peer>,
    empty: Rc<[u8]>,
    encrypt: Vec<Rc<[u8]>>,
    group: Rc<[u8]>,
    /// A call that is given an envelope for somebody else.
    strange: Rc<[u8]>,
    /// Calls that decrypt what the peers have written, of each peer.
    stock: Vec<VecDeque<Rc<[u8]>>>,
    /// Calls a second, of each number of connections and mix, as far as is known: how much stock is needed.
    rates: BTreeMap<(usize, String), f64>,
    /// Messages to the peers that they have not read, in hex.
    sent: Vec<(usize, Box<[u8]>)>,
    /// Answers with messages to the members.
    sent_to_group: Vec<Box<[u8]>>,
    group_calls: u64,
    /// Whether an answer of this measurement was kept.
    group_kept: bool,
}

impl Folk {
    fn new(clock: Clock, made: Made, peers: Vec<Peer>, members: Vec<Peer>) -> Result<Self, String> {
        let encrypt = peers
            .iter()
            .map(|peer| {
                let recipient = shown(&peer.identity())?;
                let params =
                    json!({"account": made.name, "recipient": recipient, "payload": hex(PAYLOAD)});
                Ok(request("message_encrypt", &params).into())
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            empty: request("system_version", &json!({})).into(),
            encrypt,
            group: request("message_encryptGroup", &group_params(&made, &members)?).into(),
            strange: request("message_decrypt", &strange_params(&made)?).into(),
            stock: peers.iter().map(|_| VecDeque::new()).collect(),
            rates: BTreeMap::new(),
            sent: Vec::new(),
            sent_to_group: Vec::new(),
            group_calls: 0,
            group_kept: false,
            clock,
            made,
            peers,
            members,
        })
    }

    /// Has the peers write as much as will be read, if that is this share of the calls.
    fn prepare(&mut self, work: &(usize, String), limit: Limit, share: f64) -> Result<(), String> {
        /// Calls a second before any were measured: a stock that is too large is used later.
        const FIRST_GUESS: f64 = 6000.0;
        /// A loop that runs out of stock ends early: better have some left.
        const MARGIN: f64 = 1.4;
        self.group_kept = false;
        let needed = match limit {
            Limit::Calls(calls) => calls as f64 * share,
            Limit::Time(span) => {
                let rate = self.rates.get(work).copied().unwrap_or(FIRST_GUESS);
                span.as_secs_f64() * rate * share * MARGIN
            }
        };
        if share <= 0.0 {
            return Ok(());
        }
        // Fewer connections than peers talk with the first of them alone.
        let talking = self.peers.len().min(work.0).max(1);
        let each = (needed / talking as f64).ceil() as usize + 1;
        let talking = self.peers.iter_mut().zip(&mut self.stock).take(talking);
        for (peer, stock) in talking {
            while stock.len() < each {
                let call = decrypt_request(&self.clock, &self.made, peer)?;
                stock.push_back(call.into());
            }
        }
        Ok(())
    }

    /// Has the others read what was written to them.
    fn read(&mut self) -> Result<(), String> {
        for (number, message) in std::mem::take(&mut self.sent) {
            let wire = const_hex::decode(&message).map_err(|error| error.to_string())?;
            let peer = self.peers.get_mut(number).ok_or("a peer is gone")?;
            peer.read(&self.clock, self.made.identity, &wire, PAYLOAD)?;
        }
        for answer in std::mem::take(&mut self.sent_to_group) {
            let answer: Value =
                serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
            let sent = answer.get("result").unwrap_or(&Value::Null);
            read_group(&self.clock, &self.made, &mut self.members, sent)?;
        }
        Ok(())
    }
}

/// Calls of a mix.
struct Calls {
    folk: Rc<RefCell<Folk>>,
    turns: Turns,
}

impl Source for Calls {
    fn next(&mut self, connection: usize) -> Option<(Kind, Rc<[u8]>)> {
        let mut folk = self.folk.borrow_mut();
        let peer = connection.checked_rem(folk.peers.len())?;
        let kind = self.turns.next()?;
        let call = match kind {
            Kind::Empty => Rc::clone(&folk.empty),
            Kind::Encrypt => Rc::clone(folk.encrypt.get(peer)?),
            Kind::Decrypt => folk.stock.get_mut(peer)?.pop_front()?,
            Kind::Group => Rc::clone(&folk.group),
            Kind::Strange => Rc::clone(&folk.strange),
        };
        Some((kind, call))
    }

    fn answered(&mut self, connection: usize, kind: Kind, body: &[u8]) -> Result<(), String> {
        let mut folk = self.folk.borrow_mut();
        match kind {
            Kind::Empty => {}
            Kind::Encrypt => {
                let message = message(body).ok_or("an answer without a message")?.into();
                let peer = connection.checked_rem(folk.peers.len()).unwrap_or(0);
                folk.sent.push((peer, message));
            }
            Kind::Decrypt => {
                if find(body, DECRYPTED).is_none() {
                    return Err("a message was not read".to_owned());
                }
            }
            Kind::Strange => {
                if find(body, UNOPENED).is_none() {
                    return Err("a stranger's envelope was taken for ours".to_owned());
                }
            }
            Kind::Group => {
                if !folk.group_kept || folk.group_calls.is_multiple_of(READ_ONE_IN) {
                    folk.group_kept = true;
                    folk.sent_to_group.push(body.into());
                }
                folk.group_calls += 1;
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
