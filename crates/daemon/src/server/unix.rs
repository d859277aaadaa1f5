//! The Unix socket: its file, its mode, and whose processes may use it.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::{UnixListener as StdListener, UnixStream as StdStream},
    },
    path::Path,
};

use tokio::net::{UnixListener, UnixStream};

use crate::config::{Rpc, Settings};

const ROOT: u32 = 0;

/// Whose processes may use the socket.
#[derive(Debug)]
pub(super) struct UnixGate {
    uids: Vec<u32>,
}

impl UnixGate {
    pub(super) fn new(rpc: &Rpc) -> Self {
        let mut uids = rpc.allowed_uids.clone();
        uids.extend([ROOT, rustix::process::geteuid().as_raw()]);
        Self { uids }
    }

    /// Whether the process at the other end runs as one of these users (SO_PEERCRED).
    pub(super) fn admits(&self, stream: &UnixStream) -> bool {
        stream
            .peer_cred()
            .is_ok_and(|peer| self.uids.contains(&peer.uid()))
    }
}

/// Binds the socket. It is made under another name in a directory that only we may enter, gets
/// its mode and group there, and appears under its own name ready: no one connects before that.
pub(super) fn bind(settings: &Settings) -> Result<UnixListener, String> {
    let path = &settings.socket;
    let failed = |error: io::Error| format!("cannot listen on unix:{}: {error}", path.display());
    remove_stale(path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // tempfile makes directories 0700.
    let scratch = tempfile::Builder::new()
        .prefix(".ratchetd-")
        .tempdir_in(parent)
        .map_err(failed)?;
    let unfinished = scratch.path().join("s");
    let listener = StdListener::bind(&unfinished).map_err(failed)?;
    fs::set_permissions(
        &unfinished,
        fs::Permissions::from_mode(settings.socket_mode),
    )
    .map_err(failed)?;
    if let Some(group) = settings.socket_group {
        std::os::unix::fs::chown(&unfinished, None, Some(group)).map_err(failed)?;
    }
    fs::rename(&unfinished, path).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    UnixListener::from_std(listener).map_err(failed)
}

/// Clears away the socket of a daemon that is gone; refuses to take one that is in use, or a file that is no socket.
fn remove_stale(path: &Path) -> Result<(), String> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("unix:{}: {error}", path.display())),
    };
    if !metadata.file_type().is_socket() {
        return Err(format!(
            "unix:{}: there is a file that is no socket: remove it, or choose another --socket",
            path.display()
        ));
    }
    if StdStream::connect(path).is_ok() {
        return Err(format!(
            "unix:{}: another process listens there: stop it, or choose another --socket",
            path.display()
        ));
    }
    fs::remove_file(path).map_err(|error| format!("unix:{}: {error}", path.display()))
}
