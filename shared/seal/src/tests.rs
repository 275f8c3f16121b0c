use secrecy::ExposeSecret as _;

use super::*;

fn sealer(lines: &[&str]) -> Sealer {
    Sealer::new(KeyRing::parse(&lines.join("\n")).unwrap())
}

#[test]
fn an_envelope_opens_for_its_purpose_and_owner_only() {
    let sealer = sealer(&[&new_key_line()]);
    let (owner, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let envelope = sealer
        .seal(Purpose::TenantRuntime, owner, b"secret")
        .unwrap();
    let opened = sealer
        .open(Purpose::TenantRuntime, owner, &envelope)
        .unwrap();
    assert_eq!(opened.expose_secret(), b"secret");
    for (purpose, owner) in [
        (Purpose::TenantMigrator, owner),
        (Purpose::TenantRuntime, other),
    ] {
        assert_eq!(
            sealer.open(purpose, owner, &envelope).unwrap_err(),
            SealError::Refused
        );
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    let sealer = sealer(&[&new_key_line()]);
    let envelope = sealer.seal(Purpose::Mail, Uuid::nil(), b"text").unwrap();
    for position in 0..envelope.len() {
        let mut changed = envelope.clone();
        changed[position] ^= 1;
        assert!(
            sealer.open(Purpose::Mail, Uuid::nil(), &changed).is_err(),
            "byte {position}"
        );
    }
    for length in 0..envelope.len() {
        assert!(
            sealer
                .open(Purpose::Mail, Uuid::nil(), &envelope[..length])
                .is_err()
        );
    }
}

#[test]
fn old_keys_open_and_the_first_one_seals() {
    let (old, new) = (new_key_line(), new_key_line());
    let before = sealer(&[&old])
        .seal(Purpose::Mail, Uuid::nil(), b"x")
        .unwrap();
    let both = sealer(&["# rotated", &new, "", &old]);
    assert!(both.open(Purpose::Mail, Uuid::nil(), &before).is_ok());
    let after = both.seal(Purpose::Mail, Uuid::nil(), b"x").unwrap();
    assert_eq!(
        sealer(&[&old])
            .open(Purpose::Mail, Uuid::nil(), &after)
            .unwrap_err(),
        SealError::UnknownKey
    );
}

#[test]
fn a_wrong_file_is_explained() {
    let line = new_key_line();
    assert_eq!(
        KeyRing::parse("# none\n").unwrap_err(),
        InvalidKeyRing::Empty
    );
    assert_eq!(
        KeyRing::parse("1:short").unwrap_err(),
        InvalidKeyRing::Line(1)
    );
    assert_eq!(
        KeyRing::parse(&format!("{line}\n{line}")).unwrap_err(),
        InvalidKeyRing::Twice(2)
    );
    assert!(!format!("{:?}", sealer(&[&line])).contains(&line[9..]));
}
