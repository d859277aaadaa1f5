//! Devices as rows of `devices`. The key of the KEM prekey that is held of a device is in
//! `device_kem_keys`: it is larger than all the rest, and moves once a week.

use crypto_core::{
    InstallationId, RatchetPreKey, SECP256K1_KEY_BYTES, SignedPreKey, VerifiedPreKey,
};
use engine::model::{
    Device, DeviceKem, DeviceMetadata, DevicePreKey, KemDelivery, Pairing, PastKeys, StoreError,
};
use rusqlite::{Row, named_params};

use crate::{
    connection::SqliteStore,
    rows::{Columns, corrupt, optional_time, time},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Columns of `devices` in the order [`device`] reads them.
const DEVICE: &str = "identity, installation, signed_pre_key, ratchet_pre_key, \
     version, protocol_version, bundle_ns, signed_ns, dated_at, begun, any_version, pairing, \
     wrote_at, last_active_at, omitted_since, rekey_due, extension_shown, stale_told, \
     former, refused_version, went_back_at, name, device_type, push_token, kem_shown, \
     post_quantum, kem_only_from_itself, kem_deliveries, kem_version, kem_signature";
/// Stands in a delivery for a device that was heard not to ask. No count comes so far.
const HEARD: u32 = u32::MAX;

/// Selects devices with the keys of their KEM prekeys, in the order [`device`] reads them.
pub(crate) fn select_devices(what: &str) -> String {
    format!(
        "SELECT {DEVICE}, key FROM devices \
             LEFT JOIN device_kem_keys USING (identity, installation) WHERE {what}"
    )
}

pub(crate) fn device(row: &Row<'_>) -> Result<Device> {
    let mut columns = Columns::of(row);
    let identity = columns.identity()?;
    let installation = columns.installation()?;
    let signed: Option<[u8; SECP256K1_KEY_BYTES]> = columns.take()?;
    let ratchet = columns.optional_ratchet_pre_key()?;
    let version: Option<u32> = columns.take()?;
    let protocol_version: Option<u32> = columns.take()?;
    let bundle_ns: Option<i64> = columns.take()?;
    let signed_ns: i64 = columns.take()?;
    let dated_at = columns.optional_time()?;
    let begun = columns.take()?;
    let any_version = columns.take()?;
    let prekey = match (signed, version, protocol_version, bundle_ns, dated_at) {
        (Some(signed), Some(version), Some(protocol_version), Some(bundle_ns), Some(dated_at)) => {
            Some(DevicePreKey {
                key: VerifiedPreKey::from_stored(
                    identity,
                    SignedPreKey::from_stored(signed),
                    ratchet,
                ),
                version,
                protocol_version,
                bundle_ns,
                signed_ns,
                dated_at,
                begun,
                any_version,
            })
        }
        _ => None,
    };
    let pairing = Pairing::from_code(columns.take::<i64>()?).ok_or_else(|| corrupt("a pairing"))?;
    Ok(Device {
        identity,
        installation,
        prekey,
        pairing,
        wrote_at: columns.time()?,
        last_active_at: columns.time()?,
        omitted_since: columns.optional_time()?,
        rekey_due: columns.take()?,
        extension_shown: columns.take()?,
        stale_told: columns.take()?,
        former: PastKeys::from_bytes(&columns.take::<Vec<u8>>()?),
        refused_version: columns.take()?,
        went_back_at: columns.optional_time()?,
        metadata: DeviceMetadata {
            name: columns.take()?,
            device_type: columns.take()?,
            push_token: columns.take()?,
        },
        kem: DeviceKem {
            shown: columns.take()?,
            post_quantum: columns.take()?,
            only_from_itself: columns.take()?,
            deliveries: deliveries(&columns.take::<Vec<u8>>()?)?,
            held: columns.optional_kem_pre_key()?,
        },
    })
}

/// How far the KEM prekeys of our devices have come to a device, from its column.
fn deliveries(mut column: &[u8]) -> Result<Vec<KemDelivery>> {
    let mut deliveries = Vec::new();
    while !column.is_empty() {
        let (delivery, rest) = delivery(column).ok_or_else(|| corrupt("a KEM delivery"))?;
        deliveries.push(delivery);
        column = rest;
    }
    Ok(deliveries)
}

/// The first delivery, and the bytes after it.
fn delivery(column: &[u8]) -> Option<(KemDelivery, &[u8])> {
    let (length, column) = column.split_first()?;
    let (listed, column) = column.split_at_checked(usize::from(*length))?;
    let (version, column) = column.split_first_chunk()?;
    let (count, column) = column.split_first_chunk()?;
    let count = u32::from_be_bytes(*count);
    let delivery = KemDelivery {
        listed: InstallationId::parse(std::str::from_utf8(listed).ok()?).ok()?,
        version: u32::from_be_bytes(*version),
        count: (count != HEARD).then_some(count),
    };
    Some((delivery, column))
}

/// The column that [`deliveries`] reads.
fn deliveries_column(deliveries: &[KemDelivery]) -> Vec<u8> {
    let mut column = Vec::new();
    for delivery in deliveries {
        let listed = delivery.listed.as_str();
        // An id has at most 64 characters.
        column.push(u8::try_from(listed.len()).unwrap_or(u8::MAX));
        column.extend_from_slice(listed.as_bytes());
        column.extend_from_slice(&delivery.version.to_be_bytes());
        column.extend_from_slice(&delivery.count.unwrap_or(HEARD).to_be_bytes());
    }
    column
}

impl SqliteStore {
    /// Writes a device, new or not.
    pub(crate) fn write_device(&self, device: &Device) -> Result<()> {
        let prekey = device.prekey.as_ref();
        let held = device.kem.held.as_ref();
        let put =
            |sql: &str| {
                self.changed(sql, named_params! {
                ":identity": device.identity.as_bytes(),
                ":installation": device.installation.as_str(),
                ":signed_pre_key": prekey.map(|prekey| prekey.key.signed_pre_key().as_bytes()),
                ":ratchet_pre_key": prekey
                    .and_then(|prekey| prekey.key.ratchet_pre_key())
                    .map(RatchetPreKey::as_bytes),
                ":version": prekey.map(|prekey| prekey.version),
                ":protocol_version": prekey.map(|prekey| prekey.protocol_version),
                ":bundle_ns": prekey.map(|prekey| prekey.bundle_ns),
                ":signed_ns": prekey.map_or(0, |prekey| prekey.signed_ns),
                ":dated_at": optional_time(prekey.map(|prekey| prekey.dated_at)),
                ":begun": prekey.is_some_and(|prekey| prekey.begun),
                ":any_version": prekey.is_some_and(|prekey| prekey.any_version),
                ":pairing": device.pairing.code(),
                ":wrote_at": time(device.wrote_at),
                ":last_active_at": time(device.last_active_at),
                ":omitted_since": optional_time(device.omitted_since),
                ":rekey_due": device.rekey_due,
                ":extension_shown": device.extension_shown,
                ":stale_told": device.stale_told,
                ":former": device.former.to_bytes(),
                ":refused_version": device.refused_version,
                ":went_back_at": optional_time(device.went_back_at),
                ":name": device.metadata.name,
                ":device_type": device.metadata.device_type,
                ":push_token": device.metadata.push_token,
                ":kem_shown": device.kem.shown,
                ":post_quantum": device.kem.post_quantum,
                ":kem_only_from_itself": device.kem.only_from_itself,
                ":kem_deliveries": deliveries_column(&device.kem.deliveries),
                ":kem_version": held.map(|held| held.version),
                ":kem_signature": held.map(|held| held.signature.to_bytes()),
            })
            };
        // Nearly every message moves the times of its device, which are in no index. Writing the
        // columns that are indexed or checked costs more. A KEM prekey of another key has another
        // signature.
        let updated = put(
            "UPDATE devices SET signed_pre_key = :signed_pre_key, ratchet_pre_key = :ratchet_pre_key, \
                 version = :version, protocol_version = :protocol_version, bundle_ns = :bundle_ns, \
                 signed_ns = :signed_ns, dated_at = :dated_at, begun = :begun, any_version = :any_version, \
                 wrote_at = :wrote_at, \
                 last_active_at = :last_active_at, rekey_due = :rekey_due, \
                 extension_shown = :extension_shown, stale_told = :stale_told, \
                 former = :former, refused_version = :refused_version, went_back_at = :went_back_at, name = :name, \
                 device_type = :device_type, push_token = :push_token, kem_shown = :kem_shown, \
                 post_quantum = :post_quantum, kem_only_from_itself = :kem_only_from_itself, \
                 kem_deliveries = :kem_deliveries \
             WHERE identity = :identity AND installation = :installation \
                 AND omitted_since IS :omitted_since AND pairing = :pairing \
                 AND kem_version IS :kem_version AND kem_signature IS :kem_signature",
        )?;
        if updated == 1 {
            return Ok(());
        }
        let values = DEVICE.replace(", ", ", :");
        put(&format!(
            "INSERT OR REPLACE INTO devices ({DEVICE}) VALUES (:{values})"
        ))?;
        // With the row that was replaced its key went, by the foreign key.
        match held {
            Some(held) => self.run(
                "INSERT INTO device_kem_keys (identity, installation, key) VALUES (?1, ?2, ?3)",
                (
                    device.identity.as_bytes(),
                    device.installation.as_str(),
                    held.key.as_bytes(),
                ),
            ),
            None => Ok(()),
        }
    }
}
