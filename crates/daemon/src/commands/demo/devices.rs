//! The part of the story that is about several devices of one person.

use rpc::{
    methods,
    params::Secret,
    types::{InstallationState, Outcome},
};

use super::{Result, Story, account_name, expect, only, short};

impl Story<'_> {
    pub(super) async fn second_device(&mut self, phrase: Secret) -> Result<()> {
        self.say(
            "Alice sets up her laptop from the recovery phrase: a second device of the same identity.",
            &["It introduces itself to the phone, where it waits as pending: only Alice can let it in."],
        )?;
        let account = self
            .laptop
            .call::<methods::AccountRecover>(methods::RecoverParams {
                account: account_name()?,
                mnemonic: phrase,
                mnemonic_passphrase: None,
                installation_id: None,
            })
            .await?;
        self.laptop.is(&account)?;
        let hello = self
            .laptop
            .call::<methods::MessageAdvertise>(methods::AdvertiseParams {
                account: None,
                recipient: self.alice.identity()?,
                seal: None,
            })
            .await?;
        let envelope = hello.envelopes.first().ok_or("no advertisement was made")?;
        let seen = self.alice.decrypt(&self.laptop, envelope).await?;
        expect(seen.outcome == Outcome::Bundle, "an advertisement")?;
        let devices = self
            .alice
            .call::<methods::InstallationList>(methods::ListParams {
                account: None,
                identity: None,
            })
            .await?;
        for device in devices {
            let which = if device.this_device {
                "this phone"
            } else {
                "the laptop"
            };
            let line = format!(
                "{which}: {} ({})",
                short(&device.installation_id),
                device.state
            );
            self.say("", &[&line])?;
        }
        Ok(())
    }

    /// A message that leaves the laptop out, what the laptop does about it, and the message after
    /// that.
    pub(super) async fn introduced(&mut self) -> Result<()> {
        self.say(
            "Bob does not know the laptop yet: his message is not for it, and the laptop's daemon says what to do.",
            &[],
        )?;
        let sent = self.bob.encrypt(&self.alice, "For the phone").await?;
        let read = self.laptop.decrypt(&self.bob, only(&sent)?).await?;
        self.refused(&read)?;
        let reply = read.reply.ok_or("the laptop has nothing to send back")?;
        let read = self.alice.decrypt(&self.bob, only(&sent)?).await?;
        self.shown("Alice's phone", &read)?;
        self.alice.confirm(&read).await?;

        self.say(
            "The laptop's answer reaches Bob, and his next message is for both.",
            &[],
        )?;
        let seen = self.bob.decrypt(&self.laptop, &reply).await?;
        expect(seen.outcome == Outcome::Bundle, "an advertisement")?;
        let sent = self.bob.encrypt(&self.alice, "For both of you").await?;
        self.targets(&sent)?;
        let envelope = only(&sent)?;
        let read = self.alice.decrypt(&self.bob, envelope).await?;
        self.shown("Alice's phone", &read)?;
        self.alice.confirm(&read).await?;
        let read = self.laptop.decrypt(&self.bob, envelope).await?;
        self.shown("Alice's laptop", &read)?;
        self.laptop.confirm(&read).await
    }

    /// The laptop is let in, and gets a copy of what the phone writes.
    pub(super) async fn paired(&mut self) -> Result<()> {
        self.say(
            "Alice enables the laptop on her phone. It gets a copy of everything she writes from there.",
            &[],
        )?;
        let laptop = self.laptop.installation()?;
        let enabled = self
            .alice
            .call::<methods::InstallationEnable>(methods::PairingParams {
                account: None,
                installation_id: laptop,
                identity: None,
            })
            .await?;
        expect(
            enabled.state == InstallationState::Active,
            "an enabled laptop",
        )?;
        let sent = self
            .alice
            .encrypt(&self.bob, "Written on the phone")
            .await?;
        let [to_bob, copy] = sent.envelopes.as_slice() else {
            return Err("the story expects a message and a copy of it".into());
        };
        let read = self.bob.decrypt(&self.alice, to_bob).await?;
        self.shown("Bob", &read)?;
        self.bob.confirm(&read).await?;
        let read = self.laptop.decrypt(&self.alice, copy).await?;
        self.shown("Alice's laptop", &read)?;
        self.laptop.confirm(&read).await
    }
}
