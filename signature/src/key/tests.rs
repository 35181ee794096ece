//! Keys as other programs write them, and what is no key.

use super::*;

/// Of `ssh-keygen -t ed25519`.
const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACC4dRD2KnxTCV2WseOpyLE9ll4r0K7sCT9K62Iwn+b6QAAAAJgg6m8lIOpv
JQAAAAtzc2gtZWQyNTUxOQAAACC4dRD2KnxTCV2WseOpyLE9ll4r0K7sCT9K62Iwn+b6QA
AAAEAu7EuBo/32SYiVp1pM23R2o292oi+Qc5M+wMd8/5AVOrh1EPYqfFMJXZax46nIsT2W
XivQruwJP0rrYjCf5vpAAAAAD2FkYUBleGFtcGxlLmNvbQECAwQFBg==
-----END OPENSSH PRIVATE KEY-----
";
const OPENSSH_PUBLIC: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAILh1EPYqfFMJXZax46nIsT2WXivQruwJP0rrYjCf5vpA ada@example.com\n";

/// Of the same program, with a passphrase.
const OPENSSH_LOCKED: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABA1aFzOSq
xngoSL2mRgBq5iAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAILl9uqY+3ZoEy1Bh
g4oSTHG6Mb8cetidrzBTz4OECNV7AAAAkEA7OLw85I7sCUvdQ1CelWdK/SaK5zQlWHfzQx
iLN+tdxEjzbU3PhD4k7gUav1xCPYX5AYGAuCTfRsilA1oBbnYVDTnHqLUIIB+5bzxmniuM
JR8A255nnEPizvsLeR+C1Ezi9IsQZfUh+ZYmHdIlX3e31uihMDrPIRmPpi1CCgeFG0ZJl8
3uAfngQ4vl1Htdug==
-----END OPENSSH PRIVATE KEY-----
";

/// Of `ssh-keygen -t ecdsa`.
const OPENSSH_ECDSA_PUBLIC: &str = "ecdsa-sha2-nistp256 \
    AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBItGMaKetZyuBmCTZLu9XahbOwFT9XrHTKhx/sL4\
    Rr5sqErxGPWIJ6euJ3k71mgwZoDwNw1vdz6sSbzmqhF7BIo= e\n";

/// Of `openssl genpkey -algorithm ed25519`.
const OPENSSL: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJPk7mHJDB1AtzZPL561Ol5RlB0cKl/Ux6cEtvuzmgmP
-----END PRIVATE KEY-----
";
const OPENSSL_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJHkUXwUfH4VG/3Lx/JjfyXu4DJVgJ6mF8m/PZ7nf5DY=
-----END PUBLIC KEY-----
";

/// Of `openssl genpkey -algorithm x25519`, which differs in one number.
const X25519: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIDCI5ItPOxtA+wbBv1nr59cq4ttSDo2CbM8bORC2J3Zb
-----END PRIVATE KEY-----
";
const X25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAq9DEea2NZUblThDCKZe8SLkHVxUNojr9gYKYI7c7BQw=
-----END PUBLIC KEY-----
";

/// A secret key in PEM of this content.
fn pem(label: &str, content: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(content))
}

/// The first example of RFC 8032.
const RFC_SEED: [u8; 32] =
    *b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\
       \x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
const RFC_PUBLIC: [u8; 32] =
    *b"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\
       \x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
const RFC_SIGNATURE: [u8; 64] =
    *b"\xe5\x56\x43\x00\xc3\x60\xac\x72\x90\x86\xe2\xcc\x80\x6e\x82\x8a\x84\x87\x7f\x1e\xb8\xe5\xd9\
       \x74\xd8\x73\xe0\x65\x22\x49\x01\x55\x5f\xb8\x82\x15\x90\xa3\x3b\xac\xc6\x1e\x39\x70\x1c\xf9\
       \xb4\x6b\xd2\x5b\xf5\xf0\x59\x5b\xbe\x24\x65\x51\x41\x43\x8e\x7a\x10\x0b";

#[test]
fn signatures_are_those_of_the_standard() {
    let key = SecretKey::from_seed(&RFC_SEED);
    assert_eq!(key.public_key().to_bytes(), RFC_PUBLIC);
    assert_eq!(key.sign(b""), RFC_SIGNATURE);
    assert!(key.public_key().has_signed(b"", &RFC_SIGNATURE));
    for len in [0, 32, 63] {
        assert!(!key.public_key().has_signed(b"", &RFC_SIGNATURE[..len]));
    }
    assert!(!key.public_key().has_signed(b"", &[&RFC_SIGNATURE[..], b"\0"].concat()));
}

