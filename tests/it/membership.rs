//! Groups: who is in them, what may be done there, and what an update of others does.

use std::collections::BTreeSet;

use crate::support::{
    self, Daemon, WebSocket, bundles,
    group_events::{self, event, group_of, kind, update},
    list,
    people::{People, names},
    text,
};
use crypto_core::IdentityKeyPair;
use serde_json::{Value, json};

/// The kinds of the changes.
fn changes(applied: &Value) -> Vec<String> {
    list(&applied["changes"])
        .iter()
        .map(|change| text(&change["change"]))
        .collect()
}

/// An identity whose events are signed by hand.
fn by_hand(secret: u8) -> IdentityKeyPair {
    bundles::identity(&[secret; 32])
}

fn key_of(identity: &IdentityKeyPair) -> String {
    identity.public().to_log_text().expect("a point")
}

/// The present time of the daemon.
fn now(daemon: &Daemon) -> u64 {
    daemon.ok("dev_now", json!({}))["now"]
        .as_u64()
        .expect("a time")
}

#[test]
fn a_group_from_its_creation_to_its_end() {
    let people = People::new(&["alice", "bob", "carol"]);
    let invited = json!([people.key("bob"), people.key("carol")]);
    let made = people.ok(
        "alice",
        "group_create",
        json!({"name": "Friends", "members": invited, "color": "#8a5cf5"}),
    );
    let group = &made["group"]["group"];
    assert!(text(group).starts_with("x1-"), "{group}");
    assert!(text(group).ends_with(people.key("alice")), "{group}");
    let shown = &made["group"];
    assert_eq!(
        (
            &shown["name"],
            &shown["color"],
            &shown["rules"],
            &shown["own"]
        ),
        (
            &json!("Friends"),
            &json!("#8a5cf5"),
            &json!("admins"),
            &json!("admin")
        )
    );
    assert_eq!(shown["creator"], people.key("alice"));
    assert_eq!(shown["gone"], json!([]));
    let reached: BTreeSet<_> = list(&made["recipients"])
        .iter()
        .map(|key| people.name(key).to_owned())
        .collect();
    assert_eq!(reached, names(&["bob", "carol"]));

    // The update goes in a message, as a frontend sends it.
    let params = json!({"recipients": made["recipients"], "payload": made["update"]});
    let sent = people.ok("alice", "message_encryptGroup", params);
    for envelope in list(&sent["envelopes"]) {
        let reader = people.name(&envelope["recipient"]);
        let message = json!({"sender": people.key("alice"), "message": envelope["message"]});
        let read = people.ok(reader, "message_decrypt", message);
        let params = json!({"update": read["payload"], "sender": read["sender"]});
        let applied = people.ok(reader, "group_apply", params.clone());
        assert_eq!(applied["outcome"], "created");
        assert_eq!(applied["group"]["own"], "invited");
        assert_eq!(applied["group"]["digest"], shown["digest"]);
        let again = people.ok(reader, "group_apply", params);
        assert_eq!(
            (&again["outcome"], &again["changes"]),
            (&json!("unchanged"), &json!([]))
        );
        let invited = json!([{"group": group, "by": people.key("alice")}]);
        assert_eq!(json!(people.told(reader, "group.invited")), invited);
    }
    // Who is invited gets what is written, and writes once it has accepted.
    assert_eq!(
        people.written("alice", json!({"group": group})),
        names(&["bob", "carol"])
    );
    let (kind, hint) = people.refused(
        "bob",
        "message_encryptGroup",
        json!({"group": group, "text": "hello"}),
    );
    assert_eq!(kind, "group_forbidden");
    assert!(hint.contains("group_accept"), "{hint}");
    people.act("bob", "group_accept", json!({"group": group}));
    assert_eq!(people.own("bob", group), "member");
    assert_eq!(
        people.members("carol", group),
        names(&["alice*", "bob", "carol?"])
    );
    assert_eq!(
        people.written("bob", json!({"group": group})),
        names(&["alice", "carol"])
    );
    assert_eq!(
        people.written("bob", json!({"group": group, "joinedOnly": true})),
        names(&["alice"])
    );

    people.act(
        "alice",
        "group_edit",
        json!({"group": group, "name": "Old friends", "color": "#ff0000", "image": "0xcafe"}),
    );
    let seen = people.group("carol", group);
    assert_eq!(
        (&seen["name"], &seen["color"], &seen["image"]),
        (&json!("Old friends"), &json!("#ff0000"), &json!("0xcafe"))
    );
    let listed = people.ok("carol", "group_list", json!({}));
    assert_eq!(list(&listed).len(), 1);
    let mut brief = seen;
    let members = brief.as_object_mut().expect("an object");
    for name in ["members", "gone", "image", "update"] {
        assert!(members.remove(name).is_some(), "{name}");
    }
    assert_eq!(listed[0], brief);

    people.act(
        "alice",
        "group_promote",
        json!({"group": group, "members": [people.key("bob")]}),
    );
    assert_eq!(people.own("bob", group), "admin");
    people.act(
        "bob",
        "group_remove",
        json!({"group": group, "members": [people.key("carol")]}),
    );
    // Who was removed heard of it, and gets no copy from then on.
    assert_eq!(people.own("carol", group), "removed");
    assert_eq!(
        people.written("alice", json!({"group": group})),
        names(&["bob"])
    );
    let gone = &people.group("alice", group)["gone"][0];
    assert_eq!(
        (&gone["identity"], &gone["left"], &gone["by"]),
        (
            &json!(people.key("carol")),
            &json!(false),
            &json!(people.key("bob"))
        )
    );

    let left = people.act("bob", "group_leave", json!({"group": group}));
    assert_eq!(left["group"]["own"], "left");
    assert_eq!(people.own("bob", group), "left");
    assert_eq!(people.members("alice", group), names(&["alice*"]));
    assert_eq!(people.written("alice", json!({"group": group})), names(&[]));
    let told: Vec<String> = people
        .told("alice", "group.changed")
        .iter()
        .flat_map(changes)
        .collect();
    let expected = [
        "accepted",
        "renamed",
        "recolored",
        "pictured",
        "promoted",
        "removed",
        "left",
    ];
    assert_eq!(
        told.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        expected.into()
    );

    // It is over for bob and carol, and each may forget it. Nothing brings it back but an
    // invitation.
    assert_eq!(
        people
            .refused("alice", "group_forget", json!({"group": group}))
            .0,
        "group_forbidden"
    );
    for gone in ["bob", "carol"] {
        let forgotten = people.ok(gone, "group_forget", json!({"group": group}));
        assert_eq!(forgotten, json!({"forgotten": true}));
        assert_eq!(people.ok(gone, "group_list", json!({})), json!([]));
        let (kind, _) = people.refused(gone, "group_get", json!({"group": group}));
        assert_eq!(kind, "group_not_found");
    }
    let again = people.applied("bob", "alice", &people.group("alice", group)["update"]);
    assert_eq!(again["outcome"], "refused");
    assert!(
        ["forgotten", "not_member"].contains(&text(&again["reason"]).as_str()),
        "{again}"
    );
    people.act(
        "alice",
        "group_invite",
        json!({"group": group, "members": [people.key("bob")]}),
    );
    assert_eq!(people.own("bob", group), "invited");
    assert_eq!(people.members("bob", group), names(&["alice*", "bob?"]));
}

