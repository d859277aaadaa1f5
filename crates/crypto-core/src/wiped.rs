//! Memory that is wiped when it is dropped.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// Bytes that are wiped when they are dropped, all at once.
///
/// `Zeroizing` wipes the elements of a vector or an array one at a time, which for a large text
/// takes as long as encrypting it. A vector in here must not grow past its capacity: its old
/// allocation would not be wiped.
#[derive(Default)]
pub struct Wiped<T: AsMut<[u8]>>(T);

impl<T: AsMut<[u8]>> Wiped<T> {
    /// Takes the bytes over.
    pub const fn new(bytes: T) -> Self {
        Self(bytes)
    }
}

impl<T: AsMut<[u8]> + Clone> Wiped<T> {
    /// A second value of the same bytes.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: AsMut<[u8]>> Wiped<T> {
    fn wipe(&mut self) {
        self.0.as_mut().zeroize();
    }
}

impl<T: AsMut<[u8]>> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<T: AsMut<[u8]>> ZeroizeOnDrop for Wiped<T> {}

impl<T: AsMut<[u8]>> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsMut<[u8]>> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: AsMut<[u8]> + AsRef<[u8]>> PartialEq for Wiped<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref() == other.0.as_ref()
    }
}

impl<T: AsMut<[u8]> + AsRef<[u8]>> Eq for Wiped<T> {}

impl<T: AsMut<[u8]>> fmt::Debug for Wiped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_wiped() {
        let mut key = Wiped::new([0xa5; 32]);
        key.wipe();
        assert_eq!(*key, [0; 32]);
        let mut text = Wiped::new(vec![0xa5; 1000]);
        text.wipe();
        assert_eq!(*text, vec![0; 1000]);
    }
}
