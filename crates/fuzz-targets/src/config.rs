//! The configuration file.

use daemon::config::Config;
use engine::model::Outcome;

use crate::device::Device;

/// Any text is read as a configuration file.
///
/// A refusal is one line. What is accepted is written and read the same, keeps to the limits that
/// are not for users to turn, and two devices can talk under it: whatever the numbers, nothing
/// panics, and what is read is what was sent.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let config = match Config::parse(text) {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.0.is_empty() && !error.0.contains('\n'));
            return;
        }
    };
    let written = toml::to_string(&config).expect("a configuration can be written");
    let again = Config::parse(&written).expect("what was written can be read");
    assert_eq!(again, config);
    // Groups are looked up in the system: not here.
    let config = Config {
        socket_group: String::new(),
        ..config
    };
    let remote = config.http_allow_remote;
    match config.settle() {
        Ok(settings) => {
            assert!(
                settings
                    .http
                    .and_then(|address| address.number())
                    .is_none_or(|address| address.ip().is_loopback() || remote)
            );
            assert!(settings.socket_mode <= 0o777);
            assert!((1..=65_536).contains(&settings.rpc.queue));
            assert!(!settings.engine.suites.is_empty());
            assert!((1..=32).contains(&settings.engine.max_devices));
            talk(&settings.engine);
        }
        Err(error) => assert!(!error.0.is_empty()),
    }
}

/// A short conversation under these numbers.
fn talk(config: &engine::Config) {
    let mut alice = Device::new(1, "x1-alice", config.clone());
    let mut bob = Device::new(2, "x1-bob", config.clone());
    alice.import(&bob.full_bundle()).expect("imported");
    for (hours, text) in [(0, "one"), (1, "two"), (30, "three"), (400, "four")] {
        for device in [&mut alice, &mut bob] {
            device.later(hours);
            device
                .call(|engine, store, env| engine.sweep(store, env))
                .expect("a sweep");
        }
        // Configurations that forbid all that a device knows send nothing.
        if let Ok(sent) = alice.try_send(bob.key, text) {
            for envelope in sent.messages {
                let received = bob.receive(alice.key, &envelope.wire, false);
                let received = received.expect("a message");
                if let Outcome::Decrypted(read) = received.outcome {
                    assert_eq!(read.as_slice(), text.as_bytes());
                }
            }
        }
        std::mem::swap(&mut alice, &mut bob);
    }
}
