//! The account a database belongs to: one row, written once.

use std::path::Path;

use crypto_core::IdentityKeyPair;
use engine::model::{Account, AccountName};
use rusqlite::Connection;

use crate::{
    error::OpenError,
    query::first,
    registry::{AccountFacts, facts},
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

/// Reads what is known of the account `name` without its secret, from its database at `path`.
///
/// # Errors
/// As of [`read_account`].
pub(crate) fn read_facts(
    connection: &Connection,
    path: &Path,
    name: &AccountName,
) -> Result<AccountFacts, OpenError> {
    let facts = first(
        connection,
        "SELECT name, identity, installation, created_at FROM account",
        (),
        |row| facts(&mut Columns::of(row)),
    )
    .map_err(OpenError::database(path))?
    .ok_or_else(|| OpenError::database(path)("it holds no account"))?;
    check_name(path, name, facts.name.as_str())?;
    Ok(facts)
}

/// Refuses a database that was made for another account than `name`.
fn check_name(path: &Path, name: &AccountName, made_for: &str) -> Result<(), OpenError> {
    if made_for == name.as_str() {
        return Ok(());
    }
    Err(OpenError::OtherAccount {
        path: path.to_owned(),
        made_for: made_for.to_owned(),
    })
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
    let read = first(
        connection,
        "SELECT name, identity_secret, installation, fresh_installation, created_at FROM account",
        (),
        |row| {
            let mut columns = Columns::of(row);
            let (made_for, secret) = (columns.take::<String>()?, columns.secret()?);
            let installation = columns.installation()?;
            Ok((
                made_for,
                secret,
                installation,
                columns.take()?,
                columns.time()?,
            ))
        },
    );
    let (made_for, secret, installation, fresh_installation, created_at) = read
        .map_err(OpenError::database(path))?
        .ok_or_else(|| OpenError::database(path)("it holds no account"))?;
    check_name(path, name, &made_for)?;
    Ok(Account {
        name: name.clone(),
        identity: IdentityKeyPair::from_secret_bytes(&secret)
            .map_err(OpenError::database(path))?
            .into(),
        installation,
        fresh_installation,
        created_at,
    })
}