#[test]
fn acts_apart_end_in_one_digest() {
    let people = People::new(&["alice", "bob", "carol", "dave"]);
    let members = json!([people.key("bob"), people.key("carol")]);
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Apart", "members": members}),
    );
    let group = &made["group"]["group"];
    people.act("bob", "group_accept", json!({"group": group}));
    people.act(
        "alice",
        "group_promote",
        json!({"group": group, "members": [people.key("bob")]}),
    );
    // Each acts without hearing of the others; one act takes away what another rests on.
    let with = |name: &str| json!({"group": group, "members": [people.key(name)]});
    let apart = [
        (
            "alice",
            people.ok("alice", "group_edit", json!({"group": group, "name": "A"})),
        ),
        ("bob", people.ok("bob", "group_remove", with("carol"))),
        (
            "carol",
            people.ok("carol", "group_accept", json!({"group": group})),
        ),
        ("bob", people.ok("bob", "group_invite", with("dave"))),
        ("alice", people.ok("alice", "group_promote", with("carol"))),
    ];
    let digests = |people: &People| -> BTreeSet<String> {
        let of = |name| text(&people.group(name, group)["digest"]);
        ["alice", "bob", "carol"].map(of).into()
    };
    assert_eq!(digests(&people).len(), 3);
    // They hear of each other in another order each, and of some acts twice.
    let orders: [(&str, [usize; 6]); 3] = [
        ("alice", [3, 1, 2, 4, 0, 3]),
        ("bob", [4, 2, 0, 2, 1, 3]),
        ("carol", [0, 1, 4, 3, 0, 2]),
    ];
    for (reader, order) in orders {
        for place in order {
            let (from, act) = &apart[place];
            people.applied(reader, from, &act["update"]);
        }
    }
    let agreed = digests(&people);
    assert_eq!(agreed.len(), 1);
    // Who comes later gets the whole log at once, and agrees.
    people.applied("dave", "bob", &people.group("bob", group)["update"]);
    assert_eq!(
        text(&people.group("dave", group)["digest"]),
        *agreed.first().expect("one")
    );
}

