//! From the engine's answers to the interface's types.

use crypto_core::{IdentityKey, InstallationId, Suite};
use engine::{
    Account, Envelope, ImportedBundle, ImportedPreKey, InspectedBundle, InspectedMessage,
    InspectedTarget, InstallationState, InstallationView, Mode, Outcome, Pairing, PublishedBundle,
    Reason, Received, Role, Sent, SessionView, SkipReason, Skipped, Standing, Target, UnixMillis,
    Warning, WarningKind,
};

use crate::types::{
    AccountInfo, BundleInfo, Decrypted, DhHeaderInfo, DrHeaderInfo, Encrypted, EnvelopeInfo, Hex,
    ImportedBundleInfo, ImportedInstallation, ImportedPreKeyInfo, InspectedBundleEntry,
    InspectedBundleInfo, InspectedMessageInfo, InspectedTargetInfo, InstallationInfo, MetadataInfo,
    SessionInfo, SkippedInfo, TargetInfo, WarningInfo, X3dhHeaderInfo,
};

/// Name of the entry that any device of an identity can read.
const ANY_INSTALLATION: &str = "none";

/// A public key as it goes out: uncompressed. One that does not decompress stays as it is.
#[must_use]
pub fn public_key(identity: &IdentityKey) -> Hex {
    Hex(identity
        .to_uncompressed()
        .map_or_else(|_| identity.to_bytes().to_vec(), |key| key.to_vec()))
}

fn name(installation: &InstallationId) -> String {
    installation.as_str().to_owned()
}

fn millis(at: Option<UnixMillis>) -> Option<u64> {
    at.map(|at| at.0)
}

fn suite(suite: Suite) -> String {
    suite.name().to_owned()
}

impl From<&Account> for AccountInfo {
    fn from(account: &Account) -> Self {
        let identity = account.identity.public();
        Self {
            account: account.name.as_str().to_owned(),
            public_key: public_key(identity),
            compressed_key: identity.to_compact(),
            installation_id: name(&account.installation),
            created_at: account.created_at.0,
        }
    }
}

impl BundleInfo {
    /// The bundle of `identity`.
    #[must_use]
    pub fn new(identity: &IdentityKey, bundle: PublishedBundle) -> Self {
        Self {
            bundle: Hex(bundle.wire),
            contact_code: bundle.contact_code,
            identity: public_key(identity),
            version: bundle.version,
            created_at: bundle.created_at.0,
            expires_at: bundle.expires_at.0,
            installation_ids: bundle.installations.iter().map(name).collect(),
        }
    }
}

impl From<Warning> for WarningInfo {
    fn from(warning: Warning) -> Self {
        let kind = match warning.kind {
            WarningKind::InvalidBundle => "invalid_bundle",
            WarningKind::ForeignBundle => "foreign_bundle",
            WarningKind::TooManyBundles => "too_many_bundles",
            WarningKind::InvalidEntry => "invalid_entry",
            WarningKind::MissingExtension => "missing_extension",
            WarningKind::VersionJump => "version_jump",
            WarningKind::ClonedInstallation => "cloned_installation",
            WarningKind::TooManyDevices => "too_many_devices",
            WarningKind::InvalidInstallation => "invalid_installation",
        };
        Self {
            kind: kind.to_owned(),
            detail: warning.detail,
        }
    }
}

fn warnings(warnings: Vec<Warning>) -> Vec<WarningInfo> {
    warnings.into_iter().map(WarningInfo::from).collect()
}

impl From<ImportedBundle> for ImportedBundleInfo {
    fn from(imported: ImportedBundle) -> Self {
        let entries = imported.installations.into_iter();
        Self {
            identity: public_key(&imported.identity),
            installations: entries
                .map(|entry| ImportedInstallation {
                    installation_id: name(&entry.installation),
                    version: entry.version,
                    is_new: entry.is_new,
                    is_newer: entry.is_newer,
                })
                .collect(),
            warnings: warnings(imported.warnings),
        }
    }
}

impl From<InspectedBundle> for InspectedBundleInfo {
    fn from(bundle: InspectedBundle) -> Self {
        let has_time = bundle.timestamp_ns > 0;
        let entries = bundle.entries.into_iter();
        Self {
            identity: bundle.identity.as_ref().map(public_key),
            timestamp: bundle.timestamp_ns.to_string(),
            created_at: has_time.then(|| UnixMillis::from_nanos(bundle.timestamp_ns).0),
            entries: entries
                .map(|entry| InspectedBundleEntry {
                    installation_id: entry.installation,
                    signed_pre_key: Hex(entry.signed_pre_key),
                    version: entry.version,
                    protocol_version: entry.protocol_version,
                    ratchet_pre_key: Some(entry.ratchet_pre_key)
                        .filter(|key| !key.is_empty())
                        .map(Hex),
                    ratchet_valid: entry.ratchet_valid,
                })
                .collect(),
            valid: bundle.fault.is_none(),
            reason: bundle.fault,
        }
    }
}

