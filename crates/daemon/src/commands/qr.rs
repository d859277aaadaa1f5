//! `ratchetd qr`: the contact code as a QR code, to be read from a screen.

use std::io::{self, Write};

use engine::model::AccountName;
use rpc::{methods, types::QrFormat};

use super::reach::{Ended, ReachArgs, report_failure};
use crate::commands::terminal::{LIGHT_ON_DARK, Look, width};

/// What `qr` takes.
#[derive(Debug, clap::Args)]
pub struct QrArgs {
    /// Which account's contact code [default: the only account of the daemon]
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    account: Option<AccountName>,
    /// Print it as an SVG document, for a page or a printer, instead of drawing it in the terminal
    #[arg(long)]
    svg: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// An account's name, or in words why it is none.
pub(super) fn account_name(text: &str) -> Result<AccountName, String> {
    AccountName::parse(text).map_err(|error| error.to_string())
}

/// Prints the code.
///
/// # Errors
/// If the output cannot be written.
pub fn run(args: QrArgs, out: &mut dyn Write, diagnostics: &mut dyn Write) -> io::Result<Ended> {
    let format = if args.svg {
        QrFormat::Svg
    } else {
        QrFormat::Text
    };
    let params = methods::ContactCodeQrParams {
        account: args.account,
        format,
    };
    let drawn = args
        .reach
        .reach()
        .and_then(|daemon| Ok(daemon.call::<methods::ContactCodeQr>(params)?));
    let drawing = match drawn {
        Ok(drawn) => drawn.qr,
        Err(failed) => return Ok(report_failure("qr", &failed, diagnostics)),
    };
    if format == QrFormat::Svg {
        writeln!(out, "{drawing}")?;
        return Ok(Ended::Result);
    }
    let look = Look::of_output();
    for line in drawing.lines() {
        writeln!(out, "{}", look.paint(LIGHT_ON_DARK, line))?;
    }
    let columns = drawing.lines().next().map_or(0, width);
    let _ = writeln!(
        diagnostics,
        "{columns} columns wide: if it is torn, widen the terminal or shrink its letters; --svg draws it for a page"
    );
    Ok(Ended::Result)
}
