//! Linking a device: two daemons, two codes, and the digits that a person carries between them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Daemon, Party, RATCHETD, bundles::identity, hex, text};

const MINUTE: u64 = 60 * 1000;

/// Alice, whose phone is the old device, and the daemon that will be the new one.
struct Two {
    phone: Party,
    laptop: Daemon,
}

/// The new device as a party, once there is one.
fn party(daemon: Daemon, made: &Value) -> Party {
    Party {
        daemon,
        key: text(&made["publicKey"]),
        installation: text(&made["installationId"]),
    }
}

fn kind(refused: Result<Value, Value>) -> String {
    text(&refused.expect_err("a refusal")["data"]["kind"])
}

/// A code with one character of its end changed.
fn changed(code: &Value) -> String {
    let mut code = text(code);
    // The last character may hold bits that no byte has.
    let place = code.len() - 2;
    let other = if &code[place..=place] == "A" {
        "B"
    } else {
        "A"
    };
    code.replace_range(place..=place, other);
    code
}

impl Two {
    fn new() -> Self {
        Self {
            phone: Party::new("alice"),
            laptop: Daemon::start(),
        }
    }

    fn begin(&self) -> Value {
        self.laptop.ok("link_begin", json!({}))
    }

    fn offer(&self, begun: &Value) -> Value {
        let params = json!({"code": begun["code"]});
        self.phone.daemon.ok("link_offer", params)
    }

    fn answer(&self, begun: &Value, challenge: &Value) -> Result<Value, Value> {
        let params = json!({"link": begun["link"], "challenge": challenge});
        self.laptop.call("link_answer", params)
    }

    fn confirm(&self, offered: &Value, response: &Value) -> Result<Value, Value> {
        let params = json!({"link": offered["link"], "response": response});
        self.phone.daemon.call("link_confirm", params)
    }

    fn accept(&self, begun: &Value, code: &Value) -> Result<Value, Value> {
        let params = json!({"link": begun["link"], "account": "alice", "code": code});
        self.laptop.call("link_accept", params)
    }

    /// Up to the second code: what was begun, and what was given.
    fn given(&self) -> (Value, Value) {
        let begun = self.begin();
        let offered = self.offer(&begun);
        let answered = self
            .answer(&begun, &offered["challenge"])
            .expect("a response");
        let given = self.confirm(&offered, &answered["response"]);
        (begun, given.expect("a code"))
    }

    /// The devices of Alice that the phone has enabled, besides itself.
    fn enabled(&self) -> Vec<String> {
        let listed = self.phone.daemon.ok("installation_list", json!({}));
        let listed = listed.as_array().expect("devices").iter();
        let others = listed.filter(|device| device["self"] == false && device["enabled"] == true);
        others
            .map(|device| text(&device["installationId"]))
            .collect()
    }
}

/// The message of this result that is for an identity.
fn message_to(sent: &Value, key: &str) -> String {
    let envelopes = sent["envelopes"].as_array().expect("envelopes");
    let found = envelopes.iter().find(|one| one["recipient"] == key);
    text(&found.expect("an envelope")["message"])
}

