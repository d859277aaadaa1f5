//! The methods that link a device (protocol §12). Links that have begun are in memory only, for a
//! minute from each step to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crypto_core::{
    InstallationId, Wiped,
    link::{FirstCode, LinkCodeError, LinkDigits, NewDevice, SecondCode},
};
use engine::{
    model::{AccountName, LinkContents, LinkError, MAX_LINK_BYTES, MAX_LINK_QR_BYTES},
    wire::{decode_link_contents, encode_first_code, encode_second_code},
};
use rand_core::Rng as _;
use rpc::{
    ErrorKind, RpcError, methods,
    params::Sealing,
    types::{
        AnsweredLink, BegunLink, ConfirmedLink, EnvelopeInfo, LinkedAccount, LinkedContactInfo,
        OfferedLink, QrFormat,
    },
};

use super::{Daemon, Result, blocking};
use crate::{
    api::qr,
    ops::{clock::Clock, entropy::entropy},
};

/// From one step to the next.
const LIFETIME: Duration = Duration::from_secs(60);
/// Links that have begun here, of either side: a person works on one.
const MAX_OUTSTANDING: usize = 8;
/// Random bytes of a link's name.
const NAME_BYTES: usize = 8;

/// What a person has to be told before they give an identity away.
const WARNING: &str = "This makes another device into you. Whoever has it can read and write as you from now on, and you cannot take that back. Go on only if you hold that device in your hands and see the code on its own screen now. Nobody else ever needs this: not a friend, not support, not a prize or a security check. If the code came in a message or from a page, or if somebody tells you the six digits, stop.";

/// The links that have begun. They are in memory only.
#[derive(Debug)]
pub struct Links {
    clock: Arc<Clock>,
    begun: Pending<Begun>,
    offered: Pending<Offered>,
}

/// A link at the new device.
struct Begun {
    device: NewDevice,
    challenge: Option<LinkDigits>,
}

/// A link at the old device.
struct Offered {
    account: AccountName,
    code: FirstCode,
    challenge: LinkDigits,
}

/// Links of one side, each with its name and the running time at which it is over.
type Pending<T> = Mutex<Vec<(String, Duration, T)>>;

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begun(..)")
    }
}

impl std::fmt::Debug for Offered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Offered(..)")
    }
}

impl Links {
    /// None yet.
    #[must_use]
    pub const fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            begun: Mutex::new(Vec::new()),
            offered: Mutex::new(Vec::new()),
        }
    }

    /// Works on the links of one side that are not over.
    fn on<T, R>(
        &self,
        side: &Pending<T>,
        work: impl FnOnce(&mut Vec<(String, Duration, T)>, Duration) -> R,
    ) -> R {
        let now = self.clock.running();
        // Nothing under the lock can panic half way.
        let mut pending = side.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|(_, over, _)| now < *over);
        work(&mut pending, now.saturating_add(LIFETIME))
    }

    /// Adds a link, for a minute; its name.
    fn add<T>(&self, side: &Pending<T>, link: T) -> Result<String> {
        let mut bytes = [0; NAME_BYTES];
        entropy().fill_bytes(&mut bytes);
        let name = const_hex::encode(bytes);
        self.on(side, |pending, over| {
            if pending.len() >= MAX_OUTSTANDING {
                let message = format!("{MAX_OUTSTANDING} links have begun already");
                return Err(RpcError::new(ErrorKind::Busy, message)
                    .with_hint("end them, or wait a minute until they are over"));
            }
            pending.push((name.clone(), over, link));
            Ok(name)
        })
    }

    /// Takes a link away, with the time at which it would have been over: it is used.
    fn take<T>(&self, side: &Pending<T>, name: &str) -> Result<(Duration, T)> {
        let taken = self.on(side, |pending, _| {
            let place = pending.iter().position(|(known, _, _)| known == name)?;
            Some(pending.remove(place))
        });
        let (_, over, link) = taken.ok_or_else(not_found)?;
        Ok((over, link))
    }

    /// Puts back a link that was not used after all.
    fn put_back<T>(&self, side: &Pending<T>, name: String, (over, link): (Duration, T)) {
        self.on(side, |pending, _| pending.push((name, over, link)));
    }

    /// Answers a challenge. With the first answer the link has another minute.
    fn answer(&self, name: &str, challenge: LinkDigits) -> Result<LinkDigits> {
        self.on(&self.begun, |pending, later| {
            let mut links = pending.iter_mut();
            let (_, over, link) = links
                .find(|(known, _, _)| known == name)
                .ok_or_else(not_found)?;
            if link.challenge.replace(challenge).is_none() {
                *over = later;
            }
            Ok(link.device.code().response(&challenge))
        })
    }
}

