//! A backup of a data directory, or of one account in it, made while a daemon serves.
//!
//! The databases are copied encrypted as they are. SQLite's backup interface makes the copies, each
//! of one moment. The sidecar files stay behind, so that a restored store is detected as one
//! ([`crate::rollback_guard`]).

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use engine::model::{AccountName, UnixMillis};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    account::read_account,
    archive::{DESCRIPTION, Description, FORMAT},
    data_dir::{ACCOUNTS, account_names, database_of},
    error::OpenError,
    files::{check_directory, create_file, sync_directory, wipe},
    rekey,
    schema::{open_copy, open_reader},
    store_key::{self, KEY_FILE, StoreKey},
};

/// How often a locked database is tried, a second in all: nothing of ours locks one for longer.
const COPY_ATTEMPTS: u32 = 20;
/// Pause between two attempts.
const COPY_PAUSE: Duration = Duration::from_millis(50);

/// The copy of a database, while it is put into a backup.
const COPY: &str = "account.db";

/// Whether a backup of a directory with a key file holds that key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyInBackup {
    /// The backup can be read by anyone who has it.
    Included,
    /// The backup is of no use without the key file, which has to be kept elsewhere.
    LeftOut,
}

/// Backs up the accounts of the data directory at `data_dir`, or `only` that one, into `file`,
/// which must not exist yet, and returns their names. A daemon may hold the directory meanwhile;
/// each account is copied as of one moment. The file gets its name when it is whole. `key` matters
/// only if the directory has a key file.
///
/// # Errors
/// [`OpenError`], which says what to do.
pub fn back_up(
    data_dir: &Path,
    passphrase: Option<&[u8]>,
    key: KeyInBackup,
    only: Option<&AccountName>,
    file: &Path,
    now: UnixMillis,
) -> Result<Vec<AccountName>, OpenError> {
    if file.exists() {
        return Err(OpenError::Exists(file.to_owned()));
    }
    let source = Source::open(data_dir, passphrase, key, only)?;
    let staging = Staging::open(file)?;
    let path = staging.path("backup.tar");
    let archive = create_file(&path).map_err(OpenError::io(&path))?;
    let archive = source
        .write(&staging.0, archive, now)
        .map_err(|failed| failed.in_archive(file))?;
    archive
        .sync_all()
        .and_then(|()| publish(&path, file))
        .map_err(OpenError::io(file))?;
    sync_directory(file)?;
    Ok(source.accounts)
}

/// The same, to an output. If it fails, what was written does not end as an archive does. The copy
/// of one account at a time is in the system's directory for temporary files meanwhile, encrypted
/// as it is in the data directory; the key is written nowhere else.
///
/// # Errors
/// As for [`back_up`].
pub fn back_up_to(
    data_dir: &Path,
    passphrase: Option<&[u8]>,
    key: KeyInBackup,
    only: Option<&AccountName>,
    to: impl Write,
    now: UnixMillis,
) -> Result<Vec<AccountName>, OpenError> {
    let source = Source::open(data_dir, passphrase, key, only)?;
    let scratch = tempfile::tempdir().map_err(OpenError::io(&std::env::temp_dir()))?;
    let staging = Staging(scratch.path().to_owned());
    let mut to = source
        .write(&staging.0, to, now)
        .map_err(|failed| failed.in_archive(Path::new(OUTPUT)))?;
    to.flush().map_err(OpenError::io(Path::new(OUTPUT)))?;
    Ok(source.accounts)
}

/// An output in error messages.
const OUTPUT: &str = "the output";

/// A data directory that is backed up.
struct Source<'a> {
    data_dir: &'a Path,
    store_key: StoreKey,
    key: KeyInBackup,
    accounts: Vec<AccountName>,
}

/// Why an archive was not written.
enum Failed {
    /// Its parts could not be read.
    Part(OpenError),
    /// The archive itself could not be written.
    Archive(io::Error),
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        Self::Part(error)
    }
}

impl Failed {
    /// The error, where the archive is written to `path`.
    fn in_archive(self, path: &Path) -> OpenError {
        match self {
            Self::Part(error) => error,
            Self::Archive(cause) => OpenError::io(path)(cause),
        }
    }
}

impl<'a> Source<'a> {
    fn open(
        data_dir: &'a Path,
        passphrase: Option<&[u8]>,
        key: KeyInBackup,
        only: Option<&AccountName>,
    ) -> Result<Self, OpenError> {
        if !store_key::is_settled(data_dir) {
            return Err(OpenError::NoDataDirectory(data_dir.to_owned()));
        }
        check_directory(data_dir)?;
        if rekey::is_half_done(data_dir) {
            return Err(OpenError::HalfRekeyed(data_dir.to_owned()));
        }
        let store_key = StoreKey::load_known(data_dir, passphrase)?;
        let mut accounts = account_names(&data_dir.join(ACCOUNTS))?;
        if let Some(only) = only {
            if !accounts.contains(only) {
                return Err(OpenError::no_account(data_dir, only, &accounts));
            }
            accounts = vec![only.clone()];
        }
        Ok(Self {
            data_dir,
            store_key,
            key,
            accounts,
        })
    }

