//! `ratchetd demo`: people and their devices, over the real interface, each step explained.

mod devices;
mod group;
mod party;

use std::io::{self, Write};

use crypto_core::IdentityKey;
use rpc::{
    Method,
    params::Secret,
    types::{Decrypted, Encrypted, EnvelopeInfo, Reason, Suite},
};
use serde_json::Value;
use zeroize::Zeroizing;

use self::party::{Called, Calls, Party, account_name};
use super::Failure;
use crate::commands::terminal::{ASIDE, HEADING, Look, NAME, columns, middle_cut, wrap};

/// What `demo` takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct DemoArgs {
    /// Show each call that is made to a daemon, and what it answers
    #[arg(long)]
    show_calls: bool,
}

/// What to try after the story, and what it does.
const NEXT: [(&str, &str); 6] = [
    (
        "ratchetd serve",
        "a daemon of your own, in another terminal",
    ),
    (
        "ratchetd call account_create account=me",
        "an account on it; write its phrase down",
    ),
    ("ratchetd qr", "your contact code, for another device"),
    (
        "ratchetd call --list",
        "everything that a frontend can ask for",
    ),
    ("ratchetd doctor", "whether all is as it should be"),
    ("ratchetd demo --show-calls", "this story with its calls"),
];

/// Runs the story in a scratch directory, which is removed afterwards.
///
/// # Errors
/// What did not go as the story says, or the error of the output.
pub fn run(args: DemoArgs, out: &mut dyn Write) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let scratch = tempfile::tempdir()?;
        let calls = Calls::default();
        let mut story = Story {
            phone: Party::start(scratch.path(), "Alice's phone", &calls)?,
            laptop: Party::start(scratch.path(), "Alice's laptop", &calls)?,
            bob: Party::start(scratch.path(), "Bob's phone", &calls)?,
            carol: Party::start(scratch.path(), "Carol's phone", &calls)?,
            page: Page {
                out,
                look: Look::of_output(),
                columns: columns(),
                calls,
                shows_calls: args.show_calls,
                headings: 0,
            },
        };
        story.tell().await
    })
}

struct Story<'a> {
    phone: Party,
    laptop: Party,
    bob: Party,
    carol: Party,
    page: Page<'a>,
}

/// Where the story is told.
struct Page<'a> {
    out: &'a mut dyn Write,
    look: Look,
    columns: usize,
    calls: Calls,
    shows_calls: bool,
    headings: usize,
}

impl Page<'_> {
    /// A part of the story: its heading, and what happens.
    fn part(&mut self, heading: &str, text: &str) -> io::Result<()> {
        self.show_calls()?;
        self.headings += 1;
        let heading = format!("{}. {heading}", self.headings);
        let space = if self.headings > 1 { "\n" } else { "" };
        writeln!(self.out, "{space}{}", self.look.paint(HEADING, &heading))?;
        for line in wrap(text, self.columns) {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }

    /// What is seen of what happened.
    fn seen(&mut self, text: &str) -> io::Result<()> {
        self.show_calls()?;
        self.indented("* ", text, None)?;
        self.out.flush()
    }

    fn show_calls(&mut self) -> io::Result<()> {
        let calls = std::mem::take(&mut *self.calls.borrow_mut());
        if !self.shows_calls {
            return Ok(());
        }
        for call in calls {
            let Called {
                device,
                method,
                params,
                result,
            } = call;
            let asked = format!("{device} calls {method} {}", in_short(&params));
            self.indented("> ", &asked, Some(NAME))?;
            self.indented("< ", &in_short(&result), Some(ASIDE))?;
        }
        Ok(())
    }

    /// A text with a mark before it, below which its other lines stand.
    fn indented(
        &mut self,
        mark: &str,
        text: &str,
        style: Option<anstyle::Style>,
    ) -> io::Result<()> {
        let indent = 2 + mark.len();
        let lines = wrap(text, self.columns.saturating_sub(indent));
        for (index, line) in lines.into_iter().enumerate() {
            let mark = if index == 0 { mark } else { "" };
            let line = match style {
                Some(style) => self.look.paint(style, &line),
                None => line,
            };
            writeln!(self.out, "  {mark:width$}{line}", width = indent - 2)?;
        }
        Ok(())
    }
}