#[test]
fn keys_of_other_programs_are_read() {
    let plain_secret = [&[0x81][..], &RFC_SEED, &RFC_PUBLIC].concat();
    let plain_public = [&[0x01][..], &RFC_PUBLIC].concat();
    let der = [&b"\x30\x2e\x02\x01\0\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &RFC_SEED];
    let der = der.concat();
    let with_public = |version: u8, start: &[u8]| {
        let mut long = [&der[..], start, &RFC_PUBLIC].concat();
        long[1] = u8::try_from(long.len() - 2).expect("it is short");
        long[4] = version;
        pem("PRIVATE KEY", &long)
    };
    let with_comment = format!("# of Ada\n\n{OPENSSH_PUBLIC}");
    let rows: [(Vec<u8>, &[u8]); 8] = [
        (OPENSSH.into(), OPENSSH_PUBLIC.as_bytes()),
        (OPENSSL.into(), OPENSSL_PUBLIC.as_bytes()),
        (OPENSSH.replace('\n', "\r\n").into(), OPENSSH_PUBLIC.trim_end().as_bytes()),
        (OPENSSH.into(), with_comment.as_bytes()),
        (plain_secret, &plain_public),
        (pem("PRIVATE KEY", &der).into(), &plain_public),
        (with_public(1, b"\x81\x21\0").into(), &plain_public),
        (with_public(1, b"\xa1\x23\x03\x21\0").into(), &plain_public),
    ];
    for (secret, public) in rows {
        let text = String::from_utf8_lossy(&secret);
        let secret = SecretKey::parse(&secret).unwrap_or_else(|err| panic!("{text}: {err}"));
        assert_eq!(Ok(secret.public_key()), PublicKey::parse(public), "{text}");
    }
}

#[test]
fn what_is_written_is_read() {
    let key = SecretKey::parse(OPENSSH.as_bytes()).unwrap();
    assert_eq!(key.public_key().to_openssh("ada@example.com"), OPENSSH_PUBLIC);
    for comment in ["", "a", "ada@example.com", "ü"] {
        let text = key.to_openssh(comment);
        assert_eq!(SecretKey::parse(text.as_bytes()).unwrap().seed, key.seed);
    }
    // But for the random check, which is of four bytes, it is what OpenSSH writes.
    let ours = key.to_openssh("ada@example.com");
    let differing = ours.chars().zip(OPENSSH.chars()).filter(|(ours, theirs)| ours != theirs);
    assert!(ours.len() == OPENSSH.len() && differing.count() <= 12, "{ours}");
}

#[test]
fn what_is_no_key_is_told_apart() {
    let kind = |kind: &str| KeyMistake::Kind { kind: kind.to_owned() };
    let damaged = |what| KeyMistake::Damaged { what };
    let two_lines = OPENSSH_PUBLIC.repeat(2);
    let cut_off = OPENSSH_PUBLIC.replace("5vpA", "");
    let rows: [(&str, KeyMistake); 14] = [
        ("", KeyMistake::Unknown),
        ("# nothing but a comment\n", KeyMistake::Unknown),
        ("hello", KeyMistake::Unknown),
        ("hello world", KeyMistake::Unknown),
        ("ssh-rsa AAAA ada", kind("ssh-rsa")),
        (OPENSSH_ECDSA_PUBLIC, kind("ecdsa-sha2-nistp256")),
        ("ssh-ed25519 AAAA", damaged("it is cut off")),
        ("ssh-ed25519 !", damaged("it is not Base64")),
        (&cut_off, damaged("it is cut off")),
        (&two_lines, KeyMistake::Several),
        (OPENSSH, KeyMistake::Secret),
        (OPENSSL, KeyMistake::Secret),
        (X25519_PUBLIC, kind("another algorithm")),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", kind("CERTIFICATE")),
    ];
    for (text, mistake) in rows {
        assert_eq!(PublicKey::parse(text.as_bytes()), Err(mistake), "{text}");
    }
    let plain_secret = [&[0x81][..], &RFC_SEED, &RFC_PUBLIC].concat();
    assert_eq!(PublicKey::parse(&plain_secret), Err(KeyMistake::Secret));
    assert_eq!(PublicKey::parse(b"\xff\xfe"), Err(KeyMistake::Unknown));
}

#[test]
fn what_signs_nothing_is_told_apart() {
    let kind = |kind: &str| KeyMistake::Kind { kind: kind.to_owned() };
    let damaged = |what| KeyMistake::Damaged { what };
    let two_keys = OPENSSH.repeat(2);
    let no_end = OPENSSH.replace("-----END", "");
    let cut_off = OPENSSL.replace("mgmP", "");
    let rows: [(&str, KeyMistake); 12] = [
        ("", KeyMistake::Unknown),
        (OPENSSH_PUBLIC, KeyMistake::Public),
        (OPENSSL_PUBLIC, KeyMistake::Public),
        (OPENSSH_LOCKED, KeyMistake::Locked),
        (&pem("ENCRYPTED PRIVATE KEY", b"0"), KeyMistake::Locked),
        (&two_keys, KeyMistake::Several),
        (&no_end, damaged("it is cut off")),
        (&cut_off, damaged("its length is wrong")),
        (X25519, kind("another algorithm")),
        (&pem("PRIVATE KEY", b"hello"), damaged("it is no sequence")),
        (&pem("RSA PRIVATE KEY", b"0"), kind("RSA PRIVATE KEY")),
        (&pem("OPENSSH PRIVATE KEY", b"hello"), KeyMistake::Unknown),
    ];
    for (text, mistake) in rows {
        assert_eq!(SecretKey::parse(text.as_bytes()).unwrap_err(), mistake, "{text}");
    }
    // Whoever can have somebody sign with another public half learns the secret one.
    let other_half = [&[0x81][..], &RFC_SEED, &[7; 32]].concat();
    let mistake = damaged("its public half belongs to another");
    assert_eq!(SecretKey::parse(&other_half).unwrap_err(), mistake);
}

#[test]
fn a_damaged_key_is_none_or_the_same() {
    let key = SecretKey::parse(OPENSSH.as_bytes()).unwrap();
    for at in 0..OPENSSH.len() {
        for letter in [b'A', b'B', b'/'] {
            let mut damaged = OPENSSH.as_bytes().to_vec();
            damaged[at] = letter;
            // The comment may be any.
            let found = SecretKey::parse(&damaged);
            assert!(found.is_err() || found.is_ok_and(|found| found.seed == key.seed), "{at}");
        }
    }
}

#[test]
fn anybody_can_sign_with_a_weak_key() {
    // The point that is zero, and the number zero: what ring accepts with keys of small order.
    let mut forged = [0; SIGNATURE_LEN];
    forged[0] = 1;
    let signs = [0, 0x80];
    for weak in WEAK.iter().flat_map(|weak| signs.map(|sign| (*weak, sign))) {
        let (mut bytes, sign) = weak;
        bytes[KEY_LEN - 1] |= sign;
        assert_eq!(PublicKey::from_bytes(bytes), Err(KeyMistake::Weak));
        let messages = 0_u8..=200;
        let accepted =
            messages.filter(|message| PublicKey(bytes).has_signed(&[*message], &forged)).count();
        assert!(accepted > 5, "{bytes:x?}: {accepted}");
    }
    let strong = PublicKey(RFC_PUBLIC);
    assert!(!(0..=200).any(|message| strong.has_signed(&[message], &forged)));
}

#[test]
fn keys_have_one_form() {
    // The prime itself, and all that is above it.
    for start in 0xed..=0xff {
        for end in [0x7f, 0xff] {
            let mut bytes = [0xff; KEY_LEN];
            (bytes[0], bytes[KEY_LEN - 1]) = (start, end);
            assert_eq!(PublicKey::from_bytes(bytes), Err(KeyMistake::Weak), "{bytes:x?}");
        }
    }
    let mut largest = [0xff; KEY_LEN];
    (largest[0], largest[KEY_LEN - 1]) = (0xeb, 0x7f);
    assert!(PublicKey::from_bytes(largest).is_ok());
}

#[test]
fn names_are_short_and_secrets_are_not_shown() {
    let key = SecretKey::from_seed(&RFC_SEED);
    let id = key.public_key().id().to_string();
    assert_eq!(id.len(), 24);
    assert_eq!(
        format!("{key:?} {:?}", key.public_key()),
        format!("SecretKey({id}) PublicKey({id})")
    );
    assert_eq!(KeyId::new(Vec::new()).to_string(), "without a name");
    let shown = KeyId::new(vec![0xab; 1_000]).to_string();
    assert_eq!(shown, format!("{}…", "ab".repeat(32)));
}
