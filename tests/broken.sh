#!/usr/bin/env bash
# Breaks the main claims of docs/security.md in a copy of the tree, one at a time, and looks whether
# the test that is named for each of them goes red.
#
#   tests/broken.sh               all of them
#   tests/broken.sh bundle        those whose description has this word
#   tests/broken.sh --lines       looks only whether each still finds the line it is for
#
# The copy is of the last commit, or of the tree where there is no git repository, in target/broken,
# and is built in target/broken/target: about two minutes for the first build of each crate, a
# quarter of a minute for most of the others. A break that does not compile, or that no longer finds
# the line it is for, is an error of this script, and ends it as one.
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-}
copy=$PWD/target/broken
if [[ $only != --lines ]]; then
  mkdir -p "$copy"
  find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
  if [[ -e .git ]]; then
    git archive HEAD | tar -x -C "$copy"
  else
    tar -c --exclude ./target . | tar -x -C "$copy"
  fi
  cd "$copy"
fi
export CARGO_TERM_COLOR=never CARGO_TARGET_DIR=$copy/target

noticed=0
unnoticed=()
faulty=()

# broken WHAT FILE FROM TO PACKAGE TARGET TEST
broken() {
  local what=$1 file=$2 package=$5 target=$6 test=$7 log
  if [[ $only == --lines ]]; then
    FROM=$3 perl -0ne '/\Q$ENV{FROM}\E/ or exit 1' "$file" ||
      faulty+=("$what: the line is not there")
    return
  fi
  case $what in *"$only"*) ;; *) return ;; esac
  cp "$file" "$copy/original"
  if ! FROM=$3 TO=$4 perl -0pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/ or exit 1' "$file"; then
    faulty+=("$what: the line is not there")
    cp "$copy/original" "$file"
    return
  fi
  # Warnings are no matter here: what is broken is often not used any more.
  # shellcheck disable=SC2086 # a target is one word or two
  log=$(RUST_BACKTRACE=0 cargo test --locked --quiet -p "$package" $target "$test" 2>&1 || true)
  # A file that is put back has to look new, or it would not be built again.
  cp "$copy/original" "$file"
  if grep -q "test result: FAILED" <<<"$log"; then
    noticed=$((noticed + 1))
    printf 'red      %s (%s)\n' "$what" "$test"
  elif grep -q "test result: ok. [1-9]" <<<"$log"; then
    unnoticed+=("$what ($test)")
    printf 'NOT RED  %s (%s)\n' "$what" "$test"
  else
    faulty+=("$what: $(grep -m 1 '^error' <<<"$log" || echo 'no such test')")
    printf 'FAULTY   %s\n' "$what"
  fi
}

core=crates/crypto-core/src engine=crates/engine/src store=crates/session-store/src daemon=crates/daemon/src

# Messages.
broken 'a MAC is not looked at' $core/ratchet/chain.rs \
  '.verify_slice(mac)
            .map_err(|_| Unsealed::NotAuthentic)?;' '.verify_slice(mac)
            .ok();' \
  crypto-core --lib changed_messages_stay_shut_and_leave_no_trace
broken 'half of the IV alone counts, whatever it is' $core/ratchet/chain.rs \
  'low.checked_add(blocks).is_none()' 'low.checked_add(blocks).is_none() && false' \
  crypto-core --lib the_iv_is_the_one_on_the_wire
broken 'a message may hold any number of bundles' $engine/wire/mod.rs \
  'check_at_most(MAX_BUNDLES, bundles.len(), "bundles", MESSAGE)?;' '' \
  engine --lib a_message_of_millions_of_bundles_is_refused_for_their_number
broken 'every bundle of a message is looked at when it is taken apart' $engine/wire/inspect.rs \
  'self.bundles.iter().take(MAX_BUNDLES_LOOKED_AT);' 'self.bundles.iter().take(usize::MAX.min(MAX_BUNDLES_LOOKED_AT * 1_000));' \
  engine --lib only_a_few_of_hundreds_of_bundles_in_a_message_are_verified_wherever_it_is_inspected
broken 'the header is not under the MAC' $core/ratchet/chain.rs \
  '            .chain_update(header.pn.to_le_bytes())
' '' \
  crypto-core --lib sealing_without_associated_data
broken 'a chain key stays where it is' $core/ratchet/chain.rs \
  'let next = keyed.clone().chain_update(NEXT_CHAIN_KEY).finalize();' \
  'let next = keyed.clone().chain_update(MESSAGE_KEY).finalize();' \
  crypto-core --lib chain_steps
broken 'more messages are passed over than the limit says' $core/ratchet/mod.rs \
  'if skip > limits.max_skip.min(limits.max_steps) {' 'if skip > limits.max_skip.min(limits.max_steps) + 1 {' \
  crypto-core --lib exactly_max_skip_messages_may_be_passed_over_in_the_current_chain
broken 'a key agreement of low order is a secret' $core/x25519.rs \
  'if !shared.was_contributory() {' 'if shared.to_bytes() == [1; 32] {' \
  crypto-core --lib low_order_points_give_no_secret_and_are_no_ratchet_prekeys
broken 'a key of a message shows itself' $core/ratchet/chain.rs \
  'f.write_str(concat!(stringify!($name), "(..)"))' 'write!(f, "{:02x?}", &*self.0)' \
  crypto-core --lib no_secret_type_shows_its_secret

# Bundles.
broken 'a bundle that another identity signed is taken' $core/bundle.rs \
  '.and_then(|signature| signature.verify(&identity, &digest))
            .map_err(|_| BundleError::Signature)?;' '.map_err(|_| BundleError::Signature)?;
        let _ = digest;' \
  crypto-core --lib a_bundle_that_another_identity_signed_is_refused
broken 'a ratchet prekey of a bundle is taken without its signature' $core/bundle.rs \
  '.and_then(|signature| signature.verify(identity, &digest))
            .ok()?;' '.ok()?;
        let _ = (identity, digest);' \
  crypto-core --lib an_extension_not_signed_for_this_very_entry_is_skipped
broken 'an entry of a bundle need not keep what its id promises' $core/bundle.rs \
  'if installation_id.promises_ratchet_prekey() {' 'if installation_id.promises_ratchet_prekey() && signed_pre_key.to_bytes() == [0; 33] {' \
  crypto-core --lib an_entry_stripped_of_the_extension_that_its_id_promises_is_skipped
broken 'a version of a bundle may leap as far as it likes' $engine/receive/import/entry.rs \
  'if !offers_extension && u64::from(entry.version) > highest {' 'if !offers_extension && u64::from(entry.version) > highest.saturating_add(u64::from(u32::MAX)) {' \
  engine --lib a_version_jump_is_not_adopted_unless_the_extension_vouches_for_it
broken 'an extension that was shown may be taken out of a bundle' $engine/receive/import/entry.rs \
  'if !offers_extension && device.extension_shown {' 'if !offers_extension && device.extension_shown && entry.version == 0 {' \
  engine --lib a_stripped_extension_is_not_adopted_and_a_siblings_copy_without_it_keeps_the_known_one
broken 'a bundle for status-go has the date at which it was first signed' $engine/own_bundle.rs \
  'if bundle.made_at == now {' 'if bundle.made_at <= now {' \
  engine --lib a_device_that_writes_or_answers_is_written_to_before_those_that_did_so_earlier
