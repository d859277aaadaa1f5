//! Which data directories may be served with `--dev`. With it callers can move the clock and set
//! prekeys, which must never happen to real accounts.

use std::{fs, io, path::Path};

use session_store::DataDir;

use crate::config::Settings;

/// The file that marks a data directory that was made with `--dev` and always served with it.
const MARK: &str = "made-with-dev";
/// Its content, for a person who finds it.
const SAYS: &str = "This data directory was made with --dev, and holds nothing real.\n";

/// What a daemon lets callers do to its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dev {
    /// Nothing unusual.
    Off,
    /// They may move the clock and set prekeys of a directory that was made for that.
    OnItsOwnData,
    /// They may do so to accounts that may be real.
    OnRealData,
}

impl Dev {
    /// Decides whether a daemon with these settings may serve the directory, and how. Without
    /// `--dev` the directory becomes one of real data. With it, a directory without accounts is
    /// marked as made for development.
    ///
    /// # Errors
    /// One line that says what to do, if it is to have `--dev` on real data.
    pub fn admit(settings: &Settings, directory: &DataDir) -> Result<Self, String> {
        let mark = directory.path().join(MARK);
        let failed = |error: io::Error| format!("{}: {error}", mark.display());
        if !settings.dev {
            // What it writes is real: the next one with --dev must not take it for its own.
            return match remove(&mark) {
                Ok(()) => Ok(Self::Off),
                Err(error) => Err(failed(error)),
            };
        }
        if mark.exists() {
            return Ok(Self::OnItsOwnData);
        }
        let accounts = directory.accounts().map_err(|error| error.to_string())?;
        if accounts.is_empty() {
            fs::write(&mark, SAYS).map_err(failed)?;
            return Ok(Self::OnItsOwnData);
        }
        if !settings.dev_on_real_data {
            return Err(format!(
                "--dev: {} has accounts that were made or used without it, and with it every caller may move their clock and set their prekeys: give another --data-dir, leave --dev out, or say --dev-on-real-data",
                directory.path().display()
            ));
        }
        tracing::warn!("--dev on real data: every caller may move the clock and set prekeys");
        Ok(Self::OnRealData)
    }
}

/// Checks that real accounts may be put into a data directory: that it is not marked as made for
/// development.
///
/// # Errors
/// One line that says what to do.
pub fn refuse_real_data(data_dir: &Path) -> Result<(), String> {
    if !data_dir.join(MARK).exists() {
        return Ok(());
    }
    Err(format!(
        "{} was made with --dev, and what is restored counts as real: choose another --data-dir, or start the daemon once without --dev",
        data_dir.display()
    ))
}

fn remove(mark: &Path) -> io::Result<()> {
    match fs::remove_file(mark) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
