//! Notes what is built: the git revision, if there is one, the target and the profile. `--version`
//! tells all of it, `system_version` the revision.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=RATCHETD_REVISION");
    // A path that is not there would have this run, and the daemon compiled, at every build.
    for path in ["../../.git/HEAD", "../../.git/refs/heads"] {
        if std::path::Path::new(path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    // An image is built without the repository, and told the revision; or it is told nothing.
    let given = env::var("RATCHETD_REVISION")
        .ok()
        .filter(|given| !given.is_empty());
    let revision = given.or_else(|| {
        let output = Command::new("git")
            .args(["rev-parse", "--short=12", "HEAD"])
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    });
    if let Some(revision) = &revision {
        println!("cargo:rustc-env=RATCHETD_REVISION={revision}");
    }
    // Cargo says `debug` where the profile is `dev`.
    let built = [revision, env::var("TARGET").ok(), env::var("PROFILE").ok()];
    let built: Vec<String> = built.into_iter().flatten().collect();
    println!("cargo:rustc-env=RATCHETD_BUILT={}", built.join(", "));
}
