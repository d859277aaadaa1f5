//! The operating system's randomness: the only place that draws it.

use getrandom::SysRng;
use rand_core::UnwrapErr;

/// Randomness from the operating system. If the system has none to give the call panics, and the
/// worker that made it answers with an error.
pub type Entropy = UnwrapErr<SysRng>;

/// A source of randomness.
#[must_use]
pub const fn entropy() -> Entropy {
    UnwrapErr(SysRng)
}
