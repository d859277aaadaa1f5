//! Parameters of the methods of groups and their keys.

use crypto_core::IdentityKey;
use engine::model::GroupId;

use crate::params::{
    GroupColor, GroupImage, GroupName, Members, NewGroupName, RequestId, Sealing, Setters,
    UpdateBytes, params,
};

params! {
    /// For `group_create`.
    CreateGroupParams {
        account;
        /// The name of the group.
        name = "name": NewGroupName,
        /// The identities to invite: nobody by default.
        members = "members": Option<Members>,
        /// The colour of the group: none by default.
        color = "color": Option<GroupColor>,
        /// Whether everybody in the group may invite, and change its name, colour and image, as in
        /// groups of status-go: false by default, so that admins alone may.
        open = "open": Option<bool>,
        /// A name for this request, which makes a retry safe: within 24 hours, the same request
        /// under the same name gives the same group again.
        request_id = "requestId": Option<RequestId>,
    }

    /// For `group_accept`, `group_leave`, `group_get` and `group_forget`.
    GroupParams {
        account;
        /// The id of the group.
        group = "group": GroupId,
    }

    /// For `group_invite`, `group_remove` and `group_promote`.
    GroupMembersParams {
        account;
        /// The id of the group.
        group = "group": GroupId,
        /// The identities that it is done to.
        members = "members": Members,
    }

    /// For `group_edit`.
    EditGroupParams {
        account;
        /// The id of the group.
        group = "group": GroupId,
        /// The new name: as it is by default.
        name = "name": Option<GroupName>,
        /// The new colour: as it is by default.
        color = "color": Option<GroupColor>,
        /// The new image: as it is by default.
        image = "image": Option<GroupImage>,
    }

    /// For `group_apply`.
    ApplyParams {
        account;
        /// The update, as the sender's frontend put it into its message.
        update = "update": UpdateBytes,
        /// The identity that sent the update, as `message_decrypt` gave it. With it, the update of
        /// somebody who is not in the group is refused.
        sender = "sender": Option<IdentityKey>,
    }

    /// For `groupKey_create`.
    CreateGroupKeyParams {
        account;
        /// The group: its id, or `0x` and hex of one without a log.
        group = "group": GroupId,
        /// The identities that get the key, for a group without a log. In a group with one,
        /// everybody gets it.
        recipients = "recipients": Option<Members>,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
        /// A name for this request, which makes a retry safe: within 24 hours, the same request
        /// under the same name gives the same key again.
        request_id = "requestId": Option<RequestId>,
    }

    /// For `groupKey_share`.
    ShareGroupKeyParams {
        account;
        /// The group: its id, or `0x` and hex of one without a log.
        group = "group": GroupId,
        /// The identities that get the key: in the group, or our own. By default everybody in the
        /// group.
        recipients = "recipients": Option<Members>,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
    }

    /// For `groupKey_list`.
    ListGroupKeysParams {
        account;
        /// The group whose keys are listed: those of all groups by default.
        group = "group": Option<GroupId>,
    }

    /// For `groupKey_trust`.
    TrustParams {
        account;
        /// The group, as `0x` and hex: one without a log.
        group = "group": GroupId,
        /// The identities whose keys are taken from now on. With none, the group and its keys are
        /// forgotten.
        setters = "setters": Setters,
    }
}
