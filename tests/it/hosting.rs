//! Many accounts on one daemon, of which few are open.

use std::fs;

use serde_json::{Value, json};

use crate::support::{self, Daemon, text};

const TWO_OPEN: &str = "[accounts]\nopen_max = 2\n";

/// A daemon with accounts of these names, of which two may be open.
fn hosting(names: &[&str]) -> Daemon {
    let daemon = Daemon::configured(TWO_OPEN);
    for account in names {
        daemon.ok("account_create", json!({"account": account}));
    }
    daemon
}

fn names(listed: &Value) -> Vec<String> {
    let listed = listed.as_array().expect("accounts").iter();
    listed.map(|account| text(&account["account"])).collect()
}

#[test]
fn accounts_are_listed_in_parts() {
    let daemon = hosting(&["carol", "alice", "bob"]);
    let list = |params: Value| names(&daemon.ok("account_list", params));
    assert_eq!(list(json!({})), ["alice", "bob", "carol"]);
    assert_eq!(list(json!({"limit": 2})), ["alice", "bob"]);
    assert_eq!(list(json!({"limit": 2, "after": "bob"})), ["carol"]);
    // One that was just removed is a place in the order all the same.
    assert_eq!(list(json!({"after": "b"})), ["bob", "carol"]);
    assert_eq!(list(json!({"after": "carol"})), [""; 0]);
    let refused = daemon.call("account_list", json!({"limit": 0}));
    assert_eq!(refused.expect_err("no part")["data"]["field"], "limit");
}

#[test]
fn of_many_accounts_two_are_open_and_the_status_tells_of_all() {
    let all = ["a", "b", "c", "d", "e"];
    let mut daemon = hosting(&all);
    let status = |daemon: &Daemon| daemon.ok("system_status", json!({}));
    let before = status(&daemon)["accounts"].take();
    assert_eq!((&before["total"], &before["open"]), (&json!(5), &json!(0)));
    let key = |of: &str| daemon.ok("account_get", json!({"account": of}))["compressedKey"].take();
    let keys: Vec<Value> = all.iter().map(|of| key(of)).collect();
    // Each knows the one after it.
    for (at, account) in all.iter().enumerate() {
        let other = all[(at + 1) % all.len()];
        let bundle = daemon.ok("bundle_get", json!({"account": other}))["contactCode"].take();
        daemon.ok(
            "bundle_import",
            json!({"account": account, "bundle": bundle}),
        );
        let recipient = &keys[(at + 1) % all.len()];
        let message = json!({"account": account, "recipient": recipient, "text": "hello"});
        daemon.ok("message_encrypt", message);
    }
    daemon.ok("dev_advanceTime", json!({"ms": 6_000}));
    let now = status(&daemon)["accounts"].take();
    assert_eq!(
        json!([
            now["total"],
            now["open"],
            now["peers"],
            now["sessions"],
            now["queued"]
        ]),
        json!([5, 2, 5, 5, 0]),
        "{now}"
    );
    let told = daemon.get("/metrics");
    let told = String::from_utf8(told.body).expect("text");
    for line in [
        "ratchetd_accounts 5",
        "ratchetd_accounts_open 2",
        r#"ratchetd_sessions{suite="x25519"} 5"#,
    ] {
        assert!(told.lines().any(|told| told == line), "{line}: {told}");
    }
    // After a restart none is open, and what they hold is known all the same.
    daemon.terminate();
    daemon.restart();
    let again = status(&daemon);
    assert_eq!(again["accounts"]["open"], 0);
    assert_eq!(again["accounts"]["sessions"], 5);
    assert_eq!(
        (&again["account"], &again["attention"]),
        (&Value::Null, &json!([]))
    );
    let one = daemon.ok("system_status", json!({"account": "c"}))["account"].take();
    assert_eq!(
        (
            &one["account"],
            &one["open"],
            &one["sessions"],
            &one["failing"]
        ),
        (&json!("c"), &json!(true), &json!(1), &Value::Null)
    );
    let nobody = daemon.call("system_status", json!({"account": "nobody"}));
    assert_eq!(
        nobody.expect_err("no account")["data"]["kind"],
        "account_not_found"
    );
}

#[test]
fn a_damaged_account_is_named_and_the_others_are_served() {
    let mut daemon = hosting(&["damaged", "good"]);
    let data = daemon.data_dir();
    daemon.terminate();
    let path = data.join("accounts/damaged.db");
    let length = fs::metadata(&path).expect("a database").len();
    fs::write(&path, vec![7; usize::try_from(length).expect("small")]).expect("to write");
    daemon.restart();
    daemon.ok("bundle_get", json!({"account": "good"}));
    let refused = daemon.call("bundle_get", json!({"account": "damaged"}));
    let refused = refused.expect_err("damaged");
    assert_eq!(refused["data"]["kind"], "store_failed", "{refused}");
    assert!(
        text(&refused["message"]).contains("damaged.db"),
        "{refused}"
    );
    let status = daemon.ok("system_status", json!({}));
    assert_eq!(status["accounts"]["total"], 2, "{status}");
    let attention = status["attention"].as_array().expect("accounts");
    let [one] = attention.as_slice() else {
        panic!("{status}");
    };
    assert_eq!(one["account"], "damaged");
    assert_eq!(one["failing"], refused["message"]);
    // The others are served.
    assert_eq!(daemon.get("/readyz").status, 200);
    // Also where the registry is lost, so that its file would have to say who it is.
    daemon.terminate();
    fs::remove_file(data.join("registry.db")).expect("to remove");
    daemon.restart();
    daemon.ok("bundle_get", json!({"account": "good"}));
    let one = daemon.ok("system_status", json!({"account": "damaged"}))["account"].take();
    assert!(text(&one["failing"]).contains("damaged.db"), "{one}");
    assert_eq!(daemon.get("/readyz").status, 200);
    let found = support::ratchetd("doctor", &data, &["--json"]);
    let found: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    let findings = found["findings"].as_array().expect("findings").iter();
    let of_damaged = findings
        .filter(|finding| finding["account"] == "damaged" && finding["severity"] == "problem");
    assert!(of_damaged.count() > 0, "{found}");
}
