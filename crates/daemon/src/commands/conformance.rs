//! `ratchetd conformance FILE…`.

use std::{io::Write, path::PathBuf};

use crate::conformance::{FileReport, replay_file};

/// Replays the files, a line each; whether all passed.
///
/// # Errors
/// If the lines cannot be written.
pub fn run(files: &[PathBuf], out: &mut dyn Write) -> std::io::Result<bool> {
    let mut all_passed = true;
    for path in files {
        let shown = path.display();
        match replay_file(path) {
            Ok(FileReport::Replayed {
                passed, failed: 0, ..
            }) => writeln!(out, "{shown}: {passed} passed, 0 failed")?,
            Ok(FileReport::Replayed {
                passed,
                failed,
                first_failure,
            }) => {
                all_passed = false;
                let first = first_failure.unwrap_or_default();
                writeln!(
                    out,
                    "{shown}: {passed} passed, {failed} failed; first: {first}"
                )?;
            }
            Ok(FileReport::OtherFormat) => {
                writeln!(
                    out,
                    "{shown}: skipped, not of format {}",
                    crate::conformance::FORMAT
                )?;
            }
            Err(error) => {
                all_passed = false;
                writeln!(out, "{shown}: {error}")?;
            }
        }
    }
    Ok(all_passed)
}
