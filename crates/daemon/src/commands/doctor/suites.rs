//! Checks of the suites: which ones may be used, and this device's part in the post-quantum one.

use crypto_core::KEM_RENEWAL_VERSIONS;
use engine::model::{Config, OwnBundle};

use super::{Finding, Severity};

/// What `ratchet.suites` means for whoever writes and is written to.
pub(super) fn allowed(config: &Config) -> Finding {
    const ID: &str = "suites";
    let names: Vec<&str> = config.suites.iter().map(|suite| suite.name()).collect();
    let said = format!("ratchet.suites allows {}", names.join(", "));
    if !config.allows_post_quantum() {
        return Finding::new(
            ID,
            Severity::Warning,
            format!(
                "{said}: no message is post-quantum, and contacts whose devices have been so write nothing to this one"
            ),
            "add \"x25519-mlkem768\" to ratchet.suites; if it is left out on purpose, have those contacts call `session_reset`",
        );
    }
    if config.requires_post_quantum() {
        return Finding::new(
            ID,
            Severity::Notice,
            format!("{said}: devices that do not take part in it get no text and are not read"),
            "nothing, if that is meant; else add \"x25519\" to ratchet.suites, and \"secp256k1\" for devices of status-go",
        );
    }
    Finding::ok(ID, format!("{said}: post-quantum where both sides can"))
}

/// Whether this device has a KEM prekey, and when the next is due.
pub(super) fn own_kem_prekey(config: &Config, bundle: &OwnBundle) -> Finding {
    const ID: &str = "bundle.kem";
    let Some(kem) = &bundle.kem_pre_key else {
        return if config.allows_post_quantum() {
            Finding::new(
                ID,
                Severity::Notice,
                "there is no KEM prekey yet: others begin sessions that are not post-quantum",
                "start the daemon: it makes one within the hour, and with the next `bundle_get` or message",
            )
        } else {
            Finding::ok(
                ID,
                "there is no KEM prekey, and ratchet.suites leaves out x25519-mlkem768",
            )
        };
    };
    let version = kem.version();
    if !config.allows_post_quantum() {
        return Finding::ok(
            ID,
            format!(
                "the KEM prekey of version {version} is given to nobody: ratchet.suites leaves out x25519-mlkem768"
            ),
        );
    }
    let next = version.saturating_add(KEM_RENEWAL_VERSIONS);
    let rotations = next.saturating_sub(bundle.version);
    Finding::ok(
        ID,
        format!(
            "the KEM prekey is of version {version}; the next is due with the prekey of version {next}, {rotations} rotations from now"
        ),
    )
}

#[cfg(test)]
mod tests {
    use crypto_core::Suite;
    use engine::model::UnixMillis;

    use super::*;

    #[test]
    fn it_is_told_what_the_suites_that_are_allowed_mean() {
        for (suites, severity) in [
            (Suite::ALL.to_vec(), Severity::Ok),
            (vec![Suite::X25519MlKem768, Suite::X25519], Severity::Ok),
            (vec![Suite::X25519MlKem768], Severity::Notice),
            (vec![Suite::X25519, Suite::Secp256k1], Severity::Warning),
        ] {
            let config = Config {
                suites,
                ..Config::default()
            };
            assert_eq!(allowed(&config).severity, severity);
        }
    }

    #[test]
    fn a_missing_kem_prekey_is_told_of_where_one_is_of_use() {
        let bundle = OwnBundle {
            wire: Vec::new(),
            timestamp_ns: 0,
            made_at: UnixMillis(0),
            version: 3,
            prekey_created_at: UnixMillis(0),
            entries: Vec::new(),
            kem_pre_key: None,
        };
        let without = Config {
            suites: vec![Suite::X25519],
            ..Config::default()
        };
        let missing = own_kem_prekey(&Config::default(), &bundle);
        assert_eq!(missing.severity, Severity::Notice);
        assert_eq!(own_kem_prekey(&without, &bundle).severity, Severity::Ok);
    }
}
