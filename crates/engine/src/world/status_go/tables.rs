//! The tables of a status-go device, row by row as in its database.

/// A row of `bundles`: a prekey of another device, or an own one with its private half.
#[derive(Clone, Debug)]
pub(super) struct BundleRow {
    pub(super) identity: Vec<u8>,
    pub(super) installation: String,
    pub(super) private: Option<[u8; 32]>,
    pub(super) prekey: Vec<u8>,
    /// When the own prekey was made; for another device, when the bundle it came with was signed.
    pub(super) timestamp: i64,
    pub(super) version: u32,
    expired: bool,
}

/// The prekeys, in the order they were learnt.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundles(Vec<BundleRow>);

/// An entry of a bundle: the device, its prekey and version.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) installation: String,
    pub(super) prekey: Vec<u8>,
    pub(super) version: u32,
}

impl Bundles {
    /// The row of this prekey, expired or not.
    pub(super) fn of(&self, prekey: &[u8]) -> Option<&BundleRow> {
        self.0.iter().find(|row| row.prekey == prekey)
    }

    pub(super) fn is_unexpired(&self, prekey: &[u8]) -> bool {
        self.of(prekey).is_some_and(|row| !row.expired)
    }

    /// Takes up an entry of a received bundle: a known prekey stays as it is, and lower versions of
    /// the device expire.
    pub(super) fn learn(&mut self, identity: &[u8], entry: &Listed, timestamp: i64) {
        self.insert(BundleRow {
            identity: identity.to_vec(),
            installation: entry.installation.clone(),
            private: None,
            prekey: entry.prekey.clone(),
            timestamp,
            version: entry.version,
            expired: false,
        });
        for row in self.of_device_mut(identity, &entry.installation) {
            row.expired |= row.version < entry.version;
        }
    }

    /// Adds a new own prekey, one version above all that are known of this device.
    pub(super) fn add_own(
        &mut self,
        identity: &[u8],
        installation: &str,
        (private, prekey): ([u8; 32], Vec<u8>),
        timestamp: i64,
    ) {
        let highest = self
            .of_device_mut(identity, installation)
            .map(|row| row.version)
            .max()
            .unwrap_or(0);
        self.insert(BundleRow {
            identity: identity.to_vec(),
            installation: installation.to_owned(),
            private: Some(private),
            prekey,
            timestamp,
            version: highest.saturating_add(1),
            expired: false,
        });
    }

    pub(super) fn expire_own(&mut self) {
        for row in self.0.iter_mut().filter(|row| row.private.is_some()) {
            row.expired = true;
        }
    }

    /// What the own bundle lists of these devices, each with its highest version, and when the own
    /// prekey in it was made; `None` if all own prekeys have expired.
    pub(super) fn own(&self, identity: &[u8], devices: &[String]) -> Option<(Vec<Listed>, i64)> {
        let mut rows: Vec<_> = self
            .0
            .iter()
            .filter(|row| !row.expired && row.identity == identity)
            .filter(|row| devices.contains(&row.installation))
            .collect();
        rows.sort_by(|a, b| (&a.installation, a.version).cmp(&(&b.installation, b.version)));
        let own = rows.iter().rev().find(|row| row.private.is_some());
        let made = own.map(|row| row.timestamp).filter(|made| *made != 0)?;
        let mut listed: Vec<Listed> = Vec::new();
        for row in rows {
            listed.retain(|before| before.installation != row.installation);
            listed.push(Listed {
                installation: row.installation.clone(),
                prekey: row.prekey.clone(),
                version: row.version,
            });
        }
        Some((listed, made))
    }

    /// The prekey that a new session with the device is begun on: of the unexpired ones the one
    /// with the lowest version, because status-go reads the rows in descending order into a map.
    pub(super) fn to_begin_on(&self, identity: &[u8], installation: &str) -> Option<Vec<u8>> {
        self.0
            .iter()
            .filter(|row| {
                !row.expired && row.identity == identity && row.installation == installation
            })
            .min_by_key(|row| row.version)
            .map(|row| row.prekey.clone())
    }

