//! `ratchetd link`: makes a further device of one's own, without the recovery phrase.

use std::io::{self, BufRead, BufReader, Read, Write};

use engine::model::AccountName;
use rpc::{
    methods,
    params::{Digits, FirstCodeText, Form as _, LinkName, SecondCodeText},
    types::QrFormat,
};

use super::{
    Failure,
    output::Output,
    qr::account_name,
    reach::{Ended, ReachArgs, Reached, report_failure},
};
use crate::commands::terminal::{
    ASIDE, GOOD, HEADING, LIGHT_ON_DARK, Look, NAME, WARNING, columns, width, wrap,
};

/// What `--help` ends with.
pub const EXAMPLES: &str = "\
On the new device:   ratchetd link new phone
On the old device:   ratchetd link old

Each shows what to do next. Nothing is given away before the six digits that the
new device shows were typed into the old one.

Exits with 0, with 1 if the daemon answers with an error, and with 2 if none could
be asked or the input ended.";

/// What `link` takes.
#[derive(Debug, clap::Args)]
pub struct LinkArgs {
    #[command(subcommand)]
    device: Device,
}

#[derive(Debug, clap::Subcommand)]
enum Device {
    /// Make this the new device: show a code for the old one
    New(NewArgs),
    /// This is the old device: read the code of the new one, and give it the identity
    Old(OldArgs),
}

#[derive(Debug, clap::Args)]
struct NewArgs {
    /// The name of the account that is made here
    #[arg(value_name = "ACCOUNT", value_parser = account_name)]
    account: AccountName,
    #[command(flatten)]
    reach: ReachArgs,
}

#[derive(Debug, clap::Args)]
struct OldArgs {
    /// Which account's identity is given [default: the only account of the daemon]
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    account: Option<AccountName>,
    /// Draw the code for the new device as a QR code, too. It has room for some dozens of contacts,
    /// and for hundreds without this
    #[arg(long)]
    qr: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Characters of a code on a line: a terminal takes no line of any length.
const CODE_COLUMNS: usize = 72;
/// More than the longest code, with what is pasted along.
const MAX_INPUT_BYTES: u64 = 256 * 1024;

/// Leads a person through it.
///
/// # Errors
/// If the output cannot be written.
pub fn run(
    args: LinkArgs,
    input: &mut dyn Read,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    let mut input = BufReader::new(input.take(MAX_INPUT_BYTES));
    let mut talk = Talk {
        input: &mut input,
        out,
        look: Look::of_output(),
    };
    let linked = match args.device {
        Device::New(args) => talk.new_device(args),
        Device::Old(args) => talk.old_device(args),
    };
    match linked {
        Ok(()) => Ok(Ended::Result),
        Err(failed) => match failed.downcast::<io::Error>() {
            Ok(error) => Err(*error),
            Err(failed) => Ok(report_failure("link", &failed, diagnostics)),
        },
    }
}

/// What is said to a person, and what they answer.
struct Talk<'a, 'o> {
    input: &'a mut dyn BufRead,
    out: &'a mut Output<'o>,
    look: Look,
}

impl Talk<'_, '_> {
    fn new_device(&mut self, args: NewArgs) -> Result<(), Failure> {
        let daemon = args.reach.reach()?;
        let begun = daemon.call::<methods::LinkBegin>(methods::BeginLinkParams {
            format: Some(QrFormat::Text),
        })?;
        self.heading("1. Let the old device read this code: ratchetd link old")?;
        self.code(&begun.code, begun.qr.as_deref())?;
        let challenge = self.digits("2. Type the six digits that the old device shows:")?;
        let answered = daemon.call::<methods::LinkAnswer>(methods::AnswerLinkParams {
            link: LinkName(begun.link.clone()),
            challenge,
        })?;
        self.heading("3. Type these six digits into the old device:")?;
        self.show_digits(&answered.response)?;
        let code = self.second_code()?;
        let made = daemon.call::<methods::LinkAccept>(methods::AcceptLinkParams {
            link: LinkName(begun.link),
            account: args.account,
            code,
            seal: None,
        })?;
        self.out
            .if_lost("the account was made: account_get shows it, and message_advertise makes the message for the old device");
        let account = &made.account;
        writeln!(self.out)?;
        let done = format!("{} is here as a device of", account.account);
        writeln!(self.out, "{}", self.look.paint(GOOD, &done))?;
        writeln!(self.out, "    {}", account.compressed_key)?;
        self.say("The old device shows the same key. If it is another one, remove this account: somebody gave you theirs.")?;
        let contacts = made.contacts.len();
        let left_out = match made.contacts_left_out {
            0 => String::new(),
            more => format!(", and {more} more had no room in the code"),
        };
        self.say(&format!("{contacts} contacts came along{left_out}."))?;
        self.say("The old device knows nothing of the keys of this one yet. A frontend sends it the next message of this one; or give it this:")?;
        for envelope in &made.envelopes {
            writeln!(
                self.out,
                "    ratchetd call message_decrypt confirm=true sender={} message={}",
                account.compressed_key,
                rpc_hex(&envelope.message.0)
            )?;
        }
        Ok(())
    }

