//! `account_export` and `account_importKeystore`: private keys in the keystore files of other
//! programs.

use crate::support::{Daemon, Party, text};
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/trust-keystore.json")).expect("JSON")
}

#[test]
fn an_exported_key_is_the_identity_on_another_daemon_and_nothing_else_comes_with_it() {
    let (alice, bob) = Party::acquainted();
    alice.send(&bob, "on a session");
    let exported = alice
        .daemon
        .ok("account_export", json!({"password": "correct horse"}));
    let keystore = &exported["keystore"];
    assert_eq!(keystore["version"], 3);
    assert_eq!(keystore["crypto"]["kdf"], "scrypt");
    assert_eq!(keystore["crypto"]["kdfparams"]["n"], 1 << 18);
    // The key alone, and no two files alike.
    assert_eq!(text(&keystore["crypto"]["ciphertext"]).len(), 64);
    let again = alice
        .daemon
        .ok("account_export", json!({"password": "correct horse"}));
    for part in ["ciphertext", "mac"] {
        assert_ne!(again["keystore"]["crypto"][part], keystore["crypto"][part]);
    }
    assert_ne!(again["keystore"]["id"], keystore["id"]);

    let other = Daemon::start();
    let refused = other
        .call(
            "account_importKeystore",
            json!({"account": "back", "keystore": keystore, "password": "wrong horse"}),
        )
        .expect_err("the wrong password");
    assert_eq!(refused["data"]["field"], "password", "{refused}");
    assert_eq!(other.ok("account_list", json!({})), json!([]));
    let account = other.ok(
        "account_importKeystore",
        json!({"account": "back", "keystore": keystore, "password": "correct horse"}),
    );
    assert_eq!(account["publicKey"], alice.key.as_str());
    assert_ne!(account["installationId"], alice.installation.as_str());
    assert_eq!(other.ok("session_list", json!({})), json!([]));

    let refused = alice
        .daemon
        .call("account_export", json!({"password": ""}))
        .expect_err("no password");
    assert_eq!(refused["data"]["field"], "password", "{refused}");
}

#[test]
fn recorded_keystores_give_their_keys_and_bad_ones_say_what_is_bad() {
    let vectors = vectors();
    let daemon = Daemon::start();
    for (number, case) in vectors["good"]
        .as_array()
        .expect("cases")
        .iter()
        .enumerate()
    {
        let from_file = format!("k{number}");
        let password = &case["password"];
        // As an object, and as the text of the file.
        let keystore = if number % 2 == 0 {
            case["keystore"].clone()
        } else {
            json!(case["keystore"].to_string())
        };
        let account = daemon.ok(
            "account_importKeystore",
            json!({"account": from_file, "keystore": keystore, "password": password}),
        );
        let private = format!("0x{}", text(&case["privateKey"]));
        let same = daemon.ok(
            "account_import",
            json!({"account": format!("p{number}"), "privateKey": private}),
        );
        assert_eq!(account["publicKey"], same["publicKey"], "{case}");
    }
    let before = daemon.ok("account_list", json!({}));
    for case in vectors["bad"].as_array().expect("cases") {
        let params =
            json!({"account": "bad", "keystore": case["keystore"], "password": case["password"]});
        let refused = daemon
            .call("account_importKeystore", params)
            .expect_err("a bad one");
        assert_eq!(refused["code"], -32602, "{case}: {refused}");
        let field = text(&refused["data"]["field"]);
        assert!(
            ["keystore", "password"].contains(&field.as_str()),
            "{refused}"
        );
        assert!(text(&refused["data"]["hint"]).len() > 15, "{refused}");
    }
    assert_eq!(daemon.ok("account_list", json!({})), before);
}

#[test]
fn a_keystore_as_other_programs_write_it_opens_however_its_password_is_typed() {
    let exported = Party::new("alice");
    let password = "pa\u{df}w\u{f6}rt \u{fb01}";
    let keystore = exported
        .daemon
        .ok("account_export", json!({"password": password}))["keystore"]
        .take();
    let daemon = Daemon::start();
    let import = |account: &str, keystore: &Value, password: &str| {
        let params = json!({"account": account, "keystore": keystore, "password": password});
        daemon.call("account_importKeystore", params)
    };
    // In NFKC, as exports are: the ligature is two letters; and decomposed, as some keyboards type.
    for (number, typed) in ["pa\u{df}w\u{f6}rt fi", "pa\u{df}wo\u{308}rt \u{fb01}"]
        .iter()
        .enumerate()
    {
        let account = import(&format!("k{number}"), &keystore, typed).expect("opened");
        assert_eq!(account["publicKey"], exported.key.as_str());
    }
    let mut others = keystore;
    let crypto = others["crypto"].take();
    others.as_object_mut().expect("an object").remove("crypto");
    others["Crypto"] = crypto;
    others["address"] = json!("");
    let account = import("others", &others, password).expect("opened");
    assert_eq!(account["publicKey"], exported.key.as_str());
    others["x-ethers"] = json!({"mnemonicCiphertext": "00", "mnemonicCounter": "00"});
    let refused = import("phrase", &others, password).expect_err("a phrase");
    assert_eq!(refused["data"]["field"], "keystore");
    assert!(
        text(&refused["data"]["hint"]).contains("`account_recover`"),
        "{refused}"
    );
}
