//! Accounts of one daemon, and what they do in groups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Daemon, list, text};

/// Accounts of one daemon, each with a name; all know each other's bundles.
pub struct People {
    pub daemon: Daemon,
    names: Vec<String>,
    keys: Vec<String>,
}

impl People {
    pub fn new(names: &[&str]) -> Self {
        Self::on(Daemon::start(), names)
    }

    pub fn on(daemon: Daemon, names: &[&str]) -> Self {
        let made = names.iter().map(|name| {
            let account = daemon.ok("account_create", json!({"account": name}));
            text(&account["publicKey"])
        });
        let keys = made.collect();
        for one in names {
            let bundle = daemon.ok("bundle_get", json!({"account": one}))["bundle"].take();
            for other in names.iter().filter(|other| *other != one) {
                daemon.ok("bundle_import", json!({"account": other, "bundle": bundle}));
            }
        }
        Self {
            daemon,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            keys,
        }
    }

    pub fn key(&self, name: &str) -> &str {
        let place = self.names.iter().position(|known| known == name);
        &self.keys[place.expect("a name")]
    }

    pub fn name(&self, key: &Value) -> &str {
        let place = self.keys.iter().position(|known| key == known);
        &self.names[place.expect("a key")]
    }

    pub fn call(&self, account: &str, method: &str, params: Value) -> Result<Value, Value> {
        let mut params = params;
        params["account"] = account.into();
        self.daemon.call(method, params)
    }

    pub fn ok(&self, account: &str, method: &str, params: Value) -> Value {
        self.call(account, method, params)
            .unwrap_or_else(|error| panic!("{account} {method}: {error}"))
    }

    /// The kind and the hint of the error.
    pub fn refused(&self, account: &str, method: &str, params: Value) -> (String, String) {
        let error = self.call(account, method, params).expect_err("refused");
        (text(&error["data"]["kind"]), text(&error["data"]["hint"]))
    }

    pub fn applied(&self, account: &str, from: &str, update: &Value) -> Value {
        let params = json!({"update": update, "sender": self.key(from)});
        self.ok(account, "group_apply", params)
    }

    /// An act whose update reaches its recipients; what the act gave.
    pub fn act(&self, account: &str, method: &str, params: Value) -> Value {
        let act = self.ok(account, method, params);
        for recipient in list(&act["recipients"]) {
            let applied = self.applied(self.name(recipient), account, &act["update"]);
            assert_ne!(applied["outcome"], "refused", "{method} {applied}");
        }
        act
    }

    pub fn group(&self, account: &str, group: &Value) -> Value {
        self.ok(account, "group_get", json!({"group": group}))
    }

    pub fn own(&self, account: &str, group: &Value) -> String {
        text(&self.group(account, group)["own"])
    }

    /// The names of those in the group, with a mark for admins and for who has not joined.
    pub fn members(&self, account: &str, group: &Value) -> BTreeSet<String> {
        list(&self.group(account, group)["members"])
            .iter()
            .map(|member| {
                let admin = if member["admin"] == true { "*" } else { "" };
                let joined = if member["joined"] == true { "" } else { "?" };
                format!("{}{admin}{joined}", self.name(&member["identity"]))
            })
            .collect()
    }

    /// The events of this account of one type.
    pub fn told(&self, account: &str, kind: &str) -> Vec<Value> {
        let events = self.ok(account, "event_list", json!({"limit": 1000}))["events"].take();
        let events = list(&events).iter();
        let told = events.filter(|event| event["type"] == kind);
        told.map(|event| event["data"].clone()).collect()
    }

    /// Sends a text to a group, whose recipients read it; their names.
    pub fn written(&self, account: &str, params: Value) -> BTreeSet<String> {
        let mut params = params;
        params["text"] = "hello, all".into();
        let sent = self.ok(account, "message_encryptGroup", params);
        list(&sent["envelopes"])
            .iter()
            .map(|envelope| {
                let reader = self.name(&envelope["recipient"]);
                let message = json!({"sender": self.key(account), "message": envelope["message"]});
                let read = self.ok(reader, "message_decrypt", message);
                assert_eq!(read["text"], "hello, all");
                reader.to_owned()
            })
            .collect()
    }
}

/// A set of names.
pub fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
