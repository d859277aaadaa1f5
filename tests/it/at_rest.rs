//! What a daemon leaves on the disk after it has handled every kind of call, with the log filter at
//! `trace`: no file and no file name holds a secret, a plaintext or an identity.

mod search;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use crate::support::{
    RATCHETD, UPGRADE, bytes, connect, exchange, head, hex, request, serve, spoilt, terminate, text,
};
use search::{Needles, files};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How a daemon is run.
struct Mode {
    suite: &'static str,
    log: &'static str,
    passphrase: Option<&'static str>,
}

/// A daemon whose output is all kept in files, and the secrets it was given.
struct ObservedDaemon {
    scratch: TempDir,
    mode: Mode,
    process: Option<Child>,
    address: String,
    token: String,
    /// The key of the stores, as hex, if it is in a file.
    store_key: Option<String>,
    needles: Needles,
}

/// Secret bytes that are known beforehand and occur nowhere else.
fn secret(number: u8) -> [u8; 32] {
    std::array::from_fn(|at| {
        let at = u8::try_from(at).expect("below 32");
        (number.wrapping_mul(37) ^ at.wrapping_mul(101)).wrapping_add(at) | 1
    })
}

impl ObservedDaemon {
    fn new(mode: Mode) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        fs::create_dir(scratch.path().join("given")).expect("to make it");
        let mut needles = Needles::default();
        if let Some(passphrase) = mode.passphrase {
            fs::write(scratch.path().join("given/passphrase"), passphrase).expect("to write");
            needles.add_text("the passphrase", passphrase);
        }
        let mut observed = Self {
            scratch,
            mode,
            process: None,
            address: String::new(),
            token: String::new(),
            store_key: None,
            needles,
        };
        observed.start();
        observed.store_key = fs::read_to_string(observed.data().join("store.key"))
            .ok()
            .map(|key| key.trim().to_owned());
        assert_eq!(
            observed.store_key.is_some(),
            observed.mode.passphrase.is_none()
        );
        observed.token = fs::read_to_string(observed.data().join("rpc.token"))
            .expect("the token")
            .trim()
            .to_owned();
        observed
    }

    fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    fn arguments(&self) -> Vec<String> {
        let given = |file: &str| {
            self.scratch
                .path()
                .join("given")
                .join(file)
                .display()
                .to_string()
        };
        let mut arguments = vec![
            "--http=127.0.0.1:0".to_owned(),
            "--dev".to_owned(),
            "--log-filter=trace".to_owned(),
            format!("--log={}", self.mode.log),
        ];
        if self.mode.passphrase.is_some() {
            arguments.push(format!("--passphrase-file={}", given("passphrase")));
        }
        arguments
    }

    /// Starts the daemon; its output is appended to the files `stdout` and `stderr`.
    fn start(&mut self) {
        let output = |name: &str| {
            let path = self.scratch.path().join(name);
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .expect("a file")
        };
        let mut process = serve(self.scratch.path(), &self.arguments())
            .stderr(output("stderr"))
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut copy = output("stdout");
        for _ in 0..2 {
            let line = said.next().expect("a line").expect("text");
            writeln!(copy, "{line}").expect("to write");
            if let Some(address) = line.strip_prefix("listening on http://") {
                self.address = address.to_owned();
            }
        }
        self.process = Some(process);
    }

    /// Kills it.
    fn cut(&mut self) {
        let mut process = self.process.take().expect("a process");
        process.kill().expect("kill");
        process.wait().expect("wait");
    }

    fn stop(&mut self) {
        let mut process = self.process.take().expect("a process");
        terminate(&process);
        assert!(process.wait().expect("wait").success());
    }

    /// Posts a body over TCP, with more header lines.
    fn post(&self, headers: &str, body: &str) -> Value {
        let headers = format!("authorization: Bearer {}\r\n{headers}", self.token);
        let answer = exchange(
            TcpStream::connect(&self.address).expect("to connect"),
            &request(&headers, body),
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// A call, however it ends.
    fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.post("", &request.to_string())
    }

    fn ok(&self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    fn fails(&self, method: &str, params: Value) {
        let answer = self.call(method, params);
        assert!(answer["error"].is_object(), "{method}: {answer}");
    }

    /// Looks for the keys and ids of an account from now on.
    fn know(&mut self, account: &Value) {
        let name = text(&account["account"]);
        self.needles
            .add_public_key(&name, &text(&account["publicKey"]));
        self.needles.add_text(
            &format!("{name}, compact"),
            &text(&account["compressedKey"]),
        );
        self.needles.add_text(
            &format!("{name}'s device"),
            &text(&account["installationId"]),
        );
    }

    /// Sends a text from one account to another, and gives its envelopes.
    fn send(&mut self, from: &str, to: &Value, message: &str) -> Vec<String> {
        self.needles.add_text("a text", message);
        let sent = self.ok("message_encrypt", json!({"account": from, "recipient": to["publicKey"], "text": message, "requestId": format!("request of {message}")}));
        let envelopes = sent["envelopes"].as_array().expect("envelopes");
        let messages = envelopes.iter().map(|envelope| text(&envelope["message"]));
        let messages: Vec<String> = messages.collect();
        for message in &messages {
            let bytes = bytes(message);
            let end = &bytes[bytes.len() - 64..];
            self.needles.add_bytes("a ciphertext", end);
        }
        messages
    }

    /// Reads a message; its message id.
    fn read(&self, account: &str, from: &Value, message: &str, confirm: bool) -> Value {
        let mut read = self.ok(
            "message_decrypt",
            json!({"account": account, "sender": from["publicKey"], "message": message, "confirm": confirm}),
        );
        assert_eq!(read["outcome"], "decrypted", "{read}");
        read["messageId"].take()
    }

    /// Checks that no file and no file name holds anything that is looked for.
    fn assert_clean(&self, when: &str) {
        let mut seen = 0;
        for path in files(self.scratch.path()) {
            let below = path.strip_prefix(self.scratch.path()).expect("below");
            if below.starts_with("given") {
                continue;
            }
            let name = below.display().to_string();
            let found = self.needles.found_in(name.as_bytes());
            assert!(found.is_empty(), "{when}: the name {name}: {found:?}");
            if path.is_dir() {
                continue;
            }
            let content = match fs::read(&path) {
                // A daemon at rest has renamed or removed it since it was listed.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return self.assert_clean(when);
                }
                content => content.expect("to read"),
            };
            let found = self.needles.found_in(&content);
            assert!(found.is_empty(), "{when}: {name}: {found:?}");
            let has_token = find(&content, self.token.as_bytes());
            assert_eq!(
                has_token,
                below == Path::new("data/rpc.token"),
                "{when}: {name}"
            );
            if let Some(key) = &self.store_key {
                let raw = find(&content, &bytes(&format!("0x{key}")));
                let hex = find(&content, key.as_bytes());
                let upper = find(&content, key.to_uppercase().as_bytes());
                assert!(!raw && !upper, "{when}: {name}");
                assert_eq!(hex, below == Path::new("data/store.key"), "{when}: {name}");
            }
            seen += 1;
        }
        assert!(seen > 8, "{when}: {seen} files");
    }
}

