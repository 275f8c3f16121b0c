//! What the sweep account of a server may see of tenants' databases, who has let it in, and what
//! nodes are told of it.

use cp_app::nodes::SweptPage;
use cp_domain::{OperationState, Ring};
use cp_store::{SweepStore, seal::Purpose};
use kernel::TenantId;
use mysql::{Conn, prelude::Queryable};
use secrecy::ExposeSecret as _;
use testkit::services;
use url::Url;

use crate::fixture::{ControlPlane, admin};

/// A node's view of all tenants.
async fn page(control_plane: &ControlPlane) -> SweptPage {
    let nodes = &control_plane.parts.nodes;
    let secret = nodes.create("sweeper", Ring::General).await;
    let node = match secret {
        Ok(secret) => nodes.authenticate(secret.expose_secret()).await.unwrap(),
        Err(_) => nodes.list().await.unwrap().remove(0),
    };
    nodes.swept(&node, None, None).await.unwrap()
}

/// A session of the server's sweep account, as a node opens it.
async fn sweeper(control_plane: &ControlPlane) -> Conn {
    let page = page(control_plane).await;
    let [server] = page.servers.as_slice() else {
        panic!("{:?}", page.servers);
    };
    let url = Url::parse(&services().mariadb_admin_url).unwrap();
    assert_eq!(Some(server.row.host.as_str()), url.host_str());
    let options = mysql::OptsBuilder::new()
        .ip_or_hostname(Some(&server.row.host))
        .tcp_port(server.row.port)
        .user(Some(&server.row.user_name))
        .pass(Some(server.password.expose_secret()))
        .prefer_socket(false);
    Conn::new(options).unwrap()
}

fn refused(session: &mut Conn, statement: &str) {
    match session.query_drop(statement) {
        Err(mysql::Error::MySqlError(error)) => assert!(
            matches!(error.code, 1044 | 1045 | 1142 | 1143 | 1227 | 1370),
            "{statement}: {error}"
        ),
        other => panic!("{statement} was not refused: {other:?}"),
    }
}

/// On how many columns of a database anybody has rights.
fn columns_granted(database: &str) -> u64 {
    let text = format!("SELECT COUNT(*) FROM mysql.columns_priv WHERE db = '{database}'");
    admin().query_first(text).unwrap().unwrap()
}

