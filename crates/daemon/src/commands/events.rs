//! `ratchetd events`: events as they come, a line each.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd as _,
    pin::pin,
    time::Duration,
};

use engine::model::AccountName;
use rpc::{
    ErrorKind,
    client::{Client, ClientError},
    methods,
    params::{AccountFilter, Cursor, WaitMillis},
    types::{EventInfo, Events},
};
use serde_json::Value;
use tokio::{
    io::Interest,
    net::unix::pipe,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::{
    Failure,
    call::show::{date, one_line_each},
    output::Output,
    qr::account_name,
    reach::{Ended, ReachArgs, report_failure},
};
use crate::{
    commands::terminal::{ASIDE, HEADING, Look, NAME, WARNING},
    ops::clock::Clock,
};

/// What `--help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  ratchetd events
  ratchetd events --account alice --from-start
  ratchetd events --json --after 117 | jq 'select(.type == \"contact.requested\")'

Exits with 0 on Ctrl-C, or when the reader of its output goes away, with 1 if the
daemon answers with an error, with 2 if there was none at the start, and with 3
if its output could not be written.";

/// What `events` takes.
#[derive(Debug, clap::Args)]
pub struct EventsArgs {
    /// Follow the events of this account alone [default: of all]
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    account: Option<AccountName>,
    /// Begin behind the event of this number, its `seq` [default: with what is still to come]
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Begin with the oldest event that is kept
    #[arg(long, conflicts_with = "after")]
    from_start: bool,
    /// Print each event as a line of JSON, as the stream of events has it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// How long the daemon keeps a call waiting for an event.
const WAIT: WaitMillis = WaitMillis(30_000);
/// Between two attempts to reach a daemon that went away.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints events until it is told to end: by a signal, or by its reader, who goes away.
///
/// # Errors
/// If the output cannot be written, for another reason than a reader who went away.
pub fn run(
    args: EventsArgs,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    let daemon = match args.reach.reach() {
        Ok(daemon) => daemon,
        Err(failed) => return Ok(report_failure("events", &failed, diagnostics)),
    };
    out.may_be_left();
    let mut follower = Follower {
        client: daemon.client(),
        account: args.account,
        json: args.json,
        out,
        diagnostics,
        is_away: false,
    };
    let begin = if args.from_start { Some(0) } else { args.after };
    match daemon.block_on(follower.follow(begin)) {
        Ok(()) => Ok(Ended::Result),
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ended::Result),
        Err(Stop::Output(error)) => Err(error),
        Err(Stop::Daemon(error)) => Ok(report_failure(
            "events",
            &Failure::from(error),
            follower.diagnostics,
        )),
    }
}

/// Why no more events are printed, if nobody asked for the end.
enum Stop {
    Output(io::Error),
    Daemon(ClientError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

struct Follower<'a, 'o> {
    client: &'a Client,
    account: Option<AccountName>,
    json: bool,
    out: &'a mut Output<'o>,
    diagnostics: &'a mut dyn Write,
    /// The daemon went away, which was told.
    is_away: bool,
}

impl Follower<'_, '_> {
    /// Prints the events behind this one, or those that are still to come.
    async fn follow(&mut self, begin: Option<u64>) -> Result<(), Stop> {
        let mut ended = pin!(told_to_end()?);
        let mut cursor = match begin {
            Some(after) => after,
            None => self.newest().await.map_err(Stop::Daemon)?,
        };
        let mut is_first = true;
        loop {
            let read = tokio::select! {
                () = &mut ended => return Ok(()),
                read = self.read(cursor) => read,
            };
            match read {
                Ok(events) => {
                    self.show_back();
                    cursor = events.next;
                    self.show(events)?;
                }
                Err(error) if is_first || !will_pass(&error) => return Err(Stop::Daemon(error)),
                Err(error) => {
                    self.show_away(&error);
                    tokio::select! {
                        () = &mut ended => return Ok(()),
                        () = sleep(PAUSE) => {}
                    }
                }
            }
            is_first = false;
        }
    }

    /// The number of the newest event.
    async fn newest(&self) -> Result<u64, ClientError> {
        let params = methods::StatusParams { account: None };
        let status = self.client.call::<methods::SystemStatus>(params).await?;
        Ok(status.newest_event)
    }

    /// The events behind the cursor; waits if there is none.
    async fn read(&self, cursor: u64) -> Result<Events, ClientError> {
        let account = match &self.account {
            Some(name) => AccountFilter::One(name.clone()),
            None => AccountFilter::All,
        };
        let params = methods::EventListParams {
            account: Some(account),
            after: Some(Cursor(cursor)),
            limit: None,
            wait_ms: Some(WAIT),
        };
        self.client.call::<methods::EventList>(params).await
    }

    fn show(&mut self, events: Events) -> io::Result<()> {
        if events.lagged {
            // Where the events go on.
            let first = events.events.first().map(|event| event.seq);
            let before = first.map_or(events.next, |first| first.saturating_sub(1));
            self.show_one(&EventInfo::lagged(before, Clock::default().now()))?;
        }
        events
            .events
            .iter()
            .try_for_each(|event| self.show_one(event))
    }

    fn show_one(&mut self, event: &EventInfo) -> io::Result<()> {
        let json = serde_json::to_value(event)?;
        let line = if self.json {
            json.to_string()
        } else {
            line(event, &json, Look::of_output())
        };
        writeln!(self.out, "{line}")
    }

    /// Says, once, that the daemon went away.
    fn show_away(&mut self, error: &ClientError) {
        if !self.is_away {
            self.is_away = true;
            let _ = writeln!(
                self.diagnostics,
                "ratchetd events: waiting for the daemon to come back: {error}"
            );
        }
    }

    fn show_back(&mut self) {
        if self.is_away {
            self.is_away = false;
            let _ = writeln!(self.diagnostics, "ratchetd events: the daemon is back");
        }
    }
}

/// A line for people: when, the number, whose, the type, and what there is to say about it.
fn line(event: &EventInfo, json: &Value, look: Look) -> String {
    let (at, seq) = (look.paint(ASIDE, &date(event.at)), event.seq);
    if event.is_lagged() {
        let lost = look.paint(WARNING, "events lost");
        return format!("{at}  {seq}  {lost}  list anew what they were about");
    }
    let account = look.paint(NAME, event.account.as_deref().unwrap_or("-"));
    let what = look.paint(HEADING, event.what.name());
    let data = json.get("data").map(one_line_each).unwrap_or_default();
    format!("{at}  {seq}  {account}  {what}  {data}")
        .trim_end()
        .to_owned()
}

/// Whether a daemon that answered so, or not at all, may answer again when it was restarted.
fn will_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Connect { .. } | ClientError::Closed | ClientError::Answer(_) => true,
        ClientError::Refused { status } => status.is_server_error(),
        ClientError::Call { data, .. } => data
            .as_ref()
            .is_some_and(|data| matches!(data.kind, ErrorKind::ShuttingDown | ErrorKind::Busy)),
    }
}

/// Waits for a signal to end, or for the reader of the output to go away.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Nothing is written by this descriptor. A file or a device cannot be watched, and has no
    // reader.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let output = pipe::Sender::from_file_unchecked(output).ok();
    Ok(async move {
        let reader_gone = async {
            match &output {
                Some(output) => drop(output.ready(Interest::ERROR).await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = reader_gone => {}
        }
    })
}