impl Drop for ObservedDaemon {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// Three accounts of two identities, their keys known beforehand or told.
fn accounts(observed: &mut ObservedDaemon) -> (Value, Value, Value) {
    let own = secret(1);
    observed.needles.add_bytes("alice's key", &own);
    let alice = observed.ok("account_import", json!({"account": "alice", "privateKey": hex(&own), "installationId": "alice-device-0123456789"}));
    observed.know(&alice);
    let mut bob = observed.ok(
        "account_create",
        json!({"account": "bob", "words": 24, "installationId": "bob-device-0011223344"}),
    );
    let phrase = text(&bob["mnemonic"].take());
    observed.needles.add_phrase("bob's phrase", &phrase);
    observed.know(&bob);
    // Another device of the same identity.
    let second = observed.ok(
        "account_recover",
        json!({"account": "bob-2", "mnemonic": phrase, "installationId": "bob-device-9876543210"}),
    );
    assert_eq!(second["publicKey"], bob["publicKey"]);
    observed.know(&second);
    let guarded = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let guard = "seventeen owls on a gate";
    observed.needles.add_phrase("carol's phrase", guarded);
    observed
        .needles
        .add_text("carol's phrase's passphrase", guard);
    let carol = observed.ok(
        "account_recover",
        json!({"account": "carol", "mnemonic": guarded, "mnemonicPassphrase": guard}),
    );
    observed.know(&carol);
    let removed = observed.ok(
        "account_remove",
        json!({"account": "carol", "publicKey": carol["publicKey"]}),
    );
    assert_eq!(removed["removed"], true);
    (alice, bob, second)
}

/// Prekeys of ours, known beforehand. Without a ratchet prekey a device is spoken to in suite
/// secp256k1.
fn prekeys(observed: &mut ObservedDaemon) {
    for (number, account) in [(2, "alice"), (3, "bob"), (4, "bob-2")] {
        let signed = secret(number);
        observed.needles.add_bytes("a signed prekey", &signed);
        let mut params = json!({"account": account, "signedPreKeyPrivate": hex(&signed)});
        if observed.mode.suite == "x25519" {
            let ratchet = secret(number + 10);
            observed.needles.add_bytes("a ratchet prekey", &ratchet);
            params["ratchetPreKeyPrivate"] = hex(&ratchet).into();
        }
        let imported = observed.ok("dev_importPrekey", params);
        let public = bytes(&text(&imported["signedPreKey"]));
        observed
            .needles
            .add_bytes("its public half", &public[1..33]);
        observed.ok("bundle_get", json!({"account": account}));
    }
}

/// Messages of every kind, and some that cannot be read.
fn conversation(observed: &mut ObservedDaemon, alice: &Value, bob: &Value) {
    // Without a bundle of theirs: DH.
    let sent = observed.send("alice", bob, "marmalade before the first ratchet");
    observed.read("bob", alice, &sent[0], false);
    let contact = text(&observed.ok("bundle_get", json!({"account": "bob"}))["contactCode"]);
    observed
        .needles
        .add_text("bob's contact code", &contact[..64]);
    observed.ok(
        "bundle_import",
        json!({"account": "alice", "bundle": contact}),
    );
    let contact = observed.ok("bundle_get", json!({"account": "bob-2"}))["bundle"].take();
    observed.ok(
        "bundle_import",
        json!({"account": "bob", "bundle": contact}),
    );
    observed.ok(
        "bundle_import",
        json!({"account": "alice", "bundle": contact}),
    );
    observed.call(
        "installation_enable",
        json!({"account": "bob", "installationId": "bob-device-9876543210"}),
    );
    let mut ids = Vec::new();
    for round in 0..4 {
        for message in observed.send(
            "alice",
            bob,
            &format!("to bob, round {round}, of the ratchet"),
        ) {
            observed.call(
                "message_decrypt",
                json!({"account": "bob-2", "sender": alice["publicKey"], "message": message}),
            );
            let params =
                json!({"account": "bob", "sender": alice["publicKey"], "message": message});
            ids.push(observed.call("message_decrypt", params)["result"]["messageId"].take());
        }
        for message in observed.send(
            "bob",
            alice,
            &format!("to alice, round {round}, of the ratchet"),
        ) {
            let params = json!({"account": "alice", "sender": bob["publicKey"], "message": message, "confirm": round % 2 == 0});
            observed.call("message_decrypt", params);
        }
    }
    ids.retain(Value::is_string);
    observed.ok(
        "message_confirm",
        json!({"account": "bob", "messageIds": ids}),
    );
    // One is left unread, so that its key is stored; one is changed on the way; one is of another
    // sender.
    let skipped = observed.send("alice", bob, "skipped, and never read");
    let last = observed.send("alice", bob, "changed on its way");
    assert_eq!(skipped.len(), last.len());
    for (sender, message) in [
        (alice, spoilt(&last[0])),
        (bob, last[0].clone()),
        (alice, last[0].clone()),
        (alice, last[0][..60].to_owned()),
    ] {
        observed.call(
            "message_decrypt",
            json!({"account": "bob", "sender": sender["publicKey"], "message": message}),
        );
    }
    observed.needles.add_text("a text", "to a group of people");
    observed
        .needles
        .add_text("a text", "to everybody, in the clear");
    observed.ok("message_encryptGroup", json!({"account": "alice", "recipients": [bob["publicKey"]], "text": "to a group of people"}));
    observed.ok(
        "message_encryptPublic",
        json!({"account": "alice", "text": "to everybody, in the clear"}),
    );
    observed.ok(
        "message_advertise",
        json!({"account": "bob", "recipient": alice["publicKey"]}),
    );
    observed.ok("message_inspect", json!({"message": last[0]}));
    for name in [
        "name of a phone that nobody knows",
        "another name of that very phone",
    ] {
        observed.needles.add_text("a device's name", name);
        observed.ok("installation_setMetadata", json!({"account": "bob", "installationId": "bob-device-9876543210", "metadata": {"name": name, "deviceType": "phone", "pushToken": "push-token-0123456789abcdef"}}));
    }
    observed
        .needles
        .add_text("a push token", "push-token-0123456789abcdef");
    observed.ok("installation_list", json!({"account": "bob"}));
    let sessions = observed.ok("session_list", json!({"account": "bob"}));
    assert_eq!(sessions[0]["suite"], observed.mode.suite, "{sessions}");
    observed.ok(
        "session_reset",
        json!({"account": "alice", "identity": bob["publicKey"]}),
    );
    observed.ok("event_list", json!({"account": "*"}));
    keystores(observed, alice);
    let introduction = "the lighthouse keeper asks to be let in";
    observed.needles.add_text("an introduction", introduction);
    observed.ok(
        "contact_request",
        json!({"account": "alice", "identity": bob["publicKey"], "text": introduction}),
    );
}

/// A key goes out in a file of other programs, and comes back; once with the wrong password.
fn keystores(observed: &mut ObservedDaemon, alice: &Value) {
    let password = "nineteen herons in a row";
    observed.needles.add_text("a keystore's password", password);
    let wrong = "eighteen herons in a row";
    observed.needles.add_text("a wrong password", wrong);
    let exported = observed.ok(
        "account_export",
        json!({"account": "alice", "password": password}),
    );
    let keystore = &exported["keystore"];
    let sealed = text(&keystore["crypto"]["ciphertext"]);
    observed.needles.add_text("a sealed key", &sealed);
    observed.fails(
        "account_importKeystore",
        json!({"account": "again", "keystore": keystore, "password": wrong}),
    );
    let imported = observed.ok(
        "account_importKeystore",
        json!({"account": "again", "keystore": keystore, "password": password}),
    );
    assert_eq!(imported["publicKey"], alice["publicKey"]);
    observed
        .needles
        .add_text("a third device", &text(&imported["installationId"]));
}

/// Envelopes, the topic that only two can tell, its key, and the name of a chat.
fn envelopes(observed: &mut ObservedDaemon, alice: &Value, bob: &Value) {
    let chat = "the chat about the lighthouse";
    observed.needles.add_text("a chat's name", chat);
    observed.ok("clock_next", json!({"account": "alice", "chat": chat}));
    let topic = observed.ok(
        "topic_negotiated",
        json!({"account": "alice", "identity": bob["publicKey"]}),
    );
    observed
        .needles
        .add_text("a shared secret", &text(&topic["name"]));
    let key = bytes(&text(&topic["symKey"]));
    observed.needles.add_bytes("a topic's key", &key);
    let listed = observed.ok("topic_list", json!({"account": "alice"}));
    let topics = listed["topics"].as_array().expect("topics");
    let peer = |listed: &&Value| listed["peer"] == bob["publicKey"];
    let listed = topics.iter().find(peer).expect("he was written to");
    assert_eq!(listed["symKey"], topic["symKey"]);
    let password = "thirteen foghorns at noon";
    observed
        .needles
        .add_text("an envelope's password", password);
    let inside = "buoys and bells, sealed";
    observed.needles.add_text("what is in an envelope", inside);
    for to in [
        json!({"recipient": bob["publicKey"]}),
        json!({"symKey": topic["symKey"]}),
        json!({"password": password}),
    ] {
        let mut params = to.clone();
        params["account"] = "alice".into();
        params["text"] = inside.into();
        let sealed = observed.ok("envelope_seal", params);
        let mut params = json!({"account": "bob", "envelope": sealed["envelope"]});
        for by in ["symKey", "password"] {
            if let Some(given) = to.get(by) {
                params[by] = given.clone();
            }
        }
        let opened = observed.ok("envelope_open", params.clone());
        assert_eq!(opened["signer"], alice["publicKey"]);
        // An invalid message.
        params["envelope"].take();
        params["sealed"] = sealed["envelope"].clone();
        observed.call("message_decrypt", params);
    }
    let message = "moored at the jetty, sealed";
    observed.needles.add_text("a sealed text", message);
    for seal in [json!("negotiated"), json!("partitioned")] {
        let sent = observed.ok(
            "message_encrypt",
            json!({"account": "alice", "recipient": bob["publicKey"], "text": message, "seal": seal, "requestId": format!("{seal} request")}),
        );
        let sealed = &sent["envelopes"][0]["sealed"];
        let bytes = bytes(&text(sealed));
        observed
            .needles
            .add_bytes("an envelope", &bytes[bytes.len() - 64..]);
        observed.call(
            "message_decrypt",
            json!({"account": "bob", "sealed": sealed}),
        );
    }
}

/// Secrets in places where none belongs: wrong parameters, names, paths and headers.
fn mistakes(observed: &mut ObservedDaemon) {
    let own = hex(&secret(1));
    let misplaced = "zebras cross with umbrellas";
    observed.needles.add_text("a misplaced secret", misplaced);
    let spoilt = format!("{}zz", &own[..64]);
    observed.fails(
        "account_import",
        json!({"account": "x", "privateKey": spoilt}),
    );
    observed.fails("account_import", json!({"account": own, "privateKey": own}));
    observed.fails(
        "account_import",
        json!({"account": "x", "privateKey": [1, 2, secret(1)]}),
    );
    observed.fails(
        "account_import",
        json!({"account": "x", "privateKey": own, own.as_str(): misplaced}),
    );
    observed.fails(
        "account_import",
        json!({"account": "alice", "privateKey": own}),
    );
    observed.fails(
        "account_recover",
        json!({"account": "x", "mnemonic": format!("{misplaced} abandon abandon")}),
    );
    observed.fails("account_recover", json!([misplaced, misplaced, misplaced]));
    observed.fails(
        "message_encrypt",
        json!({"account": "alice", "recipient": own, "text": misplaced}),
    );
    observed.fails(
        "message_encrypt",
        json!({"account": "alice", "recipient": misplaced, "payload": misplaced}),
    );
    observed.fails(
        "message_encrypt",
        json!({"account": misplaced, "recipient": own, "text": misplaced, "payload": "0x00"}),
    );
    observed.fails(
        "message_decrypt",
        json!({"account": "alice", "sender": own, "message": own}),
    );
    observed.fails(
        "bundle_import",
        json!({"account": "alice", "bundle": misplaced}),
    );
    observed.fails(
        "installation_enable",
        json!({"account": "alice", "installationId": misplaced}),
    );
    observed.fails(
        "event_list",
        json!({"account": misplaced, "after": misplaced}),
    );
    observed.fails(misplaced, json!({misplaced: own}));
    observed.fails(&own, json!({}));
    for body in [
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"{misplaced}\",\"method\":\"account_import\",\"params\":{{\"privateKey\":\"{own}\""
        ),
        format!("[{{\"{own}\":\"{misplaced}\"}},\"{own}\"]"),
        format!("{misplaced} {own}"),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"account_import\",\"params\":{{\"account\":\"x\",\"privateKey\":\"{own}\"}}}}"
        ),
    ] {
        observed.post(
            &format!("cookie: {own}\r\nx-secret: {misplaced}\r\n"),
            &body,
        );
    }
    let token = &observed.token;
    let encoded = misplaced.replace(' ', "%20");
    for request in [
        format!(
            "GET /events?account={own}&after={encoded} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
        ),
        format!(
            "GET /{own} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        ),
        format!("GET /?token={token} HTTP/1.1\r\nhost: {own}\r\nconnection: close\r\n\r\n"),
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\norigin: {own}\r\nconnection: close\r\nauthorization: Bearer x{token}\r\n\r\n"
        ),
        format!("{misplaced} {own}\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(&observed.address).expect("to connect");
        stream.write_all(request.as_bytes()).expect("to send");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    // Invalid frames and invalid calls, with a secret in each.
    for bytes in [
        format!("{misplaced} {own}").into_bytes(),
        frame(&own),
        frame(&format!("{{\"id\":\"{own}\",\"method\":7}}")),
    ] {
        let mut socket = connect(&observed.scratch.path().join("s"));
        socket.write_all(UPGRADE.as_bytes()).expect("to send");
        assert!(head(&mut socket).starts_with("HTTP/1.1 101"));
        socket.write_all(&bytes).expect("to send");
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let _ = socket.read_to_end(&mut Vec::new());
    }
}

fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![
        0x81,
        0x80 | u8::try_from(text.len()).expect("short"),
        0,
        0,
        0,
        0,
    ];
    frame.extend(text.as_bytes());
    frame
}

