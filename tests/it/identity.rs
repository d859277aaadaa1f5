//! Identity pictures, topics, safety numbers and contact codes, checked against recorded vectors.

use std::process::Command;

use crate::support::{Daemon, Party, RATCHETD, list, prefixed, text, vectors};
use serde_json::{Value, json};

fn refused(daemon: &Daemon, method: &str, params: Value) -> String {
    let error = daemon.call(method, params).expect_err("refused");
    assert_eq!(error["code"], -32602, "{error}");
    text(&error["data"]["kind"])
}

#[test]
fn every_recorded_identity_looks_as_recorded_in_each_form_of_its_key() {
    let daemon = Daemon::start();
    for vector in list(&vectors("trust-identity.json")["vectors"]) {
        let key = prefixed(&vector["publicKey"]);
        let seen = daemon.ok("identity_describe", json!({"identity": key}));
        assert_eq!(seen["publicKey"], key);
        assert_eq!(seen["colorHash"], vector["colorHash"]);
        assert_eq!(seen["colorId"], vector["colorId"]);
        let (seen_icon, icon) = (&seen["identicon"], &vector["identicon"]);
        assert_eq!(seen_icon["bitmap"], icon["bitmap"]);
        assert_eq!(seen_icon["rgb"], prefixed(&icon["rgb"]));
        assert_eq!(seen.get("safetyNumber"), None);
        drawn(
            &text(&seen_icon["svg"]),
            &text(&icon["bitmap"]),
            &text(&icon["rgb"]),
        );
        for form in [
            prefixed(&vector["compressed"]),
            text(&seen["compressedKey"]),
        ] {
            assert_eq!(daemon.ok("identity_describe", json!([form])), seen);
        }
    }
    for vector in list(&vectors("trust-account.json")["compressedKeys"]) {
        let params = json!({"identity": prefixed(&vector["publicKey"])});
        let seen = daemon.ok("identity_describe", params);
        assert_eq!(seen["compressedKey"], vector["compressedKey"]);
    }
}

/// The drawing has the cells of the bitmap, of 6 pixels from (10, 10), in that colour.
fn drawn(svg: &str, bitmap: &str, rgb: &str) {
    let document = roxmltree::Document::parse(svg).expect("XML");
    let root = document.root_element();
    assert_eq!(
        root.tag_name().namespace(),
        Some("http://www.w3.org/2000/svg")
    );
    assert_eq!(root.attribute("viewBox"), Some("0 0 50 50"));
    let path = root.first_element_child().expect("a path");
    assert_eq!(path.attribute("fill"), Some(format!("#{rgb}").as_str()));
    let cells = bitmap.chars().enumerate().filter(|(_, cell)| *cell == '1');
    let expected: String = cells
        .map(|(at, _)| format!("M{} {}h6v6h-6z", 10 + at % 5 * 6, 10 + at / 5 * 6))
        .collect();
    assert_eq!(path.attribute("d"), Some(expected.as_str()));
}

#[test]
fn with_an_account_there_is_the_safety_number_that_both_ends_see() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let seen = |by: &Party, account: &str, whom: &Party| {
        let params = json!({"identity": whom.key, "account": account});
        by.daemon.ok("identity_describe", params)["safetyNumber"].take()
    };
    let number = seen(&alice, "alice", &bob);
    assert_eq!(text(&number).len(), 60);
    assert_eq!(number, seen(&bob, "bob", &alice));
    let params = json!({"identity": bob.key});
    let contact = alice.daemon.ok("contact_get", params);
    assert_eq!(number, contact["safetyNumber"]);
    assert_eq!(
        seen(&alice, "alice", &alice),
        Value::Null,
        "there is none with oneself"
    );
    let params = json!({"identity": bob.key, "account": "nobody"});
    let error = alice.daemon.call("identity_describe", params);
    assert_eq!(
        error.expect_err("refused")["data"]["kind"],
        "account_not_found"
    );
}

#[test]
fn invalid_keys_are_refused_before_any_other_value_is_looked_at() {
    let daemon = Daemon::start();
    let mut bad: Vec<Value> = vec![json!(""), json!("z"), json!("0x"), json!("0x04")];
    let account = vectors("trust-account.json");
    // A few of these are good keys to others: of another base, or with more before them.
    bad.extend(
        list(&account["compressedKeysBad"])
            .iter()
            .map(|vector| vector["input"].clone()),
    );
    for identity in bad {
        if identity
            .as_str()
            .is_some_and(|text| text.starts_with("0x0") && text.len() > 60)
        {
            continue;
        }
        for method in [
            "identity_describe",
            "topic_contactCode",
            "topic_partitioned",
            "topic_personal",
        ] {
            let mut tried = vec![json!({"identity": identity})];
            // The others have no such parameter, which is said first.
            if method == "identity_describe" {
                tried.extend(
                    ["nobody", "Not A Name"]
                        .map(|name| json!({"identity": identity, "account": name})),
                );
            }
            for params in tried {
                assert_eq!(
                    refused(&daemon, method, params),
                    "invalid_key",
                    "{identity}"
                );
            }
        }
    }
}