#[test]
fn what_is_forbidden_says_by_which_rule_and_changes_nothing() {
    let people = People::new(&["alice", "bob", "carol", "dave"]);
    let members = json!([people.key("bob"), people.key("carol")]);
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Rules", "members": members}),
    );
    let group = &made["group"]["group"];
    people.act("bob", "group_accept", json!({"group": group}));
    people.act(
        "alice",
        "group_promote",
        json!({"group": group, "members": [people.key("carol")]}),
    );
    let before = people.group("bob", group);
    let with = |name: &str| json!({"group": group, "members": [people.key(name)]});
    for (account, method, params, rule) in [
        ("bob", "group_invite", with("dave"), "admin"),
        ("bob", "group_remove", with("alice"), "admin"),
        ("bob", "group_promote", with("bob"), "admin"),
        (
            "bob",
            "group_edit",
            json!({"group": group, "name": "Mine"}),
            "admin",
        ),
        ("alice", "group_remove", with("carol"), "admin"),
        ("alice", "group_remove", with("dave"), "not in the group"),
        ("alice", "group_remove", with("alice"), "group_leave"),
        ("alice", "group_promote", with("dave"), "not in the group"),
        ("bob", "group_forget", json!({"group": group}), "leave"),
    ] {
        let (kind, hint) = people.refused(account, method, params);
        assert_eq!(kind, "group_forbidden", "{method}: {hint}");
        assert!(hint.contains(rule), "{method}: {hint}");
    }
    assert_eq!(people.group("bob", group), before);
    people.act("bob", "group_leave", json!({"group": group}));
    for (method, params) in [
        ("group_accept", json!({"group": group})),
        ("group_leave", json!({"group": group})),
        (
            "message_encryptGroup",
            json!({"group": group, "text": "hello"}),
        ),
    ] {
        let (kind, hint) = people.refused("bob", method, params);
        assert_eq!(kind, "group_forbidden", "{method}: {hint}");
    }
    // In an open group everybody invites and edits, and admins alone remove.
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Open", "members": [people.key("bob")], "open": true}),
    );
    let open = &made["group"]["group"];
    assert_eq!(made["group"]["rules"], "members");
    people.act("bob", "group_accept", json!({"group": open}));
    people.act(
        "bob",
        "group_invite",
        json!({"group": open, "members": [people.key("dave")]}),
    );
    people.act("bob", "group_edit", json!({"group": open, "name": "Ours"}));
    assert_eq!(
        people.members("dave", open),
        names(&["alice*", "bob", "dave?"])
    );
    let params = json!({"group": open, "members": [people.key("dave")]});
    assert_eq!(
        people.refused("bob", "group_remove", params).0,
        "group_forbidden"
    );
}