    fn old_device(&mut self, args: OldArgs) -> Result<(), Failure> {
        let daemon = args.reach.reach()?;
        let code = self.first_code()?;
        let offered = daemon.call::<methods::LinkOffer>(methods::OfferLinkParams {
            account: args.account,
            code,
        })?;
        writeln!(self.out)?;
        for line in wrap(&offered.warning, columns()) {
            writeln!(self.out, "{}", self.look.paint(WARNING, &line))?;
        }
        writeln!(self.out)?;
        for (name, value) in [
            ("gives", offered.account.as_str()),
            ("with the key", &offered.compressed_key),
            ("to the device", &offered.installation_id),
            ("and contacts", &offered.contacts.to_string()),
        ] {
            let name = self.look.paint(NAME, &format!("{name:13}"));
            writeln!(self.out, "    {name}  {value}")?;
        }
        self.heading("2. Type these six digits into the new device:")?;
        self.show_digits(&offered.challenge)?;
        let response = self.digits(
            "3. Read six digits from the screen of the new device, and type them here to give it everything (or end this with Ctrl-C):",
        )?;
        let given = Self::confirm(&daemon, offered.link, response, args.qr)?;
        self.out.if_lost(
            "the new device is enabled, and its code is lost: disable it with installation_disable, and begin again",
        );
        self.heading("4. Let the new device read this code:")?;
        self.code(&given.code, given.qr.as_deref())?;
        if given.contacts_left_out > 0 {
            self.say(&format!(
                "{} contacts have no room in it{}.",
                given.contacts_left_out,
                if args.qr {
                    "; without --qr there is more"
                } else {
                    ""
                }
            ))?;
        }
        Ok(())
    }

    fn confirm(
        daemon: &Reached,
        link: String,
        response: Digits,
        qr: bool,
    ) -> Result<rpc::types::ConfirmedLink, Failure> {
        Ok(
            daemon.call::<methods::LinkConfirm>(methods::ConfirmLinkParams {
                link: LinkName(link),
                response,
                format: qr.then_some(QrFormat::Text),
                names: None,
            })?,
        )
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        for line in wrap(text, columns()) {
            writeln!(self.out, "{}", self.look.paint(HEADING, &line))?;
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        for line in wrap(text, columns()) {
            writeln!(self.out, "{}", self.look.paint(ASIDE, &line))?;
        }
        Ok(())
    }

    /// Digits that are easier to read in two groups.
    fn show_digits(&mut self, digits: &str) -> io::Result<()> {
        let (first, last) = digits
            .split_at_checked(digits.len() / 2)
            .unwrap_or((digits, ""));
        let shown = self.look.paint(HEADING, &format!("{first} {last}"));
        writeln!(self.out, "\n    {shown}\n")
    }

    /// A code, drawn if there is room for that.
    fn code(&mut self, code: &str, drawing: Option<&str>) -> io::Result<()> {
        writeln!(self.out)?;
        if let Some(drawing) = drawing {
            let needed = drawing.lines().next().map_or(0, width);
            if needed <= columns() {
                for line in drawing.lines() {
                    writeln!(self.out, "{}", self.look.paint(LIGHT_ON_DARK, line))?;
                }
                writeln!(self.out)?;
            } else {
                self.say(&format!(
                    "(The QR code needs a terminal of {needed} columns.)"
                ))?;
            }
        }
        let characters: Vec<char> = code.chars().collect();
        for line in characters.chunks(CODE_COLUMNS) {
            writeln!(self.out, "{}", line.iter().collect::<String>())?;
        }
        writeln!(self.out)
    }

    /// A line of the input; none at its end.
    fn line(&mut self) -> Result<Option<String>, Failure> {
        self.out.flush()?;
        let mut line = String::new();
        let read = self.input.read_line(&mut line);
        let read = read.map_err(|error| format!("standard input: {error}"))?;
        Ok((read > 0).then_some(line))
    }

    /// Asks for six digits, until they are.
    fn digits(&mut self, question: &str) -> Result<Digits, Failure> {
        self.heading(question)?;
        loop {
            let line = self.line()?.ok_or("the input ended: nothing was done")?;
            match Digits::read(line.into()) {
                Ok(digits) => return Ok(digits),
                Err(_) => self.say("Six digits, please.")?,
            }
        }
    }

    /// Asks for the code of the new device, which is whole when it can be read.
    fn first_code(&mut self) -> Result<FirstCodeText, Failure> {
        self.heading("1. Paste the code that the new device shows (ratchetd link new):")?;
        let mut text = String::new();
        while let Some(line) = self.line()? {
            text.push_str(&line);
            if let Ok(code) = FirstCodeText::read(text.clone().into()) {
                return Ok(code);
            }
            if line.trim().is_empty() && !text.trim().is_empty() {
                break;
            }
        }
        let read = FirstCodeText::read(text.into());
        read.map_err(|error| format!("{error}; {}", error.hint).into())
    }

    /// Asks for the code of the old device, which ends with an empty line.
    fn second_code(&mut self) -> Result<SecondCodeText, Failure> {
        self.heading(
            "4. Paste the code that the old device shows then, and press Enter on an empty line:",
        )?;
        let mut text = String::new();
        while let Some(line) = self.line()? {
            if line.trim().is_empty() && !text.is_empty() {
                break;
            }
            text.push_str(line.trim());
        }
        let read = SecondCodeText::read(text.into());
        read.map_err(|error| format!("{error}; {}", error.hint).into())
    }
}

fn rpc_hex(bytes: &[u8]) -> String {
    format!("0x{}", const_hex::encode(bytes))
}
