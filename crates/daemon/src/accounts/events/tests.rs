use crypto_core::MessageId;
use engine::model::{EventKind, KeyDropped, UnixMillis};

use rpc::types::{EventData, Hex, RequestedContact};

use super::*;
use crate::ops::entropy::entropy;

fn open(directory: &tempfile::TempDir) -> (DataDir, Arc<EventHub>) {
    let data = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
    // Its account's store is there: what the log holds of others is erased when it is opened.
    let account = engine::model::Account {
        name: name("a"),
        identity: crypto_core::IdentityKeyPair::from_secret_bytes(&[1; 32])
            .unwrap()
            .into(),
        installation: crypto_core::InstallationId::parse("x1-a").unwrap(),
        fresh_installation: true,
        created_at: UnixMillis(0),
    };
    let _ = data.create_account(&account);
    let hub = EventHub::open(
        &data,
        &data.accounts().unwrap().into_iter().collect(),
        Arc::new(Clock::default()),
        Arc::new(Metrics::new().unwrap()),
    )
    .unwrap();
    (data, Arc::new(hub))
}

fn name(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn publish(hub: &EventHub, account: &str, numbers: std::ops::RangeInclusive<u64>) {
    let events: Vec<(u64, Event)> = numbers
        .map(|number| {
            let kind = EventKind::MessageKeyDropped {
                message: MessageId::from_bytes([0; 32]),
                why: KeyDropped::Limit,
            };
            let at = UnixMillis(number);
            (number, Event { at, kind })
        })
        .collect();
    hub.publish(&name(account), &events).unwrap();
}

fn tell(hub: &EventHub, account: &str, times: u64) {
    let told = EventData::ContactRequested(RequestedContact {
        identity: Hex::default(),
        message_id: None,
        authenticated: false,
    });
    for at in 1..=times {
        hub.publish_unwritten(EventInfo {
            seq: 0,
            at,
            account: Some(account.to_owned()),
            what: told.clone(),
        });
    }
}

/// Sequence number and first letter of each: w(ritten), t(old), l(agged).
fn page(hub: &EventHub, account: Option<&str>, after: u64, limit: usize) -> (Vec<String>, u64) {
    let account = account.map(name);
    let page = hub.page(account.as_ref(), after, limit).unwrap();
    let shown = page.events.iter().map(|event| {
        let letter = match event.what {
            EventData::ContactRequested(_) => "t",
            EventData::Lagged(_) => "l",
            _ => "w",
        };
        format!("{letter}{}", event.seq)
    });
    (shown.collect(), page.next)
}

fn shown(events: &[&str]) -> Vec<String> {
    events.iter().map(|&event| event.to_owned()).collect()
}

#[test]
fn written_and_unwritten_events_are_one_sequence_page_by_page() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    publish(&hub, "a", 1..=2);
    tell(&hub, "a", 1);
    tell(&hub, "b", 1);
    publish(&hub, "b", 1..=1);
    tell(&hub, "a", 1);
    let all = ["w1", "w2", "t3", "t4", "w5", "t6"];
    assert_eq!(page(&hub, None, 0, 100), (shown(&all), 6));
    for limit in 1..=6 {
        let (mut read, mut cursor) = (Vec::new(), 0);
        while cursor < 6 {
            let (events, next) = page(&hub, None, cursor, limit);
            assert!(events.len() <= limit && next > cursor);
            read.extend(events);
            cursor = next;
        }
        assert_eq!(read, shown(&all), "{limit}");
    }
    assert_eq!(page(&hub, Some("a"), 0, 3), (shown(&["w1", "w2", "t3"]), 3));
    // The cursor moves on past the events of others.
    assert_eq!(page(&hub, Some("b"), 5, 100), (vec![], 6));
    assert_eq!(page(&hub, Some("nobody"), 0, 100), (vec![], 6));
    assert_eq!(page(&hub, None, 6, 100), (vec![], 6));
}

#[test]
fn a_cursor_before_what_was_dropped_or_of_another_log_is_answered_with_a_mark() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    // A cursor of another log: everything there is may be new to the reader.
    assert_eq!(page(&hub, None, 7, 100), (shown(&["l0"]), 0));
    publish(&hub, "a", 1..=session_store::KEPT_EVENTS + 2);
    let newest = session_store::KEPT_EVENTS + 2;
    for cursor in [0, 1, newest + 1, u64::MAX] {
        let expected = (shown(&["l2", "w3", "w4"]), 4);
        assert_eq!(page(&hub, None, cursor, 2), expected, "{cursor}");
    }
    assert_eq!(page(&hub, None, 2, 1), (shown(&["w3"]), 3));
}

