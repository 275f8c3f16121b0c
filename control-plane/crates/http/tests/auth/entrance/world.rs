//! Two tenants, the host of people, and somebody who belongs to both.

use cp_store::seal::Purpose;
use kernel::{MemberId, PersonId, Role};
use totp_rs::{Builder, Secret};

use crate::support::{Answer, PASSWORD, Site, Stage, TestMember, TestTenant};

pub const SECRET: &[u8] = b"12345678901234567890";

pub struct World {
    pub stage: Stage,
    pub acme: TestTenant,
    pub globex: TestTenant,
    pub at_acme: Site,
    pub at_globex: Site,
    pub people: Site,
    pub ada: TestMember,
}

impl World {
    /// Ada is an architect of acme and a builder of globex.
    pub async fn new() -> Self {
        let stage = Stage::new().await;
        let acme = stage.tenant("acme").await;
        let globex = stage.tenant("globex").await;
        let ada = stage.member(&acme, "ada", Role::Architect).await;
        let (at_acme, at_globex) = (
            Site::of(&stage.auth, &acme).await,
            Site::of(&stage.auth, &globex).await,
        );
        let people = Site::of_people(&stage.auth).await;
        let world = Self {
            stage,
            acme,
            globex,
            at_acme,
            at_globex,
            people,
            ada,
        };
        world.join(&world.globex, &world.ada.email).await;
        world
    }

    /// Makes somebody who has an account an active member of a tenant.
    pub async fn join(&self, tenant: &TestTenant, email: &str) -> MemberId {
        let stage = &self.stage;
        let member = stage
            .enrol(tenant, email, "Ada", Role::Builder, false)
            .await;
        let sql = "UPDATE memberships SET state = 'active', version = version + 1, \
                   invited_name = NULL WHERE member_id = ?";
        stage.execute(sql, [member.as_uuid().into()]).await;
        member
    }

    pub async fn person(&self) -> PersonId {
        self.stage.person(&self.ada.email).await.id
    }

    /// Gives Ada an authenticator.
    pub async fn give_totp(&self) {
        let person = self.person().await;
        let sealer = &self.stage.auth.sealer;
        let sealed = sealer.seal(Purpose::PersonTotp, person, SECRET).unwrap();
        let sql = "UPDATE people SET totp_secret = ? WHERE id = ?";
        let done = self
            .stage
            .execute(sql, [sealed.into(), person.as_uuid().into()]);
        assert_eq!(done.await, 1);
    }

    /// The code that Ada's authenticator shows now.
    pub fn code(&self) -> String {
        let totp = Builder::new()
            .with_secret(Secret::from(SECRET.to_vec()))
            .with_account_name("ada")
            .build()
            .unwrap();
        let now = self.stage.now().timestamp();
        totp.generate(u64::try_from(now).unwrap()).to_string()
    }

    /// What a tenant's architects decided.
    pub async fn decide(&self, tenant: &TestTenant, column: &str, value: &str) {
        let sql = format!(
            "INSERT INTO tenant_security (tenant_id, {column}, updated_at) VALUES (?, ?, ?) \
             ON DUPLICATE KEY UPDATE {column} = VALUES({column})"
        );
        let values = [
            tenant.host.tenant_id.as_uuid().into(),
            value.into(),
            self.stage.now().into(),
        ];
        self.stage.execute(&sql, values).await;
    }

    /// Signs Ada in on the host of people.
    pub async fn sign_in_at_home(&self, browser: &crate::support::Browser) -> Answer {
        browser
            .sign_in(&self.people, &self.ada.email, PASSWORD, "/accounts")
            .await
    }
}
