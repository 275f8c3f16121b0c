//! The queues as staff see and steer them: a worker reports how they are, takes dead messages to
//! the control plane, and does what it is told.

use broker::{Link, Publisher, take_dead};
use clock::Clock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tr_jobs::{DeadLetterKeeper, Redriver, Relay, Reporter, Taps, count_backlogs};

use crate::fleet::Fleet;

/// Starts the tasks, which end with `stop`. The taps open once it is known what is paused.
pub fn spawn(
    tasks: &mut JoinSet<()>,
    fleet: &Fleet,
    relay: &Relay,
    links: (&Link, &Publisher),
    taps: &Taps,
    stop: &CancellationToken,
) {
    let (inward, publisher) = links;
    let keeper = DeadLetterKeeper::new(
        fleet.api.clone(),
        fleet.pools.clone(),
        Clock::system(),
        relay.nudge(),
    );
    for (class, queue) in inward.topology().dead_queues() {
        tasks.spawn(take_dead(
            inward.clone(),
            class,
            queue,
            keeper.clone(),
            stop.clone(),
        ));
    }
    tasks.spawn(count_backlogs(
        relay.backlog(),
        fleet.pools.clone(),
        Clock::system(),
        stop.clone(),
    ));
    let reporter = Reporter {
        api: fleet.api.clone(),
        link: inward.clone(),
        taps: taps.clone(),
        backlog: relay.backlog(),
        redriver: Redriver::new(fleet.pools.clone(), publisher.clone(), relay.nudge()),
    };
    tasks.spawn(reporter.run(stop.clone()));
}