fn as_recorded(topic: &Value, vector: &Value) {
    assert_eq!(topic["name"], vector["string"]);
    assert_eq!(topic["topic"], prefixed(&vector["topic"]));
    assert_eq!(topic["contentTopic"], vector["contentTopic"]);
    let key = vector.get("symKey").map(prefixed);
    assert_eq!(topic.get("symKey").map(text), key);
}

#[test]
fn topics_and_their_keys_are_the_recorded_ones() {
    let daemon = Daemon::start();
    let recorded = vectors("trust-topics.json");
    for vector in list(&recorded["identities"]) {
        let identity = json!([prefixed(&vector["publicKey"])]);
        let code = daemon.ok("topic_contactCode", identity.clone());
        as_recorded(&code, &vector["contactCode"]);
        let partitioned = daemon.ok("topic_partitioned", identity.clone());
        as_recorded(&partitioned, &vector["partitioned"]);
        let personal = daemon.ok("topic_personal", identity);
        as_recorded(&personal, &vector["personalDiscovery"]);
    }
    for vector in list(&recorded["publicChats"]) {
        let topic = daemon.ok("topic_public", json!({"name": vector["string"]}));
        as_recorded(&topic, vector);
    }
}

#[test]
fn a_content_topic_is_read_in_its_strict_form_alone() {
    let daemon = Daemon::start();
    let recorded = vectors("trust-topics.json");
    let mut strict = 0;
    for vector in list(&recorded["contentTopicParse"]) {
        let content_topic = text(&vector["contentTopic"]);
        let digits = content_topic.strip_prefix("/waku/1/0x");
        let digits = digits.and_then(|rest| rest.strip_suffix("/rfc26"));
        let params = json!({"contentTopic": content_topic});
        if digits.is_some_and(|digits| digits.len() == 8) && vector["ok"] == true {
            strict += 1;
            let parsed = daemon.ok("topic_parse", params);
            assert_eq!(parsed, json!({"topic": prefixed(&vector["topic"])}));
        } else {
            assert_eq!(refused(&daemon, "topic_parse", params), "invalid_params");
        }
    }
    assert_eq!(strict, 2);
    let topic = daemon.ok("topic_public", json!(["status"]));
    let parsed = daemon.ok("topic_parse", json!([topic["contentTopic"]]));
    assert_eq!(parsed["topic"], topic["topic"]);
}

#[test]
fn the_contact_code_is_drawn_as_asked() {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "alice"}));
    let code = daemon.ok("bundle_get", json!([]))["contactCode"].take();
    for format in ["svg", "text"] {
        let drawn = daemon.ok("contact_code_qr", json!({"format": format}));
        assert_eq!(drawn["contactCode"], code);
        assert_eq!(drawn["format"], format);
        let is_svg = text(&drawn["qr"]).starts_with("<svg ");
        assert_eq!(is_svg, format == "svg");
    }
    for params in [json!({"format": "png"}), json!({})] {
        assert_eq!(
            refused(&daemon, "contact_code_qr", params),
            "invalid_params"
        );
    }
}

#[test]
fn with_more_devices_than_a_code_holds_the_answer_says_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "[limits]\nmax_devices = 32\n").expect("to write");
    let flags = ["--config", config.to_str().expect("UTF-8")].map(str::to_owned);
    let daemon = Daemon::start_in(directory, flags.to_vec());
    let key = format!("0x{}", "17".repeat(32));
    let import = |name: &str| {
        let params = json!({"account": name, "privateKey": key, "installationId": long_id(name)});
        daemon.ok("account_import", params);
    };
    import("first");
    let drawn = || daemon.call("contact_code_qr", json!(["first", "text"]));
    let mut fitted = 0;
    let error = loop {
        match drawn() {
            Ok(_) => fitted += 1,
            Err(error) => break error,
        }
        assert!(fitted < 32, "32 devices fit no code");
        let name = format!("other-{fitted}");
        import(&name);
        let bundle = daemon.ok("bundle_get", json!([name]))["bundle"].take();
        daemon.ok("bundle_import", json!(["first", bundle]));
        daemon.ok("installation_enable", json!(["first", long_id(&name)]));
    };
    assert!(fitted >= 5, "{fitted}");
    assert_eq!(error["code"], 1202);
    assert_eq!(error["data"]["kind"], "installation_limit");
    let hint = text(&error["data"]["hint"]);
    assert!(hint.contains("disable devices"), "{hint}");
    let code = text(&daemon.ok("bundle_get", json!(["first"]))["contactCode"]);
    assert!(code.len() > 2953, "{}", code.len());
    let last = long_id(&format!("other-{fitted}"));
    daemon.ok("installation_disable", json!(["first", last]));
    assert!(drawn().is_ok(), "what the hint says helps");
}

