//! The Unix socket: its file, its mode, and whose processes may use it.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream},
    },
    path::Path,
};

use tokio::net::{UnixListener, UnixStream};

use crate::config::{Rpc, Settings};

const ROOT: u32 = 0;

/// Whose processes may use the socket.
#[derive(Debug)]
pub(super) struct AllowedUids {
    uids: Vec<u32>,
}

impl AllowedUids {
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
    // It is bound under another name: that its own is too long for anybody to connect to would not
    // show.
    SocketAddr::from_pathname(path).map_err(|error| {
        format!(
            "unix:{}: {error}: choose a shorter --socket",
            path.display()
        )
    })?;
    remove_stale(path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // tempfile makes directories 0700. A short name: the system limits the length of the whole
    // path.
    let scratch = tempfile::Builder::new()
        .prefix(".")
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

/// Clears away the socket of a daemon that is gone; refuses to take one that is in use, or a file
/// that is no socket.
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::config::Flags;

    /// Longest path of a socket that anybody can connect to.
    const LONGEST: usize = 107;

    /// Settings with a socket of this many bytes in a directory below `directory`.
    fn settings(directory: &Path, bytes: usize, file: &str) -> Settings {
        let filler = bytes - directory.as_os_str().len() - file.len() - 2;
        let parent = directory.join("d".repeat(filler));
        fs::create_dir(&parent).unwrap();
        let flags = Flags {
            data_dir: Some(directory.display().to_string()),
            socket: Some(parent.join(file).display().to_string()),
            socket_mode: Some("0640".to_owned()),
            ..Flags::default()
        };
        Settings::load(&flags).unwrap()
    }

    #[tokio::test]
    async fn a_name_is_as_long_as_clients_can_connect_to_and_no_longer() {
        let directory = tempfile::tempdir().unwrap();
        let longest = settings(directory.path(), LONGEST, "ratchetd.sock");
        let _listener = bind(&longest).unwrap();
        UnixStream::connect(&longest.socket).await.unwrap();
        let file = "a-long-name-of-a-socket.sock";
        let error = bind(&settings(directory.path(), LONGEST + 1, file)).unwrap_err();
        assert!(error.contains("--socket"), "{error}");
    }

    #[tokio::test]
    async fn the_socket_has_its_mode_and_nothing_else_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), LONGEST - 20, "s");
        let _listener = bind(&settings).unwrap();
        let mode = fs::metadata(&settings.socket).unwrap().mode();
        assert_eq!(mode & 0o777, 0o640);
        let beside = fs::read_dir(settings.socket.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
    }

    #[tokio::test]
    async fn our_own_user_and_root_and_those_listed_may_connect_and_no_one_else() {
        let (stream, _other_end) = UnixStream::pair().unwrap();
        let own = rustix::process::geteuid().as_raw();
        let stranger = own.wrapping_add(1);
        assert!(AllowedUids::new(&Rpc::default()).admits(&stream));
        assert!(
            !AllowedUids {
                uids: vec![stranger]
            }
            .admits(&stream)
        );
        let listed = Rpc {
            allowed_uids: vec![stranger],
            ..Rpc::default()
        };
        let uids = AllowedUids::new(&listed).uids;
        assert!([ROOT, own, stranger].iter().all(|uid| uids.contains(uid)));
    }
}