    /// Writes the archive, and gives it back when it is whole. `scratch` holds a copy of one
    /// database at a time.
    fn write<W: Write>(&self, scratch: &Path, to: W, now: UnixMillis) -> Result<W, Failed> {
        let mut archive = tar::Builder::new(Archive {
            to,
            is_cut_off: false,
        });
        if let Err(failed) = self.fill(&mut archive, scratch, now) {
            archive.get_mut().is_cut_off = true;
            return Err(failed);
        }
        let archive = archive.into_inner().map_err(Failed::Archive)?;
        Ok(archive.to)
    }

    fn fill(
        &self,
        archive: &mut tar::Builder<impl Write>,
        scratch: &Path,
        now: UnixMillis,
    ) -> Result<(), Failed> {
        let description = Description {
            format: FORMAT,
            made_at: now.0,
            accounts: self.accounts.iter().map(ToString::to_string).collect(),
        };
        let text = toml::to_string(&description).unwrap_or_default();
        append(archive, DESCRIPTION, text.len() as u64, text.as_bytes())
            .map_err(Failed::Archive)?;
        for part in store_key::files(self.data_dir) {
            if part != KEY_FILE || self.key == KeyInBackup::Included {
                append_file(archive, part, &self.data_dir.join(part))?;
            }
        }
        for name in &self.accounts {
            let entry = database_of(name);
            let from = self.data_dir.join(&entry);
            let copy = scratch.join(COPY);
            create_file(&copy).map_err(OpenError::io(&copy))?;
            copy_database(&from, &copy, &self.store_key, Some(name))?;
            append_file(archive, &entry, &copy)?;
            wipe(&copy)?;
        }
        Ok(())
    }
}

/// Where an archive is written. One that is cut off gets no end, which tar writes even then.
struct Archive<W> {
    to: W,
    is_cut_off: bool,
}

impl<W: Write> Write for Archive<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_cut_off {
            return Err(ErrorKind::Other.into());
        }
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Gives a finished file its name, unless another file has it. Tries a hard link and then a rename
/// that does not replace, since no file system is sure to have both.
pub(crate) fn publish(made: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(made, name) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Ok(renameat_with(CWD, made, CWD, name, RenameFlags::NOREPLACE)?)
        }
        linked => linked,
    }
}

/// Copies a database as it is at one moment, and checks that the copy is sound and that of the
/// account `of`.
pub(crate) fn copy_database(
    from: &Path,
    to: &Path,
    key: &StoreKey,
    of: Option<&AccountName>,
) -> Result<(), OpenError> {
    let failed = OpenError::database(from);
    let source = open_reader(from, key)?;
    let mut copy = open_copy(to, key)?;
    // All pages in one step: they are of one moment, and no write in between restarts the copy. A
    // locked database is no error to SQLite, but then nothing was copied.
    let mut attempts = COPY_ATTEMPTS;
    while Backup::new(&source, &mut copy)
        .and_then(|backup| backup.step(-1))
        .map_err(&failed)?
        != StepResult::Done
    {
        attempts -= 1;
        if attempts == 0 {
            return Err(OpenError::database(from)("another program keeps it locked"));
        }
        thread::sleep(COPY_PAUSE);
    }
    check_sound(&copy, from)?;
    // A copy that stayed empty would pass as sound.
    if let Some(name) = of {
        read_account(&copy, from, name)?;
    }
    copy.close().map_err(|(_, error)| failed(error))
}

/// Reads a whole database: checks that each page is authentic and that they form a database.
pub(crate) fn check_sound(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", (), |row| row.get(0))
        .map_err(OpenError::database(path))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::database(path)(found))
    }
}

fn append_file(
    archive: &mut tar::Builder<impl Write>,
    name: impl AsRef<Path>,
    path: &Path,
) -> Result<(), Failed> {
    let file = File::open(path).map_err(OpenError::io(path))?;
    let size = file.metadata().map_err(OpenError::io(path))?.len();
    append(archive, name, size, file).map_err(Failed::Archive)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: impl AsRef<Path>,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content)
}

/// A directory beside the backup in which it is made. Removed with everything in it when dropped.
struct Staging(PathBuf);

impl Staging {
    fn open(file: &Path) -> Result<Self, OpenError> {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let path = file.with_file_name(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        match made {
            // Another backup is being made there, or one was cut off: the user can tell which.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(OpenError::BackupLeft(path))
            }
            made => made.map_err(OpenError::io(&path)).map(|()| Self(path)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Keys that the account erases later must not be left in a copy. The rest is the backup
        // itself, perhaps under its other name.
        let _ = wipe(&self.path(COPY));
        let _ = fs::remove_dir_all(&self.0);
    }
}
