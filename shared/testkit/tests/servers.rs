//! The kit on the real servers: what tests get is theirs alone, counted exactly and gone afterwards.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use kernel::{Generation, TenantId};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use redis::AsyncCommands as _;
use sea_orm::sqlx::{self, Connection as _, MySqlConnection};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use testkit::{RedisCommandCounter, StatementCounter, TestDb, eventually, within};
use uuid::Uuid;

async fn names(db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::MySql, sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

#[tokio::test]
async fn a_central_database_is_as_the_migrations_make_it_and_goes_away() {
    let db = TestDb::central().await;
    let name = db.name().to_owned();
    assert!(
        names(db.conn(), "SHOW TABLES")
            .await
            .contains(&"people".to_owned())
    );
    let other = TestDb::empty().await;
    let transaction = db.conn().begin().await.unwrap();
    transaction
        .execute_unprepared("SELECT * FROM people FOR UPDATE")
        .await
        .unwrap();
    drop(db);
    let left = names(other.conn(), &format!("SHOW DATABASES LIKE '{name}'")).await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_tenants_database_knows_its_owner_and_accounts_see_nothing_else() {
    let tenant = TenantId::from_uuid(Uuid::now_v7());
    let db = TestDb::tenant(tenant, Generation(3)).await;
    let rows = names(
        db.conn(),
        &format!(
            "SELECT LOWER(HEX(tenant_id)) FROM tenant WHERE generation = 3 AND root_folder_id = x'{}'",
            tenant.as_uuid().simple()
        ),
    )
    .await;
    assert_eq!(rows, [tenant.as_uuid().simple().to_string()]);

    let other = TestDb::tenant(TenantId::from_uuid(Uuid::now_v7()), Generation(1)).await;
    let account = db.runtime_account().await;
    let mut conn = MySqlConnection::connect(&account.url).await.unwrap();
    sqlx::query("DELETE FROM labels")
        .execute(&mut conn)
        .await
        .unwrap();
    for refused in [
        format!("USE {}", other.name()),
        "DROP TABLE labels".to_owned(),
    ] {
        let outcome = sqlx::raw_sql(sqlx::AssertSqlSafe(refused.clone()))
            .execute(&mut conn)
            .await;
        assert!(outcome.is_err(), "{refused}");
    }
}

#[tokio::test]
async fn statements_are_counted_with_begins_prepares_and_pings() {
    let db = TestDb::central().await;
    let account = db.runtime_account().await;
    let mut conn = MySqlConnection::connect(&account.url).await.unwrap();
    let mut counter = StatementCounter::start(&account.user).await;
    conn.ping().await.unwrap();
    let mut transaction = conn.begin().await.unwrap();
    for id in 0..2 {
        let _ = sqlx::query("SELECT email FROM people WHERE id = ?")
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    let asked = counter.take().await;
    // The second SELECT uses the prepared statement of the first.
    assert_eq!(asked.of("com/Ping"), 1, "{asked}");
    assert_eq!(asked.of("sql/begin"), 1, "{asked}");
    assert_eq!(asked.of("com/Prepare"), 1, "{asked}");
    assert_eq!(asked.total(), 6, "{asked}");
    assert_eq!(counter.take().await.total(), 0);
}

#[tokio::test]
async fn redis_commands_are_counted_per_database() {
    let (mine, other) = (testkit::redis().await, testkit::redis().await);
    assert_ne!(mine.number(), other.number());
    let mut counter = RedisCommandCounter::start(&mine).await;
    let _: () = mine.connection().set("a", "[1] \"x\"").await.unwrap();
    let _: () = other.connection().set("b", "2").await.unwrap();
    let seen: Option<String> = other.connection().get("a").await.unwrap();
    assert_eq!(seen, None);
    let commands = counter.take().await;
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert_eq!(commands[0].name, "SET");
    assert!(counter.take().await.is_empty());
}

#[tokio::test]
async fn virtual_hosts_are_apart() {
    let (mine, other) = (testkit::amqp_vhost().await, testkit::amqp_vhost().await);
    let mut found = Vec::new();
    for vhost in [&mine, &other] {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(vhost.url(), properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let queue = channel
            .queue_declare(
                "same".into(),
                QueueDeclareOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
        found.push(queue.message_count());
        channel
            .basic_publish(
                "".into(),
                "same".into(),
                BasicPublishOptions::default(),
                b"x",
                BasicProperties::default(),
            )
            .await
            .unwrap();
    }
    assert_eq!(found, [0, 0]);
}

#[tokio::test]
async fn mail_arrives() {
    let mailbox = testkit::mailbox();
    let address = mailbox.new_address("ann");
    let mail = Message::builder()
        .from("no-reply@trellis.localhost".parse().unwrap())
        .to(address.parse().unwrap())
        .subject("Welcome")
        .body("Follow https://acme.example/invite?a=b to begin.".to_owned())
        .unwrap();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(mailbox.smtp_url())
        .unwrap()
        .build();
    transport.send(mail).await.unwrap();
    let arrived = mailbox.wait_for(&address, Duration::from_secs(5)).await;
    assert_eq!(arrived.link(), Some("https://acme.example/invite?a=b"));
}

#[tokio::test]
#[should_panic(expected = "still nothing after 30ms")]
async fn eventually_has_a_limit() {
    eventually(Duration::from_millis(30), async || None::<()>).await;
}

#[tokio::test]
async fn what_takes_longer_than_its_limit_comes_to_nothing() {
    let limit = Duration::from_millis(30);
    assert_eq!(within(limit, async { 1 }).await, Some(1));
    assert_eq!(within(limit, std::future::pending::<()>()).await, None);
}
