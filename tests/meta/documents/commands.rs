//! Every command in the documents is run, and prints what the document shows below it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    sources::{files, read, top},
    support::RATCHETD,
};

/// Stands in a shown line for any text.
const LEFT_OUT: char = '…';

/// Beginnings of command lines that are not run here, and who or what runs them: they need the
/// network, an engine for containers, a system to change, or hours.
const RUN_ELSEWHERE: [(&str, &str); 40] = [
    ("cargo install cargo-fuzz", "when fuzzing"),
    ("fuzz/run.sh", "when fuzzing"),
    ("cargo +nightly fuzz run", "when fuzzing"),
    (
        "npm ci && npm pack",
        "clients/typescript/test/readme.test.ts",
    ),
    ("mkdir ../hello", "clients/typescript/test/readme.test.ts"),
    ("npm init --yes", "clients/typescript/test/readme.test.ts"),
    (
        "npm install ../ratchetd-",
        "clients/typescript/test/readme.test.ts",
    ),
    ("node hello.mjs", "clients/typescript/test/readme.test.ts"),
    ("python3 -m venv ", "clients/python/check.sh"),
    ("~/hello/bin/", "clients/python/check.sh"),
    ("python3 examples/relay.py", "clients/python/check.sh"),
    ("examples/bash-chat/chat.sh ", "clients/python/check.sh"),
    ("~/.local/share/ratchetd-bot/", "clients/python/check.sh"),
    ("cp examples/bot/bot.py ", "clients/python/check.sh"),
    (
        "cd ~/.local/share/ratchetd-bot && ",
        "clients/python/check.sh",
    ),
    (
        "python3 -m http.server",
        "tests/first_day.sh, with a server like it",
    ),
    ("docker build ", "tests/container.sh, with buildah"),
    ("docker run ", "tests/container.sh, with buildah"),
    ("docker exec ", "tests/container.sh, with buildah"),
    (
        "docker compose ",
        "tests/it/containers.rs, without containers",
    ),
    ("cargo test --workspace", ".ci/run"),
    (".ci/run", "before every change"),
    ("ratchetd-bench", "crates/bench/tests, in short"),
    (
        "target/release/ratchetd-bench",
        "when measuring; crates/bench/tests, in short",
    ),
    ("cargo build --release", "when measuring"),
    ("crates/bench/criterion/run.sh", "when measuring"),
    ("perf ", "when measuring"),
    ("tests/container.sh", "when the image changes"),
    ("sha256sum --check ", INSTALLED),
    ("tar -xzf ratchetd-", INSTALLED),
    ("install -D -m 755 ratchetd-", INSTALLED),
    ("sudo apt install ", "when installing"),
    ("docker load ", "when installing"),
    (
        "contrib/release/release.sh",
        "when a release is made; in short, tests/meta/release.rs",
    ),
    ("install -m ", "when installing"),
    ("systemctl ", "when installing"),
    ("examples/two-people.sh", EXAMPLES),
    ("npm ci", EXAMPLES),
    ("npm start", EXAMPLES),
    ("ratchetd serve --http ", "tests/first_day.sh"),
];

/// Where a release is made and installed as the README says.
const INSTALLED: &str = "tests/meta/release.rs";
/// What is run with a browser, by the tests of the examples.
const EXAMPLES: &str = "examples/check.sh";

/// Scripts that replace programs while documents are run, and check their arguments.
const STAND_INS: [(&str, &str); 2] = [
    // The program is built already.
    (
        "cargo",
        r#"case "$*" in
  "run --release -- "*) shift 3; exec ratchetd "$@" ;;
  "test --workspace") ;;
  *) echo "cargo $* is not known here" >&2; exit 9 ;;
esac"#,
    ),
    // tests/it/containers.rs holds the conversation.
    (
        "docker",
        r#"[ "$*" = "compose up --build --exit-code-from demo" ] || { echo "docker $* is not known here" >&2; exit 9; }"#,
    ),
];

/// A block of commands.
#[derive(Clone)]
pub(crate) struct Block {
    line: usize,
    pub(crate) commands: String,
    /// The output that the document shows below it.
    shown: Option<String>,
}

/// The blocks of shell commands of a document, in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut follows = false;
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            follows = false;
            continue;
        };
        let body: String = (&mut lines)
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        if language == "sh" {
            found.push(Block {
                line: number + 1,
                commands: body,
                shown: None,
            });
        } else if follows && language == "text" {
            found.last_mut().expect("it follows one").shown = Some(body);
        }
        follows = language == "sh";
    }
    found
}

