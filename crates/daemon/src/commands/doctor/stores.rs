//! Checks of the databases.

use std::time::Duration;

use crypto_core::InstallationId;
use engine::{
    Engine,
    chat_clock::highest_clock,
    model::{InstallationState, RollbackKind, StoreError, UnixMillis},
    store::StoreRead as _,
};
use session_store::{InspectedAccount, Inspector};

use super::{Finding, Severity, peers, suites};
use crate::config::Settings;

/// A clock this far behind the times in the store was not just corrected a little.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60 * 60);
/// A clock this far ahead of the times in the store runs ahead, unless the daemon was off for as
/// long. What is erased after a fortnight, and a fortnight later at the latest, is gone then.
const CLOCK_AHEAD: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Devices that will be stale within this time are reported.
const NEAR: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks every database. `serving`: a daemon has them open.
pub(super) fn look(
    settings: &Settings,
    passphrase: Option<&[u8]>,
    serving: bool,
    now: UnixMillis,
) -> Vec<Finding> {
    let inspector = match Inspector::open(&settings.data_dir, passphrase) {
        Ok(inspector) => inspector,
        Err(error) => return vec![unusable("store.key", &error)],
    };
    let mut findings = vec![Finding::ok(
        "store.key",
        "the key of the directory is there",
    )];
    match inspector.event_log() {
        Ok(()) => findings.push(Finding::ok("integrity.events", "every page is authentic")),
        Err(error) => findings.push(unusable("integrity.events", &error)),
    }
    let names = match inspector.accounts() {
        Ok(names) => names,
        Err(error) => {
            findings.push(unusable("integrity.accounts", &error));
            return findings;
        }
    };
    if names.is_empty() {
        findings.push(Finding::ok("integrity.accounts", "there is no account yet"));
    }
    for name in names {
        let found = match inspector.account(&name) {
            Ok(inspected) => of_account(settings, inspected, serving, now)
                .unwrap_or_else(|error| vec![unusable("integrity.database", &error)]),
            Err(error) => vec![unusable("integrity.database", &error)],
        };
        findings.extend(found.into_iter().map(|finding| finding.of(name.as_str())));
    }
    findings
}

/// Splits an error into what is wrong and what to do.
fn unusable(id: &'static str, error: &dyn std::fmt::Display) -> Finding {
    let told = error.to_string();
    let (wrong, mend) = told
        .split_once("; ")
        .or_else(|| told.split_once(": "))
        .unwrap_or((&told, "restore the directory from a backup"));
    Finding::new(id, Severity::Problem, wrong, mend)
}

fn of_account(
    settings: &Settings,
    inspected: InspectedAccount,
    serving: bool,
    now: UnixMillis,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = vec![
        Finding::ok("integrity.database", "every page is authentic"),
        newest_state(&inspected)?,
    ];
    if inspected.pending_migrations > 0 {
        findings.push(Finding::new(
            "store.schema",
            Severity::Notice,
            format!("of an earlier version: {} migrations are pending", inspected.pending_migrations),
            "make a backup; the next start brings it up to date, and an earlier version does not open it after that",
        ));
        return Ok(findings);
    }
    findings.push(Finding::ok("store.schema", "up to date"));
    findings.push(installation(&inspected.account.installation));
    findings.push(clock(inspected.latest, now));
    findings.push(chats(
        inspected.store.chat_clocks_above(highest_clock(now))?,
    ));
    findings.push(bundle(settings, &inspected, serving, now)?);
    let own_bundle = inspected.store.own_bundle()?;
    let own_kem = own_bundle.map(|bundle| suites::own_kem_prekey(&settings.engine, &bundle));
    findings.extend(own_kem);
    findings.extend(devices(settings, inspected, now)?);
    Ok(findings)
}

