//! What a request costs the database, as the server counts it.

use std::time::Duration;

use testkit::{StatementCounter, Statements};

use crate::{app::Person, matrix::world::World};

const READS: u64 = 10;

#[actix_web::test]
async fn reading_an_item_takes_at_most_two_statements() {
    let world = World::new().await;
    let user = world.acme.account.user.as_str();
    let people = [
        &world.architect,
        &world.reader,
        &world.editor,
        &world.external,
    ];
    let path = format!("/api/v1/work-items/{}", world.task);
    for person in people {
        let asked = warm_reads(user, person, &path).await;
        assert_eq!(asked.of("com/Execute"), READS, "{asked}");
        assert!(asked.total() <= 2 * READS, "{asked}");
    }
}

/// What a row of reads asks, once every connection that they go over has prepared the statement.
async fn warm_reads(user: &str, person: &Person, path: &str) -> Statements {
    for _ in 0..50 {
        settled(&StatementCounter::start(user).await).await;
        let counter = StatementCounter::start(user).await;
        for _ in 0..READS {
            person.get(path).await.expect(200);
        }
        let asked = settled(&counter).await;
        if asked.of("com/Prepare") == 0 {
            return asked;
        }
    }
    panic!("statements are prepared again and again");
}

/// What was asked, when nothing more comes: a pool pings a connection after its use.
async fn settled(counter: &StatementCounter) -> Statements {
    testkit::eventually(Duration::from_secs(5), async || {
        let seen = counter.read().await;
        (seen == counter.read().await).then_some(seen)
    })
    .await
}

#[actix_web::test]
async fn a_refused_identity_takes_none() {
    let world = World::new().await;
    let counter = StatementCounter::start(&world.acme.account.user).await;
    let path = format!("/api/v1/work-items/{}", world.task);
    let request = crate::app::TestApp::request(actix_web::http::Method::GET, &path);
    world.app.send(request).await.expect(401);
    assert_eq!(counter.read().await.total(), 0);
}