/// Runs the blocks in one shell, in a new home directory; what each printed. A block that starts a
/// daemon runs in the background, as in another terminal.
fn run(document: &str, blocks: &[Block]) -> Vec<String> {
    const NEXT: &str = "=== the next block ===\n";
    let home = tempfile::tempdir().expect("a home");
    let stand_ins = home.path().join("stand-ins");
    fs::create_dir(&stand_ins).expect("a directory");
    for (name, body) in STAND_INS {
        let path = stand_ins.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    let mut script = String::from("set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for block in blocks {
        let commands = block.commands.replace("/new/place", "$HOME/new");
        script.push_str(commands.trim_end());
        if commands.trim_end().ends_with(" serve") {
            script.push_str(" >/dev/null 2>&1 &\nuntil curl -sf --unix-socket \"$HOME/.local/share/ratchetd/ratchetd.sock\" \\\n  http://localhost/livez >/dev/null; do sleep 0.05; done");
        }
        script.push_str("\nprintf '");
        script.push_str(&NEXT.replace('\n', "\\n"));
        script.push_str("'\n");
    }
    let beside = Path::new(RATCHETD).parent().expect("a directory");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env(
            "PATH",
            format!(
                "{}:{}:{}",
                stand_ins.display(),
                beside.display(),
                std::env::var("PATH").expect("a path")
            ),
        )
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let printed = String::from_utf8(output.stdout).expect("text");
    let mut printed: Vec<String> = printed.split(NEXT).map(str::to_owned).collect();
    let rest = printed.pop();
    let stopped_at = blocks.get(printed.len());
    assert!(
        output.status.success() && stopped_at.is_none(),
        "{document}:{}: {rest:?} {}",
        stopped_at.map_or(0, |block| block.line),
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

/// Whether a line is as shown, apart from what the document leaves out.
fn is_shown(shown: &str, line: &str) -> bool {
    let mut parts = shown.split(LEFT_OUT);
    let first = parts.next().expect("one part at least");
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).expect("it was found there");
    }
    rest.ends_with(last)
}

/// Runs a document and compares what it prints with what it shows.
fn run_and_compare(document: &str) {
    let blocks = blocks(&read(document));
    let printed = run(document, &blocks);
    compare(document, &blocks, &printed);
}

fn compare(document: &str, blocks: &[Block], printed: &[String]) {
    for (block, printed) in blocks.iter().zip(printed) {
        let Some(shown) = &block.shown else { continue };
        // A line that begins with a space continues the one before.
        let shown = shown.replace("\n ", "");
        let (shown, printed): (Vec<&str>, Vec<&str>) = (
            shown.lines().filter(|line| !line.is_empty()).collect(),
            printed.lines().filter(|line| !line.is_empty()).collect(),
        );
        let at = format!("{document}:{}", block.line);
        for (shown, printed) in shown.iter().zip(&printed) {
            assert!(
                is_shown(shown, printed),
                "{at} shows {shown}\nand printed {printed}"
            );
        }
        assert_eq!(shown.len(), printed.len(), "{at} printed {printed:#?}");
    }
}

#[test]
fn what_a_newcomer_pastes_from_the_readme_works_from_top_to_bottom() {
    let mut blocks = blocks(&read("README.md"));
    // A newcomer who builds installs nothing, and a browser is not at hand here.
    blocks.retain(|block| {
        let place = lines(&block.commands).next().and_then(elsewhere);
        !place.is_some_and(|place| [INSTALLED, "when installing", EXAMPLES].contains(&place))
    });
    let session = blocks
        .iter()
        .position(|block| block.commands.contains("rpc()"))
        .expect("the session");
    // Pasted again, on the same daemon, it goes on with the same accounts.
    blocks.insert(session + 1, blocks[session].clone());
    let printed = run("README.md", &blocks);
    compare("README.md", &blocks, &printed);
    let created = ["\"mnemonic\":", "\"result\""];
    let exists = ["\"account_exists\"", "use the account that has it"];
    for (printed, accounts, first) in [
        (&printed[session], created, "\"forwardSecrecy\":false"),
        (&printed[session + 1], exists, "\"forwardSecrecy\":true"),
    ] {
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 6, "{lines:#?}");
        for (line, parts) in lines.iter().zip([
            accounts,
            accounts,
            ["\"text\":\"hello\"", first],
            ["\"text\":\"hi\"", "\"forwardSecrecy\":true"],
            ["\"confirmed\":1", "\"result\""],
            ["\"undecryptable\"", "\"already_read\""],
        ]) {
            for part in parts {
                assert!(line.contains(part), "{part} in {line}");
            }
        }
    }
}

#[test]
fn the_curl_page_is_a_script_that_prints_what_it_shows_and_leaves_no_method_out() {
    run_and_compare("docs/curl.md");
    let text = read("docs/curl.md");
    for method in rpc::openrpc::document(false)["methods"]
        .as_array()
        .expect("methods")
    {
        let name = method["name"].as_str().expect("a name");
        assert!(text.contains(name), "{name} is not shown");
    }
}

