//! A daemon that a command starts as a child process, to serve a scratch directory.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A daemon that is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    socket: PathBuf,
}

impl Child {
    /// Starts `program`, a `ratchetd`, as a daemon on this data directory with these flags besides,
    /// and waits until it listens.
    ///
    /// # Errors
    /// One line, if it did not come to listen.
    pub fn serve(program: &Path, data_dir: &Path, flags: &[&OsStr]) -> Result<Self, String> {
        Self::serve_by(Command::new(program), data_dir, flags)
    }

    /// The same by a command that ends as the daemon's program, with the arguments it is given: a
    /// shell that lowers a limit before, for instance.
    ///
    /// # Errors
    /// One line, if the daemon did not come to listen.
    pub fn serve_by(
        mut command: Command,
        data_dir: &Path,
        flags: &[&OsStr],
    ) -> Result<Self, String> {
        let socket = data_dir.join("s");
        let program = PathBuf::from(command.get_program());
        // The environment may be meant for the user's own daemon.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RATCHETD_") {
                command.env_remove(name);
            }
        }
        let process = command
            .arg("serve")
            .arg("--data-dir")
            .arg(data_dir)
            .arg("--socket")
            .arg(&socket)
            .args(["--log-filter", "error"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut child = Self { process, socket };
        let mut line = String::new();
        if let Some(out) = child.process.stdout.take() {
            BufReader::new(out)
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
        }
        if line.starts_with("listening on unix:") {
            Ok(child)
        } else {
            Err("a daemon that was to be started did not come to listen".to_owned())
        }
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// One line, if it could not be asked.
    pub fn stop(mut self) -> Result<(), String> {
        let pid = i32::try_from(self.process.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .ok_or("a daemon that was started has no number")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| error.to_string())?;
        self.process
            .wait()
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
