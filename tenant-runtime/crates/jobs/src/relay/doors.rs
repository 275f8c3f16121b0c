//! Who is next: the tenants with something to publish, in a queue, each at most once and never
//! by two workers at a time; those that could not be relayed in full, with when to try again; and
//! those with a job to come, with when it is due.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use broker::Class;
use chrono::{DateTime, Utc};
use kernel::{Generation, TenantContext, TenantId};
use tokio::sync::Notify;

/// The first pause before a tenant is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Room of so many thousandths of what a tenant may have out of a class is used at once; for less it
/// is not asked again before its pause is over: asking costs as much for few events as for many.
const ROOM: usize = 500;

/// How many in the queue are looked at for one whose messages go elsewhere than those of the tenants
/// that are being relayed.
const AHEAD: usize = 32;

/// Why a tenant is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Rows wait, the oldest from then; whether others went.
    Rows {
        oldest: DateTime<Utc>,
        progress: bool,
    },
    /// There is no connection to the broker.
    NoBroker,
    /// Its database could not be asked, or not be written; whether its server did not even answer.
    NoDatabase { silent: bool },
}

/// The tenants that wait. Every method is a moment under one lock.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<TenantId>,
    /// What is known of the tenants in the queue, or knocked again while being relayed.
    waiting: HashMap<TenantId, TenantContext>,
    busy: HashSet<TenantId>,
    behind: HashMap<TenantId, Behind>,
    /// When a tenant's next job is due.
    expected: HashMap<TenantId, (TenantContext, DateTime<Utc>)>,
    /// On which server a tenant is, since which generation.
    servers: HashMap<TenantId, (Generation, Server)>,
    /// The servers that did not answer when they were asked last.
    silent: HashSet<Server>,
}

/// The address of a server.
type Server = Arc<str>;

/// A tenant with rows left.
#[derive(Debug)]
struct Behind {
    tenant: TenantContext,
    since: DateTime<Utc>,
    pause: Duration,
    /// Whether its database could not be asked. One worker at a time tries such tenants, and those on
    /// a server that did not answer, so that a server that lets everybody wait does not stop the
    /// others' tenants.
    failed: bool,
    /// How much room there is since it was taken last, in thousandths.
    room: usize,
    tried: Instant,
    due: Instant,
}

impl Behind {
    /// There is something new, perhaps of another class than the one that it is behind with: it is
    /// tried again soon, however long the pause had become.
    fn knocked(&mut self, tenant: TenantContext) {
        self.tenant = newer(self.tenant, tenant);
        self.soon();
    }

    fn soon(&mut self) {
        self.due = self.due.min(self.tried + PAUSES.0);
    }
}

impl Doors {
    /// A tenant has something. One that is being relayed is looked at once more after that, and one
    /// that was left behind after the shortest pause.
    pub(crate) fn knock(&self, tenant: TenantContext) {
        let mut state = self.lock();
        let busy = state.busy.contains(&tenant.tenant);
        match state.behind.get_mut(&tenant.tenant) {
            Some(behind) if !busy => behind.knocked(tenant),
            _ => state.enqueue(tenant),
        }
        drop(state);
        self.ready.notify_one();
    }

    /// Events of the tenant were done, so many thousandths of what may be out. If it was left behind
    /// there may be room now.
    pub(crate) fn room(&self, tenant: TenantId, thousandths: usize) {
        let mut state = self.lock();
        let busy = state.busy.contains(&tenant);
        let Some(behind) = state.behind.get_mut(&tenant) else {
            return;
        };
        behind.soon();
        behind.room += thousandths;
        if behind.room < ROOM || behind.failed || busy {
            return;
        }
        let tenant = behind.tenant;
        state.enqueue(tenant);
        drop(state);
        self.ready.notify_one();
    }

    /// The next tenant, which is then busy until it is done or left behind.
    pub(crate) async fn next(&self) -> TenantContext {
        loop {
            let (next, more) = {
                let mut state = self.lock();
                let next = state.take();
                (next, state.next_place().is_some())
            };
            if more {
                self.ready.notify_one();
            }
            match next {
                Some(tenant) => return tenant,
                None => self.ready.notified().await,
            }
        }
    }

    /// Whether it is known which server the tenant is on.
    pub(crate) fn knows(&self, tenant: TenantContext) -> bool {
        let state = self.lock();
        let known = state.servers.get(&tenant.tenant);
        known.is_some_and(|(since, _)| *since >= tenant.generation)
    }