fn newest_state(inspected: &InspectedAccount) -> Result<Finding, StoreError> {
    const ID: &str = "store.epoch";
    const SAFE: &str =
        "start the daemon: it reads with the old sessions and sends on new ones alone";
    if let Some(displaced) = inspected.displaced {
        let what = match displaced {
            RollbackKind::Older => "an older state was put back",
            RollbackKind::Elsewhere => "it is a copy, or was moved from another disk",
            RollbackKind::Unmarked => {
                "it came without the file that vouches for it, as from a backup"
            }
        };
        let advice = if displaced == RollbackKind::Elsewhere {
            "never use two copies of an account; if the original is gone, start the daemon: it sends on new sessions alone"
        } else {
            SAFE
        };
        return Ok(Finding::new(ID, Severity::Warning, what, advice));
    }
    if inspected.pending_migrations > 0 {
        return Ok(Finding::ok(ID, "the newest state that is known"));
    }
    Ok(match inspected.store.found_displaced()? {
        Some(found) => Finding::ok(
            ID,
            format!(
                "the newest state that is known; it was put back at {} and began anew",
                found.at.0
            ),
        ),
        None => Finding::ok(ID, "the newest state that is known"),
    })
}

/// Accounts of earlier versions could be made under any id.
fn installation(own: &InstallationId) -> Finding {
    const ID: &str = "account.installation";
    if own.may_be_listed() {
        return Finding::ok(ID, "its installation id may stand in a bundle");
    }
    Finding::new(
        ID,
        Severity::Problem,
        "its installation id is digits followed by x1-: nobody reads its bundles, and so nobody writes to it",
        "make another account of its recovery phrase, with a fresh id, and remove this one",
    )
}

/// Compares the clock with the times in the store.
fn clock(latest: Option<UnixMillis>, now: UnixMillis) -> Finding {
    const ID: &str = "clock.jump";
    match latest {
        Some(latest) if latest > now.after(CLOCK_TOLERANCE) => Finding::new(
            ID,
            Severity::Warning,
            format!(
                "the clock is {} hours behind what was written",
                latest.since(now).as_secs() / 3600
            ),
            "set the clock; if it ran ahead before, nothing more is to be done: prekeys are replaced by themselves",
        ),
        Some(latest) if now > latest.after(CLOCK_AHEAD) => Finding::new(
            ID,
            Severity::Warning,
            format!(
                "nothing was written for {} days, by the clock",
                now.since(latest).as_secs() / (24 * 3600)
            ),
            "if no daemon ran for so long, nothing is to be done; else set the clock before it starts: it would erase early",
        ),
        _ => Finding::ok(ID, "the clock fits what was written"),
    }
}

/// The clocks of chats that are further ahead than a chat may be.
fn chats(ahead: u64) -> Finding {
    const ID: &str = "clock.chats";
    if ahead == 0 {
        return Finding::ok(ID, "no chat is ahead of the clock");
    }
    Finding::new(
        ID,
        Severity::Warning,
        format!("the clocks of {ahead} chats are more than 120 seconds ahead of this machine's"),
        "set the clock if it is behind; if it ran ahead before, nothing more is to be done: those chats start again from now",
    )
}

fn bundle(
    settings: &Settings,
    inspected: &InspectedAccount,
    serving: bool,
    now: UnixMillis,
) -> Result<Finding, StoreError> {
    const ID: &str = "bundle.age";
    let Some(bundle) = inspected.store.own_bundle()? else {
        return Ok(Finding::ok(ID, "no bundle was made yet"));
    };
    let age = now.since(bundle.prekey_created_at);
    let said = format!("the prekey is {} hours old", age.as_secs() / 3600);
    let rotation = settings.engine.prekey_rotation;
    // A sweep an hour after it is due.
    let overdue = age > rotation + Duration::from_secs(2 * 3600);
    Ok(if overdue && serving {
        Finding::new(
            ID,
            Severity::Warning,
            said,
            "see the daemon's log: it should have replaced it",
        )
    } else if age > settings.engine.stale_after {
        Finding::new(
            ID,
            Severity::Warning,
            said,
            "start the daemon and publish the new bundle: contacts may have given this device up",
        )
    } else if overdue {
        Finding::new(ID, Severity::Notice, said, "the next start replaces it")
    } else {
        Finding::ok(ID, said)
    })
}