fn unreadable_bundle(reason: String) -> InspectedBundleInfo {
    InspectedBundleInfo {
        identity: None,
        timestamp: "0".to_owned(),
        created_at: None,
        entries: Vec::new(),
        valid: false,
        reason: Some(reason),
    }
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::X3dh => "x3dh",
        Mode::Ratchet => "ratchet",
        Mode::Dh => "dh",
        Mode::Public => "public",
    }
}

impl From<&Target> for TargetInfo {
    fn from(target: &Target) -> Self {
        let installation_id = match (&target.installation, target.mode) {
            (Some(installation), _) => Some(name(installation)),
            (None, Mode::Dh) => Some(ANY_INSTALLATION.to_owned()),
            (None, _) => None,
        };
        Self {
            installation_id,
            mode: mode(target.mode).to_owned(),
            suite: target.session.map(|(of, _)| suite(of)),
            session_id: target
                .session
                .map(|(_, session)| Hex(session.as_bytes().to_vec())),
            message_id: Hex(target.message.as_bytes().to_vec()),
        }
    }
}

impl From<Envelope> for EnvelopeInfo {
    fn from(envelope: Envelope) -> Self {
        Self {
            recipient: envelope.recipient.as_ref().map(public_key),
            targets: envelope.targets.iter().map(TargetInfo::from).collect(),
            message: Hex(envelope.wire),
        }
    }
}

impl From<Skipped> for SkippedInfo {
    fn from(skipped: Skipped) -> Self {
        let reason = match skipped.reason {
            SkipReason::Stale => "stale",
            SkipReason::OverLimit => "over_limit",
            SkipReason::Pending => "pending",
            SkipReason::Disabled => "disabled",
            SkipReason::SuiteForbidden => "suite_forbidden",
            SkipReason::NoPreKey => "no_prekey",
        };
        Self {
            identity: public_key(&skipped.identity),
            installation_id: name(&skipped.installation),
            reason: reason.to_owned(),
        }
    }
}

impl From<Sent> for Encrypted {
    fn from(sent: Sent) -> Self {
        Self {
            forward_secrecy: sent.forward_secrecy(),
            envelopes: sent.envelopes.into_iter().map(EnvelopeInfo::from).collect(),
            skipped: sent.skipped.into_iter().map(SkippedInfo::from).collect(),
        }
    }
}

/// A reason's name, what it means to a person, and what to do.
struct Explained {
    name: &'static str,
    hint: &'static str,
    next_action: &'static str,
}

const fn explain(reason: Reason) -> Explained {
    let (name, hint, next_action) = match reason {
        Reason::OtherInstallation => (
            "other_installation",
            "the sender does not know this device yet: send the reply, and its next message will include it",
            "send_reply",
        ),
        Reason::NotPaired => (
            "not_paired",
            "another device of this identity does not include this one: send the reply, and enable this device there",
            "send_reply",
        ),
        Reason::SessionNotFound => (
            "session_not_found",
            "this device does not have the session (its state was lost, or the session was erased): send the reply, and the sender starts a new one",
            "send_reply",
        ),
        Reason::PreKeyNotFound => (
            "prekey_not_found",
            "the message was made for a prekey this device no longer has: send the reply, and the sender gets the present one",
            "send_reply",
        ),
        Reason::AuthenticationFailed => (
            "authentication_failed",
            "the bytes were changed on the way, or are not from the sender they are said to be from: drop them",
            "drop",
        ),
        Reason::MessageKeyGone => (
            "message_key_gone",
            "the message was read and confirmed before, or is so old that its key was dropped: nothing can read it again",
            "drop",
        ),
        Reason::TooManySkipped => (
            "too_many_skipped",
            "more than 1000 messages before this one are missing: deliver those first, or ask the sender to start a new session",
            "rekey",
        ),
        Reason::TooManySessions => (
            "too_many_sessions",
            "the sender started more sessions on one prekey than are allowed: wait for the next rotation, within 24 hours",
            "wait",
        ),
        Reason::Malformed => (
            "malformed",
            "the message is not of the protocol's form, or of a kind that is not handled, such as group keys: drop it",
            "drop",
        ),
        Reason::SuiteForbidden => (
            "suite_forbidden",
            "the message uses a suite that ratchet.suites forbids: allow it, or ask the sender to update",
            "drop",
        ),
        Reason::Declined => (
            "declined",
            "the sender's contact request was declined",
            "drop",
        ),
    };
    Explained {
        name,
        hint,
        next_action,
    }
}