#[test]
fn wrong_parameters_are_told_by_their_names() {
    let people = People::new(&["alice", "bob"]);
    let made = people.ok("alice", "group_create", json!({"name": ""}));
    let group = &made["group"]["group"];
    let key = people.key("bob");
    for (method, params, field) in [
        ("group_create", json!({}), "name"),
        ("group_create", json!({"name": "n".repeat(1025)}), "name"),
        (
            "group_create",
            json!({"name": "n", "color": "c".repeat(65)}),
            "color",
        ),
        (
            "group_create",
            json!({"name": "n", "members": []}),
            "members",
        ),
        (
            "group_create",
            json!({"name": "n", "members": [key, "0x02"]}),
            "members[1]",
        ),
        ("group_create", json!({"name": "n", "open": "yes"}), "open"),
        ("group_get", json!({}), "group"),
        ("group_get", json!({"group": "friends"}), "group"),
        ("group_get", json!({"group": "0x0"}), "group"),
        ("group_invite", json!({"group": group}), "members"),
        (
            "group_invite",
            json!({"group": group, "members": vec![key; 1001]}),
            "members",
        ),
        ("group_edit", json!({"group": group}), "name"),
        ("group_edit", json!({"group": group, "name": ""}), "name"),
        (
            "group_edit",
            json!({"group": group, "image": "0x"}),
            "image",
        ),
        ("group_apply", json!({"update": "0x0"}), "update"),
        (
            "group_apply",
            json!({"update": format!("0x{}", "00".repeat((1 << 20) + 1))}),
            "update",
        ),
        ("message_encryptGroup", json!({"text": "t"}), "recipients"),
        (
            "message_encryptGroup",
            json!({"text": "t", "recipients": [key], "group": group}),
            "group",
        ),
        (
            "message_encryptGroup",
            json!({"text": "t", "recipients": [key], "joinedOnly": true}),
            "joinedOnly",
        ),
        (
            "message_encryptGroup",
            json!({"text": "t", "recipients": [key], "mode": "key"}),
            "mode",
        ),
        (
            "message_encryptGroup",
            json!({"text": "t", "group": group, "mode": "pairwise"}),
            "mode",
        ),
        (
            "message_encryptGroup",
            json!({"text": "t", "group": group, "mode": "key", "joinedOnly": true}),
            "joinedOnly",
        ),
    ] {
        let error = people.call("alice", method, params).expect_err("refused");
        assert_eq!(error["code"], -32602, "{method}: {error}");
        assert_eq!(error["data"]["field"], field, "{method}: {error}");
    }
    // What is of no group is no error of its form, and no group either.
    let unknown = group_of(&by_hand(9), "x1-unknown");
    for group in [json!("0x0279"), json!(unknown)] {
        for method in ["group_get", "group_accept", "group_leave", "group_forget"] {
            let (kind, _) = people.refused("alice", method, json!({"group": group}));
            assert_eq!(kind, "group_not_found", "{method}");
        }
        let params = json!({"group": group, "text": "t"});
        assert_eq!(
            people.refused("alice", "message_encryptGroup", params).0,
            "group_not_found"
        );
    }
    // Hex that spells an id is that group.
    let hex = support::hex(text(group).as_bytes());
    assert_eq!(
        people.group("alice", &json!(hex)),
        people.group("alice", group)
    );
}

