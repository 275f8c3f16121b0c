//! What a request costs the database, as the server counts it.

use testkit::StatementCounter;

use crate::{app::Person, matrix::world::World};

#[actix_web::test]
async fn reading_an_item_takes_at_most_two_statements() {
    let world = World::new().await;
    let mut counter = StatementCounter::start(&world.acme.account.user).await;
    for person in [
        &world.architect,
        &world.reader,
        &world.editor,
        &world.external,
    ] {
        for id in [&world.grid, &world.stage, &world.element, &world.task] {
            let path = format!("/api/v1/work-items/{id}");
            warm(person, &path, &mut counter).await;
            for _ in 0..10 {
                person.get(&path).await.expect(200);
            }
            let asked = counter.take().await;
            assert!(asked.total() <= 20, "{asked}");
        }
    }
}

/// Until every connection that the reads go over has prepared the statement.
async fn warm(person: &Person, path: &str, counter: &mut StatementCounter) {
    for _ in 0..20 {
        counter.take().await;
        for _ in 0..10 {
            person.get(path).await.expect(200);
        }
        if counter.take().await.of("com/Prepare") == 0 {
            return;
        }
    }
    panic!("statements are prepared again and again");
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
