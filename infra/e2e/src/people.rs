//! People put into a tenant straight through the central database: arranged this way is what a test
//! is not about.

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::{MySqlPool, Row as _};
use uuid::Uuid;

/// A tenant's people.
#[derive(Debug, Clone)]
pub struct People {
    central: MySqlPool,
    tenant: Uuid,
}

/// A member of the tenant.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// In the tenant.
    pub member: Uuid,
    /// On the platform.
    pub person: Uuid,
}

impl People {
    /// Those of the tenant at this host label.
    ///
    /// # Errors
    /// When there is none.
    pub async fn of(central: &MySqlPool, slug: &str) -> Result<Self> {
        let row = sqlx::query("SELECT id FROM tenants WHERE slug = ?")
            .bind(slug)
            .fetch_one(central)
            .await
            .with_context(|| format!("there is no tenant {slug}"))?;
        Ok(Self {
            central: central.clone(),
            tenant: row.try_get(0)?,
        })
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// The invited architect, as if they had accepted.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn architect(&self) -> Result<Member> {
        sqlx::query("UPDATE memberships SET state = 'active' WHERE tenant_id = ?")
            .bind(self.tenant)
            .execute(&self.central)
            .await?;
        let query = "SELECT member_id, person_id FROM memberships WHERE tenant_id = ? \
             AND role = 'architect' ORDER BY member_id LIMIT 1";
        let row = sqlx::query(query)
            .bind(self.tenant)
            .fetch_one(&self.central)
            .await?;
        Ok(Member {
            member: row.try_get(0)?,
            person: row.try_get(1)?,
        })
    }

    /// Somebody new, with a password if its hash is given.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn join(&self, email: &str, role: &str, hash: Option<&str>) -> Result<Member> {
        let person = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO people (id, email, name, password_hash, created_at, updated_at) \
             VALUES (?, ?, 'Ben Okafor', ?, NOW(6), NOW(6))",
        )
        .bind(person)
        .bind(email)
        .bind(hash)
        .execute(&self.central)
        .await?;
        self.belong(person, role).await
    }

    /// Somebody who is on the platform already.
    ///
    /// # Errors
    /// When nobody has this address or the database refuses it.
    pub async fn enter(&self, email: &str, role: &str) -> Result<Member> {
        let row = sqlx::query("SELECT id FROM people WHERE email = ?")
            .bind(email)
            .fetch_one(&self.central)
            .await?;
        self.belong(row.try_get(0)?, role).await
    }

    /// Signs a member in; the value of their cookie.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn sign_in(&self, member: Member) -> Result<String> {
        let cookie = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        sqlx::query(
            "INSERT INTO sessions (id, token_hash, tenant_id, member_id, person_id, created_at, \
             last_seen_at, expires_at, address, device) \
             VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6), ?, '', 'test')",
        )
        .bind(Uuid::now_v7())
        .bind(Sha256::digest(cookie.as_bytes()).to_vec())
        .bind(self.tenant)
        .bind(member.member)
        .bind(member.person)
        .bind(Utc::now() + TimeDelta::hours(2))
        .execute(&self.central)
        .await?;
        Ok(cookie)
    }

    async fn belong(&self, person: Uuid, role: &str) -> Result<Member> {
        let member = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO memberships (member_id, tenant_id, person_id, role, external, state, \
             version, projected, created_at, updated_at) \
             VALUES (?, ?, ?, ?, FALSE, 'active', 1, 0, NOW(6), NOW(6))",
        )
        .bind(member)
        .bind(self.tenant)
        .bind(person)
        .bind(role)
        .execute(&self.central)
        .await?;
        Ok(Member { member, person })
    }
}