/// An installation id as long as one may be.
fn long_id(name: &str) -> String {
    format!("{name}{}", "x".repeat(64 - name.len()))
}

/// Runs a command of `ratchetd` against a daemon; its exit code, output and diagnostics.
fn run(daemon: &Daemon, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let output = Command::new(RATCHETD)
        .args(arguments)
        .arg("--socket")
        .arg(daemon.socket())
        .env_remove("RATCHETD_DATA_DIR")
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("a code");
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn the_qr_command_draws_what_the_method_gives_in_a_pipe_too() {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "alice"}));
    let drawn = |format: &str| text(&daemon.ok("contact_code_qr", json!({"format": format}))["qr"]);
    let (code, out, diagnostics) = run(&daemon, &["qr"], &[]);
    assert_eq!((code, out), (0, drawn("text")), "{diagnostics}");
    assert!(diagnostics.contains("columns wide"), "{diagnostics}");
    let (code, out, diagnostics) = run(&daemon, &["qr", "--svg", "--account", "alice"], &[]);
    assert_eq!((code, out), (0, drawn("svg") + "\n"));
    assert_eq!(diagnostics, "");

    // On a terminal the colours are set, so that no theme turns them round.
    let (_, out, _) = run(&daemon, &["qr"], &[("CLICOLOR_FORCE", "1")]);
    let all = out
        .lines()
        .all(|line| line.starts_with("\u{1b}[38;5;231m\u{1b}[48;5;16m"));
    assert!(all, "{out:?}");

    let (code, out, diagnostics) = run(&daemon, &["qr", "--account", "bob"], &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        diagnostics.lines().count(),
        2,
        "what, and what to do: {diagnostics}"
    );
    let nowhere = ["qr", "--socket", "/nowhere/s"];
    let output = Command::new(RATCHETD).args(nowhere).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_verify_command_shows_what_to_compare_and_notes_what_came_of_it() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let contact = || alice.daemon.ok("contact_get", json!({"identity": bob.key}));
    let number = text(&contact()["safetyNumber"]);
    let key = text(&contact()["compressedKey"]);
    let (code, out, diagnostics) = run(&alice.daemon, &["verify", &bob.key], &[]);
    assert_eq!((code, diagnostics.as_str()), (0, ""));
    let digits: String = out.lines().take(5).collect::<String>();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits, number, "{out}");
    let groups = format!("    {} {} ", &number[..5], &number[5..10]);
    assert!(out.contains(&groups), "{out}");
    assert!(out.contains(&key), "{out}");
    let own = text(&alice.daemon.ok("account_get", json!([]))["compressedKey"]);
    assert!(
        out.contains(&format!("ratchetd verify {own}")),
        "what the other one runs: {out}"
    );
    assert!(out.contains("not compared yet"), "{out}");
    assert!(!out.contains('\u{1b}'), "a pipe is no terminal");
    assert_eq!(contact()["verified"], false, "to look is not to note");

    let (_, theirs, _) = run(&bob.daemon, &["verify", &own], &[]);
    assert_eq!(
        theirs.lines().take(4).collect::<Vec<_>>(),
        out.lines().take(4).collect::<Vec<_>>()
    );

    // The picture is in its own colour.
    let seen = alice.daemon.ok("identity_describe", json!([bob.key]));
    let rgb = text(&seen["identicon"]["rgb"]);
    let channel = |at: usize| u8::from_str_radix(&rgb[at..at + 2], 16).expect("hex");
    let colour = format!("\u{1b}[38;2;{};{};{}m", channel(2), channel(4), channel(6));
    let (_, out, _) = run(&alice.daemon, &["verify", &key], &[("CLICOLOR_FORCE", "1")]);
    assert!(out.contains(&colour), "{out:?}");

    for (flag, verified) in [("--same", true), ("--differs", false)] {
        let (code, out, _) = run(&alice.daemon, &["verify", flag, &key], &[]);
        assert_eq!((code, contact()["verified"].take()), (0, json!(verified)));
        assert_eq!(out.contains("compared, and the same"), verified);
    }
    let (code, _, diagnostics) = run(&alice.daemon, &["verify", &own], &[]);
    assert_eq!(code, 1, "there is nothing to compare with oneself");
    assert_eq!(diagnostics.lines().count(), 2, "{diagnostics}");
    for arguments in [
        &["verify", "zQ3sh"][..],
        &["verify"],
        &["verify", "--same", "--differs", &key],
    ] {
        let (code, _, _) = run(&alice.daemon, arguments, &[]);
        assert_eq!(code, 2, "{arguments:?}");
    }
}
