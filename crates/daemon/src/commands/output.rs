//! Standard output of a command: whether all of it arrived, and what is said if it did not.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

/// The exit code of a program whose output was lost, whatever it did.
const OUTPUT_LOST: u8 = 3;

/// An output that remembers whether everything that was written to it arrived. After the first
/// failure nothing more is written, so that what arrived has no gaps.
pub struct Output<'a> {
    to: Box<dyn Write + 'a>,
    lost: Option<io::Error>,
    stays: Option<&'static str>,
    may_be_left: bool,
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("lost", &self.lost)
            .field("stays", &self.stays)
            .finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    /// Writes to `to`.
    pub fn new(to: impl Write + 'a) -> Self {
        Self {
            to: Box::new(to),
            lost: None,
            stays: None,
            may_be_left: false,
        }
    }

    /// Its reader may go away when they have seen enough, which is no loss then.
    pub const fn may_be_left(&mut self) {
        self.may_be_left = true;
    }

    /// Says what is to be told, besides the loss, if output is lost: what was done and stays as it
    /// is, or what is not whole.
    pub const fn if_lost(&mut self, told: &'static str) {
        self.stays = Some(told);
    }

    /// Whether some of it has not arrived.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Writes a line. That it is lost, if it is, [`Self::end`] tells.
    pub fn say(&mut self, line: &str) {
        let _ = writeln!(self, "{line}");
    }

    /// Ends the output of this program or command, and says so on standard error if some of it was
    /// lost. The exit code is then 3, and else `code`.
    #[must_use]
    pub fn exit(self, name: &str, code: u8) -> ExitCode {
        match self.end() {
            Ok(()) => ExitCode::from(code),
            Err(lost) => {
                let _ = writeln!(io::stderr(), "{name}: {lost}");
                ExitCode::from(OUTPUT_LOST)
            }
        }
    }

    /// Writes what is still kept back.
    ///
    /// # Errors
    /// What is to be said if anything has not arrived.
    pub fn end(mut self) -> Result<(), String> {
        let flushed = self.flush();
        let Some(error) = self.lost.or(flushed.err()) else {
            return Ok(());
        };
        if self.may_be_left && error.kind() == ErrorKind::BrokenPipe {
            return Ok(());
        }
        let why = match error.kind() {
            ErrorKind::BrokenPipe => "its reader went away before the end".to_owned(),
            _ => error.to_string(),
        };
        let stays = self.stays.map(|stays| format!("; {stays}"));
        Err(format!(
            "the output could not be written: {why}{}",
            stays.unwrap_or_default()
        ))
    }

    fn attempt<T>(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        if let Some(lost) = &self.lost {
            return Err(lost.kind().into());
        }
        let written = write(&mut self.to);
        match written {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                let kind = error.kind();
                self.lost = Some(error);
                Err(kind.into())
            }
            written => written,
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|to| to.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and no more.
    struct Narrow(usize);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = self.0.min(bytes.len());
            self.0 -= taken;
            if taken == 0 && !bytes.is_empty() {
                return Err(ErrorKind::StorageFull.into());
            }
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes nothing, for this reason.
    struct Gone(ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_arrived_whole_is_no_loss() {
        let mut kept = Vec::new();
        let mut out = Output::new(&mut kept);
        out.if_lost("nothing");
        out.say("a line");
        assert!(!out.is_lost());
        assert_eq!(out.end(), Ok(()));
        assert_eq!(kept, b"a line\n");
    }

    #[test]
    fn a_loss_is_told_once_at_the_end_with_what_stays() {
        let mut out = Output::new(Narrow(4));
        out.if_lost("the backup was made");
        out.say("a line");
        out.say("");
        assert!(out.is_lost());
        let told = out.end().unwrap_err();
        assert!(told.ends_with("; the backup was made"), "{told}");
    }

    #[test]
    fn a_reader_who_has_seen_enough_loses_nothing_and_a_full_disk_does() {
        for (mut to, is_lost) in [
            (Gone(ErrorKind::BrokenPipe), false),
            (Gone(ErrorKind::StorageFull), true),
        ] {
            let mut out = Output::new(&mut to);
            out.may_be_left();
            out.say("a line");
            assert!(out.is_lost());
            assert_eq!(out.end().is_err(), is_lost);
        }
    }

    /// What is kept back is lost when it is written at the end, and not before.
    #[test]
    fn a_loss_at_the_end_is_told_as_well() {
        let mut out = Output::new(io::BufWriter::new(Narrow(4)));
        out.say("a line");
        assert!(!out.is_lost());
        assert!(out.end().is_err());
    }
}
