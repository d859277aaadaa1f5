//! The account a database belongs to: one row, written once.

use std::path::Path;

use crypto_core::{IdentityKeyPair, InstallationId};
use engine::model::{Account, AccountName};
use rusqlite::Connection;

use crate::{
    error::OpenError,
    rows::{Columns, time},
};

/// Writes the account into its new database.
pub(crate) fn insert_account(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO account (id, name, identity_secret, identity, installation, \
             fresh_installation, created_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
        (
            account.name.as_str(),
            &*account.identity.secret_bytes(),
            account.identity.public().as_bytes(),
            account.installation.as_str(),
            account.fresh_installation,
            time(account.created_at),
        ),
    )?;
    Ok(())
}

/// Reads the account `name` from its database at `path`.
///
/// # Errors
/// [`OpenError::OtherAccount`] if the database was made for another name, since two copies of one
/// account would use message keys twice. [`OpenError::Database`] if it cannot be read.
pub(crate) fn read_account(
    connection: &Connection,
    path: &Path,
    name: &AccountName,
) -> Result<Account, OpenError> {
    let failed = OpenError::database(path);
    let corrupt = OpenError::database(path);
    let mut statement = connection
        .prepare(
            "SELECT name, identity_secret, installation, fresh_installation, created_at \
             FROM account",
        )
        .map_err(&failed)?;
    let mut rows = statement.query(()).map_err(&failed)?;
    let row = rows
        .next()
        .map_err(&failed)?
        .ok_or_else(|| OpenError::database(path)("it holds no account"))?;
    let mut columns = Columns::of(row);
    let made_for: String = columns.take().map_err(&corrupt)?;
    if made_for != name.as_str() {
        return Err(OpenError::OtherAccount {
            path: path.to_owned(),
            made_for,
        });
    }
    let secret = columns.secret().map_err(&corrupt)?;
    let installation: InstallationId = columns.installation().map_err(&corrupt)?;
    Ok(Account {
        name: name.clone(),
        identity: IdentityKeyPair::from_secret_bytes(&secret)
            .map_err(OpenError::database(path))?
            .into(),
        installation,
        fresh_installation: columns.take().map_err(&corrupt)?,
        created_at: columns.time().map_err(&corrupt)?,
    })
}
