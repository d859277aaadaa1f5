//! `ratchetd verify IDENTITY`: the safety number that two people compare to be sure of their keys.

use std::io::{self, Read, Write};

use crypto_core::IdentityKey;
use engine::model::AccountName;
use rpc::{
    methods,
    params::Form as _,
    types::{AccountInfo, ContactInfo, IdentityInfo},
};

use super::{
    Failure,
    output::Output,
    qr::account_name,
    reach::{Accounts, Ended, Named, ReachArgs, report_failure},
};
use crate::{
    commands::terminal::{ASIDE, GOOD, HEADING, Look, NAME, WARNING, columns, wrap},
    config::input::STANDARD,
};

/// What `verify` takes.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The contact's public key: zQ3sh…, 0x04…, 0x02… or 0x03…; or the name of another account of
    /// this daemon; or - to read it from standard input
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// Which of your accounts compares [default: the only account of the daemon]
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    account: Option<AccountName>,
    /// Note that you compared the safety number with the contact's, and that both are the same
    #[arg(long)]
    same: bool,
    /// Note that the safety numbers differ, or take back that they were the same
    #[arg(long, conflicts_with = "same")]
    differs: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Digits of a safety number that are read aloud in one breath.
const GROUP: usize = 5;
/// Groups on a line: six, so that a line is one of the two halves.
const GROUPS: usize = 6;

/// More than any form of a key, with what is pasted along.
const MAX_INPUT_BYTES: u64 = 4096;

struct Seen {
    own: AccountInfo,
    contact: ContactInfo,
    look: IdentityInfo,
}

/// Shows the safety number and the identity, and records the result of the comparison, if asked.
///
/// # Errors
/// If the output cannot be written.
pub fn run(
    args: VerifyArgs,
    input: &mut dyn Read,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    if args.same {
        out.if_lost("it is noted that the safety numbers are the same");
    } else if args.differs {
        out.if_lost("it is noted that the safety numbers differ");
    }
    match see(args, input) {
        Ok(seen) => {
            show(&seen, Look::of_output(), columns(), out)?;
            Ok(Ended::Result)
        }
        Err(failed) => Ok(report_failure("verify", &failed, diagnostics)),
    }
}

fn see(args: VerifyArgs, input: &mut dyn Read) -> Result<Seen, Failure> {
    let given = if args.identity == STANDARD {
        let mut text = String::new();
        let read = input.take(MAX_INPUT_BYTES).read_to_string(&mut text);
        read.map_err(|error| format!("standard input: {error}"))?;
        text.trim().to_owned()
    } else {
        args.identity
    };
    let daemon = args.reach.reach()?;
    let found = Accounts::of(&daemon).find(&given)?;
    let identity = match (&found, IdentityKey::read(given.into())) {
        (Named::Account(key), _) => IdentityKey::from_compact(key)?,
        (_, Ok(key)) => key,
        (Named::Nobody(said), Err(error)) => {
            return Err(format!("IDENTITY is {error}\n{said}").into());
        }
        (Named::NoName, Err(error)) => {
            return Err(format!("IDENTITY is {error}\n{}", error.hint).into());
        }
    };
    let account = args.account;
    let own = daemon.call::<methods::AccountGet>(methods::AccountOnly {
        account: account.clone(),
    })?;
    // First, because it fails for our own identity, which has no safety number.
    let mut contact = daemon.call::<methods::ContactGet>(methods::ContactParams {
        account: account.clone(),
        identity,
    })?;
    if args.same || args.differs {
        contact = daemon.call::<methods::ContactVerify>(methods::VerifyContactParams {
            account,
            identity,
            verified: args.same,
        })?;
    }
    let look = daemon.call::<methods::IdentityDescribe>(methods::DescribeParams {
        identity,
        account: None,
    })?;
    Ok(Seen { own, contact, look })
}

fn show(seen: &Seen, look: Look, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", look.paint(HEADING, "Safety number"))?;
    writeln!(out)?;
    for line in lines(&seen.contact.safety_number) {
        writeln!(out, "    {}", look.paint(HEADING, &line))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", look.paint(HEADING, "Their identity"))?;
    writeln!(out)?;
    let name = |name: &str| look.paint(NAME, &format!("{name:11}"));
    writeln!(out, "    {}  {}", name("key"), seen.look.compressed_key)?;
    let ring: Vec<String> = seen
        .look
        .color_hash
        .iter()
        .map(|[length, colour]| format!("{length}/{colour}"))
        .collect();
    writeln!(out, "    {}  {}", name("colour hash"), ring.join(" "))?;
    writeln!(out, "    {}  {}", name("colour id"), seen.look.color_id)?;
    writeln!(out)?;
    let picture = &seen.look.identicon;
    for row in rows(&picture.bitmap) {
        // Two letters are about as wide as a line is high.
        let cells: String = row
            .chars()
            .map(|cell| if cell == '1' { "██" } else { "  " })
            .collect();
        let cells = cells.trim_end();
        writeln!(out, "    {}", look.paint_rgb(&picture.rgb.0, cells))?;
    }
    writeln!(out)?;
    let (style, state) = if seen.contact.verified {
        (GOOD, "compared, and the same")
    } else {
        (WARNING, "not compared yet")
    };
    writeln!(
        out,
        "The safety number is noted as {}.",
        look.paint(style, state)
    )?;
    let before = "Meet, or call each other; do not use this chat. Each sees the same sixty digits on their own device. Theirs come from their frontend, or from";
    let command = format!("    ratchetd verify {}", seen.own.compressed_key);
    let after = "If all are the same, nobody is in between: note it with --same. If one is not, trust no message, and take back what was noted with --differs. Colours and pictures can be imitated: they help to notice a wrong key, and prove none right.";
    let mut advice = wrap(before, columns);
    advice.push(command);
    advice.extend(wrap(after, columns));
    for line in advice {
        writeln!(out, "{}", look.paint(ASIDE, &line))?;
    }
    Ok(())
}

/// The digits in groups, half of them to a line.
fn lines(number: &str) -> Vec<String> {
    let digits: Vec<char> = number.chars().collect();
    let lines = digits.chunks(GROUP * GROUPS);
    lines
        .map(|line| {
            let groups: Vec<String> = line
                .chunks(GROUP)
                .map(|group| group.iter().collect())
                .collect();
            groups.join(" ")
        })
        .collect()
}

/// The five rows of an identicon.
fn rows(bitmap: &str) -> Vec<String> {
    let cells: Vec<char> = bitmap.chars().collect();
    let rows = cells.chunks(crypto_core::IDENTICON_CELLS);
    rows.map(|row| row.iter().collect()).collect()
}
