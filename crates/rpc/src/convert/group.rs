//! Groups and their keys.

use crypto_core::{GroupOrigin, GroupRules, IdentityKey};
use engine::model::{self, GroupAct, GroupId, GroupKeyView, GroupView, JudgedGroupKey};

use super::{millis, public_key};
use crate::{
    hex::to_hex,
    types::{
        self, Act, Applied, Encrypted, GoneMember, Group, GroupChange, GroupKeyInfo, GroupMember,
        GroupSetters, Hex, IgnoredEvents, ListedGroup, ReceivedGroupKey, SharedGroupKey,
        UsedGroupKey,
    },
};

/// A group as answers name it: by its id if that is one of a group with a log, else by its bytes.
#[must_use]
pub fn group_text(group: &GroupId) -> String {
    group_bytes_text(group.as_bytes())
}

/// The same, of what stands in a header.
pub(super) fn group_bytes_text(group: &[u8]) -> String {
    let text = std::str::from_utf8(group).ok();
    let id = text.filter(|text| GroupOrigin::of(text).is_some());
    id.map_or_else(|| to_hex(group), str::to_owned)
}

impl From<&GroupView> for ListedGroup {
    fn from(view: &GroupView) -> Self {
        Self {
            group: group_text(&view.group),
            name: view.name.clone(),
            color: view.color.clone(),
            rules: match view.rules {
                GroupRules::Admins => types::GroupRules::Admins,
                GroupRules::Members => types::GroupRules::Members,
            },
            creator: public_key(&view.creator),
            own: view.own,
            clock: view.clock,
            events: view.events as u64,
            digest: Hex(view.digest.to_vec()),
        }
    }
}

/// With image and update, if the view has them.
impl From<GroupView> for Group {
    fn from(view: GroupView) -> Self {
        Self {
            listed: ListedGroup::from(&view),
            members: view.members.iter().map(GroupMember::from).collect(),
            gone: view.gone.iter().map(GoneMember::from).collect(),
            image: view.image.map(Hex),
            update: view.update.map(Hex),
        }
    }
}

impl Group {
    /// Without what is large: of an act the update stands beside the group, and who applied one
    /// has it.
    fn brief(view: GroupView) -> Self {
        Self::from(GroupView {
            image: None,
            update: None,
            ..view
        })
    }
}

impl From<&model::GroupMember> for GroupMember {
    fn from(member: &model::GroupMember) -> Self {
        Self {
            identity: public_key(&member.identity),
            admin: member.admin,
            joined: member.joined,
            added_by: public_key(&member.added_by),
            added_at: member.added_at,
        }
    }
}

impl From<&model::GoneMember> for GoneMember {
    fn from(gone: &model::GoneMember) -> Self {
        Self {
            identity: public_key(&gone.identity),
            left: gone.left,
            by: public_key(&gone.by),
            at: gone.at,
        }
    }
}

impl From<GroupAct> for Act {
    fn from(act: GroupAct) -> Self {
        Self {
            group: Group::brief(act.group),
            update: Hex(act.update),
            recipients: act.recipients.iter().map(public_key).collect(),
        }
    }
}

impl From<model::Applied> for Applied {
    fn from(applied: model::Applied) -> Self {
        Self {
            outcome: applied.outcome,
            reason: applied.refusal,
            group: applied.group.map(Group::brief),
            changes: applied.changes.iter().map(GroupChange::from).collect(),
            ignored: applied
                .ignored
                .into_iter()
                .map(|(reason, events)| IgnoredEvents {
                    reason,
                    events: events as u64,
                })
                .collect(),
        }
    }
}

impl From<&model::GroupChange> for GroupChange {
    fn from(change: &model::GroupChange) -> Self {
        Self {
            change: change.kind,
            identity: change.identity.as_ref().map(public_key),
            by: public_key(&change.by),
            at: change.at,
        }
    }
}

impl From<model::SharedGroupKey> for SharedGroupKey {
    fn from(shared: model::SharedGroupKey) -> Self {
        let sent = Encrypted::from(shared.sent);
        Self {
            group: group_text(&shared.group),
            key_id: Hex(shared.key.as_bytes().to_vec()),
            timestamp: shared.timestamp,
            envelopes: sent.envelopes,
            skipped: sent.skipped,
            forward_secrecy: sent.forward_secrecy,
            post_quantum: sent.post_quantum,
        }
    }
}

