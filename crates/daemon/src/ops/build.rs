//! Which build of the program this is.

/// Its version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The git revision it was built from, if that is known.
pub(crate) const REVISION: Option<&str> = option_env!("RATCHETD_REVISION");
/// Its version and, in brackets, the revision if that is known, the target and the profile.
pub(crate) const VERSION_AND_BUILD: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("RATCHETD_BUILT"), ")");