    /// A tenant that is busy is on this server. When another worker tries one that cannot be asked,
    /// and this is another such, it is put back and waits.
    pub(crate) fn place(&self, tenant: TenantContext, server: Server) -> bool {
        let mut state = self.lock();
        let id = tenant.tenant;
        state.servers.insert(id, (tenant.generation, server));
        let mut others = state.busy.iter().filter(|other| **other != id);
        if !(state.failed(&id) && others.any(|other| state.failed(other))) {
            return true;
        }
        state.busy.remove(&id);
        state.enqueue_again(tenant);
        drop(state);
        self.ready.notify_one();
        false
    }

    /// The tenant is not here any more.
    pub(crate) fn gone(&self, tenant: TenantContext) {
        self.lock().servers.remove(&tenant.tenant);
        self.done(tenant);
    }

    /// Nothing of the tenant is left.
    pub(crate) fn done(&self, tenant: TenantContext) {
        let mut state = self.lock();
        state.asked(tenant.tenant, true);
        state.behind.remove(&tenant.tenant);
        state.release(tenant.tenant);
        drop(state);
        self.ready.notify_one();
    }

    /// There is more of the tenant, for the next worker after all others had their turn.
    pub(crate) fn again(&self, tenant: TenantContext) {
        let mut state = self.lock();
        state.asked(tenant.tenant, true);
        state.behind.remove(&tenant.tenant);
        state.busy.remove(&tenant.tenant);
        state.enqueue_again(tenant);
        drop(state);
        self.ready.notify_one();
    }

    /// Not everything of the tenant could be relayed.
    pub(crate) fn left_behind(&self, tenant: TenantContext, left: Left, now: DateTime<Utc>) {
        let mut state = self.lock();
        match left {
            Left::NoDatabase { silent: true } => state.asked(tenant.tenant, false),
            // It answered, whatever it was.
            _ => state.asked(tenant.tenant, true),
        }
        let before = state.behind.remove(&tenant.tenant);
        let (oldest, progress) = match left {
            Left::Rows { oldest, progress } => (Some(oldest), progress),
            Left::NoBroker | Left::NoDatabase { .. } => (None, false),
        };
        let since = oldest
            .or(before.as_ref().map(|before| before.since))
            .unwrap_or(now);
        let room = before.as_ref().map_or(0, |before| before.room);
        let pause = match before {
            Some(before) if !progress => (before.pause * 2).min(PAUSES.1),
            _ => PAUSES.0,
        };
        let tried = Instant::now();
        let mut behind = Behind {
            tenant,
            since,
            pause,
            failed: matches!(left, Left::NoDatabase { .. }),
            room,
            tried,
            // Room that was made meanwhile this try may not have seen.
            due: if room < ROOM { tried + pause } else { tried },
        };
        if let Some(knocked) = state.waiting.remove(&tenant.tenant) {
            behind.knocked(knocked);
        }
        state.behind.insert(tenant.tenant, behind);
        state.busy.remove(&tenant.tenant);
        drop(state);
        self.ready.notify_one();
    }

    /// When the tenant's next job is due, as far as its database says; none when it has none.
    pub(crate) fn expect(&self, tenant: TenantContext, due: Option<DateTime<Utc>>) {
        let mut state = self.lock();
        match due {
            Some(due) => state.expected.insert(tenant.tenant, (tenant, due)),
            None => state.expected.remove(&tenant.tenant),
        };
    }

    /// A job of the tenant is due then; it may be known already that another is due earlier.
    pub(crate) fn expect_by(&self, tenant: TenantContext, due: DateTime<Utc>) {
        let mut state = self.lock();
        let (known, next) = state.expected.entry(tenant.tenant).or_insert((tenant, due));
        (*known, *next) = (newer(*known, tenant), due.min(*next));
    }

    /// Queues the tenants that were left behind and are due again, and those with a job due.
    pub(crate) fn knock_again(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        let instant = Instant::now();
        let mut due: Vec<_> = state
            .behind
            .values()
            .filter(|behind| behind.due <= instant && !state.busy.contains(&behind.tenant.tenant))
            .map(|behind| behind.tenant)
            .collect();
        let State {
            behind, expected, ..
        } = &mut *state;
        // Who is behind is tried again in its own time.
        let jobs = expected.extract_if(|id, (_, due)| *due <= now && !behind.contains_key(id));
        due.extend(jobs.map(|(_, (tenant, _))| tenant));
        for tenant in due {
            state.enqueue(tenant);
        }
        drop(state);
        self.ready.notify_one();
    }