impl From<GroupKeyView> for GroupKeyInfo {
    fn from(view: GroupKeyView) -> Self {
        Self {
            group: group_text(&view.group),
            key_id: Hex(view.key.as_bytes().to_vec()),
            timestamp: view.timestamp,
            set_by: public_key(&view.set_by),
            current: view.current,
            highest: view.highest,
            erase_at: millis(view.erase_at),
            due: view.due,
        }
    }
}

impl GroupSetters {
    /// Those who may set the keys of a group.
    #[must_use]
    pub fn new(group: &GroupId, setters: &[IdentityKey]) -> Self {
        Self {
            group: group_text(group),
            setters: setters.iter().map(public_key).collect(),
        }
    }
}

impl From<&JudgedGroupKey> for ReceivedGroupKey {
    fn from(key: &JudgedGroupKey) -> Self {
        Self {
            group: key.group.as_ref().map_or_else(|| to_hex(&[]), group_text),
            key_id: key.key.map(|id| Hex(id.as_bytes().to_vec())),
            timestamp: key.timestamp,
            state: key.state,
            reason: key.refused,
        }
    }
}

impl From<model::UsedGroupKey> for UsedGroupKey {
    fn from(used: model::UsedGroupKey) -> Self {
        Self {
            group: group_text(&used.group),
            key_id: Hex(used.key.as_bytes().to_vec()),
            seq_no: used.number,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_core::GroupKeyId;
    use engine::model::{
        GroupChangeKind, GroupKeyDue, GroupKeyRefused, GroupKeyState, GroupOutcome, GroupRefusal,
        GroupStanding, IgnoredReason, Sent, UnixMillis,
    };
    use serde_json::{Value, json};

    use super::{super::fixtures::*, *};

    fn view(own: GroupStanding, rules: GroupRules) -> GroupView {
        let identity = *identity().public();
        GroupView {
            group: GroupId::new(format!("x1-7-{UNCOMPRESSED}").as_bytes()).unwrap(),
            name: "Friends".to_owned(),
            color: "#8a5cf5".to_owned(),
            image: Some(vec![1, 2]),
            rules,
            creator: identity,
            own,
            members: vec![model::GroupMember {
                identity,
                admin: true,
                joined: false,
                added_by: identity,
                added_at: 3,
            }],
            gone: vec![model::GoneMember {
                identity,
                left: true,
                by: identity,
                at: 4,
            }],
            clock: 5,
            events: 6,
            digest: [7; 32],
            update: Some(vec![8]),
        }
    }

    fn golden(own: &str, rules: &str) -> Value {
        json!({
            "group": format!("x1-7-{UNCOMPRESSED}"),
            "name": "Friends",
            "color": "#8a5cf5",
            "rules": rules,
            "creator": UNCOMPRESSED,
            "own": own,
            "clock": 5,
            "events": 6,
            "digest": hex32(7),
        })
    }

    fn with_members(mut golden: Value) -> Value {
        golden["members"] = json!([{"identity": UNCOMPRESSED, "admin": true, "joined": false,
            "addedBy": UNCOMPRESSED, "addedAt": 3}]);
        golden["gone"] = json!([{"identity": UNCOMPRESSED, "left": true, "by": UNCOMPRESSED,
            "at": 4}]);
        golden
    }

    #[test]
    fn a_group_in_a_list_by_itself_and_after_an_act() {
        for (own, name) in [
            (GroupStanding::Invited, "invited"),
            (GroupStanding::Member, "member"),
            (GroupStanding::Admin, "admin"),
            (GroupStanding::Left, "left"),
            (GroupStanding::Removed, "removed"),
        ] {
            for (rules, rules_name) in [
                (GroupRules::Admins, "admins"),
                (GroupRules::Members, "members"),
            ] {
                let listed = ListedGroup::from(&view(own, rules));
                assert_eq!(
                    serde_json::to_value(listed).unwrap(),
                    golden(name, rules_name)
                );
            }
        }
        let group = Group::from(view(GroupStanding::Admin, GroupRules::Admins));
        let mut expected = with_members(golden("admin", "admins"));
        expected["image"] = json!("0x0102");
        expected["update"] = json!("0x08");
        assert_eq!(serde_json::to_value(&group).unwrap(), expected);
        // The client reads what the daemon writes.
        assert_eq!(serde_json::from_value::<Group>(expected).unwrap(), group);
        let act = Act::from(GroupAct {
            group: view(GroupStanding::Member, GroupRules::Members),
            update: vec![9],
            recipients: vec![*identity().public()],
        });
        assert_eq!(
            serde_json::to_value(act).unwrap(),
            json!({
                "group": with_members(golden("member", "members")),
                "update": "0x09",
                "recipients": [UNCOMPRESSED],
            })
        );
    }

    #[test]
    fn what_became_of_an_update() {
        for (outcome, name) in [
            (GroupOutcome::Created, "created"),
            (GroupOutcome::Changed, "changed"),
            (GroupOutcome::Unchanged, "unchanged"),
        ] {
            let applied = Applied::from(model::Applied {
                outcome,
                refusal: None,
                group: Some(view(GroupStanding::Invited, GroupRules::Admins)),
                changes: Vec::new(),
                ignored: Vec::new(),
            });
            let expected = json!({
                "outcome": name,
                "group": with_members(golden("invited", "admins")),
                "changes": [],
                "ignored": [],
            });
            assert_eq!(serde_json::to_value(applied).unwrap(), expected);
        }
        for (refusal, name) in [
            (GroupRefusal::Malformed, "malformed"),
            (GroupRefusal::NotCreated, "not_created"),
            (GroupRefusal::NotMember, "not_member"),
            (GroupRefusal::Forgotten, "forgotten"),
            (GroupRefusal::LogFull, "log_full"),
            (GroupRefusal::TooManyGroups, "too_many_groups"),
        ] {
            let applied = Applied::from(model::Applied {
                outcome: GroupOutcome::Refused,
                refusal: Some(refusal),
                group: None,
                changes: Vec::new(),
                ignored: Vec::new(),
            });
            let expected =
                json!({"outcome": "refused", "reason": name, "changes": [], "ignored": []});
            assert_eq!(serde_json::to_value(applied).unwrap(), expected);
        }
    }

    #[test]
    fn what_changed_and_what_does_not_count() {
        let by = *identity().public();
        for (kind, name) in [
            (GroupChangeKind::Invited, "invited"),
            (GroupChangeKind::Accepted, "accepted"),
            (GroupChangeKind::Promoted, "promoted"),
            (GroupChangeKind::Resigned, "resigned"),
            (GroupChangeKind::Left, "left"),
            (GroupChangeKind::Removed, "removed"),
            (GroupChangeKind::Renamed, "renamed"),
            (GroupChangeKind::Recolored, "recolored"),
            (GroupChangeKind::Pictured, "pictured"),
        ] {
            let change = |identity| {
                let change = GroupChange::from(&model::GroupChange {
                    kind,
                    identity,
                    by,
                    at: 7,
                });
                serde_json::to_value(change).unwrap()
            };
            assert_eq!(
                change(Some(by)),
                json!({"change": name, "identity": UNCOMPRESSED, "by": UNCOMPRESSED, "at": 7})
            );
            assert_eq!(
                change(None),
                json!({"change": name, "by": UNCOMPRESSED, "at": 7})
            );
        }
        let reasons = [
            (IgnoredReason::Malformed, "malformed"),
            (IgnoredReason::BadSignature, "bad_signature"),
            (IgnoredReason::UnknownType, "unknown_type"),
            (IgnoredReason::Future, "future"),
            (IgnoredReason::NotEntitled, "not_entitled"),
        ];
        let applied = Applied::from(model::Applied {
            outcome: GroupOutcome::Unchanged,
            refusal: None,
            group: None,
            changes: Vec::new(),
            ignored: reasons.map(|(reason, _)| (reason, 2)).to_vec(),
        });
        assert_eq!(
            serde_json::to_value(applied.ignored).unwrap(),
            json!(reasons.map(|(_, name)| json!({"reason": name, "events": 2})))
        );
    }

    #[test]
    fn a_group_without_a_log_is_named_by_its_bytes() {
        for (bytes, text) in [
            (vec![2; 33], format!("0x{}", "02".repeat(33))),
            (b"channel".to_vec(), "0x6368616e6e656c".to_owned()),
        ] {
            assert_eq!(group_text(&GroupId::new(&bytes).unwrap()), text);
        }
    }

    fn community() -> GroupId {
        GroupId::new(&[2; 33]).unwrap()
    }

    fn id() -> GroupKeyId {
        GroupKeyId::from_bytes([7; 32])
    }

    #[test]
    fn a_key_that_is_shared_and_one_that_is_kept() {
        let group = group_text(&community());
        let shared = SharedGroupKey::from(model::SharedGroupKey {
            group: community(),
            key: id(),
            timestamp: 5,
            sent: Sent::default(),
        });
        let expected = json!({"group": group, "keyId": hex32(7), "timestamp": 5, "envelopes": [],
            "skipped": [], "forwardSecrecy": true, "postQuantum": false});
        assert_eq!(serde_json::to_value(shared).unwrap(), expected);
        for (due, name) in [
            (None, json!(null)),
            (Some(GroupKeyDue::Removal), json!("removal")),
            (Some(GroupKeyDue::Spent), json!("spent")),
            (Some(GroupKeyDue::Age), json!("age")),
        ] {
            let kept = GroupKeyInfo::from(GroupKeyView {
                group: community(),
                key: id(),
                timestamp: 5,
                set_by: *identity().public(),
                current: true,
                highest: 6,
                erase_at: due.map(|_| UnixMillis(8)),
                due,
            });
            let erase_at = due.map(|_| 8);
            let expected = json!({"group": group, "keyId": hex32(7), "timestamp": 5,
                "setBy": UNCOMPRESSED, "current": true, "highest": 6, "eraseAt": erase_at,
                "due": name});
            assert_eq!(serde_json::to_value(kept).unwrap(), expected);
        }
        let setters = GroupSetters::new(&community(), &[*identity().public()]);
        assert_eq!(
            serde_json::to_value(setters).unwrap(),
            json!({"group": group, "setters": [UNCOMPRESSED]})
        );
    }

    #[test]
    fn what_became_of_a_key_and_what_a_message_is_encrypted_under() {
        let judged = |state, refused| {
            let key = ReceivedGroupKey::from(&JudgedGroupKey {
                group: Some(community()),
                key: Some(id()),
                timestamp: Some(5),
                state,
                refused,
            });
            serde_json::to_value(key).unwrap()
        };
        let group = group_text(&community());
        for (state, name) in [
            (GroupKeyState::Accepted, "accepted"),
            (GroupKeyState::Known, "known"),
        ] {
            let expected =
                json!({"group": group, "keyId": hex32(7), "timestamp": 5, "state": name});
            assert_eq!(judged(state, None), expected);
        }
        for (refused, name) in [
            (GroupKeyRefused::Malformed, "malformed"),
            (GroupKeyRefused::GroupUnknown, "group_unknown"),
            (GroupKeyRefused::Unauthenticated, "unauthenticated"),
            (GroupKeyRefused::NotEntitled, "not_entitled"),
            (GroupKeyRefused::TooOld, "too_old"),
        ] {
            let key = judged(GroupKeyState::Refused, Some(refused));
            assert_eq!(
                (&key["state"], &key["reason"]),
                (&json!("refused"), &json!(name))
            );
        }
        let nameless = ReceivedGroupKey::from(&JudgedGroupKey {
            group: None,
            key: None,
            timestamp: None,
            state: GroupKeyState::Refused,
            refused: Some(GroupKeyRefused::Malformed),
        });
        let expected = json!({"group": "0x", "state": "refused", "reason": "malformed"});
        assert_eq!(serde_json::to_value(nameless).unwrap(), expected);
        let used = UsedGroupKey::from(model::UsedGroupKey {
            group: community(),
            key: id(),
            number: 3,
        });
        let expected = json!({"group": group, "keyId": hex32(7), "seqNo": 3});
        assert_eq!(serde_json::to_value(used).unwrap(), expected);
    }
}