#[test]
fn two_devices_are_linked_by_two_codes_and_then_read_and_send_alike() {
    let two = Two::new();
    let bob = Party::new("bob");
    two.phone.learn(&bob);
    let asked = json!({"identity": bob.key, "text": "it is alice"});
    let asked = two.phone.daemon.ok("contact_request", asked);
    bob.read(&two.phone, &message_to(&asked, &bob.key));
    let accepted = json!({"identity": two.phone.key, "text": "welcome"});
    let accepted = bob.daemon.ok("contact_accept", accepted);
    two.phone.read(&bob, &message_to(&accepted, &two.phone.key));
    let verified = json!({"identity": bob.key, "verified": true});
    two.phone.daemon.ok("contact_verify", verified);
    let mallory = Party::new("mallory");
    let declined = json!({"identity": mallory.key});
    two.phone.daemon.ok("contact_decline", declined);

    let begun = two.laptop.ok("link_begin", json!({"format": "svg"}));
    assert!(text(&begun["qr"]).starts_with("<svg"));
    assert_eq!(begun["expiresInMs"], MINUTE);
    let offered = two.offer(&begun);
    assert_eq!(offered["installationId"], begun["installationId"]);
    assert_eq!(offered["account"], "alice");
    assert_eq!(offered["contacts"], 2);
    assert!(text(&offered["warning"]).contains("another device"));
    assert_eq!(
        two.enabled(),
        [""; 0],
        "nothing is done before it is confirmed"
    );
    let challenge = text(&offered["challenge"]);
    let spaced = format!("{} {}", &challenge[..3], &challenge[3..]);
    let answered = two.answer(&begun, &json!(spaced)).expect("a response");
    let confirm = json!({
        "link": offered["link"],
        "response": answered["response"],
        "names": [{"identity": bob.key, "name": "Böb"}],
    });
    let given = two.phone.daemon.ok("link_confirm", confirm);
    assert_eq!(
        (&given["contacts"], &given["contactsLeftOut"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(two.enabled(), [text(&begun["installationId"])]);
    let made = two.accept(&begun, &given["code"]).expect("an account");
    assert_eq!(made["publicKey"], two.phone.key.as_str());
    assert_eq!(made["compressedKey"], offered["compressedKey"]);
    assert_eq!(made["installationId"], begun["installationId"]);
    assert_eq!(made["linkedTo"], two.phone.installation.as_str());
    let contacts: Vec<_> = made["contacts"]
        .as_array()
        .expect("contacts")
        .iter()
        .collect();
    let of = |contact: &Value| {
        (
            text(&contact["state"]),
            contact["verified"].clone(),
            text(&contact["name"]),
        )
    };
    assert_eq!(
        of(contacts[0]),
        ("accepted".to_owned(), json!(true), "Böb".to_owned())
    );
    assert_eq!(
        of(contacts[1]),
        ("declined".to_owned(), json!(false), String::new())
    );

    let Two { phone, laptop } = two;
    let laptop = party(laptop, &made);
    let told = laptop.daemon.ok("event_list", json!({"account": "*"}));
    let told = told["events"].as_array().expect("events").iter();
    let enabled: Vec<_> = told
        .filter(|event| event["type"] == "installation.enabled")
        .map(|event| text(&event["data"]["installationId"]))
        .collect();
    assert_eq!(enabled, std::slice::from_ref(&phone.installation));
    // The old device learns the prekey of the new one from its message.
    let read = phone.receive(&laptop, &message_to(&made, &phone.key));
    assert_eq!(
        (&read["outcome"], &read["warnings"]),
        (&json!("bundle"), &json!([])),
        "{read}"
    );
    // The code has no KEM prekey of the old device: its first message brings it.
    for (at, of, suite) in [
        (&phone, &laptop, "x25519-mlkem768"),
        (&laptop, &phone, "x25519"),
    ] {
        let listed = at.daemon.ok("installation_list", json!({}));
        let listed = listed.as_array().expect("devices").clone();
        let found = listed
            .iter()
            .find(|device| device["installationId"] == of.installation.as_str());
        let found = found.expect("the other device");
        assert_eq!(
            (&found["state"], &found["suite"]),
            (&json!("active"), &json!(suite))
        );
    }

    // Own copies go both ways.
    let sent = phone.encrypt(&bob, "from the phone");
    assert_eq!(
        bob.read(&phone, &message_to(&sent, &bob.key)),
        "from the phone"
    );
    let copy = laptop.receive(&phone, &message_to(&sent, &phone.key));
    assert_eq!(
        (&copy["text"], &copy["copyOf"]["recipients"]),
        (&json!("from the phone"), &json!([bob.key]))
    );
    laptop.learn(&bob);
    let sent = laptop.encrypt(&bob, "from the laptop");
    assert_eq!(
        bob.read(&laptop, &message_to(&sent, &bob.key)),
        "from the laptop"
    );
    assert_eq!(
        phone.read(&laptop, &message_to(&sent, &phone.key)),
        "from the laptop"
    );
    // What a contact says reaches both.
    let answer = bob.encrypt(&phone, "to both of you");
    let answer = message_to(&answer, &phone.key);
    for device in [&phone, &laptop] {
        assert_eq!(device.read(&bob, &answer), "to both of you");
    }
    // What was declined there is not read here.
    mallory.learn(&laptop);
    let unread = laptop.receive(&mallory, &mallory.send(&laptop, "let me in"));
    assert_eq!(unread["reason"], "declined", "{unread}");
}

#[test]
fn each_step_has_a_minute_by_running_time() {
    let two = Two::new();
    let wait = |daemon: &Daemon, ms: u64| drop(daemon.ok("dev_advanceTime", json!({"ms": ms})));
    let begun = two.begin();
    wait(&two.laptop, MINUTE);
    assert_eq!(kind(two.answer(&begun, &json!("123456"))), "link_not_found");

    let begun = two.begin();
    let offered = two.offer(&begun);
    let answered = two
        .answer(&begun, &offered["challenge"])
        .expect("a response");
    wait(&two.phone.daemon, MINUTE);
    let late = two.confirm(&offered, &answered["response"]);
    assert_eq!(kind(late), "link_not_found");
    assert_eq!(two.enabled(), [""; 0]);

    let (begun, given) = two.given();
    wait(&two.laptop, MINUTE);
    assert_eq!(kind(two.accept(&begun, &given["code"])), "link_not_found");
    assert_eq!(two.laptop.ok("account_list", json!({})), json!([]));
}

#[test]
fn a_link_is_used_once_on_both_sides() {
    let two = Two::new();
    let begun = two.begin();
    let offered = two.offer(&begun);
    let answered = two
        .answer(&begun, &offered["challenge"])
        .expect("a response");
    let given = two
        .confirm(&offered, &answered["response"])
        .expect("a code");
    let again = two.confirm(&offered, &answered["response"]);
    assert_eq!(kind(again), "link_not_found");
    // A second reader of the first code is another link, whose code is for nobody.
    let other = two.offer(&begun);
    let answered = two.answer(&begun, &other["challenge"]).expect("a response");
    two.answer(&begun, &offered["challenge"])
        .expect("the same response");
    let of_other = two.confirm(&other, &answered["response"]).expect("a code");
    two.accept(&begun, &given["code"]).expect("an account");
    for code in [&given["code"], &of_other["code"]] {
        let params = json!({"link": begun["link"], "account": "again", "code": code});
        let again = two.laptop.call("link_accept", params);
        assert_eq!(kind(again), "link_not_found");
    }
}

/// Somebody between the devices gives the old one a code of their own, and the person types what
/// the new device shows.
#[test]
fn a_code_that_was_replaced_on_its_way_gets_nothing() {
    let two = Two::new();
    let begun = two.begin();
    let stranger = Daemon::start();
    let theirs = stranger.ok("link_begin", json!({}));
    let offered = two.offer(&theirs);
    let answered = two
        .answer(&begun, &offered["challenge"])
        .expect("a response");
    let refused = two.confirm(&offered, &answered["response"]);
    assert_eq!(kind(refused), "link_failed");
    assert_eq!(two.enabled(), [""; 0]);
    // There is one guess.
    let params = json!({"link": theirs["link"], "challenge": offered["challenge"]});
    let right = stranger.ok("link_answer", params);
    let late = two.confirm(&offered, &right["response"]);
    assert_eq!(kind(late), "link_not_found");
}

/// Somebody between the devices gives the new one a code of their own account, to have it work as
/// theirs: they would have to guess the challenge, once.
#[test]
fn a_second_code_of_somebody_else_or_a_damaged_one_ends_the_link() {
    let two = Two::new();
    let stranger = Party::new("mallory");
    let begun = two.begin();
    let offered = two.offer(&begun);
    two.answer(&begun, &offered["challenge"])
        .expect("a response");
    let theirs = loop {
        let theirs = stranger
            .daemon
            .ok("link_offer", json!({"code": begun["code"]}));
        if theirs["challenge"] != offered["challenge"] {
            break theirs;
        }
    };
    // Who sees the screen of the new device, or tries all, has the response to their own challenge.
    let elsewhere = Two {
        phone: stranger,
        laptop: two.laptop,
    };
    let response = elsewhere
        .answer(&begun, &theirs["challenge"])
        .expect("a response");
    elsewhere
        .answer(&begun, &offered["challenge"])
        .expect("what the person types");
    let code = elsewhere
        .confirm(&theirs, &response["response"])
        .expect("a code");
    assert_eq!(kind(elsewhere.accept(&begun, &code["code"])), "link_failed");
    assert_eq!(
        kind(elsewhere.accept(&begun, &code["code"])),
        "link_not_found"
    );

    let two = Two {
        phone: two.phone,
        laptop: elsewhere.laptop,
    };
    let (begun, given) = two.given();
    let damaged = json!(changed(&given["code"]));
    assert_eq!(kind(two.accept(&begun, &damaged)), "link_failed");
    assert_eq!(kind(two.accept(&begun, &given["code"])), "link_not_found");
    assert_eq!(two.laptop.ok("account_list", json!({})), json!([]));
}

#[test]
fn what_is_no_code_or_out_of_order_is_told_and_ends_nothing() {
    let two = Two::new();
    let begun = two.begin();
    let offered = two.offer(&begun);
    for (code, hint) in [
        ("zQ3sh", "ratchetd-link-1:"),
        ("ratchetd-link-2:AQ", "ratchetd-link-1:"),
        ("ratchetd-link-1:Ag", "copy the whole code"),
        ("ratchetd-link-1:AQ", "same version"),
    ] {
        let refused = two.phone.daemon.call("link_offer", json!({"code": code}));
        let refused = refused.expect_err("a refusal");
        assert_eq!(refused["data"]["field"], "code");
        assert!(text(&refused["data"]["hint"]).contains(hint), "{refused}");
    }
    // The code of another link, before this one was given a challenge.
    let stranger = Two::new();
    let (_, given) = stranger.given();
    let early = two.accept(&begun, &given["code"]).expect_err("too early");
    assert_eq!(
        (&early["data"]["kind"], &early["data"]["field"]),
        (&json!("invalid_params"), &json!("link"))
    );
    let answered = two
        .answer(&begun, &offered["challenge"])
        .expect("a response");
    let given = two
        .confirm(&offered, &answered["response"])
        .expect("a code");
    two.laptop.ok("account_create", json!({"account": "alice"}));
    assert_eq!(kind(two.accept(&begun, &given["code"])), "account_exists");
    assert_eq!(
        two.accept(&begun, &json!("ratchetd-link-2:AQ"))
            .expect_err("cut")["data"]["field"],
        "code"
    );
    let params =
        json!({"link": begun["link"], "account": "linked", "code": given["code"], "seal": true});
    let made = two.laptop.ok("link_accept", params);
    // Sealed, it goes over a relay: the signature names its sender.
    let sealed = &made["envelopes"][0]["sealed"];
    let read = two
        .phone
        .daemon
        .ok("message_decrypt", json!({"sealed": sealed}));
    assert_eq!(
        (&read["outcome"], &read["sender"]),
        (&json!("bundle"), &json!(two.phone.key))
    );
}

#[test]
fn few_links_are_begun_and_few_devices_enabled() {
    let two = Two::new();
    for _ in 0..8 {
        two.begin();
    }
    assert_eq!(kind(two.laptop.call("link_begin", json!({}))), "busy");
    two.laptop.ok("dev_advanceTime", json!({"ms": MINUTE}));
    for _ in 0..2 {
        two.given();
    }
    assert_eq!(two.enabled().len(), 2);
    let begun = two.begin();
    let full = two
        .phone
        .daemon
        .call("link_offer", json!({"code": begun["code"]}));
    assert_eq!(kind(full), "installation_limit");
    // One that was never used makes room.
    let unused = json!({"installationId": two.enabled()[0]});
    two.phone.daemon.ok("installation_disable", unused);
    two.offer(&begun);
}

#[test]
fn nothing_of_a_link_outlives_a_daemon_but_what_was_confirmed() {
    let mut two = Two::new();
    let begun = two.begin();
    two.laptop.kill_and_restart();
    assert_eq!(kind(two.answer(&begun, &json!("123456"))), "link_not_found");

    let begun = two.begin();
    let offered = two.offer(&begun);
    let answered = two
        .answer(&begun, &offered["challenge"])
        .expect("a response");
    two.phone.daemon.kill_and_restart();
    let lost = two.confirm(&offered, &answered["response"]);
    assert_eq!(kind(lost), "link_not_found");
    assert_eq!(two.enabled(), [""; 0]);

    // What was confirmed is on the disk, and what was accepted is there whole.
    let (begun, given) = two.given();
    two.phone.daemon.kill_and_restart();
    assert_eq!(two.enabled(), [text(&begun["installationId"])]);
    let made = two.accept(&begun, &given["code"]).expect("an account");
    two.laptop.kill_and_restart();
    let laptop = party(two.laptop, &made);
    let listed = laptop.daemon.ok("installation_list", json!({}));
    let listed = listed.as_array().expect("devices").iter();
    let states: Vec<_> = listed.map(|device| text(&device["state"])).collect();
    assert_eq!(states, ["active", "active"]);
    let read = two.phone.receive(&laptop, &message_to(&made, &laptop.key));
    assert_eq!(read["outcome"], "bundle");
    let sent = two.phone.encrypt(&Party::new("bob"), "after all");
    assert_eq!(
        laptop.read(&two.phone, &message_to(&sent, &laptop.key)),
        "after all"
    );
}

#[test]
fn contacts_that_have_no_room_in_a_qr_code_are_counted() {
    for (format, room) in [(json!("text"), 30..50), (Value::Null, 60..61)] {
        let two = Two::new();
        for seed in 0..60_u8 {
            let key = hex(identity(&[seed + 10; 32]).public().as_bytes());
            let params = json!({"identity": key, "verified": true});
            two.phone.daemon.ok("contact_verify", params);
        }
        let begun = two.begin();
        let offered = two.offer(&begun);
        assert_eq!(offered["contacts"], 60);
        let answered = two
            .answer(&begun, &offered["challenge"])
            .expect("a response");
        let params =
            json!({"link": offered["link"], "response": answered["response"], "format": format});
        let given = two.phone.daemon.ok("link_confirm", params);
        let contacts = given["contacts"].as_u64().expect("a number");
        assert!(room.contains(&contacts), "{contacts}");
        assert_eq!(given["contactsLeftOut"], 60 - contacts);
        assert_eq!(given["qr"].is_string(), format.is_string());
        let made = two.accept(&begun, &given["code"]).expect("an account");
        assert_eq!(made["contactsLeftOut"], 60 - contacts);
        let listed = two.laptop.ok("contact_list", json!({}));
        assert_eq!(listed.as_array().expect("contacts").len() as u64, contacts);
    }
}

/// A `ratchetd link` that a person talks to.
struct Talk {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Talk {
    fn start(daemon: &Daemon, arguments: &[&str]) -> Self {
        let mut process = Command::new(RATCHETD)
            .arg("link")
            .args(arguments)
            .arg("--socket")
            .arg(daemon.socket())
            .env_clear()
            .env("COLUMNS", "60")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let input = process.stdin.take().expect("its input");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        Self {
            process,
            input,
            output,
        }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.input, "{text}").expect("to write");
    }

    /// What it says up to a line that begins so, which is among it.
    fn until(&mut self, begins: &str) -> String {
        let mut said = String::new();
        loop {
            let from = said.len();
            let read = self.output.read_line(&mut said).expect("a line");
            assert_ne!(read, 0, "it ended without {begins:?}: {said}");
            if said[from..].starts_with(begins) {
                return said;
            }
        }
    }

    /// The digits that it shows next.
    fn digits(&mut self) -> String {
        loop {
            let said = self.until("    ");
            let last = said.lines().last().unwrap_or_default().trim();
            let digits = last.replace(' ', "");
            if last.len() == 7
                && digits.len() == 6
                && digits.bytes().all(|digit| digit.is_ascii_digit())
            {
                return last.to_owned();
            }
        }
    }

    /// The lines of the code that it shows next, whose first was just read into `first`.
    fn code(&mut self, begins: &str) -> String {
        let said = self.until(begins);
        let mut code = said.lines().last().unwrap_or_default().to_owned();
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).expect("a line");
            if line.trim().is_empty() {
                return code;
            }
            code.push('\n');
            code.push_str(line.trim_end());
        }
    }

    /// Its exit code, and the rest of what it says.
    fn end(self) -> (Option<i32>, String) {
        let Self {
            process,
            input,
            mut output,
        } = self;
        drop(input);
        let mut rest = String::new();
        while output.read_line(&mut rest).expect("a line") > 0 {}
        let ended = process.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        (ended.status.code(), rest + &errors)
    }
}

#[test]
fn the_link_command_leads_a_person_through_it_and_warns_first() {
    let two = Two::new();
    let mut new = Talk::start(&two.laptop, &["new", "alice"]);
    let code = new.code("ratchetd-link-1:");
    let mut old = Talk::start(&two.phone.daemon, &["old"]);
    old.say(&code);
    let said = old.until("2. Type");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in [
        "you cannot take that back",
        "came in a message",
        "stop.",
        "alice",
    ] {
        assert!(words.contains(word), "{word}: {words}");
    }
    let challenge = old.digits();
    new.say("not yet");
    new.say(&challenge);
    let response = new.digits();
    old.say(&response);
    let code = old.code("ratchetd-link-2:");
    assert_eq!(old.end().0, Some(0));
    new.say(&code);
    new.say("");
    let (ended, said) = new.end();
    assert_eq!(ended, Some(0), "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("alice is here as a device of zQ3sh"),
        "{words}"
    );
    assert!(words.contains("0 contacts came along"), "{words}");
    let message = words.split("message=").nth(1).expect("the message");
    let key = two.phone.key.clone();
    let read = two.phone.daemon.ok(
        "message_decrypt",
        json!({"sender": key, "message": message}),
    );
    assert_eq!(read["outcome"], "bundle");
}

#[test]
fn the_link_command_gives_nothing_for_other_digits() {
    let two = Two::new();
    let begun = two.begin();
    let mut old = Talk::start(&two.phone.daemon, &["old"]);
    old.say(&text(&begun["code"]));
    let challenge = old.digits().replace(' ', "");
    let answered = two.answer(&begun, &json!(challenge)).expect("a response");
    let other = if answered["response"] == "000000" {
        "000001"
    } else {
        "000000"
    };
    old.say(other);
    let (ended, said) = old.end();
    assert_eq!(ended, Some(1), "{said}");
    assert!(
        !said.contains("ratchetd-link-2:") && said.contains("begin again"),
        "{said}"
    );
    assert_eq!(two.enabled(), [""; 0]);
    let (ended, said) = Talk::start(&two.laptop, &["new", "alice"]).end();
    assert_eq!(ended, Some(2), "{said}");
    assert!(said.contains("nothing was done"), "{said}");
}