fn devices(
    settings: &Settings,
    inspected: InspectedAccount,
    now: UnixMillis,
) -> Result<Vec<Finding>, StoreError> {
    let identity = *inspected.account.identity.public();
    let viewer = Engine::new(inspected.account, settings.engine.clone()).viewer();
    let own = viewer.installations(&inspected.store, now, None)?;
    let over = own
        .iter()
        .filter(|view| view.state == InstallationState::OverLimit)
        .count();
    let pending = own
        .iter()
        .filter(|view| view.state == InstallationState::Pending)
        .count();
    let limit = if over > 0 {
        Finding::new(
            "devices.limit",
            Severity::Warning,
            format!(
                "{over} of our enabled devices are over the limit of {}, and get no copies",
                settings.engine.max_devices
            ),
            "disable those that are not used any more: `ratchetd call installation_disable installationId=…`",
        )
    } else if pending > 0 {
        Finding::new(
            "devices.limit",
            Severity::Notice,
            format!("{pending} other devices of ours wait to be enabled"),
            "if you know them: `ratchetd call installation_enable installationId=…`; if not, somebody has your recovery phrase",
        )
    } else {
        Finding::ok("devices.limit", "no device of ours is over the limit")
    };
    let mut unreached = 0;
    for identity in inspected
        .store
        .identities_of_many(&identity, settings.engine.max_devices)?
    {
        let views = viewer.installations(&inspected.store, now, Some(&identity))?;
        unreached += views
            .iter()
            .filter(|view| view.state == InstallationState::OverLimit)
            .count();
    }
    let contacts = if unreached > 0 {
        Finding::new(
            "devices.contacts",
            Severity::Notice,
            format!(
                "{unreached} devices of contacts are over the limit of {}, and get no copies",
                settings.engine.max_devices
            ),
            "nothing, if they are not used any more; those that wrote last get copies",
        )
    } else {
        Finding::ok(
            "devices.contacts",
            "no device of a contact is over the limit",
        )
    };
    let omitted = inspected.store.omitted_devices()?;
    let ends = omitted
        .iter()
        .filter_map(|device| device.stale_at(settings.engine.stale_after));
    let (stale, near) = stale_and_near(ends, now);
    let staleness = if near > 0 {
        Finding::new(
            "devices.stale",
            Severity::Notice,
            format!("{near} devices of contacts will be stale within a day, {stale} are"),
            "nothing, if they are not used any more; else their users should send a message from them",
        )
    } else {
        Finding::ok(
            "devices.stale",
            format!("{stale} devices of contacts are stale"),
        )
    };
    let mut found = vec![limit, contacts, staleness];
    found.extend(peers::look(&inspected.store, &viewer, now)?);
    Ok(found)
}

/// How many of these moments have passed, and how many will within [`NEAR`].
fn stale_and_near(ends: impl Iterator<Item = UnixMillis>, now: UnixMillis) -> (usize, usize) {
    ends.fold((0, 0), |(stale, near), at| {
        (
            stale + usize::from(at <= now),
            near + usize::from(at > now && at <= now.after(NEAR)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_of_where_it_does_not_fit_what_was_written() {
        let now = UnixMillis(1_700_000_000_000);
        let hour = 60 * 60 * 1000;
        let ahead = 30 * 24 * hour;
        for (latest, severity) in [
            (now.0 + hour + 1, Severity::Warning),
            (now.0 + hour, Severity::Ok),
            (now.0 - ahead, Severity::Ok),
            (now.0 - ahead - 1, Severity::Warning),
        ] {
            assert_eq!(clock(Some(UnixMillis(latest)), now).severity, severity);
        }
        assert_eq!(clock(None, now).severity, Severity::Ok);
    }

    #[test]
    fn an_account_whose_bundles_nobody_reads_is_told_of() {
        for (id, severity) in [
            ("x1-phone", Severity::Ok),
            ("phone", Severity::Ok),
            ("3x1-phone", Severity::Problem),
        ] {
            let id = InstallationId::parse(id).unwrap();
            assert_eq!(installation(&id).severity, severity, "{id}");
        }
    }

    #[test]
    fn devices_are_near_their_end_for_a_day() {
        let now = UnixMillis(1_700_000_000_000);
        let day = 24 * 60 * 60 * 1000;
        let ends = [0, 1, day, day + 1].map(|ms| UnixMillis(now.0 + ms));
        assert_eq!(stale_and_near(ends.into_iter(), now), (1, 2));
    }
}
