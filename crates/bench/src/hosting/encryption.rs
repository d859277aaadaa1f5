//! Messages a second over many accounts, against one of them.

use std::{collections::VecDeque, rc::Rc};

use super::directory::{Directory, name};
use crate::{
    closed_loop::{Calls, Limit, run_loop},
    figure::{Figure, Round, median},
    peer::Peer,
    population::{Kind, MESSAGE, Population, deliver, encrypt_request, establish_sessions},
    setup::Setup,
    test_daemon::{TestAccount, TestDaemon},
};

/// Accounts with a contact each, and one of them with a contact for each connection.
pub(super) struct Spread<'a> {
    daemon: &'a TestDaemon,
    accounts: Vec<TestAccount>,
    contacts: Vec<Peer>,
    calls: Calls,
    one: Population,
}

impl<'a> Spread<'a> {
    /// Sets up sessions between the last `count` accounts of the directory and a new contact of
    /// each. They are no more than are kept open: it is messages that are measured.
    pub(super) async fn build(
        daemon: &'a TestDaemon,
        directory: &Directory<'_>,
        count: usize,
        setup: &Setup,
    ) -> Result<Self, String> {
        let numbers = directory.accounts - count + 1..=directory.accounts;
        let mut accounts = Vec::new();
        let mut contacts = Peer::several(count)?;
        for (number, contact) in numbers.zip(contacts.chunks_mut(1)) {
            let account = daemon.account(name(number)).await?;
            establish_sessions(daemon, &account, contact).await?;
            accounts.push(account);
        }
        // Each connection goes through accounts of its own.
        let queues = setup.connections.min(count);
        let mut calls: Vec<VecDeque<Rc<[u8]>>> = vec![VecDeque::new(); queues];
        for (number, (account, contact)) in accounts.iter().zip(&contacts).enumerate() {
            if let Some(queue) = calls.get_mut(number % queues) {
                queue.push_back(encrypt_request(&account.name, contact));
            }
        }
        let first = accounts.first().cloned().ok_or("there is no account")?;
        Ok(Self {
            daemon,
            one: Population::build(daemon, first, setup.connections, 0).await?,
            calls: Calls::repeated(calls, MESSAGE, Some(1)),
            accounts,
            contacts,
        })
    }

    /// Encrypts on all connections, in alternating rounds: on one account, and over all. Returns
    /// the figures, and the median of the rounds' ratios.
    pub(super) async fn measure(mut self, setup: &Setup) -> Result<([Figure; 2], f64), String> {
        let (connections, limit) = (setup.connections, Limit::Time(setup.span()));
        let (mut one, mut many) = (Vec::new(), Vec::new());
        for _ in 0..=setup.rounds {
            one.push(self.one.measure(Kind::Encrypt, connections, limit).await?);
            many.push(self.over_all(connections, limit).await?);
        }
        let one = Figure::new("one account", connections, &one, None)?;
        let name = format!("{} accounts", self.accounts.len());
        let many = Figure::new(name, connections, &many, None)?;
        let ratios = many.rounds.iter().zip(&one.rounds);
        let ratio = median(ratios.map(|(many, one)| many / one).collect());
        Ok(([one, many], ratio))
    }

    /// One round over all accounts; what was encrypted is read by its recipients.
    async fn over_all(&mut self, connections: usize, limit: Limit) -> Result<Round, String> {
        let round = run_loop(self.daemon.socket(), connections, limit, &mut self.calls).await?;
        let answers = std::mem::take(&mut self.calls.kept);
        let senders = self.accounts.iter().map(|account| account.identity);
        deliver(senders.zip(&mut self.contacts), 1, &answers)?;
        Ok(round)
    }
}