broken 'an envelope proves no version in a bundle, unless the message in it opens' $engine/receive/mod.rs \
  'if incoming.sealed && incoming.settled.get().is_none() && !received.duplicate {' \
  'if incoming.sealed && received.message.is_some() {' \
  engine --lib a_sealed_message_for_another_device_proves_a_lower_version

# The post-quantum suite.
broken 'post-quantum: a device that is marked is written to below' $engine/send/route.rs \
  'if below && self.kem.post_quantum {' \
  'if below && self.kem.post_quantum && config.suites.len() == 1 {' \
  engine --lib nothing_is_written_below_to_a_post_quantum_device
broken 'post-quantum: a decline says by DH what is for a marked device' $engine/send/kem.rs \
  'if required || self.config.requires_post_quantum() {' \
  'if required && self.config.requires_post_quantum() {' \
  engine --lib a_text_by_dh_is_refused_where_a_device_is_post_quantum
broken 'post-quantum: a device that is left out reads what is for a sibling by DH' \
  $engine/send/encrypt_for_device.rs \
  'if self.lacks(SkipReason::KemKeyMissing) {' 'if false {' \
  engine --lib nothing_goes_by_dh_where_a_device_that_is_left_out_would_read_it
broken 'post-quantum: our own devices hear of a request that is withheld' $engine/send/mod.rs \
  'if group.is_some() || !sent.only_asks() {' 'if true {' \
  engine --lib a_contact_step_is_sent_and_copied_once_a_kem_prekey_is_there
broken 'post-quantum: nobody is asked where nobody is known' $engine/send/kem.rs \
  'if none_known {' 'if none_known && self.config.requires_post_quantum() {' \
  engine --lib an_advertisement_to_whom_nothing_is_known_of_brings_the_answer
broken 'post-quantum: a field 16 of another type is passed over' $engine/wire/mod.rs \
  'return vec![None];' 'return Vec::new();' \
  engine --lib a_bad_kem_prekey_gives_a_warning_and_breaks_nothing
broken 'post-quantum: a session below is kept, whatever came' $engine/send/route.rs \
  '!outdated && session.post_quantum' '!outdated' \
  engine --lib a_session_below_is_left_once_a_kem_prekey_is_held
broken 'post-quantum: a re-key that is due leads down' $engine/send/route.rs \
  '!outdated || session.post_quantum' '!outdated' \
  engine --lib a_due_rekey_and_a_long_silence_lead_up_or_nowhere
broken 'post-quantum: a re-key that is due leads down, where random schedules look' \
  $engine/send/route.rs \
  '!outdated || session.post_quantum' '!outdated' \
  engine --lib two_devices_keep_the_invariants_of_the_post_quantum_suite
broken 'post-quantum: any other KEM prekey takes the place of the held one' $engine/receive/import/kem.rs \
  'held.is_none_or(|held| version > held.version)' \
  'held.is_none_or(|held| version != held.version)' \
  engine --lib an_old_kem_prekey_brought_again_is_passed_over
broken 'post-quantum: a KEM prekey may be newer than the signed prekey' $engine/receive/import/kem.rs \
  '&& version <= prekey.version' '' \
  engine --lib what_is_of_no_use_is_passed_over_before_anything_is_computed
broken 'post-quantum: the ciphertext has no part in the session id' $core/ids.rs \
  '                ciphertext.as_bytes(),
            ]),' \
  '                ciphertext.as_bytes().get(..0).unwrap_or_default(),
            ]),' \
  engine --lib a_first_message_with_any_bit_of_its_header_changed_opens_nothing
broken 'post-quantum: a first message counts before its MAC is looked at' $engine/receive/first_message.rs \
  '        let ad = self.associated_data(&session);' \
  '        store.put_first_message(sender, prekey, &id)?;
        let ad = self.associated_data(&session);' \
  engine --lib a_first_message_with_any_bit_of_its_header_changed_opens_nothing
broken 'post-quantum: a KEM prekey that is not kept is not missed' $engine/receive/first_message.rs \
  '&& header.kem.as_ref().is_none_or(has_kem)' \
  '&& (header.kem.is_some() || header.kem.as_ref().is_none_or(has_kem))' \
  engine --lib a_first_message_to_a_kem_prekey_that_its_signed_prekey_does_not_keep_finds_no_prekey
broken 'post-quantum: a reset leaves the mark' $engine/sessions/pairing.rs \
  '..DeviceKem::default()' '..device.kem.clone()' \
  engine --lib a_reset_forgets_the_kem_prekey_and_the_mark
broken 'post-quantum: a sibling brings back what a reset forgot' $engine/receive/import/kem.rs \
  ' || (device.kem.only_from_itself && of_sibling)' \
  ' || (device.kem.only_from_itself && of_sibling && key.version == 0)' \
  engine --lib a_reset_forgets_the_kem_prekey_and_the_mark
broken 'post-quantum: every seed is handed on' $engine/own_bundle.rs \
  'before.truncate(1);' '' \
  engine --lib no_seed_outlives_the_own_prekeys_that_keep_it
broken 'post-quantum: a session below takes over from one above that crosses it' $engine/sessions/lifecycle.rs \
  'Some(active) if arrival.is_above(&active, session) => Ok(()),' '' \
  engine --lib of_crossing_sessions_that_of_this_suite_wins_whatever_their_secrets
broken 'post-quantum: the lower secret wins whatever the suites' $engine/sessions/lifecycle.rs \
  'if !arrival.is_above(session, &active)
                && let' \
  'if let' \
  engine --lib of_crossing_sessions_that_of_this_suite_wins_whatever_their_secrets
broken 'post-quantum: a KEM prekey serves for ever' $engine/model/kem.rs \
  'held.filter(|held| kem_serves(held.version, version))' \
  'held.filter(|held| kem_serves(held.version, version.min(held.version)))' \
  engine --lib the_kem_prekey_before_opens_what_was_encapsulated_to_it_for_14_versions
broken 'post-quantum: a device is marked before anything is held of it' $engine/receive/persist.rs \
  ' && kem.held.is_some()' '' \
  engine --lib a_device_is_post_quantum_once_a_message_was_read_while_its_kem_prekey_was_held
broken 'post-quantum: a device that was set up again is held to its old KEM prekey' $engine/receive/import/entry.rs \
  'if prekey.version <= known.version {' 'if prekey.version == 0 {' \
  engine --lib a_device_that_was_set_up_again_is_asked_for_its_new_kem_prekeys
broken 'post-quantum: KEM prekeys are brought where the suite is left out' $engine/own_bundle.rs \
  '        if !self.config.allows_post_quantum() {
            return Ok(Vec::new());
        }
' \
  '' \
  engine --lib without_this_suite_in_the_set_its_sessions_are_left_and_no_key_is_brought_or_asked_for
broken 'post-quantum: any advertisement is answered' $engine/receive/mod.rs \
  '&& self.can_answer(store, incoming.kem_wanted)?;' \
  '&& (self.can_answer(store, incoming.kem_wanted)? || true);' \
  engine --lib an_asking_advertisement_is_answered_within_the_limits_and_writes_nothing
broken 'post-quantum: an answer without the text is kept for retries' $engine/send/mod.rs \
  'is_provisional: Sent::is_withheld,' 'is_provisional: |_, _| false,' \
  engine --lib nothing_is_written_below_to_a_post_quantum_device