#[test]
fn unwritten_events_that_are_dropped_leave_a_mark_and_take_no_written_one_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    publish(&hub, "a", 1..=1);
    tell(&hub, "a", 2);
    publish(&hub, "a", 2..=2);
    tell(&hub, "a", HELD_IN_MEMORY as u64);
    // 2 and 3 are gone; 4 was written and stays.
    assert_eq!(
        page(&hub, None, 0, 3),
        (shown(&["w1", "l3", "w4", "t5"]), 5)
    );
    assert_eq!(page(&hub, None, 0, 1), (shown(&["w1"]), 1));
    assert_eq!(page(&hub, None, 1, 1), (shown(&["l3", "w4"]), 4));
    assert_eq!(page(&hub, None, 3, 1), (shown(&["w4"]), 4));
}

#[test]
fn no_account_pushes_out_the_events_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    publish(&hub, "a", 1..=1);
    tell(&hub, "a", 1);
    tell(&hub, "b", HELD_IN_MEMORY as u64 + 1);
    publish(&hub, "b", 1..=session_store::KEPT_EVENTS + 1);
    let newest = hub.newest();
    assert_eq!(
        page(&hub, Some("a"), 0, 100),
        (shown(&["w1", "t2"]), newest)
    );
    // Who reads all is told what is missing where it was, and has what is older of others.
    let expected = shown(&["w1", "t2", "l3", "t4", "t5"]);
    assert_eq!(page(&hub, None, 0, 4), (expected, 5));
    let gone = HELD_IN_MEMORY as u64 + 4;
    let expected = ["t", "l", "w"].into_iter().zip(gone - 1..);
    let expected = expected.map(|(letter, seq)| format!("{letter}{seq}"));
    assert_eq!(
        page(&hub, None, gone - 2, 2),
        (expected.collect(), gone + 1)
    );
}

#[test]
fn after_a_restart_a_reader_learns_that_unwritten_events_are_gone_unless_it_had_them() {
    let directory = tempfile::tempdir().unwrap();
    let (data, hub) = open(&directory);
    publish(&hub, "a", 1..=1);
    tell(&hub, "a", 1);
    publish(&hub, "a", 2..=2);
    hub.close();
    drop((hub, data));
    let (_data, hub) = open(&directory);
    assert_eq!(page(&hub, None, 0, 100), (shown(&["w1", "l2", "w3"]), 3));
    assert_eq!(page(&hub, None, 2, 100), (shown(&["w3"]), 3));
}

#[test]
fn what_is_left_of_an_account_that_is_gone_is_erased_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let (data, hub) = open(&directory);
    publish(&hub, "a", 1..=1);
    publish(&hub, "gone", 1..=3);
    tell(&hub, "gone", 1);
    hub.close();
    drop((hub, data));
    let (_data, hub) = open(&directory);
    assert_eq!(page(&hub, Some("gone"), 5, 100), (vec![], 5));
    assert_eq!(page(&hub, None, 0, 100), (shown(&["w1", "l5"]), 5));
    publish(&hub, "a", 2..=2);
    tell(&hub, "a", 1);
    hub.forget(&name("a")).unwrap();
    assert_eq!(page(&hub, None, 5, 100), (vec![], 7));
}

#[test]
fn a_closed_log_takes_nothing_and_nothing_breaks() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    hub.close();
    hub.close();
    assert!(hub.publish(&name("a"), &[]).is_err());
    assert!(hub.page(None, 0, 1).is_err());
    tell(&hub, "a", 1);
    assert_eq!(hub.newest(), 0);
}

#[tokio::test]
async fn a_reader_sleeps_until_something_comes_for_it_and_ends_when_the_daemon_stops() {
    let directory = tempfile::tempdir().unwrap();
    let (_data, hub) = open(&directory);
    let mut reader = Reader::new(Arc::clone(&hub), Some(name("a")), 0);
    let waiting = tokio::spawn(async move {
        let events = reader.next(10).await.unwrap().unwrap();
        (events, reader)
    });
    // Not for it: it is woken, finds nothing, and sleeps again.
    publish(&hub, "b", 1..=1);
    tokio::task::yield_now().await;
    publish(&hub, "a", 1..=1);
    let (events, mut reader) = waiting.await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [2]
    );
    assert_eq!(reader.cursor(), 2);
    // Given up on while it waits; what comes then is read next time.
    let nothing = reader.next(10);
    assert!(
        tokio::time::timeout(std::time::Duration::ZERO, nothing)
            .await
            .is_err()
    );
    tell(&hub, "a", 1);
    let events = reader.next(10).await.unwrap().unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [3]
    );
    let waiting = tokio::spawn(async move { reader.next(10).await.is_none() });
    hub.stop_waiting();
    assert!(waiting.await.unwrap());
}