/// The pages of the interface that have examples, in the order in which these are run.
const INTERFACE: [&str; 10] = [
    "docs/api.md",
    "docs/api/accounts.md",
    "docs/api/bundles.md",
    "docs/api/messages.md",
    "docs/api/devices.md",
    "docs/api/identities.md",
    "docs/api/envelopes.md",
    "docs/api/topics.md",
    "docs/api/clocks.md",
    "docs/api/events.md",
];

/// Sets what the examples in the interface's pages refer to.
const BEFORE_THE_INTERFACE: &str = r#"ratchetd serve --http 127.0.0.1:0 >ready.txt 2>log.txt &
until grep -q http: ready.txt; do sleep 0.05; done
PORT=$(sed -n 's/.*127.0.0.1://p' ready.txt)
call() { ratchetd call --json "$@"; }
get() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1; }
BOB=$(call account_create account=bob | get publicKey)
CONTACT_CODE=$(call bundle_get account=bob | get contactCode)
"#;

#[test]
fn the_examples_of_the_interface_are_answered_with_results() {
    let mut all = vec![Block {
        line: 0,
        commands: BEFORE_THE_INTERFACE.to_owned(),
        shown: None,
    }];
    let pages = INTERFACE.map(read).concat();
    for mut block in blocks(&pages) {
        block.commands = block.commands.replace(":8645/", ":$PORT/");
        // A stream has no end.
        if block.commands.starts_with("curl -sN") {
            block.commands = format!("sed '/^data/q' < <({})", block.commands.trim_end());
        }
        // Later examples refer to what the earlier ones gave.
        for (method, after) in [
            (
                "\"account_create\"",
                "ALICE=$(call account_get account=alice | get publicKey)",
            ),
            (
                "\"message_encrypt\"",
                "MESSAGE=$(call message_encrypt account=alice recipient=$BOB text=hi | get message)",
            ),
            (
                "\"message_decrypt\"",
                "ID=$(call message_decrypt account=bob sender=$ALICE message=$MESSAGE | get messageId)",
            ),
        ] {
            if block.commands.contains(method) {
                block.commands.push_str(after);
            }
        }
        all.push(block);
    }
    let printed = run("docs/api.md", &all);
    let mut answers = 0;
    for (block, printed) in all.iter().zip(printed) {
        for line in printed.lines().filter(|line| line.starts_with('{')) {
            answers += 1;
            assert!(line.contains("\"result\":"), "{}: {line}", block.line);
        }
    }
    assert!(answers >= 10, "{answers}");
}

#[test]
fn what_the_operator_is_told_to_type_works() {
    let before = [
        "SOCKET=$HOME/.local/share/ratchetd/ratchetd.sock\nratchetd serve",
        "ratchetd call account_create account=alice",
    ];
    let mut with_a_daemon: Vec<Block> = before
        .map(|commands| Block {
            line: 0,
            commands: commands.to_owned(),
            shown: None,
        })
        .into();
    for mut block in blocks(&read("docs/operations.md")) {
        let run_here = lines(&block.commands).filter(|line| elsewhere(line).is_none());
        block.commands = run_here.flat_map(|line| [line, "\n"]).collect();
        with_a_daemon.push(block);
    }
    run("docs/operations.md", &with_a_daemon);
}

/// The command lines of a block.
fn lines(commands: &str) -> impl Iterator<Item = &str> {
    let lines = commands.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Who or what runs this line, if it is not run here.
fn elsewhere(line: &str) -> Option<&'static str> {
    RUN_ELSEWHERE
        .iter()
        .find(|(begin, _)| line.starts_with(begin))
        .map(|(_, place)| *place)
}

#[test]
fn every_command_in_a_document_is_run() {
    let run_here = ["README.md", "docs/curl.md", "docs/operations.md"];
    let run_here = [run_here.as_slice(), &INTERFACE].concat();
    let found = files(&top(), "md");
    assert!(found.len() >= 10, "{found:?}");
    for path in found {
        if run_here.iter().any(|name| path == top().join(name)) {
            continue;
        }
        for block in blocks(&fs::read_to_string(&path).expect("a document")) {
            for line in lines(&block.commands) {
                let place = elsewhere(line).unwrap_or_else(|| {
                    panic!("{}:{}: nothing runs {line}", path.display(), block.line)
                });
                // At least the script exists.
                for word in line.split_whitespace().chain([place]) {
                    let word = word.trim_end_matches(',');
                    let is_script = word.ends_with(".sh") || word.starts_with(".ci/");
                    assert!(!is_script || top().join(word).exists(), "{word}");
                }
            }
        }
    }
}