broken 'post-quantum: a KEM prekey that nobody asks for goes on riding' $engine/send/kem.rs \
  'asks(&delivery.listed).then_some(0)' \
  'asks(&delivery.listed).then_some(0).or(delivery.count)' \
  engine --lib a_kem_prekey_rides_on_four_messages_and_each_16th_until_its_receiver_does_not_ask
broken 'post-quantum: arrivals of KEM prekeys are told without end' $engine/receive/import/entry.rs \
  'let Some(discoveries) = peer.discoveries.one_more(now) else {
        return Ok(());
    };' \
  'let discoveries = peer.discoveries;' \
  engine --lib arrivals_of_kem_prekeys_are_events_up_to_the_daily_limit_of_the_identity
broken 'post-quantum: nobody is asked for a KEM prekey' $engine/model/kem.rs \
  'usable.is_some_and(|prekey| prekey.key.ratchet_pre_key().is_some())' \
  'usable.is_none() && usable.is_some_and(|prekey| prekey.key.ratchet_pre_key().is_some())' \
  engine --lib two_devices_keep_the_invariants_of_the_post_quantum_suite
broken 'post-quantum: a KEM prekey moves sessions' $engine/receive/import/kem.rs \
  '        store.put_device(&device)?;
        if !served' '        store.put_device(&device)?;
        for session in store.sessions(Some(identity))? {
            crate::sessions::expiry::expire(store, session, context.now, context.now)?;
        }
        if !served' \
  engine --lib two_devices_keep_the_invariants_of_the_post_quantum_suite
broken 'post-quantum: a seed is kept after a leap of versions' $engine/own_bundle.rs \
  '    before.retain(|kem| kem_serves(kem.version, version));
' '' \
  engine --lib two_devices_keep_the_invariants_of_the_post_quantum_suite
broken 'post-quantum: one strong copy speaks for all' $engine/model/outcome.rs \
  'self.targets().all(Target::is_post_quantum)' 'self.targets().any(Target::is_post_quantum)' \
  engine --lib our_own_devices_get_no_weaker_copy

# Sessions and devices.
broken 'the key of a confirmed message stays' $engine/engine/mod.rs \
  '                store.remove_stored_key(message)?;
' '' \
  engine --lib a_stolen_state_opens_nothing_that_was_read_and_confirmed_before
broken 'whatever has the place of a message that was read passes for it' $engine/model/confirmed.rs \
  'message.as_bytes(), mac]))' 'message.as_bytes(), mac.get(..0).unwrap_or_default()]))' \
  engine --lib another_text_of_the_same_place_was_never_read
broken 'copies: for whom they are is sealed with the keys of their message' $core/ratchet/chain.rs \
  'SealKeys::of(&self, COPY_OF_INFO)' 'SealKeys::of(&self, MESSAGE_INFO)' \
  crypto-core --lib a_copy_leaves_its_message_as_it_is_and_shares_neither_key_nor_iv_with_it
broken 'copies: a contact says for whom a message was' $engine/receive/trial.rs \
  'if session.peer != self.me() {' 'if message.copy_of.is_empty() {' \
  engine --lib nobody_but_our_own_devices_is_believed
broken 'a first message revives its session' $engine/receive/first_message.rs \
  'if twin.is_none() && store.first_message_seen(&id)? {' 'if twin.is_some() && store.first_message_seen(&id)? {' \
  engine --lib a_first_message_cannot_revive_a_session_that_was_dropped
broken 'a peer may begin as many sessions on a prekey as it likes' $engine/receive/first_message.rs \
  '>= self.config.max_first_messages {' '== u32::MAX {' \
  engine --lib sessions_of_a_peer_that_starts_over_with_every_message_stay_bounded
broken 'a forgery is answered again and again' $engine/engine/reply_limiter.rs \
  'if to_device || replies.len() >= self.per_identity {' 'if to_device && replies.len() > 1_000_000 {' \
  engine --lib replies_are_limited_and_a_forgery_gets_none
broken 'events: new devices of an identity are told of without end' $engine/model/records.rs \
  '(today.told < MAX_DISCOVERIES_TOLD).then_some(' 'Some(' \
  engine --lib new_devices_of_an_identity_are_events_up_to_a_daily_limit_and_all_are_imported
broken 'events: bundles of a declined contact are taken up' $engine/receive/mod.rs \
  'let bundles = if declined { &[][..] } else { &message.bundles };' 'let bundles = &message.bundles;' \
  engine --lib a_message_of_a_declined_contact_imports_and_reports_nothing
broken 'events: an account pushes out those of another' $store/event_log.rs \
  '"DELETE FROM events WHERE account = ?1 AND seq <= ?2",' '"DELETE FROM events WHERE ?1 IS NOT NULL AND seq <= ?2",' \
  session-store --lib the_newest_ten_thousand_of_each_account_are_kept_and_the_numbers_go_on
broken 'events: what is told in memory pushes out that of another account' $daemon/accounts/events/mod.rs \
  'let account = event.account.clone().unwrap_or_default();' 'let account = String::new();' \
  daemon --lib no_account_pushes_out_the_events_of_another
broken 'stored keys pile up' $engine/receive/persist.rs \
  'let limit = self.config.max_message_keys;' 'let limit = u32::MAX;' \
  engine --lib stored_keys_stay_bounded_and_the_oldest_go_first
broken 'skipped keys: gaps that are used up pile up' $engine/receive/persist.rs \
  'limit.saturating_mul(PLACES_PER_KEY)' 'limit.saturating_mul(1000)' \
  engine --lib a_gap_that_is_nearly_used_up_costs_no_other_key_until_there_are_many
broken 'skipped keys: an identity that was never answered keeps those of each of its devices' $engine/receive/persist.rs \
  '(Some(&gap.peer), MAX_UNANSWERED_KEYS_PER_IDENTITY),' '' \
  engine --lib an_identity_we_have_not_answered_keeps_three_thousand_skipped_keys_whatever_its_devices
broken 'skipped keys: strangers keep as many as there are strangers' $engine/receive/persist.rs \
  '(None, MAX_UNANSWERED_KEYS),' '' \
  session-store --lib strangers_keep_a_hundred_thousand_keys_between_them_and_the_oldest_gap_goes_first
broken 'skipped keys: a key that was used stays in its place' $store/message_keys.rs \
  'keys.write_at(&USED, slot.offset).map_err(failed)?;' '' \
  session-store --lib a_key_that_is_used_is_overwritten_in_its_place_and_gone_once_it_is_confirmed
broken 'skipped keys: each has a row of its own' $engine/model/gap.rs \
  '.chunk_by(|one, next| one.header_key == next.header_key)' '.chunk_by(|_, _| false)' \
  session-store --lib a_stranger_that_passes_a_thousand_messages_over_has_little_written
broken 'another device of ours gets copies before it is enabled' $engine/send/targets.rs \
  'Pairing::Pending => InstallationState::Pending,' 'Pairing::Pending if places == 0 => InstallationState::Pending,
                Pairing::Pending => InstallationState::Active,' \
  engine --lib another_device_of_ours_waits_until_it_is_enabled_and_then_gets_a_copy_of_every_message
broken 'a fourth device gets a copy' $engine/send/targets.rs \
  '                    places -= 1;