/// JSON with its long texts cut, and spaces where it may be broken.
fn in_short(value: &Value) -> String {
    /// A hint or a phrase is shown whole, a key or a message is not.
    const LONGEST: usize = 30;
    fn cut(value: &Value) -> Value {
        match value {
            Value::String(text) if !text.contains(' ') => middle_cut(text, LONGEST)
                .unwrap_or_else(|| text.clone())
                .into(),
            Value::Array(items) => items.iter().map(cut).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), cut(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
    let text = cut(value).to_string();
    text.replace(",\"", ", \"").replace("\":", "\": ")
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
        self.sealed().await?;
        self.second_device(phrase).await?;
        self.introduced().await?;
        self.paired().await?;
        let group = self.group_of_three().await?;
        self.removed(group).await?;
        self.ends()
    }

    async fn accounts(&mut self) -> Result<Secret> {
        self.page.part(
            "Two people, three devices",
            "Each device has a ratchetd of its own, with its own store and socket; here all are on this machine. Alice and Bob make an account each and give each other their public keys, as they would by a link or a QR code. Alice writes down her recovery phrase.",
        )?;
        let alice = self.phone.create().await?;
        self.bob.create().await?;
        Ok(Secret(Zeroizing::new(alice.mnemonic)))
    }

    async fn first_message_without_a_bundle(&mut self) -> Result<()> {
        self.page.part(
            "The first message",
            "Alice has nothing of Bob but his public key, so her first message is encrypted to that key alone (mode dh). It has no forward secrecy, proves no sender and is not post-quantum, and the daemon says so.",
        )?;
        let sent = self.phone.encrypt(&self.bob, "Hi Bob, it's Alice").await?;
        expect(
            !sent.forward_secrecy && !sent.post_quantum,
            "a first message by DH",
        )?;
        self.targets(&sent)?;
        let read = self.bob.decrypt(&self.phone, only(&sent)?).await?;
        expect(!read.forward_secrecy && !read.authenticated, "marked as DH")?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await
    }

    async fn answer_by_x3dh(&mut self) -> Result<()> {
        self.page.part(
            "A session",
            "Alice's bundle and her KEM prekey rode on that message, so Bob's answer sets up a session with her phone (mode x3dh). From here on every message has forward secrecy, and its sender is proven. It is post-quantum, too (suite x25519-mlkem768): whoever records it now cannot read it with a quantum computer later.",
        )?;
        let sent = self
            .bob
            .encrypt(&self.phone, "Hi Alice, good to hear you")
            .await?;
        self.targets(&sent)?;
        let read = self.phone.decrypt(&self.bob, only(&sent)?).await?;
        expect(
            read.forward_secrecy && read.authenticated && read.post_quantum,
            "forward secrecy in a post-quantum session",
        )?;
        self.page.read(&self.phone, &read)?;
        self.phone.confirm(&read).await?;

        let sent = self.phone.encrypt(&self.bob, "Now we ratchet").await?;
        self.targets(&sent)?;
        let read = self.bob.decrypt(&self.phone, only(&sent)?).await?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await
    }

    async fn out_of_order(&mut self) -> Result<EnvelopeInfo> {
        self.page.part(
            "Out of order",
            "Alice sends four messages. The network loses the third and delivers the others backwards.",
        )?;
        let mut sent = Vec::new();
        for text in ["one", "two", "three (lost)", "four"] {
            sent.push(only(&self.phone.encrypt(&self.bob, text).await?)?.clone());
        }
        for index in [3, 1, 0] {
            let envelope = sent.get(index).ok_or("a message of the story is missing")?;
            let read = self.bob.decrypt(&self.phone, envelope).await?;
            self.page.read(&self.bob, &read)?;
            self.bob.confirm(&read).await?;
        }
        sent.into_iter().next().ok_or_else(|| "no message".into())
    }

    async fn confirmed_for_good(&mut self, seen: &EnvelopeInfo) -> Result<()> {
        self.page.part(
            "A replay",
            "Someone delivers the first of them again. Bob's app has confirmed it: its key is gone for good, and his daemon knows it again.",
        )?;
        let read = self.bob.decrypt(&self.phone, seen).await?;
        expect(read.reason == Some(Reason::AlreadyRead), "a refused replay")?;
        self.page.refused(&self.bob, &read)
    }

    async fn tampered(&mut self) -> Result<()> {
        self.page.part(
            "A change on the way",
            "One bit of the next message is changed on the way; then it comes untouched.",
        )?;
        let sent = self.phone.encrypt(&self.bob, "Untouched").await?;
        let mut changed = only(&sent)?.clone();
        if let Some(last) = changed.message.0.last_mut() {
            *last ^= 1;
        }
        let read = self.bob.decrypt(&self.phone, &changed).await?;
        expect(read.payload.is_none(), "a changed message stays shut")?;
        self.page.refused(&self.bob, &read)?;
        let read = self.bob.decrypt(&self.phone, only(&sent)?).await?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await
    }

    async fn killed_before_confirmation(&mut self) -> Result<()> {
        self.page.part(
            "A crash",
            "Bob's daemon is killed (-9) after it decrypted a message and before his app confirmed it. After the restart the app asks again and gets the text again, marked as a duplicate.",
        )?;
        let sent = self.phone.encrypt(&self.bob, "Do not lose me").await?;
        let first = self.bob.decrypt(&self.phone, only(&sent)?).await?;
        expect(!first.duplicate, "read for the first time")?;
        self.bob.kill_and_restart()?;
        let again = self.bob.decrypt(&self.phone, only(&sent)?).await?;
        expect(again.duplicate, "read for the second time")?;
        self.page.read(&self.bob, &again)?;
        self.bob.confirm(&again).await
    }

    async fn sealed(&mut self) -> Result<()> {
        self.page.part(
            "A relay in between",
            "A message as it is names the devices that it is for. Asked to seal it, the daemon also gives it in an envelope, signed and encrypted once more: a relay sees a topic and a length. Nobody has to tell Bob's daemon who wrote it; the signature in the envelope does.",
        )?;
        let sent = self
            .phone
            .seal(&self.bob, "Nobody sees that we talk")
            .await?;
        let envelope = only(&sent)?;
        let sealed = envelope.sealed.as_ref().ok_or("no sealed message")?;
        let topic = envelope.content_topic.as_deref().ok_or("no topic")?;
        let relay = format!("The relay sees topic {topic} and {} bytes.", sealed.0.len());
        self.page.seen(&relay)?;
        let read = self.bob.open(sealed.0.clone()).await?;
        let sender = read
            .sender
            .as_ref()
            .ok_or("a sealed message was not opened")?;
        let sender = IdentityKey::from_sec1(&sender.0)?;
        expect(sender == self.phone.identity()?, "Alice's signature")?;
        self.page.seen("Its signature names Alice.")?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await
    }

    fn ends(&mut self) -> Result<()> {
        self.page.part(
            "What to try next",
            "That was all of it, over the daemons' own sockets; their stores are removed now.",
        )?;
        let widest = NEXT.iter().map(|(command, _)| command.len()).max();
        let width = widest.unwrap_or(0);
        let page = &mut self.page;
        for (command, what) in NEXT {
            let shown = page.look.paint(NAME, command);
            let space = width - command.len() + 2;
            if width + what.len() + 4 <= page.columns {
                writeln!(page.out, "  {shown}{:space$}{what}", "")?;
            } else {
                writeln!(page.out, "  {shown}\n    {what}")?;
            }
        }
        Ok(page.out.flush()?)
    }

    /// For whom a message was encrypted, and how.
    fn targets(&mut self, sent: &Encrypted) -> Result<()> {
        for target in sent.envelopes.iter().flat_map(|envelope| &envelope.targets) {
            let id = target.installation_id.as_deref().unwrap_or_default();
            let known = [&self.phone, &self.laptop, &self.bob];
            let device = known.into_iter().find(|device| device.has(id));
            let device = device.map_or("whoever has the key", |device| device.name());
            let suite = target.suite.map_or_else(String::new, |suite: Suite| {
                format!(", suite {}", suite.name())
            });
            self.page.seen(&format!(
                "Encrypted for {device}: mode {}{suite}",
                target.mode
            ))?;
        }
        Ok(())
    }
}

impl Page<'_> {
    fn read(&mut self, who: &Party, read: &Decrypted) -> Result<()> {
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
        let strength = if read.post_quantum {
            ", post-quantum"
        } else {
            ""
        };
        let again = if read.duplicate { ", duplicate" } else { "" };
        let line = format!("{} reads {text:?} ({secrecy}{strength}{again})", who.name());
        Ok(self.seen(&line)?)
    }

    fn refused(&mut self, who: &Party, read: &Decrypted) -> Result<()> {
        let line = format!(
            "{} reads nothing ({}): {}",
            who.name(),
            read.reason.map_or(read.outcome.name(), Reason::name),
            read.hint.as_deref().unwrap_or_default()
        );
        Ok(self.seen(&line)?)
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

/// The result of a method, as the story tells it.
type Told<M> = Result<<M as Method>::Output>;

type Result<T> = std::result::Result<T, Failure>;