#[test]
fn a_request_id_makes_one_group() {
    let people = People::new(&["alice"]);
    let make = |name: &str| {
        let params = json!({"name": name, "requestId": "g-1"});
        people.call("alice", "group_create", params)
    };
    let first = make("Once").expect("made");
    assert_eq!(make("Once").expect("made"), first);
    assert_eq!(list(&people.ok("alice", "group_list", json!({}))).len(), 1);
    let error = make("Twice").expect_err("another request");
    assert_eq!(error["data"]["kind"], "request_id_reused");
}

#[test]
fn what_others_sign_counts_only_where_they_are_entitled() {
    let people = People::new(&["alice"]);
    let (mallory, ghost) = (by_hand(1), by_hand(2));
    let alice = crypto_core::IdentityKey::from_log_text(people.key("alice")).expect("a key");
    let group = group_of(&mallory, "x1-by-hand");
    let at = now(&people.daemon);
    let made = |kind, clock, members: &[&crypto_core::IdentityKey], name| {
        event(&mallory, &group, kind, clock, members, name)
    };
    let created = made(kind::CREATED, at, &[], "Made by hand");
    let added = made(kind::ADDED, at + 1, &[&alice], "");
    let mut forged = made(kind::NAMED, at + 2, &[], "Changed on the way");
    // Half of the curve's points have no such coordinate: the signature is of no key at all.
    forged[..32].fill(0xff);
    let events = [
        created.clone(),
        added.clone(),
        forged,
        b"too short".to_vec(),
        made(77, at + 3, &[], ""),
        made(kind::NAMED, at + 121_000 + 600_000, &[], "From the future"),
        event(&ghost, &group, kind::NAMED, at + 4, &[], "By an outsider"),
    ];
    let apply = |events: &[Vec<u8>], sender: Option<&IdentityKeyPair>| {
        let mut params = json!({"update": support::hex(&update(&group, events))});
        if let Some(sender) = sender {
            params["sender"] = key_of(sender).into();
        }
        people.ok("alice", "group_apply", params)
    };
    let reason = |applied: Value| {
        assert_eq!(applied["outcome"], "refused", "{applied}");
        text(&applied["reason"])
    };
    // What is no update, has no creation, or is not brought by a member, is nothing.
    let none = people.ok("alice", "group_apply", json!({"update": "0xffff"}));
    assert_eq!(reason(none), "malformed");
    assert_eq!(reason(apply(&events[1..], None)), "not_created");
    assert_eq!(reason(apply(&events[..1], None)), "not_member");
    assert_eq!(reason(apply(&events[..2], Some(&ghost))), "not_member");
    assert_eq!(people.ok("alice", "group_list", json!({})), json!([]));

    let applied = apply(&events, Some(&mallory));
    assert_eq!(applied["outcome"], "created");
    assert_eq!(applied["group"]["name"], "Made by hand");
    assert_eq!(applied["group"]["events"], 2);
    let ignored: BTreeSet<(String, u64)> = list(&applied["ignored"])
        .iter()
        .map(|one| {
            (
                text(&one["reason"]),
                one["events"].as_u64().expect("a number"),
            )
        })
        .collect();
    let expected = [
        "malformed",
        "bad_signature",
        "unknown_type",
        "future",
        "not_entitled",
    ];
    assert_eq!(
        ignored,
        expected.map(|reason| (reason.to_owned(), 1)).into()
    );

    // An admin makes another, and gives up being one: no method does that, and it is read.
    let promoted = made(6, at + 5, &[&alice], "");
    let resigned = made(kind::ADMIN_REMOVED, at + 6, &[mallory.public()], "");
    let applied = apply(&[created, added, promoted, resigned], Some(&mallory));
    assert_eq!(
        changes(&applied).into_iter().collect::<BTreeSet<_>>(),
        names(&["promoted", "resigned"])
    );
    assert_eq!(applied["outcome"], "changed");
    // An admin that has not accepted is shown as invited.
    assert_eq!(applied["group"]["own"], "invited");

    // Of a log, 4096 events are kept: past it the update is refused whole.
    let many = (0..4096).map(|number| {
        let name = format!("name {number}");
        event(
            &mallory,
            &group,
            kind::NAMED,
            at - 5_000 + number,
            &[],
            &name,
        )
    });
    // They count, since the creation comes first.
    let early = event(&mallory, &group, kind::CREATED, at - 6_000, &[], "Early");
    let all: Vec<_> = std::iter::once(early).chain(many).collect();
    assert_eq!(reason(apply(&all, Some(&mallory))), "log_full");
    assert_eq!(people.group("alice", &json!(group))["name"], "Made by hand");
}

