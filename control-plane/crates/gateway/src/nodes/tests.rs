use chrono::TimeDelta;
use kernel::NodeId;
use uuid::Uuid;

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn node(number: u128) -> Node {
    Node {
        id: NodeId::from_uuid(Uuid::from_u128(number)),
        name: format!("node-{number}"),
        ring: Ring::General,
        address: Some(format!("127.0.0.1:{}", 8000 + number)),
        version: None,
        draining: false,
        in_flight: 0,
        registered_at: Some(now()),
        last_beat_at: Some(now()),
    }
}

fn table(nodes: &[Node]) -> NodeTable {
    let table = NodeTable::new(2, 3, Duration::from_secs(60));
    table.replace(nodes, now());
    table
}

#[test]
fn the_less_busy_of_two_gets_the_request() {
    let table = table(&[node(1), node(2)]);
    let (first, _seat) = table.choose(Ring::General, &[]).unwrap();
    for _ in 0..20 {
        let (other, _seat) = table.choose(Ring::General, &[]).unwrap();
        assert_ne!(other.id, first.id);
    }
}

#[test]
fn other_rings_draining_and_tried_nodes_get_none() {
    let draining = Node {
        draining: true,
        ..node(2)
    };
    let early = Node {
        ring: Ring::Early,
        ..node(3)
    };
    let table = table(&[node(1), draining, early]);
    let (only, _seat) = table.choose(Ring::General, &[]).unwrap();
    assert_eq!(only.name, "node-1");
    assert_eq!(
        table.choose(Ring::General, &[only.id]).unwrap_err(),
        NoNode::None
    );
    assert_eq!(table.choose(Ring::Internal, &[]).unwrap_err(), NoNode::None);
}

#[test]
fn a_node_has_so_many_seats() {
    let table = table(&[node(1)]);
    let seats: Vec<_> = (0..2)
        .map(|_| table.choose(Ring::General, &[]).unwrap())
        .collect();
    assert_eq!(table.choose(Ring::General, &[]).unwrap_err(), NoNode::Busy);
    drop(seats);
    assert!(table.choose(Ring::General, &[]).is_ok());
}

#[test]
fn streams_are_counted_apart_from_requests() {
    let table = table(&[node(1), node(2)]);
    let (first, seat) = table.choose_for_stream(Ring::General, &[]).unwrap();
    let streams: Vec<_> = (0..3).map(|_| table.seat_stream(&first).unwrap()).collect();
    drop(seat);
    assert!(table.seat_stream(&first).is_none());
    // The other one has fewer of them, and no fewer requests.
    for _ in 0..20 {
        let (other, _seat) = table.choose_for_stream(Ring::General, &[]).unwrap();
        assert_ne!(other.id, first.id);
    }
    let seen = (0..64).map(|_| table.choose(Ring::General, &[]).unwrap().0.id);
    assert!(seen.into_iter().any(|id| id == first.id));
    drop(streams);
    assert!(table.seat_stream(&first).is_some());
}

#[test]
fn a_node_that_cannot_be_reached_is_the_last_resort() {
    let table = table(&[node(1), node(2)]);
    let (lost, seat) = table.choose(Ring::General, &[]).unwrap();
    drop(seat);
    table.pass_over(&lost);
    for _ in 0..20 {
        assert_ne!(table.choose(Ring::General, &[]).unwrap().0.id, lost.id);
    }
    let others: Vec<NodeId> = [1, 2]
        .map(|n| NodeId::from_uuid(Uuid::from_u128(n)))
        .into_iter()
        .filter(|id| *id != lost.id)
        .collect();
    assert_eq!(table.choose(Ring::General, &others).unwrap().0.id, lost.id);

    // It is like new when it has started again.
    let again = |number| Node {
        registered_at: Some(now() + TimeDelta::seconds(1)),
        ..node(number)
    };
    table.replace(&[again(1), again(2)], now());
    let mut seen: Vec<_> = (0..64)
        .map(|_| table.choose(Ring::General, &[]).unwrap().0.id)
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 2);
}

#[test]
fn the_last_list_stays_when_nobody_beats() {
    let table = table(&[node(1), node(2)]);
    let later = now() + TimeDelta::minutes(1);
    table.replace(&[node(1), node(2)], later);
    assert_eq!(table.len(), 2);
    table.replace(
        &[
            node(1),
            Node {
                last_beat_at: Some(later),
                ..node(2)
            },
        ],
        later,
    );
    assert_eq!(table.len(), 1);
    table.replace(&[], later);
    assert_eq!(table.len(), 0);
}