/// Commands that are said to be run elsewhere are run there.
#[test]
fn commands_said_to_run_elsewhere_are_run_there() {
    let check = read("clients/typescript/check.sh");
    let package: serde_json::Value =
        serde_json::from_str(&read("clients/typescript/package.json")).expect("JSON");
    assert!(check.contains("npm ci") && check.contains("npm test"));
    let test = package["scripts"]["test"].as_str().expect("a script");
    assert!(test.starts_with("npm run build &&"), "{test}");
    let check = read("clients/python/check.sh");
    assert!(check.contains("pip install") && check.contains(".venv/bin/pytest"));
    let first_day = read("tests/first_day.sh");
    assert!(first_day.contains("block clients/typescript/README.md 'npm ci'"));
    let ci = read(".ci/run");
    assert!(ci.contains("tests/first_day.sh"));
    assert!(ci.contains("clients/typescript/check.sh") && ci.contains("README.md"));
    assert!(ci.contains("clients/python/check.sh"));
    assert!(ci.contains(EXAMPLES));
    let together = read("examples/web-chat/test/readme.test.ts");
    assert!(together.contains(r#"commands("README.md")"#));
    // The container is run as documented, as far as buildah can.
    let script = read("tests/container.sh");
    let documented = "docker run -d --name ratchetd --read-only --tmpfs /tmp --network none --cap-drop ALL --ulimit memlock=-1 -v ratchetd-data:/var/lib/ratchetd -v ratchetd-socket:/run/ratchetd ratchetd";
    assert!(read("docs/operations.md").contains(documented));
    let dockerfile = read("Dockerfile").replace("\\\n#     ", "");
    assert!(dockerfile.contains(documented), "{dockerfile}");
    let running = script
        .split("images run ")
        .find(|command| command.contains("-- $program"))
        .expect("the daemon's container");
    for flag in [
        "--network none",
        "--cap-drop all",
        ":/var/lib/ratchetd",
        ":/run/ratchetd",
    ] {
        assert!(running.contains(flag), "{flag}");
    }
    assert!(script.contains("ratchetd doctor") && script.contains("--build-arg REVISION="));
}

/// Commands quoted within a line are not run, but what they name exists.
#[test]
fn commands_within_lines_name_commands_flags_scripts_and_tests_that_there_are() {
    let found = files(&top(), "md");
    let mut seen = 0;
    for path in found {
        let text = fs::read_to_string(&path).expect("a document");
        let prose: Vec<&str> = text.split("```").step_by(2).collect();
        for quoted in prose
            .iter()
            .flat_map(|part| part.split('`').skip(1).step_by(2))
        {
            for command in quoted.split(" | ") {
                let words: Vec<&str> = command
                    .split_whitespace()
                    .skip_while(|word| word.contains('='))
                    .collect();
                let at = format!("{}: {quoted}", path.display());
                match words.as_slice() {
                    ["ratchetd", name, rest @ ..]
                        if name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
                    {
                        is_a_command(name, rest, &at);
                    }
                    ["npm", "run", script, ..] => {
                        let package = read("clients/typescript/package.json");
                        assert!(package.contains(&format!("\"{script}\": ")), "{at}");
                    }
                    ["cargo", "test" | "run", rest @ ..] => {
                        for pair in rest.windows(2) {
                            match pair {
                                ["-p", name] => {
                                    assert!(top().join("crates").join(name).exists(), "{at}");
                                }
                                ["--test", name] => {
                                    let file = format!("tests/{name}/main.rs");
                                    assert!(top().join(file).exists(), "{at}");
                                }
                                _ => {}
                            }
                        }
                    }
                    _ => continue,
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

fn is_a_command(name: &str, rest: &[&str], at: &str) {
    let help = Command::new(RATCHETD)
        .args([name, "--help"])
        .output()
        .expect("it runs");
    assert!(help.status.success(), "{at}");
    let help = String::from_utf8(help.stdout).expect("text");
    for flag in rest.iter().filter(|word| word.starts_with("--")) {
        let flag = flag.split('=').next().expect("a name");
        let is_in_names = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let mut words = help.split(|letter| !is_in_names(letter));
        assert!(words.any(|word| word == flag), "{at} has no {flag}");
    }
}

#[test]
fn only_what_is_elided_may_differ() {
    assert!(is_shown("a…c…e", "abcde"));
    assert!(is_shown("a…", "a"));
    for (shown, line) in [
        ("a…c", "abd"),
        ("abc", "abcd"),
        ("b…", "ab"),
        ("a…b…b", "ab"),
    ] {
        assert!(!is_shown(shown, line), "{shown} {line}");
    }
}
