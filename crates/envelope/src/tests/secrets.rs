//! What `Debug` shows of secrets: nothing.

use super::{Draws, party};
use crate::*;

const SECRET: [u8; 32] = [0xa5; 32];

fn shows_nothing<T: std::fmt::Debug>(value: &T) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        let lower = shown.to_lowercase();
        assert!(
            !lower.contains("a5a5a5") && !lower.contains("a5, a5") && !lower.contains("165, 165"),
            "{shown}"
        );
    }
}

#[test]
fn no_secret_shows_itself() {
    let key = SymmetricKey::from_bytes(&SECRET).unwrap();
    shows_nothing::<SymmetricKey>(&key);
    shows_nothing::<SealTo<'_>>(&SealTo::Key(&key));
    shows_nothing::<OpenWith<'_>>(&OpenWith::Key(&key));
    shows_nothing::<Padding<'_>>(&Padding::Given(&SECRET));
    // The text of a negotiated topic is hex of a secret.
    shows_nothing::<TopicName>(&TopicName::public_chat("a5a5a5"));
    let sealed = seal(
        &mut Draws::seeded(1),
        SealTo::Key(&key),
        Some(&party(1)),
        &SECRET,
        Padding::Given(&SECRET),
    );
    let sealed = sealed.unwrap();
    shows_nothing::<Envelope>(&sealed);
    let opened = open(OpenWith::Key(&key), sealed.as_bytes()).unwrap();
    assert_eq!(*opened.payload, SECRET);
    shows_nothing::<Opened>(&opened);
}
