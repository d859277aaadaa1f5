//! `ratchetd verify IDENTITY`: the safety number that two people compare to be sure of their keys.

use std::io::{self, Write};

use crypto_core::IdentityKey;
use engine::model::AccountName;
use rpc::{
    methods,
    params::Form,
    types::{AccountInfo, ContactInfo, IdentityInfo},
};

use super::{
    Failure,
    qr::account_name,
    reach::{Ended, ReachArgs, report_failure},
};
use crate::commands::terminal::{ASIDE, GOOD, HEADING, Look, NAME, WARNING};

/// What `verify` takes.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    reach: ReachArgs,
    /// Who looks [default: the only account]
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    account: Option<AccountName>,
    /// Note that the safety number was compared, and is the same
    #[arg(long)]
    same: bool,
    /// Note that it was not, or is another
    #[arg(long, conflicts_with = "same")]
    differs: bool,
    /// The contact's key: zQ3sh…, 0x04…, 0x02… or 0x03…
    #[arg(value_name = "IDENTITY", value_parser = identity)]
    identity: IdentityKey,
}

/// Digits of a safety number that are read aloud in one breath.
const GROUP: usize = 5;
/// Groups on a line: six, so that a line is one of the two halves.
const GROUPS: usize = 6;

fn identity(text: &str) -> Result<IdentityKey, String> {
    <IdentityKey as Form>::read(text.into()).map_err(|error| error.hint)
}

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
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    match see(args) {
        Ok(seen) => {
            show(&seen, Look::of_output(), out)?;
            Ok(Ended::Result)
        }
        Err(failed) => report_failure("verify", &failed, diagnostics),
    }
}

fn see(args: VerifyArgs) -> Result<Seen, Failure> {
    let daemon = args.reach.reach()?;
    let (account, identity) = (args.account, args.identity);
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

fn show(seen: &Seen, look: Look, out: &mut dyn Write) -> io::Result<()> {
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
    let own = &seen.own.compressed_key;
    for line in [
        "Meet, or call each other; do not use this chat. Each sees the same sixty digits on their own device:".to_owned(),
        format!("theirs come from `ratchetd verify {own}`, or their frontend."),
        "If all are the same, nobody is in between: note it with --same. If one is not, trust no message, and take back".to_owned(),
        "what was noted with --differs. Colours and pictures can be imitated; they help to notice a wrong key, and prove none right.".to_owned(),
    ] {
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