' '' \
  engine --lib at_most_three_devices_get_a_copy_and_the_others_are_named
broken 'who cannot be reached is written to by the weaker way' $engine/send/mod.rs \
  'let none_known = parts.is_empty() && parts.skipped.is_empty();' 'let none_known = parts.is_empty();' \
  engine --lib a_known_contact_whose_devices_cannot_be_reached_gets_no_dh_message
broken 'a suite that is forbidden is read' $engine/receive/first_message.rs \
  'if !self.config.allows(header.suite()) {' \
  'if !self.config.allows(header.suite()) && header.kem.is_none() {' \
  engine --lib what_is_wrong_with_a_first_message_is_told_in_the_order_of_the_checks
broken 'sessions that ended are not erased' $engine/sessions/expiry.rs \
  'kept.settled.before(self.config.erase_after)' 'UnixMillis(0)' \
  engine --lib an_expired_session_reads_late_mail_for_fourteen_days_and_is_then_gone_with_its_prekey
broken 'a second session is begun on a prekey in the suite of status-go' $engine/send/route.rs \
  'if suite != Suite::Secp256k1 || !begun {' 'if suite != Suite::Secp256k1 || begun || !begun {' \
  engine --lib a_reset_costs_nothing_that_is_sent_after_it
broken 'a restored store begins on prekeys it began on before' $engine/sessions/rollback.rs \
  '        distrust_prekeys(store)?;' '        let _ = distrust_prekeys;' \
  engine --lib what_is_sent_after_a_restore_is_read
broken 'all of SK is kept' $core/ratchet/mod.rs \
  'chain: Chain::new(key).one_ahead(),' 'chain: Chain::new(key),' \
  crypto-core --lib the_initiator_keeps_no_shared_key
broken 'a clock that is ten years ahead is followed at once' $engine/engine/settled_time.rs \
  'if agreed.passed <= steady.after(FOLLOWED_AT_ONCE) {' 'if agreed.passed <= steady.after(FOLLOWED_AT_ONCE * 10_000) {' \
  engine --lib a_wall_clock_that_is_far_ahead_erases_nothing_before_a_fortnight_of_running_has_passed
broken 'what ended while the clock was ahead is kept for years' $engine/sessions/expiry.rs \
  '        redate(store, latest, env.now.max(kept.settled))?;' '        let _ = redate;' \
  engine --lib what_ended_while_the_clock_was_ten_years_ahead_for_a_minute_is_not_kept_for_ten_years
broken 'request ids go by the wall clock' $engine/sessions/expiry.rs \
  'remove_stored_answers_before(running.before(REQUEST_ID_LIFETIME))' 'remove_stored_answers_before(RunningTime(env.now.before(REQUEST_ID_LIFETIME).0))' \
  engine --lib an_answer_to_a_request_id_is_kept_for_a_day_of_running_whatever_the_clock_shows
broken 'a prekey that a clock set back replaces is kept from the time on that clock' $engine/own_bundle.rs \
  'replaced_at: Some(ending_at(store, env.now)?)' 'replaced_at: Some(env.now)' \
  engine --lib a_prekey_that_is_replaced_by_a_clock_that_was_set_back_is_kept_as_long_as_any
broken 'a clock that is set back brings a replaced prekey back' $engine/receive/import/mod.rs \
  'let latest = ending_at(store, now)?;
        let stamp' 'let latest = now;
        let stamp' \
  engine --lib a_clock_that_is_set_back_does_not_bring_a_replaced_prekey_back
broken 'a wrong clock of a peer brings a replaced prekey back' $engine/receive/import/entry.rs \
  '(is_right || !misdated) &&' '(is_right || misdated || !misdated) &&' \
  engine --lib a_peer_whose_clock_is_ahead_has_no_replaced_prekey_brought_back
broken 'a sibling lists an older prekey after a reset' $engine/receive/import/entry.rs \
  'known.any_version && (of_itself || context.sender.is_none())' 'known.any_version' \
  engine --lib what_a_sibling_lists_after_a_reset_replaces_no_newer_prekey
broken 'a lower version is believed whoever brings it' $engine/receive/import/entry.rs \
  'if context.sender == Some(&device.installation) {' 'if context.sender.is_none() {' \
  engine --lib a_device_that_is_set_up_again_under_its_old_id_is_believed
broken 'a request id gets other bytes' $engine/send/mod.rs \
  'return if known.input == input {' 'return if known.input != input {' \
  engine --lib a_batch_that_is_lost_was_never_sent_and_a_request_id_gives_the_same_bytes

# Groups.
broken 'groups: any member invites and edits under the rules of admins' $engine/groups/state.rs \
  'GroupRules::Admins => self.is_admin(identity),' 'GroupRules::Admins => self.members.contains_key(identity),' \
  engine --lib groups_keep_their_invariants_under_any_schedule
broken 'groups: an admin removes another' $engine/groups/state.rs \
  '                    && !self.is_admin(member)
' '' \
  engine --lib groups_keep_their_invariants_under_any_schedule
broken 'groups: who is not in the group is made an admin' $engine/groups/state.rs \
  '        if all_in {' '        if all_in || !members.is_empty() {' \
  engine --lib groups_keep_their_invariants_under_any_schedule
broken 'groups: what a leaving ended depends on the order of updates' $engine/groups/log.rs \
  'known.ended.extend(event.entry.ended);' '' \
  engine --lib groups_keep_their_invariants_under_any_schedule
broken 'groups: events that are not valid are sent' $engine/groups/log.rs \
  "*verdict != Verdict::NotEntitled && stands == Some(event.entry.id);" "stands == Some(event.entry.id);" \
  engine --lib groups_keep_their_invariants_under_any_schedule
