//! Accounts of staff over HTTP: invited by a link, changed by owners, and nobody's own.

use cp_domain::StaffRole;
use cp_staff_api::{
    AuditQuery, Caller, LinkToken, SecondFactor, StaffApiError, StaffInvite, StaffQuery,
    StaffRoleChange, StaffSignIn, UseStaffLink,
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::staff_api::{Served, code_of};

const PASSWORD: &str = "a kettle of marbles";

fn code(error: &StaffApiError) -> &str {
    &error.problem().unwrap().code
}

fn invite(email: &str) -> StaffInvite {
    StaffInvite {
        email: email.to_owned(),
        name: "Nora New".to_owned(),
        role: cp_staff_api::StaffRole::Support,
    }
}

/// The secret of the link in the newest mail to staff, as its reader would take it.
async fn link_of_mail(served: &Served) -> String {
    let auth = &served.control_plane.parts.auth;
    let statement = Statement::from_string(
        DbBackend::MySql,
        "SELECT id, sealed FROM mail_outbox WHERE kind = 'staff_link' ORDER BY id DESC LIMIT 1",
    );
    let row = auth.central.conn().query_one_raw(statement).await.unwrap();
    let row = row.unwrap();
    let id: uuid::Uuid = row.try_get_by_index(0).unwrap();
    let sealed: Vec<u8> = row.try_get_by_index(1).unwrap();
    let mail = auth
        .sealer
        .open_text(cp_store::seal::Purpose::Mail, id, &sealed)
        .unwrap();
    let mail: serde_json::Value =
        serde_json::from_str(secrecy::ExposeSecret::expose_secret(&mail)).unwrap();
    let text = mail["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.contains("/link/")).unwrap();
    assert!(
        link.starts_with("http://backoffice.localhost:8082/link/"),
        "{link}"
    );
    link.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_becomes_staff_by_a_link_a_password_and_a_code() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let made = owner
        .invite_staff(&invite("nora@trellis.example"), Some("k"))
        .await
        .unwrap();
    let again = owner
        .invite_staff(&invite("nora@trellis.example"), Some("k"))
        .await
        .unwrap();
    assert_eq!(made, again);
    assert_eq!(
        owner
            .staff_links(&Default::default())
            .await
            .unwrap()
            .data
            .len(),
        1
    );
    let token = link_of_mail(&served).await;
    let anybody = served.api.calls(Caller::default());
    // There is no account before the link is used.
    let sign_in = StaffSignIn {
        email: "nora@trellis.example".to_owned(),
        password: PASSWORD.to_owned(),
    };
    assert!(anybody.sign_in(&sign_in).await.is_err());
    let other = if token.starts_with('A') { 'B' } else { 'A' };
    let wrong = LinkToken {
        token: format!("{other}{}", &token[1..]),
    };
    assert_eq!(
        code(&anybody.open_staff_link(&wrong).await.unwrap_err()),
        "not_found"
    );
    let opened = anybody
        .open_staff_link(&LinkToken {
            token: token.clone(),
        })
        .await
        .unwrap();
    assert!(!opened.anew && opened.otpauth_url.starts_with("otpauth://totp/"));
    let give = |password: &str, code: String| UseStaffLink {
        token: token.clone(),
        password: password.to_owned(),
        code,
    };
    let short = anybody
        .use_staff_link(&give("short", code_of(&opened.totp_secret)))
        .await;
    assert_eq!(code(&short.unwrap_err()), "validation_failed");
    let guess = anybody
        .use_staff_link(&give(PASSWORD, "000000".to_owned()))
        .await;
    assert_eq!(code(&guess.unwrap_err()), "invalid_credentials");
    // Of many at once, one makes the account.
    let tries = (0..8).map(|_| {
        let (anybody, body) = (
            anybody.clone(),
            give(PASSWORD, code_of(&opened.totp_secret)),
        );
        async move { anybody.use_staff_link(&body).await.is_ok() }
    });
    let made = futures_util::future::join_all(tries).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    let first = anybody.sign_in(&sign_in).await.unwrap();
    let pending = served.calls(&first.session);
    // The code that was shown for the link signs nobody in.
    let shown = SecondFactor {
        code: code_of(&opened.totp_secret),
    };
    let used = pending.confirm_totp(&shown).await.map(drop);
    assert_eq!(code(&used.unwrap_err()), "invalid_credentials");
    let named = StaffQuery {
        q: Some("Nora".to_owned()),
        ..Default::default()
    };
    let listed = owner.staff(&named).await.unwrap();
    assert_eq!(listed.data.len(), 1);
    assert_eq!(listed.data[0].role, cp_staff_api::StaffRole::Support);
    let taken = owner
        .invite_staff(&invite("nora@trellis.example"), None)
        .await;
    assert_eq!(code(&taken.unwrap_err()), "already_exists");
    let audit = AuditQuery {
        action: Some("staff.".to_owned()),
        ..Default::default()
    };
    let actions = owner.audit(&audit).await.unwrap().data;
    for action in ["staff.invite", "staff.accept_invitation"] {
        assert_eq!(
            actions.iter().filter(|e| e.action == action).count(),
            1,
            "{action}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_change_others_accounts_at_once_and_never_the_last_owners() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let own = owner.session().await.unwrap().staff.id;
    let other = support.session().await.unwrap().staff.id;
    let oneself = owner.disable_staff(own).await.unwrap_err();
    assert_eq!(code(&oneself), "rule_broken");
    assert_eq!(
        code(&owner.reset_staff_factors(own).await.unwrap_err()),
        "rule_broken"
    );
    // A role counts with the next request.
    assert_eq!(
        code(&support.staff(&Default::default()).await.unwrap_err()),
        "forbidden"
    );
    let security = StaffRoleChange {
        role: cp_staff_api::StaffRole::Security,
    };
    owner.change_staff_role(other, &security).await.unwrap();
    support.staff(&Default::default()).await.unwrap();
    // Two owners cannot take each other away.
    let to_owner = StaffRoleChange {
        role: cp_staff_api::StaffRole::Owner,
    };
    owner.change_staff_role(other, &to_owner).await.unwrap();
    let (a, b) = tokio::join!(owner.disable_staff(other), support.disable_staff(own));
    assert_eq!(a.is_ok() as u8 + b.is_ok() as u8, 1, "{a:?} {b:?}");
    let left = if a.is_ok() { &owner } else { &support };
    let gone = if a.is_ok() { &support } else { &owner };
    assert!(gone.session().await.unwrap_err().is_unauthenticated());
    let closed = if a.is_ok() { other } else { own };
    let account = left.enable_staff(closed).await.unwrap();
    assert_eq!(account.disabled_at, None);
    // Open again, but the sessions stay ended.
    assert!(gone.session().await.unwrap_err().is_unauthenticated());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_page_by_page_and_ended_one_by_one() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let of = support.session().await.unwrap().staff.id;
    let mine = support
        .staff_sessions(None, &Default::default())
        .await
        .unwrap()
        .data;
    assert!(mine.len() == 1 && mine[0].current);
    let theirs = owner
        .staff_sessions(Some(of), &Default::default())
        .await
        .unwrap()
        .data;
    assert!(theirs.len() == 1 && !theirs[0].current);
    // Not with somebody else's id.
    let own = owner.session().await.unwrap().staff.id;
    let wrong = owner.end_staff_session(Some(own), theirs[0].id).await;
    assert_eq!(code(&wrong.unwrap_err()), "not_found");
    owner
        .end_staff_session(Some(of), theirs[0].id)
        .await
        .unwrap();
    assert!(support.session().await.unwrap_err().is_unauthenticated());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_uses_ends() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    owner.session().await.unwrap();
    let statement = Statement::from_string(
        DbBackend::MySql,
        "UPDATE staff_sessions SET last_seen_at = last_seen_at - INTERVAL 31 MINUTE",
    );
    let conn = served.control_plane.parts.central.conn();
    conn.execute_raw(statement).await.unwrap();
    assert!(owner.session().await.unwrap_err().is_unauthenticated());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dangerous_needs_a_code_of_the_last_ten_minutes() {
    let served = Served::new(false).await;
    let (owner, session) = served.staff(StaffRole::Owner).await;
    let auth = &served.control_plane.parts.auth;
    let later = Statement::from_string(
        DbBackend::MySql,
        "UPDATE staff_sessions SET created_at = created_at - INTERVAL 11 MINUTE",
    );
    auth.central.conn().execute_raw(later).await.unwrap();
    let invited = owner
        .invite_staff(&invite("nora@trellis.example"), None)
        .await;
    assert_eq!(code(&invited.unwrap_err()), "step_up_required");
    let wrong = SecondFactor {
        code: "000000".to_owned(),
    };
    let wrong = owner.confirm_identity(&wrong).await.map(drop);
    assert_eq!(code(&wrong.unwrap_err()), "invalid_credentials");
    let until = owner.session().await.unwrap().expires_at;
    // The code that signed in is used; the test cannot wait for the next one.
    let unused = Statement::from_string(
        DbBackend::MySql,
        "UPDATE staff SET totp_last_step = 0, totp_failures = 0",
    );
    auth.central.conn().execute_raw(unused).await.unwrap();
    let id = owner.session().await.unwrap().staff.id;
    let account = cp_store::StaffStore::find(auth.central.conn(), id).await;
    let sealed = account.unwrap().unwrap().totp_secret;
    let purpose = cp_store::seal::Purpose::StaffTotp;
    let secret = auth.sealer.open(purpose, id, &sealed).unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&secret).to_vec();
    let now = SecondFactor {
        code: code_of(&totp_rs::Secret::from(secret).to_base32()),
    };
    let confirmed = owner.confirm_identity(&now).await.unwrap();
    // Another session took the place of the old one, for no longer.
    assert_ne!(confirmed.session, session);
    assert!(owner.session().await.unwrap_err().is_unauthenticated());
    let again = served.calls(&confirmed.session);
    assert_eq!(again.session().await.unwrap().expires_at, until);
    again
        .invite_staff(&invite("nora@trellis.example"), None)
        .await
        .unwrap();
}
