//! The part of the story that is about a group of three people.

use engine::model::GroupId;
use rpc::{
    methods,
    params::{Members, NewGroupName, Payload, Text, UpdateBytes},
    types::{Act, Encrypted, EnvelopeInfo, GroupOutcome},
};

use super::{Result, Story, expect, party::Party};

impl Story<'_> {
    /// Three people found a group, and accept.
    pub(super) async fn group_of_three(&mut self) -> Result<GroupId> {
        self.page.part(
            "A group of three",
            "Carol has a phone, too. Alice founds a group with Bob and her. Who is in it is said by a log of signed events that each member's daemon holds; the apps carry it in messages, as they carry any text. Bob and Carol accept.",
        )?;
        self.carol.create().await?;
        let members = vec![self.bob.identity()?, self.carol.identity()?];
        let founded = self
            .phone
            .call::<methods::GroupCreate>(methods::CreateGroupParams {
                account: None,
                name: NewGroupName("Hikers".to_owned()),
                members: Some(Members(members)),
                color: None,
                open: None,
                request_id: None,
            })
            .await?;
        let group = GroupId::new(founded.group.listed.group.as_bytes()).ok_or("a group's id")?;
        tell(&self.phone, &founded, &[&self.bob, &self.carol]).await?;
        let accepted = accept(&self.bob, &group).await?;
        tell(&self.bob, &accepted, &[&self.phone, &self.carol]).await?;
        let accepted = accept(&self.carol, &group).await?;
        tell(&self.carol, &accepted, &[&self.phone, &self.bob]).await?;
        expect(
            accepted.group.members.iter().all(|member| member.joined),
            "that everybody has accepted",
        )?;
        self.page
            .seen("Carol's phone lists three members of Hikers")?;

        let sent = write(&self.phone, &group, "Sunday at nine").await?;
        for member in [&self.bob, &self.carol] {
            let read = member
                .decrypt(&self.phone, for_whom(&sent, member)?)
                .await?;
            self.page.read(member, &read)?;
            member.confirm(&read).await?;
        }
        Ok(group)
    }

    /// One of the three is removed, and gets nothing of what is written then.
    pub(super) async fn removed(&mut self, group: GroupId) -> Result<()> {
        self.page.part(
            "Carol is removed",
            "Alice removes Carol from the group, and tells both. What she writes to it from now on is encrypted for Bob alone.",
        )?;
        let removed = self
            .phone
            .call::<methods::GroupRemove>(methods::GroupMembersParams {
                account: None,
                group: group.clone(),
                members: Members(vec![self.carol.identity()?]),
            })
            .await?;
        tell(&self.phone, &removed, &[&self.bob, &self.carol]).await?;
        let sent = write(&self.phone, &group, "Just the two of us, then").await?;
        expect(
            for_whom(&sent, &self.carol).is_err(),
            "no message for who was removed",
        )?;
        self.page.seen("Carol's phone gets no message")?;
        let read = self
            .bob
            .decrypt(&self.phone, for_whom(&sent, &self.bob)?)
            .await?;
        self.page.read(&self.bob, &read)?;
        self.bob.confirm(&read).await
    }
}

/// Brings an update to these devices, as a frontend does: in a message whose payload it is.
async fn tell(from: &Party, act: &Act, to: &[&Party]) -> Result<()> {
    for member in to {
        let sent = from
            .call::<methods::MessageEncrypt>(methods::EncryptParams {
                account: None,
                recipient: member.identity()?,
                payload: Some(Payload(act.update.0.clone())),
                text: None,
                request_id: None,
                seal: None,
            })
            .await?;
        let read = member.decrypt(from, for_whom(&sent, member)?).await?;
        let update = read.payload.clone().ok_or("an update was not read")?;
        let applied = member
            .call::<methods::GroupApply>(methods::ApplyParams {
                account: None,
                update: UpdateBytes(update.0),
                sender: Some(from.identity()?),
            })
            .await?;
        expect(
            applied.outcome != GroupOutcome::Refused,
            "an update that is taken up",
        )?;
        member.confirm(&read).await?;
    }
    Ok(())
}

async fn accept(member: &Party, group: &GroupId) -> Result<Act> {
    member
        .call::<methods::GroupAccept>(methods::GroupParams {
            account: None,
            group: group.clone(),
        })
        .await
}

async fn write(from: &Party, group: &GroupId, text: &str) -> Result<Encrypted> {
    from.call::<methods::MessageEncryptGroup>(methods::EncryptGroupParams {
        account: None,
        recipients: None,
        payload: None,
        text: Some(Text(text.to_owned())),
        request_id: None,
        seal: None,
        group: Some(group.clone()),
        joined_only: None,
        mode: None,
    })
    .await
}

/// The message of these that is for `member`.
fn for_whom<'a>(sent: &'a Encrypted, member: &Party) -> Result<&'a EnvelopeInfo> {
    let key = member.identity()?.to_uncompressed()?;
    sent.envelopes
        .iter()
        .find(|envelope| {
            let recipient = envelope.recipient.as_ref();
            recipient.is_some_and(|recipient| recipient.0 == key)
        })
        .ok_or_else(|| "no message for a member was made".into())
}
