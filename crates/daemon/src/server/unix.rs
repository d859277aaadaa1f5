//! The Unix socket: its file, its mode, and whose processes may use it.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::{SocketAddr, UnixListener as StdListener},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::net::{UnixListener, UnixStream};

use crate::config::{Rpc, Settings};

const ROOT: u32 = 0;
/// How often a turn in a directory is asked for, for a second in all: whoever has it needs it for
/// moments.
const TURN_ATTEMPTS: u32 = 100;
/// Pause between two attempts.
const TURN_PAUSE: Duration = Duration::from_millis(10);

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

/// The file of a socket that this process has made.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode. While the socket is bound no other file gets them.
    made: (u64, u64),
}

impl SocketFile {
    /// Removes the file, unless it is gone or another is in its place by now: that is not ours.
    pub(super) async fn remove(&self) {
        let _turn = turn_in(directory_of(&self.path)).await;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.made) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// Waits until no other daemon is about to take or give up a name in this directory. What this
/// gives is the turn, while it is held; `None` where directories cannot be locked, or if somebody
/// keeps this one locked. Then two daemons that start in the same moment may take the same name,
/// and the later one has it.
async fn turn_in(directory: &Path) -> Option<File> {
    let file = File::open(directory).ok()?;
    for _ in 0..TURN_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN_PAUSE).await,
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Binds the socket. It is made under another name in a directory that only we may enter, gets
/// its mode and group there, and appears under its own name ready: no one connects before that.
pub(super) async fn bind(settings: &Settings) -> Result<(UnixListener, SocketFile), String> {
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
    let directory = directory_of(path);
    // Another daemon that finds the same stale socket would remove the one that we are about to
    // make.
    let _turn = turn_in(directory).await;
    remove_stale(path).await?;
    // tempfile makes directories 0700. A short name: the system limits the length of the whole
    // path.
    let scratch = tempfile::Builder::new()
        .prefix(".")
        .tempdir_in(directory)
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
    let made = fs::symlink_metadata(&unfinished).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = UnixListener::from_std(listener).map_err(failed)?;
    fs::rename(&unfinished, path).map_err(failed)?;
    let file = SocketFile {
        path: path.clone(),
        made: identity(&made),
    };
    Ok((listener, file))
}

/// Clears away the socket of a daemon that is gone; refuses to take one that is in use, or that is
/// not known to be unused, or a file that is no socket.
async fn remove_stale(path: &Path) -> Result<(), String> {
    let refused = |what: &str| format!("unix:{}: {what}", path.display());
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused(&error.to_string())),
    };
    if !metadata.file_type().is_socket() {
        return Err(refused(
            "there is a file that is no socket: remove it, or choose another --socket",
        ));
    }
    // This does not wait for a place in the queue of a process that takes no connections.
    match UnixStream::connect(path).await {
        // Only that says that nobody listens.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(refused(
                "there is a socket that we may not use: remove it if nobody needs it, or choose another --socket",
            ));
        }
        Ok(_) | Err(_) => {
            return Err(refused(
                "another process listens there: stop it, or choose another --socket",
            ));
        }
    }
    fs::remove_file(path).map_err(|error| refused(&error.to_string()))
}

#[cfg(test)]
mod tests {
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
        let _listener = bind(&longest).await.unwrap();
        UnixStream::connect(&longest.socket).await.unwrap();
        let file = "a-long-name-of-a-socket.sock";
        let error = bind(&settings(directory.path(), LONGEST + 1, file))
            .await
            .unwrap_err();
        assert!(error.contains("--socket"), "{error}");
    }

    #[tokio::test]
    async fn the_socket_has_its_mode_and_nothing_else_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), LONGEST - 20, "s");
        let _listener = bind(&settings).await.unwrap();
        let mode = fs::metadata(&settings.socket).unwrap().mode();
        assert_eq!(mode & 0o777, 0o640);
        let beside = fs::read_dir(settings.socket.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
    }

    #[tokio::test]
    async fn only_the_file_that_was_made_here_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), LONGEST - 20, "s");
        let (_listener, file) = bind(&settings).await.unwrap();
        let moved = settings.socket.with_extension("moved");
        fs::rename(&settings.socket, &moved).unwrap();
        let (_other_listener, other_file) = bind(&settings).await.unwrap();
        file.remove().await;
        UnixStream::connect(&settings.socket).await.unwrap();
        UnixStream::connect(&moved).await.unwrap();
        other_file.remove().await;
        assert!(!settings.socket.exists());
        // Nor is one that somebody has put there since, of whatever kind.
        fs::write(&settings.socket, "precious").unwrap();
        other_file.remove().await;
        assert!(settings.socket.exists());
    }

    #[tokio::test]
    async fn a_socket_whose_process_takes_no_connections_is_in_use_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), LONGEST - 20, "s");
        let socket = tokio::net::UnixSocket::new_stream().unwrap();
        socket.bind(&settings.socket).unwrap();
        let listening = socket.listen(0).unwrap();
        // Until its queue is full.
        let mut waiting = Vec::new();
        while let Ok(stream) = UnixStream::connect(&settings.socket).await {
            waiting.push(stream);
        }
        let error = bind(&settings).await.unwrap_err();
        assert!(error.contains("another process listens"), "{error}");
        drop((listening, waiting));
        let _bound = bind(&settings).await.unwrap();
        // A socket of another kind is not ours to judge.
        let datagrams = settings.socket.with_extension("d");
        let _datagrams = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
        assert!(remove_stale(&datagrams).await.is_err());
        assert!(datagrams.exists());
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