    /// How long the oldest event that was left behind has waited.
    pub(crate) fn oldest_age(&self, now: DateTime<Utc>) -> Duration {
        let oldest = self.lock().behind.values().map(|behind| behind.since).min();
        oldest
            .and_then(|oldest| (now - oldest).to_std().ok())
            .unwrap_or_default()
    }

    /// How many tenants are behind.
    pub(crate) fn behind(&self) -> usize {
        self.lock().behind.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one of the newer generation, whoever came last.
fn newer(one: TenantContext, other: TenantContext) -> TenantContext {
    if other.generation >= one.generation {
        other
    } else {
        one
    }
}

/// Which queues the tenant's messages go to: one number for all classes with as many queues as this.
fn queues(tenant: TenantId) -> u8 {
    Class::Activity.shard(tenant)
}

impl State {
    fn enqueue(&mut self, tenant: TenantContext) {
        let id = tenant.tenant;
        if let Some(waiting) = self.waiting.get_mut(&id) {
            *waiting = newer(*waiting, tenant);
            return;
        }
        self.waiting.insert(id, tenant);
        if !self.busy.contains(&id) {
            self.queue.push_back(id);
        }
    }

    /// The tenant again, or what it knocked with while it was busy.
    fn enqueue_again(&mut self, tenant: TenantContext) {
        let knocked = self.waiting.remove(&tenant.tenant);
        self.enqueue(knocked.map_or(tenant, |knocked| newer(tenant, knocked)));
    }

    /// The tenant's server was asked, and answered or did not.
    fn asked(&mut self, id: TenantId, answered: bool) {
        let Some((_, server)) = self.servers.get(&id) else {
            return;
        };
        if answered {
            self.silent.remove(server);
        } else {
            self.silent.insert(Arc::clone(server));
        }
    }

    fn failed(&self, id: &TenantId) -> bool {
        let known = self.servers.get(id);
        self.behind.get(id).is_some_and(|behind| behind.failed)
            || known.is_some_and(|(_, server)| self.silent.contains(server))
    }

    /// The place of the next in the queue whom a worker may take now. Before others comes one whose
    /// queues nobody else publishes into: consumers take what comes in batches, and write all that is
    /// of one tenant at once.
    fn next_place(&self) -> Option<usize> {
        let one_tries = self.busy.iter().any(|id| self.failed(id));
        let may = |id: &TenantId| !one_tries || !self.failed(id);
        let first = self.queue.iter().position(may)?;
        let taken: Vec<u8> = self.busy.iter().map(|id| queues(*id)).collect();
        let mut near = self.queue.iter().enumerate().skip(first).take(AHEAD);
        let apart = near.find(|(_, id)| may(id) && !taken.contains(&queues(**id)));
        Some(apart.map_or(first, |(place, _)| place))
    }

    fn take(&mut self) -> Option<TenantContext> {
        let place = self.next_place()?;
        let id = self.queue.remove(place)?;
        self.busy.insert(id);
        if let Some(behind) = self.behind.get_mut(&id) {
            behind.room = 0;
        }
        self.waiting.remove(&id)
    }

    /// Whoever knocked while the tenant was busy is queued now.
    fn release(&mut self, id: TenantId) {
        self.busy.remove(&id);
        if self.waiting.contains_key(&id) {
            self.queue.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use kernel::Generation;

    use super::*;

    fn tenant(number: u128) -> TenantContext {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(number));
        TenantContext {
            tenant,
            generation: Generation(1),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    const SILENT: Left = Left::NoDatabase { silent: true };

    fn rows(progress: bool) -> Left {
        Left::Rows {
            oldest: at(0),
            progress,
        }
    }

    #[test]
    fn a_tenant_waits_once_and_is_served_by_one() {
        let doors = Doors::default();
        for number in [1, 2, 1] {
            doors.knock(tenant(number));
        }
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.knock(tenant(1));
        assert_eq!(doors.next().now_or_never(), Some(tenant(2)));
        assert_eq!(doors.next().now_or_never(), None, "the first is busy");
        doors.done(tenant(1));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.done(tenant(1));
        assert_eq!(doors.next().now_or_never(), None);
    }

    #[test]
    fn a_tenant_with_more_waits_behind_the_others() {
        let doors = Doors::default();
        doors.knock(tenant(1));
        doors.next().now_or_never().unwrap();
        doors.knock(tenant(1));
        doors.knock(tenant(2));
        doors.again(tenant(1));
        assert_eq!(doors.next().now_or_never(), Some(tenant(2)));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.done(tenant(1));
        assert_eq!(doors.next().now_or_never(), None);
    }

    #[test]
    fn a_tenant_of_other_queues_comes_before_another_of_the_same() {
        let of = |queue: u8| {
            (1..)
                .map(tenant)
                .filter(move |one| queues(one.tenant) == queue)
        };
        let (mut here, mut there) = (of(0), of(1));
        let [one, two, three] = [(); 3].map(|()| here.next().unwrap());
        let other = there.next().unwrap();
        let doors = Doors::default();
        for tenant in [one, two, three, other] {
            doors.knock(tenant);
        }
        assert_eq!(doors.next().now_or_never(), Some(one));
        assert_eq!(doors.next().now_or_never(), Some(other));
        assert_eq!(doors.next().now_or_never(), Some(two), "nobody else waits");
        doors.done(one);
        doors.done(two);
        doors.again(other);
        assert_eq!(
            doors.next().now_or_never(),
            Some(three),
            "it was there before"
        );
    }

    #[test]
    fn the_newest_generation_counts() {
        let doors = Doors::default();
        let newer = TenantContext {
            generation: Generation(2),
            ..tenant(1)
        };
        doors.knock(newer);
        doors.knock(tenant(1));
        assert_eq!(doors.next().now_or_never(), Some(newer));
    }

    #[test]
    fn whoever_is_left_behind_ages_until_it_is_done() {
        let doors = Doors::default();
        doors.knock(tenant(1));
        doors.next().now_or_never().unwrap();
        doors.left_behind(tenant(1), rows(true), at(1));
        doors.knock(tenant(1));
        assert_eq!(
            doors.next().now_or_never(),
            None,
            "it is tried when it is due"
        );
        assert_eq!(
            (doors.behind(), doors.oldest_age(at(5))),
            (1, Duration::from_secs(5))
        );
        doors.room(tenant(1).tenant, ROOM);
        doors.knock_again(at(6));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.left_behind(tenant(1), Left::NoBroker, at(7));
        assert_eq!(doors.oldest_age(at(9)), Duration::from_secs(9));
        doors.done(tenant(1));
        assert_eq!(
            (doors.behind(), doors.oldest_age(at(9))),
            (0, Duration::ZERO)
        );
    }

    #[test]
    fn a_knock_while_the_last_of_it_is_relayed_is_not_lost() {
        let doors = Doors::default();
        doors.knock(tenant(1));
        doors.next().now_or_never().unwrap();
        doors.left_behind(tenant(1), rows(true), at(1));
        doors.room(tenant(1).tenant, ROOM);
        doors.knock_again(at(1));
        doors.next().now_or_never().unwrap();
        doors.knock(tenant(1));
        doors.done(tenant(1));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
    }

    #[test]
    fn much_room_is_used_at_once_and_room_made_meanwhile_is_not_forgotten() {
        let doors = Doors::default();
        doors.knock(tenant(1));
        doors.next().now_or_never().unwrap();
        doors.left_behind(tenant(1), rows(true), at(1));
        doors.room(tenant(1).tenant, ROOM - 1);
        assert_eq!(doors.next().now_or_never(), None);
        doors.room(tenant(1).tenant, 1);
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.room(tenant(1).tenant, ROOM);
        assert_eq!(doors.next().now_or_never(), None, "it is being relayed");
        doors.left_behind(tenant(1), rows(false), at(2));
        doors.knock_again(at(2));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.left_behind(tenant(1), rows(false), at(3));
        doors.knock_again(at(3));
        assert_eq!(doors.next().now_or_never(), None, "that room is used");
    }

    #[test]
    fn who_is_behind_with_one_class_is_soon_looked_at_for_another() {
        let doors = Doors::default();
        let soon = |doors: &Doors| {
            let due = doors.lock().behind.get(&tenant(1).tenant).unwrap().due;
            due.saturating_duration_since(Instant::now()) <= PAUSES.0
        };
        doors.knock(tenant(1));
        doors.next().now_or_never().unwrap();
        for _ in 0..4 {
            doors.left_behind(tenant(1), rows(false), at(1));
        }
        assert!(!soon(&doors));
        doors.knock(tenant(1));
        assert!(soon(&doors));
        doors.lock().busy.insert(tenant(1).tenant);
        doors.knock(tenant(1));
        doors.left_behind(tenant(1), rows(false), at(1));
        assert!(soon(&doors), "it knocked meanwhile");
    }

    #[test]
    fn tenants_that_cannot_be_asked_take_one_worker() {
        let doors = Doors::default();
        for number in 1..=3 {
            doors.knock(tenant(number));
            doors.next().now_or_never().unwrap();
            let left = [SILENT, rows(false)][usize::from(number == 3)];
            doors.left_behind(tenant(number), left, at(1));
        }
        for behind in doors.lock().behind.values_mut() {
            behind.due = Instant::now();
        }
        doors.knock_again(at(2));
        let taken = [(); 2].map(|()| doors.next().now_or_never().unwrap());
        assert!(taken.contains(&tenant(3)), "{taken:?}");
        assert_eq!(doors.next().now_or_never(), None);
        let [one, other] = if taken[0] == tenant(3) {
            [1, 0]
        } else {
            [0, 1]
        };
        doors.left_behind(taken[one], SILENT, at(3));
        doors.done(taken[other]);
        let rest = doors.next().now_or_never().unwrap();
        assert!(rest != taken[one] && rest != tenant(3));
    }

    /// As a worker does: takes the next, and looks which server it is on.
    fn take(doors: &Doors, server: impl Fn(TenantContext) -> &'static str) -> Vec<TenantContext> {
        let next = || doors.next().now_or_never();
        let may = |one: &TenantContext| doors.knows(*one) || doors.place(*one, server(*one).into());
        std::iter::from_fn(next).filter(may).collect()
    }

    #[test]
    fn tenants_of_a_server_that_does_not_answer_take_one_worker_before_any_was_tried() {
        let server = |one: TenantContext| ["dead", "alive"][usize::from(one == tenant(9))];
        let doors = Doors::default();
        doors.knock(tenant(1));
        assert_eq!(take(&doors, server), [tenant(1)]);
        doors.left_behind(tenant(1), SILENT, at(1));
        for number in 2..=9 {
            doors.knock(tenant(number));
        }
        let taken = take(&doors, server);
        assert_eq!(taken.len(), 2);
        assert!(taken.contains(&tenant(9)), "{taken:?}");
        // Each of them is tried in its turn, and only then the next.
        let mut tried = taken;
        for turn in 0..6 {
            let one = *tried.iter().rfind(|one| **one != tenant(9)).unwrap();
            doors.left_behind(one, SILENT, at(2));
            let next = take(&doors, server);
            assert_eq!(next.len(), 1, "{turn}: {next:?}");
            tried.extend(next);
        }
        // It is back: all of them are served at once.
        let last = *tried.iter().rfind(|one| **one != tenant(9)).unwrap();
        doors.done(last);
        for number in 1..=4 {
            doors.lock().behind.remove(&tenant(number).tenant);
            doors.knock(tenant(number));
        }
        assert_eq!(take(&doors, server).len(), 4);
    }

    #[test]
    fn a_database_that_refuses_does_not_speak_for_its_server() {
        let doors = Doors::default();
        doors.knock(tenant(1));
        assert_eq!(take(&doors, |_| "one"), [tenant(1)]);
        doors.left_behind(tenant(1), Left::NoDatabase { silent: false }, at(1));
        for number in 2..=4 {
            doors.knock(tenant(number));
        }
        assert_eq!(take(&doors, |_| "one").len(), 3);
    }

    #[test]
    fn a_tenant_is_queued_when_its_next_job_is_due() {
        let doors = Doors::default();
        doors.expect(tenant(1), Some(at(5)));
        doors.expect(tenant(2), Some(at(6)));
        doors.expect(tenant(2), None);
        doors.knock_again(at(4));
        assert_eq!(doors.next().now_or_never(), None);
        doors.knock_again(at(5));
        assert_eq!(doors.next().now_or_never(), Some(tenant(1)));
        doors.done(tenant(1));
        doors.knock_again(at(9));
        assert_eq!(doors.next().now_or_never(), None, "it is asked once");
    }
}