broken 'groups: an update is not judged by itself' $engine/groups/log.rs \
  '.filter(|(_, verdict)| *verdict != Verdict::NotEntitled)
            .map(|(event, verdict)| {' '.map(|(event, verdict)| {' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'groups: an event counts however far it is ahead' $engine/groups/apply.rs \
  'event.event.clock <= highest_clock(now)' 'event.event.clock <= highest_clock(now).saturating_mul(2)' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'groups: who is in no group brings updates of it' $engine/groups/apply.rs \
  'if stranger || (is_new && own.is_none()) {' 'if is_new && (stranger || own.is_none()) {' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'groups: a forgotten one comes back' $engine/groups/apply.rs \
  '&& own.added.at <= forgotten.newest' '&& own.added.at <= forgotten.newest.min(1)' \
  engine --lib invitations_are_limited_and_the_oldest_is_forgotten
broken 'groups: who is gone gets copies' $engine/groups/acts.rs \
  'Ok(others.map(|(identity, _)| *identity).collect())' 'Ok(others.map(|(identity, _)| *identity).chain(state.gone.keys().copied()).collect())' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'group keys: a removal makes none due' $engine/groups/keys.rs \
  'membership.newest_going >= Some(key.timestamp)' 'membership.newest_going >= Some(u64::MAX)' \
  engine --lib a_removal_makes_another_key_due
broken 'group keys: one that we made before we heard of a going is not due' $engine/groups/keys.rs \
  'if someone_is_gone && current.set_by == self.me() {' 'if someone_is_gone && current.closed {' \
  engine --lib a_key_made_before_we_heard_of_a_leaving_is_due
broken 'group keys: one of somebody gone is not due' $engine/groups/keys.rs \
  '
                || !membership.members.contains(&key.set_by)' '' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'group keys: a new one is older than a going' $engine/groups/keys.rs \
  'next.max(going.saturating_add(1))' 'next.max(going.min(1))' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'group keys: any member sets one' $engine/groups/keys.rs \
  'Some(membership) => membership.admins.contains(identity),' 'Some(membership) => membership.members.contains(identity),' \
  engine --lib who_may_set_the_key_of_a_group_with_a_log_is_in_the_log
broken 'group keys: one passes for that of another group' $engine/receive/group_key.rs \
  'keys.group == header.group' '!header.group.is_empty()' \
  engine --lib keys_are_taken_only_of_setters_and_for_the_group_they_meant
broken 'group keys: anybody sends one by DH' $engine/receive/group_key.rs \
  'inside && entry.dr.is_some()' 'inside' \
  engine --lib a_key_reaches_unknown_devices_and_our_own
broken 'group keys: one that was erased comes back' $engine/groups/keys.rs \
  '|| store.erased_group_keys(group)? >= Some(timestamp)' '|| store.erased_group_keys(group)? >= Some(u64::MAX)' \
  engine --lib the_newest_keys_are_kept_and_an_erased_one_does_not_come_back
broken 'group keys: it is set before the invitation is accepted' $engine/groups/keys.rs \
  '.is_none_or(|membership| membership.accepted)' '.is_none_or(|membership| membership.accepted || !membership.members.is_empty())' \
  engine --lib a_removal_makes_another_key_due
broken 'group keys: who is gone is heard' $engine/groups/message.rs \
  '!membership.members.contains(sender)' 'membership.members.is_empty()' \
  engine --lib a_removal_makes_another_key_due
broken 'group keys: a number is not written before its message leaves' $engine/groups/message.rs \
  'raise(store, env.now, current, number)?;
        let entry' 'let _ = current;
        let entry' \
  engine --lib groups_and_their_keys_keep_the_invariants
broken 'group keys: a message is read again after it was confirmed' $engine/groups/message.rs \
  'is_some_and(|known| known.confirmed)' 'is_some_and(|known| known.confirmed && !confirm)' \
  engine --lib a_message_is_read_again_until_it_is_confirmed
broken 'group keys: nobody is told that a message was read before' $engine/groups/message.rs \
  'let duplicate = known.is_some();' 'let duplicate = known.is_some() && confirm;' \
  engine --lib a_message_is_read_again_until_it_is_confirmed

# Linking a device.
broken 'linking: other digits pass' $daemon/api/link.rs \
  'if !code.response(&challenge).is(&params.response.0) {' 'if code.response(&challenge).text().is_empty() {' \
  daemon '--test it' a_code_that_was_replaced_on_its_way_gets_nothing
broken 'linking: there is a second guess' $daemon/api/link.rs \
  'let message = "these are not the digits of the device that showed the code";' \
  'daemon.links.put_back(&daemon.links.offered, params.link.0, (Duration::MAX, Offered { account, code, challenge }));
        let message = "these are not the digits of the device that showed the code";' \
  daemon '--test it' a_code_that_was_replaced_on_its_way_gets_nothing
broken 'linking: a link lives on' $daemon/api/link.rs \
  'pending.retain(|(_, over, _)| now < *over);' '' \
  daemon --lib a_link_lives_a_minute_is_used_once_and_there_are_never_many
broken 'linking: the response does not follow from the challenge' $core/link.rs \
  'keccak256(&[RESPONSE_DOMAIN, &self.to_bytes(), digits.as_bytes()])' 'keccak256(&[RESPONSE_DOMAIN, &self.to_bytes(), &digits.as_bytes()[..0]])' \
  crypto-core --lib responses_follow_from_every_bit_of_the_code_and_from_the_challenge
broken 'linking: who does not know the challenge can seal' $core/link.rs \
  '[KEYS_INFO, &first, second, challenge.as_bytes()]' '[KEYS_INFO, &first, second, &challenge.as_bytes()[..0]]' \
  crypto-core --lib what_is_sealed_opens_for_the_device_and_the_challenge_and_for_no_other
broken 'linking: what is sealed is not for one first code' $core/link.rs \
  '[KEYS_INFO, &first, second, challenge.as_bytes()]' '[KEYS_INFO, &first[..1], second, challenge.as_bytes()]' \
  crypto-core --lib what_is_sealed_opens_for_the_device_and_the_challenge_and_for_no_other
broken 'linking: a code can be tried with many challenges' $core/link.rs \
  'if !bool::from(keys.commitment().ct_eq(&code.commitment)) {' 'if bool::from(keys.commitment().ct_eq(&[0; COMMITMENT_BYTES])) {' \
  crypto-core --lib a_code_is_of_one_challenge
broken 'linking: a bundle of another identity is taken' $engine/linking.rs \
  'if imported.identity != me || !is_listed(&link.giver) {' 'if !is_listed(&link.giver) {' \
  engine --lib a_bundle_that_is_not_of_the_giver_is_refused_whole

# Sealed messages.
broken 'sealed: any number of large envelopes is tried with all keys at once' $daemon/accounts/topic_keys.rs \
  'if bytes <= SMALL_ENVELOPE_BYTES {' 'if bytes <= SMALL_ENVELOPE_BYTES * 1_000_000 {' \
  daemon --lib envelopes_of_strangers_have_a_few_keys_derived_and_each_once_and_hold_up_no_contact
broken 'sealed: what nobody signed is taken as our own' $engine/sealing/opener.rs \
  'return signed(envelope::open(OpenWith::Recipient(&self.identity), sealed)?);' 'let opened = envelope::open(OpenWith::Recipient(&self.identity), sealed)?;
            return Ok(SignedMessage { sender: opened.signer.unwrap_or(*self.identity.public()), wire: opened.payload });' \
  engine --lib the_sender_is_the_signer_and_unsigned_envelopes_are_refused
broken 'sealed: the negotiated topic is used before every device was heard of' $engine/sealing/mod.rs \
  'active.is_some_and(|session| session.received > 0)' 'active.is_some()' \
  engine --lib the_negotiated_topic_is_used_once_a_message_of_every_targeted_device_has_arrived
broken 'sealed: copies for ourselves go where nobody listens' $engine/sealing/mod.rs \
  'let negotiated = recipient != self.me()
            && match' 'let negotiated = match' \
  engine --lib each_topic_can_be_asked_for_and_copies_for_ourselves_go_by_our_own
broken 'sealed: keys of whoever was sent a reply are tried, too' $engine/send/mod.rs \
  'sent_as == SentAs::Message && !is_recorded' '!is_recorded' \
  engine --lib the_keys_of_those_the_user_wrote_to_are_tried_and_each_is_derived_once
broken 'sealed: a derived key is not kept' $engine/sealing/mod.rs \
  '        store.put_negotiated(other, &derived)?;
' '' \
  engine --lib the_keys_of_those_the_user_wrote_to_are_tried_and_each_is_derived_once
broken 'sealed: an envelope has as many keys derived as there are' $daemon/accounts/topic_keys.rs \
  'let granted = wanted.min(MAX_DERIVED_PER_CALL).min(left);' 'let granted = wanted.max(left.min(0));' \
  daemon --lib envelopes_of_strangers_have_a_few_keys_derived_and_each_once_and_hold_up_no_contact
broken 'sealed: envelopes wait for those that have keys derived' $daemon/api/envelope.rs \
  'let envelope: Arc<[u8]> = envelope.into();' 'if daemon.topic_keys.envelope_limits.turn().is_none() {
        return Ok(Err(UnsealError::KeysPending));
    }
    let envelope: Arc<[u8]> = envelope.into();' \
  daemon --lib envelopes_of_strangers_have_a_few_keys_derived_and_each_once_and_hold_up_no_contact
broken 'sealed: a retry is sealed anew' $engine/wire/stored.rs \
  '        sealed: envelope.sealed.as_ref().map(|sealed| proto::Sealed {' '        sealed: envelope.sealed.as_ref().filter(|_| false).map(|sealed| proto::Sealed {' \
  engine --lib a_retry_gives_the_same_envelope_and_another_way_of_sealing_is_another_request
broken 'sealed: an old letter accepts a contact' $engine/contacts.rs \
  '(mark.is_some() || is_newer(store, received, contact.requested_at, answer)?);' 'true;' \
  engine --lib the_signature_proves_the_sender_of_what_has_no_session_but_accepts_nobody
broken 'sealed: a message by DH is proven without an envelope' $engine/receive/mod.rs \
  '            message,
            authenticated: incoming.sealed,' '            message,
            authenticated: true,' \
  engine --lib the_signature_proves_the_sender_of_what_has_no_session_but_accepts_nobody
broken 'sealed: the clock of a chat is pushed away' $engine/chat_clock.rs \
  'if clock > envelope_at.after(MAX_CLOCK_LEAD).0 {' 'if clock > envelope_at.after(MAX_ENVELOPE_LEAD).0 {' \
  engine --lib no_message_advances_the_clock_of_a_chat_beyond_its_bound
broken 'sealed: a relay dates envelopes as it likes' $engine/chat_clock.rs \
  'if envelope_at > env.now.after(MAX_ENVELOPE_LEAD) {' 'if envelope_at.0 == u64::MAX {' \
  engine --lib no_message_advances_the_clock_of_a_chat_beyond_its_bound
broken 'sealed: a chat is pushed away from our own time' $engine/chat_clock.rs \
  'let clock = highest_clock(env.now).min(clock);' '' \
  engine --lib a_clock_of_an_envelope_dated_ahead_does_not_advance_the_chat_beyond_its_bound
broken 'sealed: a bundle passes for an envelope' crates/envelope/src/payload.rs \
  '.filter(|flags| *flags & UNKNOWN == 0)' '' \
  envelope --lib a_signed_bundle_is_no_signed_envelope
broken 'contacts: a decline goes on a ratchet' $engine/send/mod.rs \
  'if content.mark == Some(ContactMark::Decline) {' 'if content.payload.is_empty() && content.mark == Some(ContactMark::Decline) {' \
  engine --lib a_decline_goes_by_dh_and_accepts_nobody
broken 'contacts: a decline accepts' $engine/contacts.rs \
  '(_, Some(ContactMark::Decline)) => return Ok(()),' '(ContactState::Declined, Some(ContactMark::Decline)) => return Ok(()),' \
  engine --lib a_decline_goes_by_dh_and_accepts_nobody
broken 'contacts: a message from before the request answers it' $engine/contacts.rs \
  'if answer.dated_at.is_some_and(|at| at >= requested_at) {' 'if answer.dated_at.is_some() {' \
  engine --lib a_message_that_may_be_older_than_the_request_does_not_answer_it

broken 'contacts: a declined contact is read where everybody may be written to' $engine/contacts.rs \
  'Ok(*sender != self.me() && is_declined(store, sender)?)' 'Ok(self.config.contacts == ContactPolicy::Request && is_declined(store, sender)?)' \
  engine --lib nothing_of_a_declined_contact_is_read_under_either_policy_until_it_is_accepted
broken 'topics: the first answer is not listened for' $engine/send/mod.rs \
  'self.listen(store, env.now, &mut peer, sent_as)?;' '' \
  engine --lib an_answer_by_the_negotiated_topic_is_listened_for_since_the_message_that_it_answers
broken 'topics: strangers fill the list' $engine/sealing/listening.rs \
  'if sent_as == SentAs::Reply && store.listened_for_replies()? >= MAX_LISTENED_FOR_REPLIES {' 'if sent_as == SentAs::Reply && store.listened_for_replies()? == u64::MAX {' \
  engine --lib a_reply_is_listened_behind_if_its_envelope_proves_whom_it_is_for_and_strangers_are_bounded

# The store.
broken 'a commit does not wait for the disk' $store/schema.rs \
  'PRAGMA synchronous = FULL;' 'PRAGMA synchronous = NORMAL;' \
  session-store --lib the_pragmas_that_durability_and_secrecy_rest_on_are_set
broken 'an older database is taken for the newest' $store/rollback_guard/detect.rs \
  'Some(record) if record.commits > row.commits => Some(RollbackKind::Older),' 'Some(record) if record.commits > row.commits + 1_000_000 => Some(RollbackKind::Older),' \
  session-store --lib an_older_database_is_told_by_a_single_commit
broken 'count: steps that carry it are overlooked' $store/rollback_guard/generation.rs \
  '(row.commits, row.digest) = (commits, digest);' 'let _: (u64, Option<[u8; 32]>) = (commits, digest);' \
  session-store --lib a_log_without_its_last_commit_is_told_whatever_that_wrote
broken 'count: a row that is gone is taken to carry it' $store/rollback_guard/mod.rs \
  '        Ok(changed == 1)
    }

    /// The transaction was committed.' '        Ok(changed <= 1)
    }

    /// The transaction was committed.' \
  session-store --lib a_log_without_its_last_commit_is_told_whatever_that_wrote
broken 'count: what another program wrote is not looked at while sessions are stepped' $store/rollback_guard/mod.rs \
  'let exchanged = data_version != self.data_version;' 'let exchanged = false;' \
  session-store --lib another_state_put_in_place_of_an_open_one_is_never_built_upon
for test in an_older_file_beside_the_log_of_a_crash_is_told_whenever_it_was_copied \
  an_open_store_whose_pages_were_replaced_is_not_built_upon_once_they_are_read_again; do
  broken 'count: the first commit of a log is not noted' $store/rollback_guard/mod.rs \
    'self.checkpointed = self.noted;
        self.note_next = true;' 'self.checkpointed = self.noted;' \
    session-store --lib $test
done
broken 'count: every step costs a page more' $store/rollback_guard/mod.rs \
  'self.noting = must_note ||' 'self.noting = true || must_note ||' \
  session-store --lib a_step_of_a_session_writes_one_page
broken 'a copy elsewhere is taken for the original' $store/rollback_guard/detect.rs \
  'Some(record) if record.file_id != sidecar.file_id => Some(RollbackKind::Elsewhere),' '' \
  session-store --lib a_copy_elsewhere_is_told_and_the_original_goes_on
broken 'an older file beside the log of a crash is not told' $store/rollback_guard/detect.rs \
  'Some(_) if !main_file.fits(row, Some(&sidecar.generation)) => Some(RollbackKind::Older),' '' \
  session-store --lib an_older_file_beside_the_log_of_a_crash_is_told_whenever_it_was_copied
broken 'digest: an older page among the newest is not told' $store/rollback_guard/detect.rs \
  '(counted != sum).then_some(RollbackKind::Older)' '(counted != sum && counted == [0; 32]).then_some(RollbackKind::Older)' \
  session-store --lib a_page_that_was_put_back_among_the_newest_is_told
broken 'digest: a row that goes is not followed' $store/rollback_guard/digest.rs \
  'state.sum.wrapping_sub(&mac)' 'state.sum' \
  session-store --lib whatever_writes_the_rows_is_followed_and_what_is_undone_is_not
broken 'digest: a call that is undone is followed' $store/rollback_guard/digest.rs \
  'state.sum = state.call;' 'state.call = state.sum;' \
  session-store --lib whatever_writes_the_rows_is_followed_and_what_is_undone_is_not
broken 'sidecar: anybody may write it' $store/rollback_guard/detect.rs \
  'Some(record) if !record.is_authentic(sidecar_key) => Some(RollbackKind::Unmarked),' '' \
  session-store --lib a_mark_that_was_written_without_its_key_is_told
broken 'sidecar: a store that is settled keeps its key' $store/rollback_guard/generation.rs \
  'witness_key = excluded.witness_key, \' 'witness_key = coalesce(witness_key, excluded.witness_key), \' \
  session-store --lib a_state_that_was_given_up_does_not_come_back_under_the_mark_of_its_successor
broken 'a daemon that was started through the loader starts the loader with its own arguments' $daemon/ops/memory.rs \
  'let given = std::fs::read("/proc/self/cmdline")?;' 'let given: Vec<u8> = std::env::args_os().flat_map(|given| [given.as_bytes(), b"\0"].concat()).collect();' \
  daemon '--test it' a_daemon_that_is_started_through_the_loader_serves_with_as_few_heaps
broken 'a second daemon gets in' $store/lock.rs \
  'let mut tried = file.try_lock();' 'let mut tried: std::result::Result<(), TryLockError> = Ok(());' \
  session-store --lib a_second_opener_is_refused_and_told_who_holds_it
broken 'a file that is erased is only removed' $store/files.rs \
  'io::copy(&mut io::repeat(0).take(size), file)?;' 'let _ = io::repeat(0).take(size);' \
  session-store --lib erasing_overwrites_the_database
broken 'log: it is cut off and not overwritten' $store/wal.rs \
  'overwrite(&mut log, end)?;' 'let _ = (&mut log, end, overwrite);' \
  session-store --lib what_is_behind_the_last_commit_is_overwritten_before_the_log_is_cut_off
broken 'log: it stays as it is at rest' $store/rollback_guard/mod.rs \
  'if self.commits == self.renewed {' 'if self.commits != u64::MAX {' \
  session-store --lib a_chain_that_was_passed_is_in_no_file_at_rest_and_at_the_end
broken 'log: it stays as it is at the end' $store/rollback_guard/mod.rs \
  'wal::erase_rest(connection, &self.database, pages)' 'Ok::<(), std::io::Error>(())' \
  session-store --lib a_chain_that_was_passed_is_in_no_file_at_rest_and_at_the_end
broken 'log: the connection that reads stays open while the account is closed' $daemon/accounts/account.rs \
  '        *slot = None;
        true' '        true' \
  daemon '--test it' a_stopped_daemon_leaves_no_log

broken 'a step of a call that failed is kept' $engine/store/write_back/mod.rs \
  '        drop(self.dirty.undo_call());
' '' \
  engine --lib no_step_is_lost_of_as_many_sessions_as_are_held_and_of_more
broken 'a step is lost when a later call writes' $engine/store/write_back/mod.rs \
  '        self.flush()?;
        if self.state == BatchState::Begun {' '        self.dirty.clear();
        if self.state == BatchState::Begun {' \
  engine --lib no_step_is_lost_of_as_many_sessions_as_are_held_and_of_more

# The doors.
broken 'any token passes' $daemon/server/auth.rs \
  '.filter(|token| self.token.is(token.trim()))' '.filter(|token| self.token.is(token.trim()) || !token.is_empty())' \
  daemon --lib only_the_token_passes
broken 'any host passes' $daemon/server/host_origin.rs \
  'LOOPBACK_HOSTS.contains(&name)
            ||' '!name.is_empty() || LOOPBACK_HOSTS.contains(&name)
            ||' \
  daemon '--test it' hosts_that_are_not_ours_are_refused_on_everything
broken 'the page is served to other machines' $daemon/server/ui.rs \
  'address.ip().is_loopback() =>' 'address.ip().is_loopback() || address.port() > 0 =>' \
  daemon '--test it' the_page_is_served_at_an_address_of_this_machine_alone
broken 'the page has no policy' $daemon/server/ui.rs \
  '(CONTENT_SECURITY_POLICY, include_str!("../../ui/policy.txt")),' '(CONTENT_SECURITY_POLICY, "default-src *"),' \
  daemon '--test it' the_page_is_the_same_for_everybody_and_is_locked_by_its_headers
broken 'the origin of the page passes wherever the request goes' $daemon/server/host_origin.rs \
  'origin.strip_prefix("http://") == Some(&host)' 'origin.starts_with("http://127.0.0.1")' \
  daemon '--test it' beside_the_page_nothing_is_answered_without_the_token_and_it_alone_may_call_from_here
broken 'any page passes' $daemon/server/host_origin.rs \
  '            if !allowed {' '            if !allowed && self.origins.len() > 1_000 {' \
  daemon '--test it' pages_of_other_sites_are_refused_on_everything
broken 'strangers keep the places of who has the token' $daemon/server/connection_limits.rs \
  'let first = self.present().each.pop_first();' 'let first = self.present().each.pop_last();' \
  daemon '--test it' strangers_that_hold_every_place_they_have_keep_nobody_out_who_has_the_token
broken 'a connection without the token stays open' $daemon/server/http.rs \
  'if is_over || connection.place.is_strangers() {' 'if is_over {' \
  daemon '--test it' without_the_token_a_connection_is_closed_after_each_answer_and_with_it_it_stays
broken 'a ticket opens any number of streams' $daemon/api/event_tickets.rs \
  'outstanding.len() < before' '{
                let found = outstanding.len() < before;
                let (text, over) = (Zeroizing::new(shown.to_owned()), Duration::MAX);
                outstanding.extend(found.then_some(Ticket { text, over }));
                found
            }' \
  daemon '--test it' a_page_opens_a_stream_of_events_with_a_ticket_once_and_in_time
broken 'an answer is lost while its client sends' $daemon/server/connection.rs \
  'if self.ended || self.broken || !self.has_written {' 'if !self.ended || self.broken || !self.has_written {' \
  daemon '--test it' a_refusal_arrives_however_much_its_client_sends_first_and_says_what_to_do
broken 'who was answered keeps its place from who comes after it' $daemon/server/connection.rs \
  '() = held.has_to_go.told() => {}' '' \
  daemon '--test it' strangers_that_were_answered_and_do_not_go_keep_nobody_out
broken 'requests have all the memory there is' $daemon/ops/budget.rs \
  'let Ok(more) = more else { return false };' 'let Ok(more) = more else { return true };' \
  daemon '--test it' requests_are_taken_up_to_a_number_of_bytes_in_all_and_answered_busy_past_it
broken 'calls that wait for an account have all the memory there is' $daemon/accounts/worker/mod.rs \
  'request.as_ref().map_or(0, |request| request.bytes)' 'request.as_ref().map_or(0, |request| request.bytes / 1_000)' \
  daemon --lib calls_that_wait_are_refused_past_a_number_of_bytes_and_give_them_back_when_answered
broken 'a message of a WebSocket is read whether or not there is room' $daemon/server/connection.rs \
  'let Poll::Ready(Ok(found)) = acquiring.as_mut().poll(context) else {
            return false;' 'let Poll::Ready(Ok(found)) = acquiring.as_mut().poll(context) else {
            return true;' \
  daemon --lib a_message_of_a_websocket_is_read_on_when_there_is_room_for_the_largest
broken 'the text of a request is kept while its call waits' $daemon/server/json_rpc/mod.rs \
  'drop(text);
        let response' 'let response' \
  daemon --lib the_text_of_a_request_is_dropped_when_it_is_read_and_its_room_when_its_call_ends
broken 'real accounts may be served with --dev' $daemon/ops/dev.rs \
  'if !settings.dev_on_real_data {' 'if !settings.dev_on_real_data && accounts.len() > 1_000 {' \
  daemon '--test it' dev_is_refused_on_real_data_unless_it_is_asked_for_and_then_everything_says_so
broken 'what was served without --dev is still its own' $daemon/ops/dev.rs \
  'match remove(&mark) {' 'match Ok::<(), io::Error>(()) {' \
  daemon '--test it' dev_is_refused_on_real_data_unless_it_is_asked_for_and_then_everything_says_so
broken 'out of file descriptors is taken for a full disk' $store/trouble.rs \
  'Errno::MFILE => Some(Trouble::Descriptors),' 'Errno::MFILE => Some(Trouble::Full),' \
  daemon '--test it' the_limit_of_open_files_is_raised_and_no_number_of_accounts_reaches_it
broken 'the limit of open files is not raised' $daemon/ops/memory.rs \
  'match setrlimit(Resource::Nofile, raised) {' 'let _ = raised;
    match setrlimit(Resource::Nofile, before) {' \
  daemon '--test it' the_limit_of_open_files_is_raised_and_no_number_of_accounts_reaches_it
broken 'the daemon may be looked into' $daemon/ops/memory.rs \
  'set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()' 'set_dumpable_behavior(DumpableBehavior::Dumpable).is_ok()' \
  daemon '--test it' a_crash_leaves_no_core_and_no_process_of_the_same_user_may_look_inside
broken 'worker: every thread of the runtime may wait for a disk' $daemon/accounts/worker/mod.rs \
  'Semaphore::new(threads.saturating_sub(1))' 'Semaphore::new(threads)' \
  daemon --lib calls_that_take_long_run_on_the_accounts_thread_and_one_thread_is_always_left_to_the_runtime
broken 'worker: calls that take long run inline' $daemon/accounts/worker/queue.rs \
  'calls == 1 && ended.duration_since(began) < self.pool.config.inline_threshold;' 'calls == 1;' \
  daemon --lib calls_that_take_long_run_on_the_accounts_thread_and_one_thread_is_always_left_to_the_runtime
broken 'worker: the first call after memory was released runs inline' $daemon/accounts/worker/queue.rs \
  'state.memory = Memory::Due;
        state.inline = false;' 'state.memory = Memory::Due;' \
  daemon --lib an_account_that_nobody_calls_gives_back_its_memory_once_and_works_on
broken 'worker: a call after many runs inline' $daemon/accounts/worker/queue.rs \
  'calls == 1 && ended' 'calls > 0 && ended' \
  daemon --lib calls_that_come_one_by_one_run_where_they_come_and_those_that_wait_on_the_accounts_thread
broken 'worker: no thread is woken while a call takes long' $daemon/accounts/worker/queue.rs \
  'self.pool.wake_runtime();' '' \
  daemon --lib what_comes_while_a_call_takes_unexpectedly_long_is_seen
broken 'worker: a call ends with its client' $daemon/api/detach_on_drop.rs \
  'runtime.spawn(call);' 'let _ = (runtime, call);' \
  daemon --lib a_call_that_nobody_waits_for_goes_on_to_its_end
broken 'worker: a panic of a call takes the connection with it' $daemon/api/detach_on_drop.rs \
  'catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)))' 'AssertUnwindSafe(Ok::<_, ()>(call.as_mut().poll(cx))).0' \
  daemon --lib a_call_that_panics_says_so
broken 'worker: it shows what waits' $daemon/accounts/worker/mod.rs \
  'f.debug_struct("Worker").finish_non_exhaustive()' 'f.debug_struct("Worker").field("queued", &self.queued()).finish()' \
  daemon --lib a_worker_shows_nothing_of_its_account_and_of_what_waits
broken 'hosting: the account that was used last is closed' $daemon/accounts/worker/places.rs \
  'by_use.sort_by_key(|(used_at, _)| *used_at);' 'by_use.sort_by_key(|(used_at, _)| std::cmp::Reverse(*used_at));' \
  daemon --lib of_many_accounts_the_ones_used_last_are_open_and_each_holds_what_was_written
broken 'hosting: a sweep counts as a use' $daemon/accounts/worker/mod.rs \
  'matches!(self, Self::Use | Self::Trial)' 'true' \
  daemon --lib an_account_is_closed_for_another_only_while_nobody_reads_or_calls_it
broken 'hosting: what was open at a kill waits for its turn' $daemon/accounts/registry.rs \
  'None => Duration::ZERO,' 'None => SWEEP_INTERVAL,' \
  daemon --lib an_account_that_was_open_when_the_process_ended_is_swept_first
broken 'hosting: a file in the place of another is not noticed' $daemon/accounts/registry.rs \
  'found.is_ok_and(|found| found == resting.file)' 'found.is_ok()' \
  daemon --lib a_file_that_was_put_in_the_place_of_a_closed_account_is_looked_into_at_the_start
broken 'hosting: a damaged account is not named' $daemon/accounts/store.rs \
  'self.beside.condition().unopened = Some(error.to_string());' '' \
  daemon --lib a_damaged_account_keeps_no_other_from_serving_and_is_named
broken 'what changed nothing is committed' $daemon/accounts/worker/account.rs \
  'if !store.has_changed()? {' 'if !store.has_changed()? && self.commit_cost > std::time::Duration::MAX {' \
  daemon --lib a_batch_that_changed_nothing_is_not_committed_and_erases_no_event
broken 'what changed nothing is written' $store/commit.rs \
  'if !self.has_changed()? {
            return self.abort();' 'if self.check_open().is_err() {
            return self.abort();' \
  session-store --lib a_batch_that_changed_nothing_writes_no_byte
broken 'a batch that failed is acknowledged' $daemon/accounts/worker/account.rs \
  '                job.fail(&error);' '                let _ = (&job, &error);' \
  daemon --lib a_commit_that_fails_fails_every_call_of_the_batch_and_the_next_one_works

echo
echo "$noticed noticed, ${#unnoticed[@]} not, ${#faulty[@]} could not be tried"
if ((${#unnoticed[@]} + ${#faulty[@]})); then
  printf '  %s\n' "${unnoticed[@]}" "${faulty[@]}"
  exit 1
fi