impl From<Received> for Decrypted {
    fn from(received: Received) -> Self {
        let (outcome, payload, reason) = match received.outcome {
            Outcome::Decrypted(payload) => ("decrypted", Some(payload.to_vec()), None),
            Outcome::Public(payload) => ("public", Some(payload), None),
            Outcome::Bundle => ("bundle", None, None),
            Outcome::Own => ("own", None, None),
            Outcome::NotTargeted(reason) => ("not_targeted", None, Some(explain(reason))),
            Outcome::Undecryptable(reason) => ("undecryptable", None, Some(explain(reason))),
        };
        Self {
            outcome: outcome.to_owned(),
            message_id: received.message.map(|id| Hex(id.as_bytes().to_vec())),
            sender: public_key(&received.sender),
            installation_id: received.installation.as_ref().map(name),
            text: payload
                .as_deref()
                .and_then(|payload| std::str::from_utf8(payload).ok())
                .map(str::to_owned),
            payload: payload.map(Hex),
            forward_secrecy: received.forward_secrecy,
            authenticated: received.authenticated,
            duplicate: received.duplicate,
            session_id: received.session.map(|id| Hex(id.as_bytes().to_vec())),
            reason: reason.as_ref().map(|reason| reason.name.to_owned()),
            hint: reason.as_ref().map(|reason| reason.hint.to_owned()),
            // The limits on replies may have held it back: then there is nothing to send, and waiting is right.
            next_action: reason.map(|reason| {
                if reason.next_action == "send_reply" && received.reply.is_none() {
                    "wait".to_owned()
                } else {
                    reason.next_action.to_owned()
                }
            }),
            reply: received.reply.map(EnvelopeInfo::from),
            new_installations: received.new_installations.iter().map(name).collect(),
            warnings: warnings(received.warnings),
        }
    }
}

impl From<InspectedMessage> for InspectedMessageInfo {
    fn from(message: InspectedMessage) -> Self {
        let bundles = message.bundles.into_iter();
        Self {
            installation_id: message.installation,
            bundles: bundles
                .map(|bundle| bundle.map_or_else(unreadable_bundle, InspectedBundleInfo::from))
                .collect(),
            targets: message
                .targets
                .into_iter()
                .map(InspectedTargetInfo::from)
                .collect(),
            public_bytes: message.public_bytes as u64,
        }
    }
}

impl From<InspectedTarget> for InspectedTargetInfo {
    fn from(target: InspectedTarget) -> Self {
        Self {
            installation_id: target.installation,
            mode: target.mode.map(|of| mode(of).to_owned()),
            x3dh_header: target.x3dh.map(|(key, id)| X3dhHeaderInfo {
                key: Hex(key),
                id: Hex(id),
            }),
            dr_header: target.dr.map(|header| DrHeaderInfo {
                key: Hex(header.key),
                n: header.n,
                pn: header.pn,
                id: Hex(header.id),
            }),
            dh_header: target.dh.map(|key| DhHeaderInfo { key: Hex(key) }),
            payload_bytes: target.payload_bytes as u64,
        }
    }
}

impl From<InstallationView> for InstallationInfo {
    fn from(view: InstallationView) -> Self {
        let state = match view.state {
            InstallationState::Active => "active",
            InstallationState::Pending => "pending",
            InstallationState::Disabled => "disabled",
            InstallationState::Stale => "stale",
            InstallationState::OverLimit => "over_limit",
        };
        let device = view.device;
        Self {
            identity: public_key(&device.identity),
            installation_id: name(&device.installation),
            own: view.own,
            this_device: view.this_device,
            state: state.to_owned(),
            enabled: device.pairing == Pairing::Enabled,
            protocol_version: device.prekey.map(|prekey| prekey.protocol_version),
            suite: view.suite.map(suite),
            last_active_at: device.last_active_at.0,
            stale_at: millis(view.stale_at),
            metadata: MetadataInfo {
                name: device.metadata.name,
                device_type: device.metadata.device_type,
                push_token: device.metadata.push_token,
            },
        }
    }
}

impl From<SessionView> for SessionInfo {
    fn from(session: SessionView) -> Self {
        let role = match session.role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        };
        let state = if session.established {
            "established"
        } else {
            "unconfirmed"
        };
        let standing = match session.standing {
            Standing::Active => "active",
            Standing::Superseded { .. } => "superseded",
            Standing::Expired { .. } => "expired",
        };
        Self {
            session_id: Hex(session.id.as_bytes().to_vec()),
            identity: public_key(&session.identity),
            installation_id: session.installation.as_ref().map(name),
            suite: suite(session.suite),
            role: role.to_owned(),
            state: state.to_owned(),
            standing: standing.to_owned(),
            created_at: session.created_at.0,
            last_sent_at: millis(session.last_sent_at),
            last_received_at: millis(session.last_received_at),
            ended_at: millis(session.ended_at),
            erase_at: millis(session.erase_at),
            sent: session.sent,
            received: session.received,
            stored_keys: session.stored_keys,
        }
    }
}

impl From<ImportedPreKey> for ImportedPreKeyInfo {
    fn from(prekey: ImportedPreKey) -> Self {
        Self {
            signed_pre_key: Hex(prekey.signed_pre_key.to_bytes().to_vec()),
            ratchet_pre_key: prekey
                .ratchet_pre_key
                .map(|key| Hex(key.to_bytes().to_vec())),
            version: prekey.version,
        }
    }
}
