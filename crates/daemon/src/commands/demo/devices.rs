//! The part of the story that is about several devices of one person.

use rpc::{
    methods,
    params::Secret,
    types::{InstallationState, Outcome},
};

use super::{Result, Story, account_name, expect, only};

impl Story<'_> {
    pub(super) async fn second_device(&mut self, phrase: Secret) -> Result<()> {
        self.page.part(
            "A second device",
            "Alice sets up her laptop from the recovery phrase: a second device of the same identity. It introduces itself to the phone, where it waits as pending: only Alice can let it in.",
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
                recipient: self.phone.identity()?,
                seal: None,
            })
            .await?;
        let envelope = hello.envelopes.first().ok_or("no advertisement was made")?;
        let seen = self.phone.decrypt(&self.laptop, envelope).await?;
        expect(seen.outcome == Outcome::Bundle, "an advertisement")?;
        let devices = self
            .phone
            .call::<methods::InstallationList>(methods::ListParams {
                account: None,
                identity: None,
            })
            .await?;
        for device in devices {
            let name = if device.this_device {
                self.phone.name()
            } else {
                self.laptop.name()
            };
            let seen = format!("The phone lists {name} as {}", device.state);
            self.page.seen(&seen)?;
        }
        Ok(())
    }

    /// A message that leaves the laptop out, what the laptop does about it, and the message after
    /// that.
    pub(super) async fn introduced(&mut self) -> Result<()> {
        self.page.part(
            "Bob hears of the laptop",
            "Bob does not know the laptop yet: his message is not for it, and the laptop's daemon says what to do. Its answer reaches Bob, and his next message is for both.",
        )?;
        let sent = self.bob.encrypt(&self.phone, "For the phone").await?;
        let read = self.laptop.decrypt(&self.bob, only(&sent)?).await?;
        self.page.refused(&self.laptop, &read)?;
        let reply = read.reply.ok_or("the laptop has nothing to send back")?;
        let read = self.phone.decrypt(&self.bob, only(&sent)?).await?;
        self.page.read(&self.phone, &read)?;
        self.phone.confirm(&read).await?;

        let seen = self.bob.decrypt(&self.laptop, &reply).await?;
        expect(seen.outcome == Outcome::Bundle, "an advertisement")?;
        let sent = self.bob.encrypt(&self.phone, "For both of you").await?;
        self.targets(&sent)?;
        let envelope = only(&sent)?;
        let read = self.phone.decrypt(&self.bob, envelope).await?;
        self.page.read(&self.phone, &read)?;
        self.phone.confirm(&read).await?;
        let read = self.laptop.decrypt(&self.bob, envelope).await?;
        self.page.read(&self.laptop, &read)?;
        self.laptop.confirm(&read).await
    }

    /// The laptop is let in, and gets a copy of what the phone writes.
    pub(super) async fn paired(&mut self) -> Result<()> {
        self.page.part(
            "Alice lets the laptop in",
            "Alice enables the laptop on her phone. It gets a copy of everything she writes from there.",
        )?;
        let laptop = self.laptop.installation()?;
        let enabled = self
            .phone
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
            .phone
            .encrypt(&self.bob, "Written on the phone")
            .await?;
        let [to_bob, copy] = sent.envelopes.as_slice() else {
            return Err("the story expects a message and a copy of it".into());
        };
        let read = self.bob.decrypt(&self.phone, to_bob).await?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await?;
        let read = self.laptop.decrypt(&self.phone, copy).await?;
        self.page.read(&self.laptop, &read)?;
        self.laptop.confirm(&read).await
    }
}
