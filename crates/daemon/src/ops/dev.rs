//! Which data directories may be served with `--dev`: a caller can move their clock and set their
//! prekeys, which must never happen to real accounts.

use std::{fs, io, path::Path};

use session_store::DataDir;

use crate::config::Settings;

/// The file that marks a data directory which was made with `--dev`, and served with nothing else
/// since.
const MARK: &str = "made-with-dev";
/// What stands in it, for whoever finds it.
const SAYS: &str = "This data directory was made with --dev, and holds nothing real.\n";

/// What a daemon lets callers do to its accounts, and to whose.
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
    /// Whether a daemon with these settings may serve the directory, and as what. One without
    /// `--dev` makes it one of real data; one with it, an empty one its own.
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

fn remove(mark: &Path) -> io::Result<()> {
    match fs::remove_file(mark) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
