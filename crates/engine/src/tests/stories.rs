//! Schedules that once broke an invariant of protocol §7, told as stories.

use crate::{
    Config,
    world::{InMemory, World, days},
};

/// The same story in worlds with other keys: which session comes first in byte order is drawn by lot.
fn in_many_worlds(devices: &[&str], story: impl Fn(World<InMemory>)) {
    for keys in 0..16 {
        story(World::build(InMemory, keys, devices, Config::default()));
    }
}

/// The plain device of Bob rotates every day; Alice hears of it for the first time in twelve days by a message of
/// the first one. What that message tells is twelve days old, and so is what Alice can expect of the version.
#[test]
fn a_message_that_was_withheld_does_not_make_the_present_prekey_a_leap() {
    in_many_worlds(&["alice/phone*", "bob/phone*"], |mut world| {
        world.import("bob/phone", "alice/phone");
        world.send("bob/phone", "alice", "on the way for long");
        world.later(days(12));
        assert_eq!(world.deliver("alice/phone"), ["on the way for long"]);
        world.lose("bob/phone");
        world.send(
            "alice/phone",
            "bob",
            "to a prekey that was replaced long ago",
        );
        world.settles();
    });
}