async fn name_of(control_plane: &ControlPlane, tenant: TenantId) -> String {
    control_plane.database(tenant).await.names.database
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sees_numbers_and_states_and_nothing_else() {
    let control_plane = ControlPlane::new().await;
    let one = control_plane.provision("one").await.tenant_id;
    let two = control_plane.provision("two").await.tenant_id;
    let (one, two) = (
        name_of(&control_plane, one).await,
        name_of(&control_plane, two).await,
    );
    let page = page(&control_plane).await;
    let told: Vec<_> = page.tenants.iter().map(|t| t.database.clone()).collect();
    let server = control_plane.database(page.tenants[0].tenant.tenant).await;
    let of = |name: &String| Some((server.server, name.clone()));
    assert_eq!(told, [of(&one), of(&two)]);

    let mut session = sweeper(&control_plane).await;
    session
        .query_drop(format!(
            "SELECT class, published_at, done_at, dead_at FROM {one}.outbox UNION ALL \
             SELECT class, due_at, done_at, dead_at FROM {two}.jobs WHERE published_at IS NULL"
        ))
        .unwrap();
    for statement in [
        format!("SELECT payload FROM {one}.outbox"),
        format!("SELECT * FROM {one}.outbox"),
        format!("SELECT 1 FROM {one}.outbox WHERE payload LIKE '%secret%'"),
        format!("SELECT class FROM {one}.jobs ORDER BY payload"),
        format!("SELECT kind FROM {one}.jobs"),
        format!("SELECT job_key FROM {two}.jobs"),
        format!("SELECT 1 FROM {one}.tenant"),
        format!("SELECT name FROM {one}.work_items"),
        format!("SELECT tenant_id FROM {two}.tenant"),
        format!("UPDATE {one}.outbox SET published_at = NOW(6)"),
        format!("INSERT INTO {one}.jobs (class) VALUES ('activity')"),
        format!("DELETE FROM {one}.outbox"),
        format!("CREATE TABLE {one}.x (a INT)"),
        format!("DROP TABLE {one}.outbox"),
        format!("LOCK TABLES {one}.outbox WRITE"),
        "SELECT * FROM mysql.user".to_owned(),
        format!("SELECT 1 FROM {}.people", control_plane.central.name()),
        "CREATE DATABASE mine_too".to_owned(),
    ] {
        refused(&mut session, &statement);
    }
    let limits: String = session.query_first("SHOW GRANTS").unwrap().unwrap();
    assert!(limits.contains("MAX_USER_CONNECTIONS 8"), "{limits}");
    assert!(limits.contains("MAX_STATEMENT_TIME 5"), "{limits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn provisioning_lets_it_in_and_taking_back_keeps_it_out() {
    let control_plane = ControlPlane::new().await;
    let stays = control_plane.provision("stays").await.tenant_id;
    let stays = name_of(&control_plane, stays).await;
    let goes = control_plane.ask_for("goes").await;
    let name = name_of(&control_plane, goes.tenant_id).await;
    let fault = cp_app::worker::Fault {
        step: cp_domain::StepName::Seed,
        moment: cp_app::worker::Moment::After,
        manner: cp_app::worker::FaultManner::Leave,
    };
    let worker = control_plane.worker(Some(fault));
    worker.carry_out(goes.operation_id).await;
    assert_eq!((columns_granted(&stays), columns_granted(&name)), (9, 9));
    let (fleet, requester) = (control_plane.fleet(), cp_app::fleet::Requester::system());
    cp_app::fleet::cancel_operation(fleet, &requester, goes.operation_id, None)
        .await
        .unwrap();
    control_plane
        .finish(goes.operation_id, OperationState::Cancelled)
        .await;
    assert_eq!((columns_granted(&stays), columns_granted(&name)), (9, 0));
    let tables = format!("SELECT COUNT(*) FROM mysql.tables_priv WHERE db = '{name}'");
    assert_eq!(admin().query_first(tables).unwrap(), Some(0));
}

/// As of tenants that were there before there were sweep accounts.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_provisioned_without_is_caught_up_with() {
    let control_plane = ControlPlane::new().await;
    let tenant = control_plane.provision("acme").await.tenant_id;
    let name = name_of(&control_plane, tenant).await;
    let central = control_plane.central.name();
    let (row, server) = {
        let row = control_plane.database(tenant).await;
        (row.clone(), row.server)
    };
    let account = SweepStore::account(control_plane.parts.central.conn(), server)
        .await
        .unwrap()
        .unwrap();
    assert!(account.user.starts_with("s_") && account.user.len() == 28);
    let mut root = admin();
    root.query_drop(format!("DROP USER '{}'@'%'", account.user))
        .unwrap();
    for table in ["sweep_grants", "sweep_accounts"] {
        root.query_drop(format!("DELETE FROM {central}.{table}"))
            .unwrap();
    }
    let told = page(&control_plane).await;
    assert_eq!(told.tenants[0].database, None);
    assert!(told.servers.is_empty());

    // Whoever works on the tenant is not disturbed.
    let lock = format!("SELECT GET_LOCK('operation:{tenant}', 0)");
    assert_eq!(root.query_first(lock).unwrap(), Some(1));
    let worker = control_plane.worker(None);
    assert_eq!(worker.grant_sweeps().await.unwrap(), 0);
    root.query_drop("DO RELEASE_ALL_LOCKS()").unwrap();
    let (first, second) = (control_plane.worker(None), control_plane.worker(None));
    let (first, second) = tokio::join!(first.grant_sweeps(), second.grant_sweeps());
    assert!(first.unwrap() + second.unwrap() >= 1);
    assert_eq!(worker.grant_sweeps().await.unwrap(), 0);

    assert_eq!(columns_granted(&name), 9);
    let told = page(&control_plane).await;
    assert_eq!(told.tenants[0].database, Some((server, name.clone())));
    let mut session = sweeper(&control_plane).await;
    session
        .query_drop(format!("SELECT class FROM {name}.outbox"))
        .unwrap();
    // Its password is sealed for its server, like a tenant's for the tenant.
    let sealer = &control_plane.fleet().sealer;
    let account = SweepStore::account(control_plane.parts.central.conn(), server)
        .await
        .unwrap()
        .unwrap();
    let open = |purpose, owner: uuid::Uuid| sealer.open_text(purpose, owner, &account.password);
    assert!(open(Purpose::SweepAccount, server.as_uuid()).is_ok());
    assert!(open(Purpose::SweepAccount, row.tenant.tenant.as_uuid()).is_err());
    assert!(open(Purpose::TenantRuntime, server.as_uuid()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_open_costs_nobody_a_sweep() {
    let control_plane = ControlPlane::new().await;
    let tenant = control_plane.provision("acme").await.tenant_id;
    let central = control_plane.central.name();
    admin()
        .query_drop(format!("UPDATE {central}.sweep_accounts SET password = ''"))
        .unwrap();
    let told = page(&control_plane).await;
    assert_eq!(told.tenants[0].tenant.tenant, tenant);
    assert!(told.servers.is_empty());
}
