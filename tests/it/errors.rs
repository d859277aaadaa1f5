//! Wrong input: each error has its code, its kind, the parameter that it is about, and a hint.

use crate::support::{self, Daemon, Party, bytes, hex, text};
use serde_json::{Value, json};

/// Checks an error's shape; its kind and field.
fn shape(error: &Value) -> (String, Option<String>) {
    let data = &error["data"];
    assert!(
        error["code"].is_i64() && error["message"].is_string(),
        "{error}"
    );
    let hint = text(&data["hint"]);
    assert!(hint.len() > 10, "{error}");
    (
        text(&data["kind"]),
        data["field"].as_str().map(str::to_owned),
    )
}

#[test]
fn every_wrong_parameter_is_named_with_its_kind() {
    let alice = Party::new("alice");
    let key = alice.key.as_str();
    let big = hex(&vec![0; 1024 * 1024 + 1]);
    let long_id = "x".repeat(129);
    let cases: Vec<(&str, Value, i64, &str, Option<&str>)> = vec![
        (
            "account_create",
            json!({}),
            -32602,
            "invalid_params",
            Some("account"),
        ),
        (
            "account_create",
            json!({"account": "Ä"}),
            -32602,
            "invalid_params",
            Some("account"),
        ),
        (
            "account_create",
            json!({"account": "b", "words": 13}),
            -32602,
            "invalid_params",
            Some("words"),
        ),
        (
            "account_create",
            json!({"account": "b", "installationId": "none"}),
            -32602,
            "invalid_params",
            Some("installationId"),
        ),
        (
            "account_create",
            json!({"account": "alice"}),
            1102,
            "account_exists",
            Some("account"),
        ),
        (
            "account_get",
            json!({"account": "nobody"}),
            1101,
            "account_not_found",
            Some("account"),
        ),
        (
            "account_get",
            json!({"acount": "alice"}),
            -32602,
            "invalid_params",
            Some("acount"),
        ),
        (
            "account_get",
            json!(["alice", "more"]),
            -32602,
            "invalid_params",
            None,
        ),
        (
            "account_get",
            json!({"account": 7}),
            -32602,
            "invalid_params",
            Some("account"),
        ),
        (
            "account_recover",
            json!({"account": "b", "mnemonic": "one two three"}),
            -32602,
            "invalid_mnemonic",
            Some("mnemonic"),
        ),
        (
            "account_recover",
            json!({"account": "b", "mnemonic": "abandon ".repeat(12)}),
            -32602,
            "invalid_mnemonic",
            Some("mnemonic"),
        ),
        (
            "account_import",
            json!({"account": "b", "privateKey": "0x00"}),
            -32602,
            "invalid_key",
            Some("privateKey"),
        ),
        (
            "account_import",
            json!({"account": "b", "privateKey": hex(&[0; 32])}),
            -32602,
            "invalid_key",
            Some("privateKey"),
        ),
        (
            "account_remove",
            json!({"account": "alice", "publicKey": hex(&[5; 33])}),
            -32602,
            "invalid_key",
            Some("publicKey"),
        ),
        (
            "bundle_import",
            json!({"bundle": "0xff"}),
            -32602,
            "invalid_bundle",
            Some("bundle"),
        ),
        (
            "bundle_import",
            json!({"bundle": "!"}),
            -32602,
            "invalid_bundle",
            Some("bundle"),
        ),
        (
            "bundle_inspect",
            json!({"bundle": "0x0aff"}),
            -32602,
            "invalid_bundle",
            Some("bundle"),
        ),
        (
            "message_encrypt",
            json!({"recipient": "0x04", "text": "x"}),
            -32602,
            "invalid_key",
            Some("recipient"),
        ),
        (
            "message_encrypt",
            json!({"recipient": "zQ3sh", "text": "x"}),
            -32602,
            "invalid_key",
            Some("recipient"),
        ),
        (
            "message_encrypt",
            json!({"text": "x"}),
            -32602,
            "invalid_params",
            Some("recipient"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key}),
            -32602,
            "invalid_params",
            Some("payload"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "text": "x", "payload": "0x"}),
            -32602,
            "invalid_params",
            Some("text"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "payload": "0x0"}),
            -32602,
            "invalid_params",
            Some("payload"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "payload": "beef"}),
            -32602,
            "invalid_params",
            Some("payload"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "payload": big}),
            -32602,
            "payload_too_large",
            Some("payload"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "text": "x", "requestId": ""}),
            -32602,
            "invalid_params",
            Some("requestId"),
        ),
        (
            "message_encrypt",
            json!({"recipient": key, "text": "x", "requestId": long_id}),
            -32602,
            "invalid_params",
            Some("requestId"),
        ),
        (
            "message_decrypt",
            json!({"sender": key, "message": "0xff"}),
            -32602,
            "invalid_message",
            Some("message"),
        ),
        (
            "message_decrypt",
            json!({"sender": key, "message": "0x", "confirm": "yes"}),
            -32602,
            "invalid_params",
            Some("confirm"),
        ),
        (
            "message_inspect",
            json!({"message": "0x0a05"}),
            -32602,
            "invalid_message",
            Some("message"),
        ),
        (
            "message_explain",
            json!({"sender": key, "message": "0x0a05"}),
            -32602,
            "invalid_message",
            Some("message"),
        ),
        (
            "message_confirm",
            json!({"messageIds": ["0x00"]}),
            -32602,
            "invalid_params",
            Some("messageIds[0]"),
        ),
        (
            "dev_advanceTime",
            json!({"ms": -1}),
            -32602,
            "invalid_params",
            Some("ms"),
        ),
        ("nothing_here", json!({}), -32601, "method_not_found", None),
    ];
    for (method, params, code, kind, field) in cases {
        let shown: String = params.to_string().chars().take(90).collect();
        let error = alice
            .daemon
            .call(method, params)
            .expect_err(&format!("{method} {shown}"));
        let (got, about) = shape(&error);
        assert_eq!(
            (error["code"].as_i64(), got.as_str()),
            (Some(code), kind),
            "{method} {shown}: {error}"
        );
        assert_eq!(about.as_deref(), field, "{method} {shown}: {error}");
    }
    // Nothing of it did anything.
    let accounts = alice.daemon.ok("account_list", json!({}));
    assert_eq!(accounts.as_array().map(Vec::len), Some(1));
}

