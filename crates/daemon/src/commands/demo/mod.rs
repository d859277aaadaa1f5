//! `ratchetd demo`: two people, three devices, over the real interface, each step explained.

mod devices;
mod party;

use std::io::Write;

use rpc::{
    Method,
    params::Secret,
    types::{Decrypted, Encrypted, EnvelopeInfo, Reason, Suite},
};
use zeroize::Zeroizing;

use self::party::{Party, account_name};
use super::Failure;

/// Runs the story in a scratch directory, which is removed afterwards.
///
/// # Errors
/// What did not go as the story says.
pub fn run(out: &mut dyn Write) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let scratch = tempfile::tempdir()?;
        let mut story = Story {
            alice: Party::start(scratch.path(), "alice").await?,
            laptop: Party::start(scratch.path(), "laptop").await?,
            bob: Party::start(scratch.path(), "bob").await?,
            out,
        };
        story.tell().await
    })
}

struct Story<'a> {
    alice: Party,
    laptop: Party,
    bob: Party,
    out: &'a mut dyn Write,
}

impl Story<'_> {
    async fn tell(&mut self) -> Result<()> {
        let phrase = self.accounts().await?;
        self.first_message_without_a_bundle().await?;
        self.answer_by_x3dh().await?;
        let late = self.out_of_order().await?;
        self.confirmed_for_good(&late).await?;
        self.tampered().await?;
        self.killed_before_confirmation().await?;
        self.second_device(phrase).await?;
        self.introduced().await?;
        self.paired().await?;
        self.say(
            "",
            &["That was all of it. Everything above went over the daemons' own sockets."],
        )
    }

    async fn accounts(&mut self) -> Result<Secret> {
        self.say(
            "Three daemons are running, each with its own store and socket.",
            &["Alice and Bob each make an account. Alice writes down her recovery phrase."],
        )?;
        let alice = self.alice.create().await?;
        let bob = self.bob.create().await?;
        let line = format!(
            "Alice is {}, Bob is {}.",
            short(&alice.account.compressed_key),
            short(&bob.account.compressed_key)
        );
        self.say("", &[&line])?;
        Ok(Secret(Zeroizing::new(alice.mnemonic)))
    }

    async fn first_message_without_a_bundle(&mut self) -> Result<()> {
        self.say(
            "Alice knows only Bob's public key, so her first message is encrypted to that key alone (mode dh).",
            &["It has no forward secrecy and proves no sender, and the daemon says so."],
        )?;
        let sent = self.alice.encrypt(&self.bob, "Hi Bob, it's Alice").await?;
        expect(!sent.forward_secrecy, "a first message by DH")?;
        let read = self.bob.decrypt(&self.alice, only(&sent)?).await?;
        self.shown("Bob", &read)?;
        expect(!read.forward_secrecy && !read.authenticated, "marked as DH")?;
        self.bob.confirm(&read).await
    }

    async fn answer_by_x3dh(&mut self) -> Result<()> {
        self.say(
            "Alice's bundle rode on that message. Bob's answer sets up a session with her device (mode x3dh, suite x25519).",
            &["From here on every message has forward secrecy, and its sender is proven."],
        )?;
        let sent = self
            .bob
            .encrypt(&self.alice, "Hi Alice, good to hear you")
            .await?;
        self.targets(&sent)?;
        let read = self.alice.decrypt(&self.bob, only(&sent)?).await?;
        self.shown("Alice", &read)?;
        expect(
            read.forward_secrecy && read.authenticated,
            "forward secrecy",
        )?;
        self.alice.confirm(&read).await?;

        let sent = self.alice.encrypt(&self.bob, "Now we ratchet").await?;
        self.targets(&sent)?;
        let read = self.bob.decrypt(&self.alice, only(&sent)?).await?;
        self.shown("Bob", &read)?;
        self.bob.confirm(&read).await
    }

    async fn out_of_order(&mut self) -> Result<EnvelopeInfo> {
        self.say(
            "Alice sends four messages. The network loses the third and delivers the others backwards.",
            &[],
        )?;
        let mut sent = Vec::new();
        for text in ["one", "two", "three (lost)", "four"] {
            sent.push(only(&self.alice.encrypt(&self.bob, text).await?)?.clone());
        }
        for index in [3, 1, 0] {
            let envelope = sent.get(index).ok_or("a message of the story is missing")?;
            let read = self.bob.decrypt(&self.alice, envelope).await?;
            self.shown("Bob", &read)?;
            self.bob.confirm(&read).await?;
        }
        sent.into_iter().next().ok_or_else(|| "no message".into())
    }

    async fn confirmed_for_good(&mut self, seen: &EnvelopeInfo) -> Result<()> {
        self.say(
            "Someone delivers the first of them again. Bob has confirmed it: its key is gone for good, and his daemon knows it again.",
            &[],
        )?;
        let read = self.bob.decrypt(&self.alice, seen).await?;
        expect(read.reason == Some(Reason::AlreadyRead), "a refused replay")?;
        self.refused(&read)
    }

    async fn tampered(&mut self) -> Result<()> {
        self.say(
            "One bit of the next message is changed on the way, then it comes untouched.",
            &[],
        )?;
        let sent = self.alice.encrypt(&self.bob, "Untouched").await?;
        let mut changed = only(&sent)?.clone();
        if let Some(last) = changed.message.0.last_mut() {
            *last ^= 1;
        }
        let read = self.bob.decrypt(&self.alice, &changed).await?;
        expect(read.payload.is_none(), "a changed message stays shut")?;
        self.refused(&read)?;
        let read = self.bob.decrypt(&self.alice, only(&sent)?).await?;
        self.shown("Bob", &read)?;
        self.bob.confirm(&read).await
    }

    async fn killed_before_confirmation(&mut self) -> Result<()> {
        self.say(
            "Bob's daemon is killed (-9) after it decrypted a message and before his app confirmed it.",
            &["After the restart the app asks again and gets the text again, marked as a duplicate."],
        )?;
        let sent = self.alice.encrypt(&self.bob, "Do not lose me").await?;
        let first = self.bob.decrypt(&self.alice, only(&sent)?).await?;
        expect(!first.duplicate, "read for the first time")?;
        self.bob.kill_and_restart().await?;
        let again = self.bob.decrypt(&self.alice, only(&sent)?).await?;
        expect(again.duplicate, "read for the second time")?;
        self.shown("Bob", &again)?;
        self.bob.confirm(&again).await
    }

    /// What happens, and below it what is seen of it.
    fn say(&mut self, step: &str, lines: &[&str]) -> Result<()> {
        let mut text = String::new();
        if !step.is_empty() {
            text = format!("\n* {step}\n");
        }
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }

    fn shown(&mut self, who: &str, read: &Decrypted) -> Result<()> {
        let text = read.text.as_deref().ok_or_else(|| {
            format!(
                "a message was not read: {} {}",
                read.outcome,
                read.reason.map_or("", Reason::name)
            )
        })?;
        let secrecy = if read.forward_secrecy {
            "forward secrecy"
        } else {
            "no forward secrecy"
        };
        let again = if read.duplicate { ", duplicate" } else { "" };
        let line = format!("{who} reads {text:?} ({secrecy}{again})");
        self.say("", &[&line])
    }

    fn refused(&mut self, read: &Decrypted) -> Result<()> {
        let line = format!(
            "{}: {}",
            read.reason.map_or(read.outcome.name(), Reason::name),
            read.hint.as_deref().unwrap_or_default()
        );
        self.say("", &[&line])
    }

    fn targets(&mut self, sent: &Encrypted) -> Result<()> {
        for target in sent.envelopes.iter().flat_map(|envelope| &envelope.targets) {
            let line = format!(
                "encrypted for {} by {}, suite {}",
                short(target.installation_id.as_deref().unwrap_or("anyone")),
                target.mode,
                target.suite.map_or("none", Suite::name)
            );
            self.say("", &[&line])?;
        }
        Ok(())
    }
}

fn only(sent: &Encrypted) -> Result<&EnvelopeInfo> {
    sent.envelopes
        .first()
        .ok_or_else(|| "no message was made".into())
}

fn expect(holds: bool, what: &str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(format!("the story expects {what}, and it did not happen").into())
    }
}

/// The beginning of a long name.
fn short(name: &str) -> String {
    const SHOWN_CHARS: usize = 14;
    let mut shown: String = name.chars().take(SHOWN_CHARS).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

/// The result of a method, as the story tells it.
type Told<M> = Result<<M as Method>::Output>;

type Result<T> = std::result::Result<T, Failure>;
