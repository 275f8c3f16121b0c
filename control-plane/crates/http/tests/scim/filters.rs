use cp_app::Auth;
use cp_scim::Filter;
use db::{CentralDb, PoolSettings};
use serde_json::{Value, json};
use testkit::StatementCounter;

use crate::{
    directory::{USER, World},
    support::Site,
};

const MORE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Percent-encodes what has a meaning in a query.
fn encoded(filter: &str) -> String {
    filter
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

async fn people(world: &World) {
    for (name, body) in [
        (
            "bob",
            json!({ "title": "Dr.", "name": { "familyName": "O'Malley" }, "externalId": "X1" }),
        ),
        (
            "cyd",
            json!({
                "emails": [
                    { "value": "cyd@acme.example", "type": "work", "primary": true },
                    { "value": "cyd@home.example", "type": "home" },
                ],
                MORE: { "department": "Plans", "manager": { "value": "m1" } },
            }),
        ),
        (
            "dan",
            json!({ "title": "100%_|", "active": false, "externalId": "x1", "timezone": "UTC" }),
        ),
        (
            "eve",
            json!({ "displayName": "Eve \"E\" Ågren", "emails": [{ "value": "eve@acme.example" }] }),
        ),
    ] {
        let mut body = body;
        body["schemas"] = json!([USER]);
        body["userName"] = json!(format!("{name}@acme.example"));
        world.directory.post("/Users", &body).await.expect(201);
    }
}

#[actix_web::test]
async fn the_database_understands_filters_as_we_do() {
    let world = World::new().await;
    people(&world).await;
    let group = world
        .directory
        .get("/Users?filter=userName%20sw%20%22cyd%22")
        .await
        .json();
    let cyd: kernel::MemberId = group["Resources"][0]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    world.directory.group("Builders", &[cyd]).await;
    let all = world.directory.get("/Users").await.expect(200).json();
    let all = all["Resources"].as_array().unwrap().clone();
    assert_eq!(all.len(), 5);
    let id = format!("id eq \"{cyd}\"");
    for filter in [
        r#"userName eq "BOB@acme.example""#,
        r#"userName eq "ada@acme.example""#,
        r#"userName eq "nobody""#,
        r#"userName ne "bob@acme.example""#,
        r#"userName sw "c" or userName ew "bob@acme.example""#,
        r#"externalId eq "X1""#,
        r#"externalId eq "x1" and active eq false"#,
        r#"externalId co "1""#,
        "externalId pr",
        "not (externalId pr)",
        "active eq true",
        r#"active eq "False""#,
        "active ne true",
        "title pr",
        r#"title co "%_""#,
        r#"title sw "100%""#,
        r#"title sw "1_0""#,
        r#"title co "|""#,
        r#"title gt "A""#,
        "title eq null",
        r#"name.familyName eq "o'malley""#,
        "name pr",
        r#"displayName co "\"e\"""#,
        "displayName pr",
        r#"emails co "acme""#,
        "emails pr",
        r#"emails.type eq "HOME""#,
        "emails.primary eq true",
        r#"emails[type eq "work" and value co "home"]"#,
        r#"emails[type eq "home" and not (primary eq true)]"#,
        r#"emails[not (type pr)]"#,
        r#"groups.display eq "builders""#,
        r#"groups[display sw "Build" and type eq "direct"]"#,
        "groups pr",
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "plans""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "m1""#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager pr",
        r#"meta.resourceType eq "User""#,
        r#"meta.created gt "2020-01-01T00:00:00Z""#,
        r#"meta.lastModified lt "2020-01-01T00:00:00Z""#,
        r#"(title pr and active eq true) or (emails.type eq "home" and not (title pr))"#,
        id.as_str(),
        r#"id eq "nonsense""#,
        "id pr",
    ] {
        let parsed = Filter::parse(&cp_scim::USER, filter).unwrap();
        let expected: Vec<&Value> = all.iter().filter(|user| parsed.matches(user)).collect();
        let answer = world
            .directory
            .get(&format!("/Users?filter={}", encoded(filter)))
            .await;
        let found = answer.expect(200).json();
        let names = |users: &mut dyn Iterator<Item = &Value>| -> Vec<String> {
            users
                .map(|user| user["userName"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            names(&mut found["Resources"].as_array().unwrap().iter()),
            names(&mut expected.into_iter()),
            "{filter}"
        );
        assert_eq!(found["totalResults"], found["itemsPerPage"]);
    }
    for filter in [
        r#"members.value pr"#,
        "displayName eq \"builders\"",
        "externalId eq null",
    ] {
        let found = world
            .directory
            .get(&format!("/Groups?filter={}", encoded(filter)))
            .await;
        assert_eq!(found.expect(200).json()["totalResults"], 1, "{filter}");
    }
    let of = format!("members[value eq \"{cyd}\"]");
    let found = world
        .directory
        .get(&format!("/Groups?filter={}", encoded(&of)))
        .await;
    assert_eq!(found.expect(200).json()["totalResults"], 1);
}

#[actix_web::test]
async fn pages_follow_each_other() {
    let world = World::new().await;
    people(&world).await;
    let mut seen = Vec::new();
    for start in [1, 3, 5, 7] {
        let page = world
            .directory
            .get(&format!("/Users?startIndex={start}&count=2"))
            .await;
        let page = page.expect(200).json();
        assert_eq!(
            (&page["totalResults"], &page["startIndex"]),
            (&json!(5), &json!(start))
        );
        let users = page["Resources"].as_array().unwrap().clone();
        assert_eq!(page["itemsPerPage"], json!(users.len()));
        seen.extend(
            users
                .into_iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len()), (5, 5));
    let none = world
        .directory
        .get("/Users?count=0")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&json!(5), &json!([]))
    );
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "title pr", "attributes": ["userName"], "count": 1,
    });
    let found = world
        .directory
        .post("/Users/.search", &body)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&found["totalResults"], &found["itemsPerPage"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(found["Resources"][0].get("title"), None);
}

#[actix_web::test]
async fn a_page_costs_the_same_however_many_are_on_it() {
    let world = World::new().await;
    let account = world.stage.central.account("ALL PRIVILEGES").await;
    let pool = PoolSettings {
        url: account.url.clone().into(),
        max_connections: 1,
        acquire_timeout_ms: 10_000,
        statement_timeout_ms: 10_000,
    };
    let central = CentralDb::connect(&pool).await.unwrap();
    let auth = Auth {
        central,
        ..world.stage.auth.clone()
    };
    let site = Site::of(&auth, &world.tenant).await;
    let directory = crate::directory::Directory {
        site,
        ..world.directory.clone()
    };
    let mut costs = Vec::new();
    for round in 0..2 {
        let mut members = vec![world.ada.id];
        for number in 0..(2 + round * 20) {
            let email = format!("u{round}-{number}@acme.example");
            members.push(world.directory.user(&email, "U").await);
        }
        world.directory.group(&format!("G{round}"), &members).await;
        directory.get("/Users").await.expect(200);
        let mut counter = StatementCounter::start(&account.user).await;
        directory.get("/Users?count=200").await.expect(200);
        let users = counter.take().await.of("com/Execute");
        directory.get("/Groups").await.expect(200);
        costs.push((users, counter.take().await.of("com/Execute")));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0 <= 5 && costs[0].1 <= 5, "{costs:?}");
}