    fn insert(&mut self, row: BundleRow) {
        if self.of(&row.prekey).is_none() {
            self.0.push(row);
        }
    }

    fn of_device_mut<'a>(
        &'a mut self,
        identity: &'a [u8],
        installation: &'a str,
    ) -> impl Iterator<Item = &'a mut BundleRow> {
        self.0
            .iter_mut()
            .filter(move |row| row.identity == identity && row.installation == installation)
    }
}

/// A row of `ratchet_info_v2`: a secret that X3DH made.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    /// The prekey of the responder.
    pub(super) prekey: Vec<u8>,
    pub(super) identity: Vec<u8>,
    pub(super) installation: String,
    pub(super) key: [u8; 32],
    /// The own ephemeral key, until the other side has answered.
    pub(super) ephemeral: Option<Vec<u8>>,
}

/// The secrets, in the order they are searched.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Adds a secret at the end, in place of one on the same prekey with the same device.
    pub(super) fn put(&mut self, secret: Secret) {
        self.0.retain(|row| {
            row.prekey != secret.prekey
                || row.identity != secret.identity
                || row.installation != secret.installation
        });
        self.0.push(secret);
    }

    pub(super) fn of(&self, prekey: &[u8], identity: &[u8], installation: &str) -> Option<&Secret> {
        self.0.iter().find(|row| {
            row.prekey == prekey && row.identity == identity && row.installation == installation
        })
    }

    /// The secret that is used to send to the device: the first whose prekey has not expired.
    pub(super) fn to_send_on(
        &self,
        bundles: &Bundles,
        identity: &[u8],
        installation: &str,
    ) -> Option<&Secret> {
        self.0
            .iter()
            .filter(|row| row.identity == identity && row.installation == installation)
            .find(|row| bundles.is_unexpired(&row.prekey))
    }

    /// The other side has answered: messages to it have no X3DH header any more.
    pub(super) fn confirm(&mut self, prekey: &[u8], identity: &[u8], installation: &str) {
        let answered = self.0.iter_mut().find(|row| {
            row.prekey == prekey && row.identity == identity && row.installation == installation
        });
        if let Some(answered) = answered {
            answered.ephemeral = None;
        }
    }
}

/// A row of `installations`: another device, of any identity.
#[derive(Clone, Debug)]
struct Installation {
    identity: Vec<u8>,
    id: String,
    timestamp: i64,
    enabled: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Installations(Vec<Installation>);

impl Installations {
    /// Takes up a device that a bundle of this timestamp lists.
    pub(super) fn learn(&mut self, identity: &[u8], id: &str, timestamp: i64, enabled: bool) {
        match self.find(identity, id) {
            Some(known) => known.timestamp = known.timestamp.max(timestamp),
            None => self.0.push(Installation {
                identity: identity.to_vec(),
                id: id.to_owned(),
                timestamp,
                enabled,
            }),
        }
    }

    pub(super) fn enable(&mut self, identity: &[u8], id: &str) {
        if let Some(known) = self.find(identity, id) {
            known.enabled = true;
        }
    }

    /// At most `most` enabled devices of an identity, those of the newest bundles first.
    pub(super) fn active(&self, identity: &[u8], most: usize) -> Vec<String> {
        let mut rows: Vec<_> = self
            .0
            .iter()
            .filter(|row| row.enabled && row.identity == identity)
            .collect();
        rows.sort_by(|a, b| (b.timestamp, &a.id).cmp(&(a.timestamp, &b.id)));
        rows.iter().take(most).map(|row| row.id.clone()).collect()
    }

    fn find(&mut self, identity: &[u8], id: &str) -> Option<&mut Installation> {
        self.0
            .iter_mut()
            .find(|row| row.identity == identity && row.id == id)
    }
}
