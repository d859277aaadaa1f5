//! Holds what a run measured against the bars, as a table in Markdown.
//!
//! The bars are held against the fastest samples, in which nothing else was at work; medians that
//! give another ratio tell that the machine was not quiet. What was not measured is left out.

#![allow(
    clippy::print_stdout,
    reason = "what it finds is for people, and for a document"
)]

use std::{env, fs, path::PathBuf};

use serde_json::Value;

/// Measurements that are added up: how often each, and its name.
type Sum = Vec<(f64, String)>;

/// A ratio, with the most it may be if there is a bar.
struct Row {
    what: String,
    of: Sum,
    against: String,
    floor: Sum,
    bar: Option<f64>,
}

fn main() {
    let measured = Measured {
        directory: directory(),
    };
    println!("| what | time | against | time | ratio | of medians | bar | |");
    println!("| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |");
    for row in rows() {
        if let (Some(time), Some(floor)) = (measured.sum(&row.of), measured.sum(&row.floor)) {
            let ratio = time.fastest / floor.fastest;
            let of_medians = time.median / floor.median;
            let (bar, met) = match row.bar {
                Some(bar) if ratio <= bar => (format!("{bar}"), "met"),
                Some(bar) => (format!("{bar}"), "**missed**"),
                None => (String::new(), ""),
            };
            println!(
                "| {} | {} | {} | {} | {ratio:.2} | {of_medians:.2} | {bar} | {met} |",
                row.what,
                shown(time.fastest),
                row.against,
                shown(floor.fastest),
            );
        }
    }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in ["seal", "open"] {
        for size in ["100B", "1KB", "64KB"] {
            // The bars are for the two ends of the range.
            let bar = (size != "1KB").then_some(1.2);
            let mut row = |suite: &str, primitives: &str, against: &str, bar| {
                rows.push(Row {
                    what: format!("{operation}, {suite}, {size}"),
                    of: one(format!("{operation}/{suite}/{size}")),
                    against: against.to_owned(),
                    floor: one(format!("seal/{primitives}/{size}")),
                    bar,
                });
            };
            row("secp256k1", "primitives", "bare primitives", bar);
            row(
                "x25519",
                "primitives-ad",
                "bare primitives, its associated data included",
                bar,
            );
            row(
                "x25519",
                "primitives",
                "bare primitives, without associated data",
                None,
            );
        }
    }
    for (operation, theirs, most) in [("seal", "encrypt", 0.2), ("open", "decrypt", 1.0)] {
        for size in ["100B", "1KB", "64KB"] {
            for suite in ["x25519", "secp256k1"] {
                rows.push(Row {
                    what: format!("{operation}, {suite}, {size}"),
                    of: one(format!("{operation}/{suite}/{size}")),
                    against: format!("vodozemac's {theirs}"),
                    floor: one(format!("{operation}/vodozemac/{size}")),
                    bar: (size != "1KB").then_some(most),
                });
            }
        }
    }
    for ahead in ["1", "100", "1000"] {
        rows.push(Row {
            what: format!("open past {ahead} skipped keys, x25519"),
            of: one(format!("skip/x25519/{ahead}")),
            against: "vodozemac's decrypt".to_owned(),
            floor: one(format!("skip/vodozemac/{ahead}")),
            bar: None,
        });
    }
    for (suite, bar) in [("x25519", Some(1.0)), ("secp256k1", None)] {
        rows.push(Row {
            what: format!("ping-pong, {suite}"),
            of: one(format!("ping-pong/{suite}")),
            against: "vodozemac's".to_owned(),
            floor: one("ping-pong/vodozemac".to_owned()),
            bar,
        });
    }
    let ecdh = || (3.0, "x3dh/ecdh".to_owned());
    rows.push(Row {
        what: "X3DH, initiator".to_owned(),
        of: one("x3dh/initiator".to_owned()),
        against: "3 ECDH and a key generation".to_owned(),
        floor: vec![ecdh(), (1.0, "x3dh/keygen".to_owned())],
        bar: Some(1.15),
    });
    rows.push(Row {
        what: "X3DH, responder".to_owned(),
        of: one("x3dh/responder".to_owned()),
        against: "3 ECDH".to_owned(),
        floor: vec![ecdh()],
        bar: Some(1.15),
    });
    for end in ["initiator", "responder"] {
        rows.push(Row {
            what: format!("session set up, x25519, {end}"),
            of: one(format!("session/x25519_{end}")),
            against: "vodozemac's".to_owned(),
            floor: one(format!("session/vodozemac_{end}")),
            bar: None,
        });
    }
    for devices in ["1", "3", "3000"] {
        rows.push(Row {
            what: format!("engine, send to {devices}"),
            of: one(format!("send/engine/{devices}")),
            against: "its seals".to_owned(),
            floor: one(format!("send/seals/{devices}")),
            bar: None,
        });
    }
    for steps in ["1", "64"] {
        rows.push(Row {
            what: format!("store, commit of {steps}"),
            of: one(format!("commit/steps/{steps}")),
            against: "a bare durable commit".to_owned(),
            floor: one("commit/bare".to_owned()),
            bar: None,
        });
    }
    rows
}

fn one(name: String) -> Sum {
    vec![(1.0, name)]
}

/// What a run has left.
struct Measured {
    directory: PathBuf,
}

/// How long something took, in nanoseconds.
#[derive(Default)]
struct Time {
    fastest: f64,
    median: f64,
}

impl Measured {
    /// The sum; `None` if a part of it was not measured.
    fn sum(&self, sum: &Sum) -> Option<Time> {
        sum.iter().try_fold(Time::default(), |sum, (times, name)| {
            let time = self.time(name)?;
            Some(Time {
                fastest: sum.fastest + times * time.fastest,
                median: sum.median + times * time.median,
            })
        })
    }

    fn time(&self, name: &str) -> Option<Time> {
        let samples = self.read(name, "sample.json")?;
        let numbers = |of: &str| samples.get(of)?.as_array().cloned();
        let (times, counts) = (numbers("times")?, numbers("iters")?);
        let each = times
            .iter()
            .zip(&counts)
            .filter_map(|(time, count)| Some(time.as_f64()? / count.as_f64()?));
        Some(Time {
            fastest: each.reduce(f64::min)?,
            median: self
                .read(name, "estimates.json")?
                .pointer("/median/point_estimate")?
                .as_f64()?,
        })
    }

    fn read(&self, name: &str, file: &str) -> Option<Value> {
        let path = self.directory.join(name).join("new").join(file);
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

/// Where the measurements are: where they were told to be, or beside what was built.
fn directory() -> PathBuf {
    if let Some(told) = env::var_os("CRITERION_HOME") {
        return told.into();
    }
    // target/release/deps/bars-…
    let built = env::current_exe().unwrap_or_default();
    built
        .ancestors()
        .nth(3)
        .map(|target| target.join("criterion"))
        .unwrap_or_default()
}

fn shown(nanoseconds: f64) -> String {
    match nanoseconds {
        small if small < 1e3 => format!("{small:.0} ns"),
        middle if middle < 1e6 => format!("{:.2} µs", middle / 1e3),
        large => format!("{:.2} ms", large / 1e6),
    }
}