#[test]
fn who_was_forgotten_comes_back_by_an_invitation_alone() {
    let people = People::new(&["alice", "bob"]);
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Again", "members": [people.key("bob")]}),
    );
    let group = &made["group"]["group"];
    people.ok("bob", "group_forget", json!({"group": group}));
    let again = people.applied("bob", "alice", &made["update"]);
    assert_eq!(
        (&again["outcome"], &again["reason"]),
        (&json!("refused"), &json!("forgotten"))
    );
    let edited = people.ok(
        "alice",
        "group_edit",
        json!({"group": group, "name": "Still"}),
    );
    let still = people.applied("bob", "alice", &edited["update"]);
    assert_eq!(
        still["reason"], "forgotten",
        "the invitation is the one that was forgotten"
    );
    let with_bob = json!({"group": group, "members": [people.key("bob")]});
    people.ok("alice", "group_remove", with_bob.clone());
    people.act("alice", "group_invite", with_bob);
    assert_eq!(people.own("bob", group), "invited");
}

#[test]
fn a_group_that_was_accepted_may_be_written_to_whatever_the_policy() {
    let daemon = Daemon::configured("[contacts]\npolicy = \"request\"\n");
    let people = People::on(daemon, &["alice", "bob", "carol"]);
    let members = json!([people.key("bob"), people.key("carol")]);
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Gated", "members": members}),
    );
    let group = &made["group"]["group"];
    // The update itself reaches those who are invited only if they are contacts.
    let params = json!({"recipients": made["recipients"], "text": "hello"});
    assert_eq!(
        people.refused("alice", "message_encryptGroup", params).0,
        "contact_not_accepted"
    );
    assert_eq!(
        people.written("alice", json!({"group": group})),
        names(&["bob", "carol"])
    );
    // An invitation makes nobody writable.
    let params = json!({"group": group, "text": "hello"});
    assert_eq!(
        people.refused("bob", "message_encryptGroup", params).0,
        "group_forbidden"
    );
    people.act("bob", "group_accept", json!({"group": group}));
    assert_eq!(
        people.written("bob", json!({"group": group})),
        names(&["alice", "carol"])
    );
    let alone = json!({"recipient": people.key("alice"), "text": "hello"});
    assert_eq!(
        people.refused("bob", "message_encrypt", alone).0,
        "contact_not_accepted"
    );
}

#[test]
fn a_copy_by_group_is_the_same_again_under_its_request_id() {
    let people = People::new(&["alice", "bob", "carol"]);
    let made = people.act(
        "alice",
        "group_create",
        json!({"name": "Once", "members": [people.key("bob")]}),
    );
    let group = &made["group"]["group"];
    let send = |more: Value| {
        let mut params = json!({"group": group, "text": "hello", "requestId": "m-1"});
        for (name, value) in more.as_object().expect("an object") {
            params[name] = value.clone();
        }
        people.call("alice", "message_encryptGroup", params)
    };
    let first = send(json!({})).expect("sent");
    // Also when somebody has come since.
    people.act(
        "alice",
        "group_invite",
        json!({"group": group, "members": [people.key("carol")]}),
    );
    assert_eq!(send(json!({})).expect("sent"), first);
    for more in [json!({"joinedOnly": true}), json!({"text": "bye"})] {
        let error = send(more).expect_err("another request");
        assert_eq!(error["data"]["kind"], "request_id_reused");
    }
}