/// A backup of everything, made while the daemon serves.
fn back_up(observed: &ObservedDaemon) {
    let file = observed.scratch.path().join("backup");
    let mut command = Command::new(RATCHETD);
    command.arg("backup").arg(&file).arg("--without-key");
    command.arg("--data-dir").arg(observed.data()).env_clear();
    if observed.mode.passphrase.is_some() {
        command
            .arg("--passphrase-file")
            .arg(observed.scratch.path().join("given/passphrase"));
    }
    let output = command.output().expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::write(
        observed.scratch.path().join("backup.said"),
        [output.stdout, output.stderr].concat(),
    )
    .expect("to write");
}

fn nothing_is_left_by(mode: Mode) {
    let mut observed = ObservedDaemon::new(mode);
    let (alice, bob, _) = accounts(&mut observed);
    prekeys(&mut observed);
    conversation(&mut observed, &alice, &bob);
    envelopes(&mut observed, &alice, &bob);
    mistakes(&mut observed);
    back_up(&observed);
    observed.assert_clean("while it runs");
    observed.cut();
    let wal = files(&observed.data()).into_iter().any(|path| {
        path.to_string_lossy().ends_with("-wal")
            && fs::metadata(&path).is_ok_and(|file| file.len() > 0)
    });
    assert!(wal, "a log that was not written back is what this is about");
    observed.assert_clean("after a power cut");

    observed.start();
    let message = observed.send("bob", &alice, "candles, until the power came back");
    observed.call(
        "message_decrypt",
        json!({"account": "alice", "sender": bob["publicKey"], "message": message[0]}),
    );
    // Old sessions and prekeys are erased: their pages are free then.
    observed.ok(
        "dev_advanceTime",
        json!({"ms": 16 * 24 * 60 * 60 * 1000_u64}),
    );
    observed.ok(
        "account_remove",
        json!({"account": "alice", "publicKey": alice["publicKey"]}),
    );
    observed.stop();
    observed.assert_clean("after it was stopped");
    let log = fs::read_to_string(observed.scratch.path().join("stderr")).expect("the log");
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "it said all that it could"
    );
}

#[test]
fn a_talkative_daemon_leaves_nothing_readable_with_a_key_file_in_suite_x25519() {
    nothing_is_left_by(Mode {
        suite: "x25519",
        log: "text",
        passphrase: None,
    });
}

#[test]
fn a_talkative_daemon_leaves_nothing_readable_with_a_passphrase_in_suite_secp256k1() {
    nothing_is_left_by(Mode {
        suite: "secp256k1",
        log: "json",
        passphrase: Some("correct horse battery staple"),
    });
}