/// Forgets links that are over when their minute has passed, though nobody calls any more.
fn forget_in_time(daemon: &Arc<Daemon>) {
    let daemon = Arc::downgrade(daemon);
    tokio::spawn(async move {
        // A little later than the last of them, whose minute begins now.
        tokio::time::sleep(LIFETIME.saturating_add(Duration::from_secs(1))).await;
        if let Some(daemon) = daemon.upgrade() {
            daemon.links.on(&daemon.links.begun, |_, _| ());
            daemon.links.on(&daemon.links.offered, |_, _| ());
        }
    });
}

fn not_found() -> RpcError {
    let message = "there is no such link, or it is over, or used";
    RpcError::new(ErrorKind::LinkNotFound, message).about("link")
}

fn lifetime_ms() -> u64 {
    LIFETIME.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The code as it is asked for; the largest that is made fits a QR code.
fn drawn(code: &str, format: Option<QrFormat>) -> Result<Option<String>> {
    let drawn = match format {
        None => return Ok(None),
        Some(QrFormat::Svg) => qr::svg(code),
        Some(QrFormat::Text) => qr::text(code),
    };
    drawn
        .map(Some)
        .map_err(|error| RpcError::internal(error.to_string()))
}

pub(super) async fn link_begin(
    daemon: Arc<Daemon>,
    params: methods::BeginLinkParams,
) -> Result<BegunLink> {
    let device = NewDevice::generate(&mut entropy());
    let installation = device.code().installation();
    let code = encode_first_code(device.code());
    let qr = drawn(&code, params.format)?;
    let begun = Begun {
        device,
        challenge: None,
    };
    forget_in_time(&daemon);
    Ok(BegunLink {
        link: daemon.links.add(&daemon.links.begun, begun)?,
        code,
        qr,
        installation_id: installation.to_string(),
        expires_in_ms: lifetime_ms(),
    })
}

pub(super) async fn link_offer(
    daemon: Arc<Daemon>,
    params: methods::OfferLinkParams,
) -> Result<OfferedLink> {
    let account = daemon.account(params.account.as_ref())?;
    let code = params.code.0;
    let contacts = account.worker.call(move |engine, store, _| {
        engine.check_link(store, &code).map_err(LinkError::from)?;
        Ok(store.contacts()?.len())
    });
    let contacts = contacts.await?;
    // Only now that the code is settled: who could choose it knowing the challenge would look for
    // one with the right response.
    let challenge = LinkDigits::draw(&mut entropy());
    let offered = Offered {
        account: account.name.clone(),
        code,
        challenge,
    };
    forget_in_time(&daemon);
    Ok(OfferedLink {
        link: daemon.links.add(&daemon.links.offered, offered)?,
        challenge: challenge.text(),
        warning: WARNING.to_owned(),
        account: account.name.to_string(),
        compressed_key: account.identity.to_compact(),
        installation_id: code.installation().to_string(),
        contacts: contacts as u64,
        expires_in_ms: lifetime_ms(),
    })
}

pub(super) async fn link_answer(
    daemon: Arc<Daemon>,
    params: methods::AnswerLinkParams,
) -> Result<AnsweredLink> {
    let response = daemon.links.answer(&params.link.0, params.challenge.0)?;
    forget_in_time(&daemon);
    Ok(AnsweredLink {
        response: response.text(),
        expires_in_ms: lifetime_ms(),
    })
}

pub(super) async fn link_confirm(
    daemon: Arc<Daemon>,
    params: methods::ConfirmLinkParams,
) -> Result<ConfirmedLink> {
    // It is used, whatever becomes of it: there is one guess.
    let (_, offered) = daemon.links.take(&daemon.links.offered, &params.link.0)?;
    let Offered {
        account,
        code,
        challenge,
    } = offered;
    if !code.response(&challenge).is(&params.response.0) {
        let message = "these are not the digits of the device that showed the code";
        return Err(RpcError::new(ErrorKind::LinkFailed, message).about("response"));
    }
    let names = params.names.map_or_else(BTreeMap::new, |names| names.0);
    let max = match params.format {
        Some(_) => MAX_LINK_QR_BYTES,
        None => MAX_LINK_BYTES,
    };
    let account = daemon.account(Some(&account))?;
    let given = account.worker.call(move |engine, store, env| {
        let given = engine.give_link(store, env, &code, &names, max)?;
        let sealed = code.seal(&challenge, &given.contents, env.rng);
        let sealed = sealed.map_err(|error| RpcError::internal(error.to_string()))?;
        Ok((sealed, given.contacts, given.left_out))
    });
    let (sealed, contacts, left_out) = given.await?;
    blocking(move || {
        let text = encode_second_code(&sealed);
        Ok(ConfirmedLink {
            qr: drawn(&text, params.format)?,
            code: text,
            installation_id: code.installation().to_string(),
            contacts: contacts as u64,
            contacts_left_out: left_out as u64,
        })
    })
    .await
}

pub(super) async fn link_accept(
    daemon: Arc<Daemon>,
    params: methods::AcceptLinkParams,
) -> Result<LinkedAccount> {
    // A name that is taken ends nothing.
    daemon.accounts.check_free(&params.account)?;
    let (name, side) = (params.link.0, &daemon.links.begun);
    let (over, link) = daemon.links.take(side, &name)?;
    let Some(challenge) = link.challenge else {
        daemon.links.put_back(side, name, (over, link));
        return Err(RpcError::invalid("the link has not been given a challenge")
            .about("link")
            .with_hint("give the six digits that the old device shows to `link_answer` first"));
    };
    // Used, if this fails: there is one guess at the challenge.
    let contents = opened(&link.device, &challenge, &params.code.0)?;
    let installation: InstallationId = link.device.code().installation();
    let seal = Sealing::asked(params.seal);
    let made = daemon
        .accounts
        .create_linked(params.account, installation, Arc::clone(&contents), seal)
        .await;
    let (account, message) = match made {
        Ok(made) => made,
        Err(error) => {
            // The code was the right one: a disk that was full may not be in a moment.
            if error.kind != ErrorKind::LinkFailed {
                daemon.links.put_back(side, name, (over, link));
            }
            return Err(error);
        }
    };
    Ok(LinkedAccount {
        account,
        linked_to: contents.giver.to_string(),
        contacts: contents
            .contacts
            .iter()
            .map(LinkedContactInfo::from)
            .collect(),
        contacts_left_out: contents.left_out.into(),
        envelopes: vec![EnvelopeInfo::from(message)],
    })
}

/// What is sealed in a second code that is for this device.
fn opened(
    device: &NewDevice,
    challenge: &LinkDigits,
    code: &SecondCode,
) -> Result<Arc<LinkContents>> {
    let contents: std::result::Result<Wiped<Vec<u8>>, LinkCodeError> = device.open(challenge, code);
    let failed = |message: String| RpcError::new(ErrorKind::LinkFailed, message).about("code");
    let contents = contents.map_err(|error| failed(error.to_string()))?;
    decode_link_contents(&contents)
        .map(Arc::new)
        .ok_or_else(|| failed("what is sealed in the code cannot be read".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> (Arc<Clock>, Links) {
        let clock = Arc::new(Clock::default());
        (Arc::clone(&clock), Links::new(clock))
    }

    fn begun() -> Begun {
        Begun {
            device: NewDevice::generate(&mut entropy()),
            challenge: None,
        }
    }

    #[test]
    fn a_link_lives_a_minute_is_used_once_and_there_are_never_many() {
        let (clock, links) = links();
        let second = Duration::from_secs(1);
        let name = links.add(&links.begun, begun()).unwrap();
        clock.advance(LIFETIME - second);
        assert!(links.take(&links.begun, &name).is_ok());
        assert!(links.take(&links.begun, &name).is_err(), "it was used");

        let name = links.add(&links.begun, begun()).unwrap();
        clock.advance(LIFETIME);
        let error = links.take(&links.begun, &name).unwrap_err();
        assert_eq!(error.kind, ErrorKind::LinkNotFound);

        for _ in 0..MAX_OUTSTANDING {
            links.add(&links.begun, begun()).unwrap();
        }
        let error = links.add(&links.begun, begun()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Busy);
        clock.advance(LIFETIME);
        assert!(links.add(&links.begun, begun()).is_ok());
    }

    #[test]
    fn the_first_answer_gives_another_minute_and_a_later_one_none() {
        let (clock, links) = links();
        let second = Duration::from_secs(1);
        let digits = || LinkDigits::parse("123456").unwrap();
        let name = links.add(&links.begun, begun()).unwrap();
        clock.advance(LIFETIME - second);
        links.answer(&name, digits()).unwrap();
        clock.advance(LIFETIME - second);
        links.answer(&name, digits()).unwrap();
        clock.advance(second);
        assert!(links.answer(&name, digits()).is_err());
    }

    #[test]
    fn a_link_shows_nothing() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(
                !shown.contains("alice") && !shown.contains("123456"),
                "{shown}"
            );
        }
        let offered = || Offered {
            account: AccountName::parse("alice").unwrap(),
            code: *begun().device.code(),
            challenge: LinkDigits::parse("123456").unwrap(),
        };
        shows_nothing::<Begun>(&begun());
        shows_nothing::<Offered>(&offered());
        let (_, links) = links();
        links.add(&links.offered, offered()).unwrap();
        shows_nothing::<Links>(&links);
    }
}
