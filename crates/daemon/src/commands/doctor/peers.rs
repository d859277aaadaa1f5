//! Checks of devices: which ones are written to in a way that the user should know of.

use engine::{
    model::{
        Device, DeviceName, InstallationState, InstallationView, Mode, StoreError, UnixMillis,
    },
    queries::Viewer,
    store::StoreRead,
};

use super::{Finding, Severity};

/// Devices named in one finding; the others are counted.
const MAX_NAMED: usize = 8;
/// Devices read at once.
const PAGE: usize = 256;

/// The findings about single devices, ours and others'.
pub(super) fn look(
    store: &impl StoreRead,
    viewer: &Viewer,
    now: UnixMillis,
) -> Result<Vec<Finding>, StoreError> {
    let mut refused = Named::default();
    let mut went_back = Named::default();
    let mut by_dh = Named::default();
    let mut silenced = Named::default();
    let mut last: Option<DeviceName> = None;
    loop {
        let page = store.devices_after(last.as_ref(), PAGE)?;
        let Some(device) = page.last() else {
            break;
        };
        last = Some(device.name());
        for device in page {
            if let Some(version) = device.refused_version {
                refused.add(&device, &format!(" (version {version})"));
            }
            if device.went_back_at.is_some() {
                went_back.add(&device, "");
            }
            // Only a device on whose prekey a session was begun can be written to by DH.
            let begun = device.prekey.as_ref().is_some_and(|prekey| prekey.begun);
            // One that is post-quantum can be written to while its session lasts, or its KEM prekey.
            let keyless = device.kem.post_quantum && device.serving_kem().is_none();
            if begun || keyless {
                match written_to(store, viewer, now, &device)?.map(|view| view.next_mode) {
                    Some(Some(Mode::Dh)) => by_dh.add(&device, ""),
                    Some(None) if keyless => silenced.add(&device, ""),
                    _ => {}
                }
            }
        }
    }
    Ok(vec![
        refused.found(
            "devices.refused",
            Severity::Warning,
            "list a version that is not believed, and are written to as before",
            "have their users write a message; if that changes nothing: `ratchetd call session_reset identity=… installationId=…`",
            "every version that was listed is believed",
        ),
        went_back.found(
            "devices.went_back",
            Severity::Notice,
            "listed a lower version than before: they were set up again or restored",
            "ask their users whether they did that; compare safety numbers if they did not",
            "no device was set up again under its old id",
        ),
        by_dh.found(
            "devices.by_dh",
            Severity::Notice,
            "are written to without forward secrecy: the one session of suite secp256k1 that is begun on each prekey was reset, erased or lost",
            "nothing; it ends with their next prekey, within a day of their being online",
            "every device that is written to has forward secrecy",
        ),
        silenced.found(
            "devices.post_quantum",
            Severity::Warning,
            "get nothing: they are post-quantum, so that nothing is written to them below suite x25519-mlkem768, and their KEM prekeys are missing",
            "write to them, and deliver the advertisement that comes in place of the text: its answer brings the KEM prekey; or `ratchetd call bundle_import bundle=…` with their contactCodeFull; if they went back to a program without KEM prekeys: `ratchetd call session_reset identity=… installationId=…`",
            "every post-quantum device can be written to",
        ),
    ])
}

/// A device as it is written to, if its state lets it be.
fn written_to(
    store: &impl StoreRead,
    viewer: &Viewer,
    now: UnixMillis,
    device: &Device,
) -> Result<Option<InstallationView>, StoreError> {
    let views = viewer.installations(store, now, Some(&device.identity))?;
    Ok(views.into_iter().find(|view| {
        view.device.installation == device.installation && view.state == InstallationState::Active
    }))
}

/// Devices of one finding.
#[derive(Default)]
struct Named {
    names: Vec<String>,
    count: usize,
}

impl Named {
    fn add(&mut self, device: &Device, remark: &str) {
        self.count += 1;
        if self.names.len() < MAX_NAMED {
            let identity = device.identity.to_compact();
            self.names
                .push(format!("{} of {identity}{remark}", device.installation));
        }
    }

    fn found(
        self,
        id: &'static str,
        severity: Severity,
        what: &str,
        advice: &str,
        fine: &str,
    ) -> Finding {
        if self.count == 0 {
            return Finding::ok(id, fine);
        }
        let more = match self.count - self.names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let said = format!(
            "{} devices {what}: {}{more}",
            self.count,
            self.names.join(", ")
        );
        Finding::new(id, severity, said, advice)
    }
}
