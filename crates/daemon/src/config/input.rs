//! Files that commands read: `-` is standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// What stands for standard input where a file is read, and for standard output where one is
/// written. A file of this name is `./-`.
pub const STANDARD: &str = "-";

/// Whether something reads standard input, or has read it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Standard input, for the first that reads from it: what is there for one thing is not there for
/// another.
#[derive(Debug, Default)]
pub struct StandardInput {
    is_ours: bool,
}

impl Read for StandardInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.is_ours && TAKEN.swap(true, Ordering::Relaxed) {
            return Err(io::Error::other(
                "it can be read once, for one thing: put the other into a file",
            ));
        }
        self.is_ours = true;
        io::stdin().read(into)
    }
}

/// Whether this path stands for standard input or output.
#[must_use]
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == STANDARD
}

/// Opens a file to be read.
///
/// # Errors
/// If it cannot be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if is_standard(path) {
        return Ok(Box::new(StandardInput::default()));
    }
    Ok(Box::new(File::open(path)?))
}

/// The name of a file that is read, for people.
#[must_use]
pub fn input_name(path: &Path) -> String {
    if is_standard(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}