/// Parameters as they stand in a request's text, since a JSON value could not hold them.
#[test]
fn what_json_allows_and_no_value_can_hold_is_blamed_on_its_parameter() {
    let alice = Party::new("alice");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let many = format!("[{}0]", "0,".repeat(1_000_000));
    let key = alice.key.as_str();
    let cases = [
        (
            "message_encrypt",
            format!(r#"{{"recipient":"{key}","text":"hi \ud83d"}}"#),
            "text",
            "half of a surrogate pair",
        ),
        (
            "message_encrypt",
            format!(r#"{{"recipient":"{key}","text":"\ude00\ud83d"}}"#),
            "text",
            "half of a surrogate pair",
        ),
        (
            "message_encrypt",
            format!(r#"["alice","{key}",null,"\udc00"]"#),
            "text",
            "half of a surrogate pair",
        ),
        (
            "message_encrypt",
            format!(r#"{{"recipient":"{key}","text":1e400}}"#),
            "text",
            "too large",
        ),
        (
            "message_encrypt",
            format!(r#"{{"recipient":"{key}","text":"x","te\u0078t":"y"}}"#),
            "text",
            "given twice",
        ),
        (
            "message_encrypt",
            format!(r#"{{"recipient":"{key}","te\ud800xt":"x"}}"#),
            r#""te\ud800xt""#,
            "half of a surrogate pair",
        ),
        (
            "message_encrypt",
            r#"{"recpient":"0x04","text":"x"}"#.to_owned(),
            "recpient",
            "no such parameter",
        ),
        (
            "message_confirm",
            format!(r#"{{"messageIds":{deep}}}"#),
            "messageIds[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]",
            "levels deep",
        ),
        (
            "message_confirm",
            format!(r#"{{"messageIds":{many}}}"#),
            "messageIds[16383]",
            "more than 16384 values",
        ),
        (
            "message_confirm",
            r#"{"messageIds":[1E999]}"#.to_owned(),
            "messageIds[0]",
            "too large",
        ),
        (
            "clock_observe",
            r#"{"chat":"c","clock":1e400,"envelopeAt":1}"#.to_owned(),
            "clock",
            "too large",
        ),
        (
            "clock_observe",
            r#"{"chat":"c","clock":1.5,"envelopeAt":1}"#.to_owned(),
            "clock",
            "found 1.5",
        ),
        (
            "clock_observe",
            r#"{"chat":"c","clock":9007199254740992,"envelopeAt":1}"#.to_owned(),
            "clock",
            "found 9007199254740992",
        ),
        (
            "clock_observe",
            r#"{"chat":"c","clock":99999999999999999999,"envelopeAt":1}"#.to_owned(),
            "clock",
            "found 1e+20",
        ),
        (
            "clock_observe",
            r#"{"chat":"c","clock":"7","envelopeAt":1}"#.to_owned(),
            "clock",
            "found a string",
        ),
        (
            "event_list",
            r#"{"limit":0}"#.to_owned(),
            "limit",
            "found 0",
        ),
        (
            "installation_setMetadata",
            r#"{"installationId":"x","metadata":{"name":"a","name":"b"}}"#.to_owned(),
            "metadata.name",
            "given twice",
        ),
        (
            "installation_setMetadata",
            r#"{"installationId":"x","metadata":{"name":"\ud800"}}"#.to_owned(),
            "metadata.name",
            "half of a surrogate pair",
        ),
        (
            "installation_setMetadata",
            r#"{"installationId":"x","metadata":{"nmae":"x"}}"#.to_owned(),
            "metadata.nmae",
            "no such member",
        ),
        (
            "bundle_inspect",
            r#"{"bundle":"CiEDcxV*"}"#.to_owned(),
            "bundle",
            "none of base64 as character 8",
        ),
        (
            "message_inspect",
            r#"{"message":"0x12g4"}"#.to_owned(),
            "message",
            "no hex digit as character 5",
        ),
        (
            "account_get",
            "\"swordfish\"".to_owned(),
            "params",
            "found a string",
        ),
        ("account_get", "1e400".to_owned(), "params", "too large"),
    ];
    for (method, params, field, message) in cases {
        let shown: String = params.chars().take(90).collect();
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let answer: Value = serde_json::from_slice(&alice.daemon.post(&body).body).expect("JSON");
        assert_eq!(answer["id"], 1, "{shown}");
        let error = &answer["error"];
        let (_, about) = shape(error);
        assert_eq!(error["code"], -32602, "{method} {shown}: {error}");
        assert_eq!(about.as_deref(), Some(field), "{method} {shown}: {error}");
        assert!(
            text(&error["message"]).contains(message),
            "{method} {shown}: {error}"
        );
        assert!(!error.to_string().contains("swordfish") && error.to_string().len() < 1000);
    }
    // Escapes are legal wherever JSON has them.
    let body = format!(
        r#"{{"json\u0072pc":"2\u002e0","\u0069d":"\u0041","m\u0065thod":"message\u005fencrypt","p\u0061rams":{{"recipient":"{key}","te\u0078t":"\ud83d\ude00"}}}}"#
    );
    let answer: Value = serde_json::from_slice(&alice.daemon.post(&body).body).expect("JSON");
    assert_eq!(answer["id"], "A", "{answer}");
    assert!(answer["result"]["envelopes"].is_array(), "{answer}");
}

#[test]
fn a_misspelt_method_or_parameter_is_answered_with_the_one_that_was_meant() {
    let daemon = Daemon::start();
    for (method, params, meant) in [
        (
            "message_encrpyt",
            json!({}),
            "did you mean message_encrypt?",
        ),
        ("accountCreate", json!({}), "did you mean account_create?"),
        (
            "account_create",
            json!({"acount": "a"}),
            "did you mean account?",
        ),
        (
            "installation_setMetadata",
            json!({"installationId": "x", "metadata": {"devicetype": "phone"}}),
            "did you mean deviceType?",
        ),
    ] {
        let error = daemon.call(method, params).expect_err(method);
        assert!(text(&error["data"]["hint"]).starts_with(meant), "{error}");
    }
    // What is near nothing has no suggestion, and nothing long is sent back.
    let long = "message_encrypt".repeat(10_000);
    for (method, params) in [
        (long.as_str(), json!({})),
        ("account_create", json!({long.as_str(): "a"})),
        ("eth_blockNumber", json!({})),
    ] {
        let error = daemon
            .call(method, params)
            .expect_err("unknown")
            .to_string();
        assert!(
            !error.contains("did you mean") && error.len() < 500,
            "{error}"
        );
    }
}

#[test]
fn an_account_may_be_left_out_only_when_there_is_exactly_one() {
    let daemon = Daemon::start();
    let none = daemon
        .call("account_get", json!({}))
        .expect_err("no account");
    assert_eq!(shape(&none).0, "account_not_found");
    daemon.ok("account_create", json!({"account": "a"}));
    assert_eq!(daemon.ok("account_get", json!({}))["account"], "a");
    daemon.ok("account_create", json!({"account": "b"}));
    let several = daemon
        .call("account_get", json!({}))
        .expect_err("two accounts");
    assert_eq!(
        (several["code"].as_i64(), shape(&several).0.as_str()),
        (Some(1103), "account_ambiguous")
    );
}

#[test]
fn a_phrase_recovers_the_identity_on_a_new_device_and_a_removed_account_leaves_nothing() {
    let daemon = Daemon::start();
    let made = daemon.ok("account_create", json!({"account": "a", "words": 24}));
    assert_eq!(text(&made["mnemonic"]).split(' ').count(), 24);
    let again = daemon.ok(
        "account_recover",
        json!({"account": "b", "mnemonic": format!("  {}\n", text(&made["mnemonic"]).to_uppercase())}),
    );
    assert_eq!(again["publicKey"], made["publicKey"]);
    assert_ne!(again["installationId"], made["installationId"]);
    assert_eq!(again.get("mnemonic"), None);
    let other = daemon.ok("account_create", json!({"account": "c"}));
    let wrong = json!({"account": "a", "publicKey": other["publicKey"]});
    let error = daemon
        .call("account_remove", wrong)
        .expect_err("another key");
    assert_eq!(
        shape(&error),
        ("invalid_params".to_owned(), Some("publicKey".to_owned()))
    );
    let right = json!({"account": "a", "publicKey": made["compressedKey"]});
    assert_eq!(daemon.ok("account_remove", right), json!({"removed": true}));
    let left: Vec<String> = std::fs::read_dir(daemon.data_dir().join("accounts"))
        .expect("the directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.contains("a.db"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// The phrase that everybody tests with, at the path that the daemon says it uses.
#[test]
fn a_known_phrase_gives_the_known_key() {
    let vectors: Value =
        serde_json::from_str(include_str!("../vectors/trust-account.json")).expect("JSON");
    let daemon = Daemon::start();
    let known = vectors["mnemonics"].as_array().expect("phrases").iter();
    let english = known.filter(|known| known["language"] == "English");
    let mut recovered = 0;
    for (number, known) in english.enumerate().take(4) {
        let mut params = json!({"account": format!("a{number}"), "mnemonic": known["mnemonic"]});
        if known["passphrase"] != "" {
            params["mnemonicPassphrase"] = known["passphrase"].clone();
        }
        let made = daemon.ok("account_recover", params);
        assert_eq!(
            made["publicKey"],
            format!("0x{}", text(&known["publicKey"]))
        );
        assert_eq!(made["compressedKey"], known["compressedKey"]);
        recovered += 1;
    }
    assert!(recovered > 0);
}

#[test]
fn limits_and_forms_are_told_in_words_that_help() {
    let alice = Party::new("alice");
    for (method, params, field, message, hint) in [
        (
            "dev_advanceTime",
            json!({"ms": 400_u64 * 24 * 60 * 60 * 1000}),
            "ms",
            "a year",
            "31622400000 ms",
        ),
        (
            "account_importKeystore",
            json!({"account": "b", "keystore": "{}", "password": "x"}),
            "keystore",
            "not of the form of a keystore",
            "as it was exported",
        ),
        (
            "bundle_import",
            json!({"bundle": "abc"}),
            "bundle",
            "of another form",
            "contact code again",
        ),
        (
            "message_encrypt",
            json!({"recipient": &alice.key[2..], "text": "x"}),
            "recipient",
            "hex digits without 0x",
            "put 0x before",
        ),
        (
            "contact_get",
            json!({"identity": format!("https://status.app/u#{}", alice.key)}),
            "identity",
            "it is a link",
            "after the #",
        ),
        (
            "account_import",
            json!({"account": "b", "privateKey": "0x0102"}),
            "privateKey",
            "it has 2 bytes",
            "64 hex digits",
        ),
        (
            "bundle_import",
            json!({"bundle": "zQ3shYR6NLbqvXTD9Cggn6W4YqGsru2TTE5jYZXrZudHbRriq"}),
            "bundle",
            "a public key alone",
            "contact code",
        ),
        (
            "account_recover",
            json!({"account": "b", "mnemonic": "word ".repeat(11)}),
            "mnemonic",
            "this has 11",
            "as written down",
        ),
        (
            "account_recover",
            json!({"account": "b", "mnemonic": format!("0x{}", "01".repeat(32))}),
            "mnemonic",
            "this has 1",
            "`account_import`",
        ),
        (
            "installation_setMetadata",
            json!({"installationId": alice.installation, "metadata": {"nme": "x"}}),
            "metadata.nme",
            "no such member",
            "name, deviceType, pushToken",
        ),
    ] {
        let error = alice.daemon.call(method, params).expect_err(method);
        assert_eq!(shape(&error).1.as_deref(), Some(field), "{error}");
        assert!(text(&error["message"]).contains(message), "{error}");
        assert!(text(&error["data"]["hint"]).contains(hint), "{error}");
    }
}

#[test]
fn keys_and_codes_are_read_as_they_are_pasted() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    // A byte order mark, marks of direction, a soft hyphen, a zero-width space, white space of
    // several kinds.
    let pasted = |text: &str| {
        let (first, second) = text.split_at(text.len() / 3);
        json!(format!(
            "\u{feff}\u{202a} {first}\u{ad}\r\n\u{a0}{second}\u{200b}\u{202c}\t"
        ))
    };
    let bobs = bob.daemon.ok("account_get", json!({}));
    let code = text(&bob.daemon.ok("bundle_get", json!({}))["contactCode"]);
    let imported = alice
        .daemon
        .ok("bundle_import", json!({"bundle": pasted(&code)}));
    assert_eq!(imported["identity"], bobs["publicKey"]);
    for form in [&bobs["publicKey"], &bobs["compressedKey"]] {
        let params = json!({"identity": pasted(&text(form))});
        let contact = alice.daemon.ok("contact_get", params);
        assert_eq!(contact["identity"], bobs["publicKey"]);
    }
    let created = alice
        .daemon
        .ok("account_create", json!({"account": "carol"}));
    let phrase = text(&created["mnemonic"]).replace(' ', "\u{200b}\u{a0}\u{3000}");
    let recovered = bob.daemon.ok(
        "account_recover",
        json!({"account": "carol", "mnemonic": format!("\u{feff}{phrase}\u{200e}")}),
    );
    assert_eq!(recovered["publicKey"], created["publicKey"]);
    let private = format!("0x{}", "5a".repeat(32));
    let [plain, same] = [json!(private), pasted(&private)].map(|key| {
        let params = json!({"account": format!("k{}", key.to_string().len()), "privateKey": key});
        alice.daemon.ok("account_import", params)["publicKey"].take()
    });
    assert_eq!(plain, same);
}

#[test]
fn no_account_is_made_whose_bundles_nobody_would_read() {
    let daemon = Daemon::start();
    let phrase = "abandon ".repeat(11) + "about";
    let keystore: Value =
        serde_json::from_str::<Value>(include_str!("../vectors/trust-keystore.json"))
            .expect("JSON")["good"][0]
            .take();
    for (method, params) in [
        ("account_create", json!({})),
        ("account_recover", json!({"mnemonic": phrase})),
        (
            "account_import",
            json!({"privateKey": format!("0x{}", "5a".repeat(32))}),
        ),
        (
            "account_importKeystore",
            json!({"keystore": keystore["keystore"], "password": keystore["password"]}),
        ),
    ] {
        let mut params = params;
        params["account"] = json!("a");
        params["installationId"] = json!("2024x1-phone");
        let error = daemon.call(method, params).expect_err(method);
        assert_eq!(
            shape(&error).1.as_deref(),
            Some("installationId"),
            "{error}"
        );
        assert!(
            text(&error["message"]).contains("nobody else would read"),
            "{error}"
        );
    }
    assert_eq!(daemon.ok("account_list", json!({})), json!([]));
}

#[test]
fn invalid_requests_and_batches_are_answered_as_json_rpc_says() {
    let daemon = Daemon::start();
    let answer =
        |body: &str| -> Value { serde_json::from_slice(&daemon.post(body).body).expect("JSON") };
    for (body, code, kind) in [
        ("{", -32700, "parse_error"),
        ("[1", -32700, "parse_error"),
        ("{\"id\":1}", -32600, "invalid_request"),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
            -32600,
            "invalid_request",
        ),
    ] {
        let error = answer(body)["error"].clone();
        assert_eq!(error["code"], code, "{body}: {error}");
        assert_eq!(shape(&error).0, kind, "{body}");
    }
    let call = |id: Value, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method});
    let batch = json!([
        call(json!("b"), "system_version"),
        call(json!(2), "nope"),
        7,
        call(json!(1), "account_list"),
    ]);
    let answers = answer(&batch.to_string());
    let ids: Vec<&Value> = answers
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, [&json!("b"), &json!(2), &Value::Null, &json!(1)]);
    assert_eq!(shape(&answers[1]["error"]).0, "method_not_found");
    assert_eq!(shape(&answers[2]["error"]).0, "invalid_request");

    let of = |count: usize| Value::Array(vec![call(json!(1), "system_version"); count]).to_string();
    assert_eq!(answer(&of(100)).as_array().map(Vec::len), Some(100));
    assert_eq!(shape(&answer(&of(101))["error"]).0, "invalid_request");

    let notification = "{\"jsonrpc\":\"2.0\",\"method\":\"system_version\"}";
    let nothing = daemon.post(notification);
    assert_eq!((nothing.status, nothing.body.len()), (204, 0));
}

#[test]
fn an_id_comes_back_as_it_was_sent_and_one_that_is_none_is_an_error_and_never_silence() {
    let daemon = Daemon::start();
    let body = |body: &str| -> Value {
        serde_json::from_slice(&daemon.post(body).body).expect("an answer")
    };
    let call = |id: &Value, method: &str| {
        json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string()
    };
    let ids = [
        json!(0),
        json!(u64::MAX),
        json!(""),
        json!("A\"\\\u{1}é"),
        Value::Null,
    ];
    for id in &ids {
        let answer = body(&call(id, "dev_now"));
        assert_eq!((&answer["id"], answer.get("error")), (id, None), "{answer}");
        let failed = body(&call(id, "nope"));
        assert_eq!(
            (&failed["id"], failed.get("result")),
            (id, None),
            "{failed}"
        );
    }
    // In a batch none is dropped.
    let batch = ids.each_ref().map(|id| call(id, "dev_now")).join(",");
    let answers = body(&format!("[{batch}]"));
    for (id, answer) in ids.iter().zip(answers.as_array().expect("answers")) {
        assert_eq!(&answer["id"], id);
    }
    let wrong = [
        "-1",
        "-3",
        "1.5",
        "-0.0",
        "1e20",
        "1E+400",
        "18446744073709551616",
        "{\"a\":1}",
        "[1]",
        "true",
    ];
    let refused = |answer: &Value| {
        assert_eq!(shape(&answer["error"]).1.as_deref(), Some("id"), "{answer}");
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert_eq!(answer["id"], Value::Null);
    };
    let with = |id: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"account_create\",\"params\":[\"a\"]}}"
        )
    };
    for id in wrong {
        refused(&body(&with(id)));
        refused(&body(&format!("[{}]", with(id)))[0]);
    }
    assert_eq!(
        daemon.ok("account_list", json!({})),
        json!([]),
        "none was run"
    );
    daemon.ok("account_create", json!({"account": "a"}));
    let mut socket = support::WebSocket::open(&daemon.socket());
    for id in [json!(7), json!("x"), Value::Null] {
        for method in ["account_list", "event_subscribe"] {
            let request = json!({"jsonrpc": "2.0", "id": id, "method": method});
            let answer = socket.ask(&request);
            assert_eq!(answer["id"], id, "{answer}");
            assert!(answer.get("result").is_some(), "{answer}");
        }
    }
    for id in [json!(-3), json!(1.5), json!({})] {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": "event_subscribe"});
        refused(&socket.ask(&request));
    }
}

#[test]
fn a_misspelt_member_of_the_request_is_named() {
    let daemon = Daemon::start();
    for (member, id) in [("param", json!(1)), ("ID", Value::Null)] {
        let mut request = json!({"jsonrpc": "2.0", "method": "account_create"});
        request["id"] = id.clone();
        if id.is_null() {
            request.as_object_mut().expect("an object").remove("id");
        }
        request[member] = json!({"account": "a"});
        let answer: Value =
            serde_json::from_slice(&daemon.post(&request.to_string()).body).expect("JSON");
        let over_websocket = support::WebSocket::open(&daemon.socket()).ask(&request);
        for answer in [answer, over_websocket] {
            assert_eq!(answer["id"], id);
            assert_eq!(
                shape(&answer["error"]),
                ("invalid_request".to_owned(), Some(member.to_owned()))
            );
        }
    }
    assert_eq!(daemon.ok("account_list", json!({})), json!([]));
}

#[test]
fn bundles_and_messages_are_taken_apart_without_keys() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let bundle = bob.daemon.ok("bundle_get", json!({}));
    for form in ["bundle", "contactCode"] {
        let inspected = alice
            .daemon
            .ok("bundle_inspect", json!({"bundle": bundle[form]}));
        assert_eq!(inspected["valid"], true);
        assert_eq!(inspected["identity"], bob.key.as_str());
        assert_eq!(
            inspected["entries"][0]["installationId"],
            bob.installation.as_str()
        );
        assert_eq!(inspected["entries"][0]["ratchetValid"], true);
    }
    let mut broken = bytes(&text(&bundle["bundle"]));
    *broken.last_mut().expect("bytes") ^= 1;
    let inspected = alice
        .daemon
        .ok("bundle_inspect", json!({"bundle": hex(&broken)}));
    assert_eq!(inspected["valid"], false);
    assert!(text(&inspected["reason"]).contains("signed"), "{inspected}");
    let refused = alice
        .daemon
        .call("bundle_import", json!({"bundle": hex(&broken)}))
        .expect_err("broken");
    assert_eq!(shape(&refused).0, "invalid_bundle");

    let imported = alice
        .daemon
        .ok("bundle_import", json!({"bundle": bundle["contactCode"]}));
    assert_eq!(
        imported["installations"],
        json!([{"installationId": bob.installation, "version": 1, "isNew": true, "isNewer": false,
            "kem": "missing"}])
    );
    let sent = alice.encrypt(&bob, "hello");
    let inspected = bob.daemon.ok(
        "message_inspect",
        json!({"message": sent["envelopes"][0]["message"]}),
    );
    let target = &inspected["targets"][0];
    assert_eq!(inspected["installationId"], alice.installation.as_str());
    assert_eq!(inspected["bundles"][0]["identity"], alice.key.as_str());
    assert_eq!(
        (&target["mode"], &target["installationId"]),
        (&json!("x3dh"), &json!(bob.installation))
    );
    assert_eq!(
        (&target["drHeader"]["n"], &target["drHeader"]["pn"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(target["payloadBytes"], 48 + 5);
    assert_eq!(
        (&target["dhHeader"], &inspected["publicBytes"]),
        (&Value::Null, &json!(0))
    );
}

#[test]
fn a_suite_that_is_forbidden_in_the_configuration_is_refused_by_name() {
    let scratch = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(scratch.path().join("data")).expect("data");
    std::fs::write(
        scratch.path().join("data/ratchetd.toml"),
        "[ratchet]\nsuites = [\"x25519\"]\n",
    )
    .expect("to write");
    let strict = Party::with(
        Daemon::start_in(scratch, vec!["--dev".to_owned()]),
        "strict",
        json!({}),
    );
    let plain = Party::with(Daemon::start(), "plain", json!({"installationId": "plain"}));
    plain.daemon.ok(
        "dev_importPrekey",
        json!({"signedPreKeyPrivate": hex(&[7; 32]), "version": 1, "current": true}),
    );
    let bundle = plain.daemon.ok("bundle_get", json!({}));
    strict
        .daemon
        .ok("bundle_import", json!({"bundle": bundle["bundle"]}));
    let error = strict
        .daemon
        .call(
            "message_encrypt",
            json!({"recipient": plain.key, "text": "x"}),
        )
        .expect_err("forbidden");
    assert_eq!(
        (error["code"].as_i64(), shape(&error).0.as_str()),
        (Some(1501), "suite_forbidden")
    );
}