#[test]
fn many_unknown_events_hold_up_no_other_call_of_the_account() {
    let people = People::new(&["alice"]);
    let creator = by_hand(3);
    let at = now(&people.daemon);
    let unknown = |group: usize| {
        let group = group_of(&creator, &format!("x1-{group}"));
        let created = event(&creator, &group, kind::CREATED, at, &[], "Many");
        let renamed = (1..4096).map(|number| {
            event(
                &creator,
                &group,
                kind::NAMED,
                at - number,
                &[],
                &number.to_string(),
            )
        });
        let events: Vec<_> = std::iter::once(created).chain(renamed).collect();
        support::hex(&group_events::update(&group, &events))
    };
    let request = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let many = [0, 1, 2, 3].map(|id| {
        let params = json!({"account": "alice", "update": unknown(id)});
        request(id.into(), "group_apply", params)
    });
    let mut socket = WebSocket::open(&people.daemon.socket());
    // Their signatures are still being checked when the other call comes.
    many.iter().for_each(|request| socket.send(request));
    let params = json!({"account": "alice", "chat": "c"});
    socket.send(&request("small".into(), "clock_next", params));
    let answers: Vec<Value> = (0..5).map(|_| socket.next().expect("an answer")).collect();
    assert_eq!(answers[0]["id"], "small", "{}", answers[0]);
    for answer in &answers[1..] {
        assert_eq!(answer["result"]["reason"], "not_member", "{answer}");
    }
}

#[test]
fn an_account_has_a_thousand_groups_and_keeps_the_last_invitations() {
    let people = People::new(&["alice", "bob"]);
    // Of those who invite without end, the last 64 are kept.
    let invite = |account: &str, number: usize| {
        let host = by_hand(4);
        let key = crypto_core::IdentityKey::from_log_text(people.key(account)).expect("a key");
        let group = group_of(&host, &format!("x1-{number}"));
        let at = now(&people.daemon);
        let events = [
            event(&host, &group, kind::CREATED, at, &[], "Come"),
            event(&host, &group, kind::ADDED, at + 1, &[&key], ""),
        ];
        let params = json!({"update": support::hex(&update(&group, &events))});
        people.ok(account, "group_apply", params)
    };
    for number in 0..66 {
        assert_eq!(invite("bob", number)["outcome"], "created");
    }
    let kept = people.ok("bob", "group_list", json!({}));
    let prefixes: BTreeSet<String> = list(&kept)
        .iter()
        .map(|group| {
            text(&group["group"])
                .split("-0x")
                .next()
                .expect("a prefix")
                .to_owned()
        })
        .collect();
    let expected: BTreeSet<String> = (2..66).map(|number| format!("x1-{number}")).collect();
    assert_eq!(prefixes, expected);

    for part in 0..10 {
        let requests: Vec<Value> = (0..100)
            .map(|number| {
                json!({"jsonrpc": "2.0", "id": number, "method": "group_create",
                    "params": {"account": "alice", "name": format!("{part} {number}")}})
            })
            .collect();
        let answer = people.daemon.post(&json!(requests).to_string());
        let answers: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(list(&answers).iter().all(|one| one["result"].is_object()));
    }
    let error = people
        .call("alice", "group_create", json!({"name": "One more"}))
        .expect_err("too many");
    assert_eq!(
        (&error["code"], &error["data"]["kind"]),
        (&json!(1803), &json!("group_limit"))
    );
    let refused = invite("alice", 0);
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("refused"), &json!("too_many_groups"))
    );
    assert_eq!(
        list(&people.ok("alice", "group_list", json!({}))).len(),
        1000
    );
}
